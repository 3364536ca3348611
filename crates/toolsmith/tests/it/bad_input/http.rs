//! HTTP that does not fit: content types, `Accept`, methods, hosts and origins.

use serde_json::{Value, json};

use crate::support::Log;
use crate::wire::{Ask, Program, TestServer, call, initialize, modern};

fn sum() -> Ask {
    modern(1, "tools/call", call("add", json!({"a": 2, "b": 3})))
}

#[tokio::test]
async fn a_content_type_that_is_not_json_is_refused() {
    let server = TestServer::start();
    for media in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "",
    ] {
        let ask = sum().with("Content-Type", media);
        let is = (415, -31011, Value::Null);
        server
            .refuses(&ask, is, &["Content-Type: application/json"])
            .await;
    }
    let is = (415, -31011, Value::Null);
    server
        .refuses(&sum().without("Content-Type"), is, &["application/json"])
        .await;
    for media in ["application/json; charset=utf-8", "Application/JSON"] {
        let reply = server.send(&sum().with("Content-Type", media)).await;
        assert_eq!((reply.status, reply.said().as_str()), (200, "5"), "{media}");
    }
}

#[tokio::test]
async fn a_client_that_accepts_what_is_served_is_served_in_that_form() {
    let server = TestServer::start();
    for (accept, modern_streams, legacy_streams) in [
        (None, false, true),
        (Some(""), false, true),
        (Some("*/*"), false, true),
        (Some("application/json, text/event-stream"), false, true),
        (Some("text/event-stream, application/json"), true, true),
        (
            Some("application/json;q=0.9, text/event-stream"),
            true,
            true,
        ),
        (Some("text/event-stream"), true, true),
        (Some("text/*"), true, true),
        (Some("application/json"), false, false),
        (Some("application/*;q=0.5"), false, false),
        (Some("text/html, application/json;q=0.9"), false, false),
        (
            Some("application/json, text/event-stream;q=0"),
            false,
            false,
        ),
        (
            Some("text/event-stream, application/json;q=0.0"),
            true,
            true,
        ),
    ] {
        let accepting = |ask: Ask| match accept {
            None => ask.without("Accept"),
            Some(accept) => ask.with("Accept", accept),
        };
        let reply = server.send(&accepting(sum())).await;
        assert_eq!(
            (reply.status, reply.said().as_str()),
            (200, "5"),
            "{accept:?}"
        );
        assert_eq!(reply.is_stream(), modern_streams, "modern, {accept:?}");
        let reply = server.send(&accepting(initialize("2025-06-18"))).await;
        assert_eq!(reply.status, 200, "{accept:?}");
        assert_eq!(reply.is_stream(), legacy_streams, "legacy, {accept:?}");
    }
}

#[tokio::test]
async fn a_client_that_accepts_neither_form_is_told_both() {
    let server = TestServer::start();
    for accept in [
        "text/html",
        "application/xml, image/*",
        "*/*;q=0",
        "application/json;q=0, text/event-stream;q=0",
    ] {
        let ask = sum().with("Accept", accept);
        let is = (406, -31012, Value::Null);
        let words = ["application/json", "text/event-stream"];
        server.refuses(&ask, is, &words).await;
    }
}

#[tokio::test]
async fn a_range_that_is_refused_is_not_served_by_a_wider_one() {
    let server = TestServer::start();
    let ask = sum().with("Accept", "*/*, application/json;q=0");
    let reply = server.send(&ask).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(reply.is_stream(), "JSON was refused by name: {reply:?}");
    let ask = initialize("2025-06-18").with("Accept", "text/event-stream;q=0, */*");
    let reply = server.send(&ask).await;
    assert!(!reply.is_stream(), "events were refused by name: {reply:?}");
}

#[tokio::test]
async fn other_methods_are_refused_with_those_that_are_served() {
    let server = TestServer::start();
    for method in ["PUT", "PATCH", "TRACE", "BREW"] {
        let is = (405, -31013, Value::Null);
        let reply = server.refuses(&Ask::new(method), is, &["POST"]).await;
        let allow = reply.field("allow").unwrap();
        for method in ["GET", "POST", "DELETE", "OPTIONS"] {
            assert!(allow.contains(method), "{allow}");
        }
    }
    let reply = server.send(&Ask::new("HEAD")).await;
    assert_eq!(reply.status, 405, "{reply:?}");
    assert!(reply.field("allow").is_some(), "{reply:?}");
    let reply = server.send(&Ask::new("OPTIONS")).await;
    assert_eq!((reply.status, reply.text.as_str()), (204, ""), "{reply:?}");
    assert!(reply.field("allow").unwrap().contains("POST"), "{reply:?}");
    server.still_serves().await;
}

#[tokio::test]
async fn get_and_delete_are_not_for_modern_clients() {
    let server = TestServer::start();
    for method in ["GET", "DELETE"] {
        let ask = Ask::new(method)
            .field("Accept", "text/event-stream")
            .field("MCP-Protocol-Version", "2026-07-28");
        let is = (405, -31013, Value::Null);
        let reply = server.refuses(&ask, is, &["POST"]).await;
        let allow = reply.field("allow").unwrap();
        assert!(allow.contains("POST") && !allow.contains("GET"), "{allow}");
        // A session does not change that.
        let session = server.session("2025-11-25").await;
        let reply = server.send(&ask.field("Mcp-Session-Id", &session.id)).await;
        assert_eq!(reply.status, 405, "{reply:?}");
    }
}

#[tokio::test]
async fn a_host_that_is_not_ours_is_told_the_setting() {
    let server = TestServer::start();
    for host in [
        "evil.example",
        "evil.example:8000",
        "192.0.2.1",
        "localhost.evil.example",
    ] {
        let name = host.trim_end_matches(":8000");
        let ask = sum().field("Host", host);
        let is = (403, -31007, Value::Null);
        server
            .refuses(&ask, is, &[&format!("--allow-host {name}")])
            .await;
    }
    let two = sum()
        .field("Host", "localhost")
        .field("Host", "evil.example");
    let reply = server.send(&two).await;
    assert!(matches!(reply.status, 400 | 403), "{reply:?}");
    for host in [
        "localhost",
        "LOCALHOST:1",
        "127.0.0.1",
        "[::1]:8000",
        "app.localhost",
        "localhost.",
        "localhost.:8000",
    ] {
        let reply = server.send(&sum().field("Host", host)).await;
        assert_eq!(reply.status, 200, "{host}: {reply:?}");
    }
    let open = TestServer::with(|http| http.allow_host("mcp.example"));
    let reply = open.send(&sum().field("Host", "mcp.example:8000")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[tokio::test]
async fn an_origin_that_is_not_allowed_is_told_the_setting() {
    let server = TestServer::start();
    for origin in [
        "https://evil.example",
        "null",
        "http://localhost.evil.example",
    ] {
        for ask in [sum(), initialize("2025-06-18"), Ask::new("GET")] {
            let is = (403, -31008, Value::Null);
            let ask = ask.field("Origin", origin);
            server
                .refuses(&ask, is, &[&format!("--allow-origin {origin}")])
                .await;
        }
    }
    let two = sum()
        .field("Origin", "http://localhost")
        .field("Origin", "https://evil.example");
    assert_eq!(server.send(&two).await.status, 403);
    for origin in [
        "http://localhost:3000",
        "http://127.0.0.1:1",
        "http://[::1]:9",
    ] {
        let reply = server.send(&sum().field("Origin", origin)).await;
        assert_eq!(reply.status, 200, "{origin}: {reply:?}");
    }
    let open = TestServer::with(|http| http.allow_origin("https://app.example"));
    let reply = open
        .send(&sum().field("Origin", "https://app.example"))
        .await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[tokio::test]
async fn the_log_too_says_which_setting_would_let_a_request_in() {
    let (mut program, endpoint) = Program::hello_http(&["--log", "text"]).await;
    let reply = endpoint
        .send(&sum().field("Origin", "https://app.example"))
        .await;
    assert_eq!(reply.status, 403, "{reply:?}");
    program.logged("--allow-origin https://app.example").await;
    let reply = endpoint.send(&sum().field("Host", "app.example:80")).await;
    assert_eq!(reply.status, 403, "{reply:?}");
    program.logged("--allow-host app.example").await;
}

#[tokio::test]
async fn nothing_of_a_refused_request_can_forge_a_line_of_the_log() {
    const FORGED: &str = "2026-01-01T00:00:00Z ERROR forged";
    let server = TestServer::start();
    let log = Log::capture();
    for field in ["Host", "Origin"] {
        let what = field.to_ascii_lowercase();
        let mut refused = Vec::new();
        // All control characters, those of more than one byte too.
        let controls = (0..=0x9f).filter_map(char::from_u32);
        for control in controls.filter(|c| c.is_control()) {
            let value = format!("https://a.example{control}{FORGED}");
            let reply = server.send(&sum().field(field, &value)).await;
            let saw = format!("{field} with {control:?}: {reply:?}");
            assert!(matches!(reply.status, 400 | 403), "{saw}");
            assert!(!reply.text.contains(control), "{saw}");
            if reply.status == 403 {
                refused.push(control);
            }
        }
        assert!(refused.contains(&'\t'), "{field}: {refused:?}");
        let text = log.text();
        let warned = format!("a request was refused: its {what} is not allowed");
        assert!(text.contains(&warned), "{text}");
    }
    let text = log.text();
    for line in text.lines() {
        assert!(!line.starts_with(FORGED), "a line was forged: {text:?}");
        assert!(!line.contains(char::is_control), "{line:?}");
    }
}
