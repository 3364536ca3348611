//! The listener for those who operate the server, apart from the one for its clients.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::Metrics;
use crate::http::respond::{self, HttpResponse};
use crate::http::{McpService, ResponseBody};
use crate::{Error, Result};

/// How many may look at a time; more of them wait.
const MOST: usize = 32;
/// How long one look may take.
const TIME: Duration = Duration::from_secs(10);
/// How long to wait after the system refused to accept.
const PAUSE: Duration = Duration::from_millis(100);
/// The form of what Prometheus reads.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The listener, bound and not served yet.
#[derive(Debug)]
pub(crate) struct Admin {
    listener: TcpListener,
    address: SocketAddr,
}

impl Admin {
    /// Binds an address; none where none is set.
    pub(crate) fn bind(address: &str) -> Result<Option<Self>> {
        if address.is_empty() {
            return Ok(None);
        }
        let fails = |error| {
            Error::setting(format!(
                "--admin '{address}' cannot be listened on: {error}"
            ))
            .with_hint("it is a host and a port of its own, such as 127.0.0.1:9090")
        };
        let listener = TcpListener::bind(address).map_err(fails)?;
        listener.set_nonblocking(true).map_err(fails)?;
        let address = listener.local_addr().map_err(fails)?;
        Ok(Some(Self { listener, address }))
    }

    /// The address, with the port that was chosen.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Shows what a service does, for as long as it is polled.
    pub(crate) async fn serve(self, service: McpService) {
        let listener = match tokio::net::TcpListener::from_std(self.listener) {
            Ok(listener) => listener,
            Err(error) => {
                tracing::error!(%error, "the admin address cannot be listened on");
                return;
            }
        };
        let address = self.address;
        tracing::info!(%address, "metrics are at /metrics of the admin address");
        if !address.ip().is_loopback() {
            tracing::warn!(
                %address,
                "whoever reaches the admin address sees the names of tools and how they are used; keep it to those who operate the server"
            );
        }
        let looks = Arc::new(Looks {
            metrics: Metrics::of(service.engine()),
            service,
        });
        let places = Arc::new(Semaphore::new(MOST));
        let mut tasks = JoinSet::new();
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                return;
            };
            while tasks.try_join_next().is_some() {}
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection to the admin address could not be accepted");
                    sleep(PAUSE).await;
                    continue;
                }
            };
            let looks = Arc::clone(&looks);
            tasks.spawn(async move {
                let answer = service_fn(move |request| {
                    let looks = Arc::clone(&looks);
                    async move { Ok::<_, Infallible>(looks.answer(&request).await) }
                });
                let connection = http1::Builder::new()
                    .keep_alive(false)
                    .serve_connection(TokioIo::new(stream), answer);
                // Whether it was read to its end makes no difference.
                let _ = timeout(TIME, connection).await;
                drop(place);
            });
        }
    }
}

/// What there is to see.
struct Looks {
    service: McpService,
    metrics: Option<Metrics>,
}

impl Looks {
    async fn answer(&self, request: &Request<Incoming>) -> HttpResponse {
        if ![Method::GET, Method::HEAD].contains(request.method()) {
            return said(
                StatusCode::METHOD_NOT_ALLOWED,
                "this address is for looking: use GET\n".to_owned(),
            );
        }
        match (request.uri().path(), &self.metrics) {
            ("/metrics", Some(metrics)) => {
                let ready = self.down().await.is_empty() && !self.stops();
                let text = metrics.text_of(&self.service, ready);
                let mut response = said(StatusCode::OK, text);
                let form = HeaderValue::from_static(OPEN_METRICS);
                response.headers_mut().insert(CONTENT_TYPE, form);
                response
            }
            ("/health", _) => said(StatusCode::OK, "alive\n".to_owned()),
            ("/ready", _) => self.ready().await,
            _ => said(
                StatusCode::NOT_FOUND,
                "there are /metrics, /health and /ready\n".to_owned(),
            ),
        }
    }

    fn stops(&self) -> bool {
        self.service.readiness().is_ending()
    }

    async fn down(&self) -> Vec<Arc<str>> {
        self.service.engine().dependencies_down().await
    }

    /// Whether the server is ready, and what it waits for, by name.
    async fn ready(&self) -> HttpResponse {
        let (stopping, down) = (self.stops(), self.down().await);
        let down: Vec<&str> = down.iter().map(|name| &**name).collect();
        let ready = !stopping && down.is_empty();
        let status = match ready {
            true => StatusCode::OK,
            false => StatusCode::SERVICE_UNAVAILABLE,
        };
        let body = json!({"ready": ready, "stopping": stopping, "down": down});
        respond::json(status, body.to_string().into_bytes())
    }
}

fn said(status: StatusCode, text: String) -> HttpResponse {
    let mut response = HttpResponse::new(ResponseBody::whole(text));
    *response.status_mut() = status;
    let form = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, form);
    response
}
