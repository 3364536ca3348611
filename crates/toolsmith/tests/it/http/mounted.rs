//! The endpoint inside somebody's own application.

use std::sync::Arc;

use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use serde_json::{Value, json};
use toolsmith::prelude::Context;
use toolsmith::server::tool::DynamicTool;
use toolsmith::{Caller, Http, ServerAxumExt as _, ServerHttpExt as _};
use tower_service::Service;

use crate::wire::{Ask, Gate, call, modern, server, soon};

/// A request as an application is given it.
fn request(ask: &Ask, uri: &str, fields: &[(&str, &str)]) -> Request<axum::body::Body> {
    let mut request = Request::builder().method(ask.method.as_str()).uri(uri);
    for name in [
        "Content-Type",
        "Accept",
        "MCP-Protocol-Version",
        "Mcp-Method",
        "Mcp-Name",
    ] {
        if let Some(value) = ask.get_field(name) {
            request = request.header(name, value);
        }
    }
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let body = Full::new(Bytes::from(ask.body.clone()));
    request.body(axum::body::Body::new(body)).unwrap()
}

fn sum() -> Ask {
    modern(1, "tools/call", call("add", json!({"a": 2, "b": 3})))
}

async fn answer<S, B>(service: &mut S, request: Request<axum::body::Body>) -> (StatusCode, Vec<u8>)
where
    S: Service<Request<axum::body::Body>, Response = http::Response<B>>,
    S::Error: std::fmt::Debug,
    B: http_body::Body<Error: std::fmt::Debug>,
{
    let response = soon("an answer", service.call(request)).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = soon("a body", body.collect()).await.unwrap().to_bytes();
    (parts.status, body.to_vec())
}

fn said(body: &[u8]) -> Value {
    let body: Value = serde_json::from_slice(body).unwrap();
    body["result"]["content"][0]["text"].clone()
}

#[tokio::test]
async fn a_router_is_merged_into_an_application() {
    let mcp = server(&Arc::new(Gate::default())).into_router().unwrap();
    let mut app = axum::Router::new()
        .route("/health", axum::routing::any(|| async { "well" }))
        .merge(mcp);
    for path in ["/mcp", "/mcp/"] {
        let ask = request(&sum(), path, &[("Host", "localhost")]);
        let (status, body) = answer(&mut app, ask).await;
        assert_eq!(
            (status, said(&body)),
            (StatusCode::OK, json!("5")),
            "{path}"
        );
    }
    let ask = request(&Ask::new("GET"), "/health", &[]);
    let (status, body) = answer(&mut app, ask).await;
    assert_eq!(
        (status, body.as_slice()),
        (StatusCode::OK, b"well".as_slice())
    );
    let ask = request(&sum(), "/other", &[("Host", "localhost")]);
    assert_eq!(answer(&mut app, ask).await.0, StatusCode::NOT_FOUND);
    // The guard is mounted with it.
    let fields = [("Host", "localhost"), ("Origin", "https://evil.example")];
    let (status, body) = answer(&mut app, request(&sum(), "/mcp", &fields)).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(String::from_utf8(body).unwrap().contains("--allow-origin"));
}

#[tokio::test]
async fn a_router_takes_the_path_and_the_settings_that_it_is_given() {
    let settings = Http::new()
        .path("/tools/")
        .max_body(10)
        .allow_host("mcp.example");
    let mcp = server(&Arc::new(Gate::default())).into_router_with(settings);
    let mut app = mcp.unwrap();
    let ask = request(&sum(), "/tools", &[("Host", "mcp.example")]);
    assert_eq!(answer(&mut app, ask).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    let ask = request(&sum(), "/mcp", &[("Host", "mcp.example")]);
    assert_eq!(answer(&mut app, ask).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_service_answers_whatever_path_it_is_mounted_at() {
    let mut service = server(&Arc::new(Gate::default())).into_service().unwrap();
    for path in ["/", "/mcp", "/any/where"] {
        let ask = request(&sum(), path, &[("Host", "localhost")]);
        let (status, body) = answer(&mut service, ask).await;
        assert_eq!(
            (status, said(&body)),
            (StatusCode::OK, json!("5")),
            "{path}"
        );
    }
    let mut clone = service.clone();
    let ask = request(
        &crate::wire::initialize("2025-06-18"),
        "/",
        &[("Host", "localhost")],
    );
    assert_eq!(answer(&mut clone, ask).await.0, StatusCode::OK);
    assert_eq!(service.sessions(), 1, "clones share their sessions");
}

#[tokio::test]
async fn a_server_that_is_wrong_is_not_mounted() {
    let empty = toolsmith::Server::new("").into_router();
    assert!(empty.unwrap_err().is_start());
    let settings = Http::new().path("no slash");
    let wrong = toolsmith::Server::new("a").into_service_with(settings);
    assert!(wrong.unwrap_err().is_setting());
}

/// An application says who asks, and what they may do.
#[tokio::test]
async fn who_lacks_a_scope_is_answered_403_in_json() {
    let schema = json!({"type": "object"});
    let write = DynamicTool::new("write", schema, |_, _: Context| async { "written" });
    let server = toolsmith::Server::new("s").dynamic_tool(write.scopes(["files:write"]));
    let mcp = server.into_router().unwrap();
    let ask = modern(1, "tools/call", call("write", json!({})));
    for (scope, expected) in [("files:read", 403), ("files:write", 200)] {
        let caller = Caller::new("acme").with_scopes([scope]);
        let mut app = mcp.clone().layer(axum::Extension(caller));
        let (status, body) = answer(&mut app, request(&ask, "http://localhost/mcp", &[])).await;
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(status, expected, "{body}");
        if expected == 403 {
            assert_eq!(body["error"]["code"], -31018, "{body}");
            assert_eq!(
                body["error"]["data"]["missingScopes"],
                json!(["files:write"])
            );
        }
    }
}
