//! What a server says of itself, and the ways to run one.

use std::time::Duration;

use serde_json::{Value, json};
use toolsmith::prelude::*;

use crate::wire::{Endpoint, Pipe, call, modern, modern_meta, request, soon};

#[tool]
async fn add(a: i64, b: i64) -> i64 {
    a + b
}

fn named() -> Server {
    let icon = Icon::new("https://example.com/weather.png")
        .mime_type("image/png")
        .size("48x48")
        .theme(IconTheme::Dark);
    Server::new("weather")
        .version("1.2.3")
        .title("Weather")
        .instructions("Ask for one city at a time.")
        .website("https://example.com/weather")
        .icon(icon)
        .tool::<add>()
}

fn pipe_to(server: Server) -> Pipe {
    let (to, input) = tokio::io::duplex(64 * 1024);
    let (output, from) = tokio::io::duplex(64 * 1024);
    let engine = server.build().unwrap();
    tokio::spawn(Stdio::new().serve_streams(engine, input, output));
    Pipe::new(Box::new(to), Box::new(from))
}

async fn opened(revision: &str) -> Value {
    let client = json!({"name": "test", "version": "0"});
    let params = json!({"protocolVersion": revision, "capabilities": {}, "clientInfo": client});
    let answer = pipe_to(named()).ask(request(0, "initialize", params)).await;
    answer["result"].clone()
}

#[tokio::test]
async fn every_revision_is_told_what_it_knows_of_the_server() {
    let oldest = json!({"name": "weather", "version": "1.2.3"});
    let titled = json!({"name": "weather", "title": "Weather", "version": "1.2.3"});
    let icon = json!({
        "src": "https://example.com/weather.png",
        "mimeType": "image/png",
        "sizes": ["48x48"],
        "theme": "dark",
    });
    let whole = json!({
        "name": "weather",
        "title": "Weather",
        "version": "1.2.3",
        "websiteUrl": "https://example.com/weather",
        "icons": [icon],
    });
    for (revision, expected) in [
        ("2024-11-05", &oldest),
        ("2025-03-26", &oldest),
        ("2025-06-18", &titled),
        ("2025-11-25", &whole),
    ] {
        let result = opened(revision).await;
        assert_eq!(&result["serverInfo"], expected, "{revision}");
        assert_eq!(result["instructions"], "Ask for one city at a time.");
        assert_eq!(result["protocolVersion"], revision);
    }
    let discover = request(1, "server/discover", json!({"_meta": modern_meta()}));
    let result = pipe_to(named()).ask(discover).await["result"].clone();
    let info = &result["_meta"]["io.modelcontextprotocol/serverInfo"];
    assert_eq!(info, &whole);
    assert_eq!(result["instructions"], "Ask for one city at a time.");
}

#[tokio::test]
async fn nothing_is_advertised_that_does_not_work() {
    for revision in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let capabilities = opened(revision).await["capabilities"].clone();
        let expected = json!({"tools": {"listChanged": true}, "logging": {}});
        assert_eq!(capabilities, expected, "{revision}");
    }
}

#[tokio::test]
async fn a_server_runs_inside_a_runtime_that_is_already_there() {
    let listening = Http::bind("127.0.0.1:0").listen().unwrap();
    let endpoint = Endpoint::at(&listening.url());
    let serving = tokio::spawn(named().serve(listening));
    let sum = call("add", json!({"a": 2, "b": 3}));
    let reply = endpoint.send(&modern(1, "tools/call", sum)).await;
    assert_eq!(reply.said(), "5", "{reply:?}");
    serving.abort();
    let ended = soon("the end", serving).await;
    assert!(ended.unwrap_err().is_cancelled());
}

#[test]
fn run_brings_its_own_runtime_and_says_what_keeps_it_from_starting() {
    let twice = named().tool::<add>();
    let error = twice.run(Stdio::new()).unwrap_err();
    assert!(error.is_start(), "{error:?}");
    let printed = format!("{error:?}");
    assert!(printed.contains("two tools are named `add`"), "{printed}");

    let taken = Http::bind("127.0.0.1:0").listen().unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let start = std::time::Instant::now();
    let error = named().run(Http::bind(address.clone())).unwrap_err();
    assert!(error.is_bind(), "{error:?}");
    let printed = format!("{error:?}");
    assert!(
        printed.contains(&address) && printed.contains("hint:"),
        "{printed}"
    );
    assert!(start.elapsed() < Duration::from_secs(5));
}

/// Guards against a panic that speaks of runtimes alone.
#[tokio::test]
async fn who_runs_inside_a_runtime_is_told_what_to_write() {
    let error = named().run(Http::bind("127.0.0.1:0")).unwrap_err();
    let printed = format!("{error:?}");
    assert!(printed.contains("inside one"), "{printed}");
    assert!(printed.contains(".serve(…).await"), "{printed}");
    assert!(!error.is_start() && !error.is_setting() && !error.is_bind());
}
