//! How a server that is told to stop ends.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::wire::{Ask, Connection, Program, call, modern};

#[cfg(unix)]
#[tokio::test]
async fn a_server_with_an_open_stream_ends_within_a_second() {
    let (mut program, endpoint) = Program::hello_http(&[]).await;
    let session = endpoint.session("2025-11-25").await;
    let mut stream = endpoint.open(&session.stream()).await;
    assert_eq!(
        stream.next().await,
        Some(None),
        "a comment opens the stream"
    );
    // A connection that is kept without a request must not hold the server up either.
    let mut kept = Connection::open(endpoint.address).await;
    let sum = modern(1, "tools/call", call("add", json!({"a": 2, "b": 3})));
    assert_eq!(endpoint.send_on(&mut kept, &sum).await.said(), "5");
    let _silent = Connection::open(endpoint.address).await;

    let start = Instant::now();
    program.terminate().await;
    assert_eq!(stream.next().await, None, "the stream ends");
    let status = program.ended().await;
    assert_eq!(status.code(), Some(0), "{status}");
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_port_is_free_again_at_once() {
    let (mut program, endpoint) = Program::hello_http(&[]).await;
    assert_eq!(endpoint.send(&Ask::new("OPTIONS")).await.status, 204);
    program.terminate().await;
    program.ended().await;
    let port = endpoint.address.port().to_string();
    let arguments = ["--transport", "http", "--port", &port];
    let mut program = Program::hello(&arguments, &[]).await;
    program.url().await;
    endpoint.still_serves().await;
}
