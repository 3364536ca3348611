//! Whether the server is alive, and whether it is ready for work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::header::{CACHE_CONTROL, RETRY_AFTER};
use http::{HeaderValue, Method, StatusCode};
use serde_json::json;

use crate::http::respond::{self, HttpResponse};
use crate::server::Engine;

/// Where it says that it is alive: the process runs and answers.
pub(super) const HEALTH: &str = "/health";
/// Where it says whether it is ready: clients may be sent to it.
pub(super) const READY: &str = "/ready";
/// How long to wait before looking again, in seconds.
const LOOK_AGAIN: &str = "1";

/// Whether clients may be sent to the server. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// The server was told to stop.
    pub(in crate::http) fn ends(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was.
    pub(crate) fn is_ending(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Says that the server is alive.
pub(super) fn alive(method: &Method) -> HttpResponse {
    say(method, StatusCode::OK, &json!({"status": "alive"}))
}

/// Says whether the server is ready, and otherwise what is not.
pub(super) async fn ready(method: &Method, readiness: &Readiness, engine: &Engine) -> HttpResponse {
    if readiness.is_ending() {
        let status = json!({"status": "stopping"});
        return say(method, StatusCode::SERVICE_UNAVAILABLE, &status);
    }
    let down = engine.dependencies_down().await;
    match down.is_empty() {
        true => say(method, StatusCode::OK, &json!({"status": "ready"})),
        false => {
            // What it waits for is nobody's business here; the log says it.
            let status = json!({"status": "waiting for what it depends on"});
            say(method, StatusCode::SERVICE_UNAVAILABLE, &status)
        }
    }
}

fn say(method: &Method, status: StatusCode, what: &serde_json::Value) -> HttpResponse {
    if ![Method::GET, Method::HEAD].contains(method) {
        return respond::method_not_allowed("GET, HEAD", "whoever asks for it does so with GET");
    }
    let mut response = respond::json(status, what.to_string().into_bytes());
    let fields = response.headers_mut();
    fields.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        fields.insert(RETRY_AFTER, HeaderValue::from_static(LOOK_AGAIN));
    }
    response
}
