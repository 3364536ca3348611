//! The least that can be done to answer as the example `bench` answers: bare axum that
//! parses a body into borrowed structs and sends the same bytes. A route does the work of
//! one workload and nothing else.
//!
//! `floor [--list FILE]` serves HTTP, `/list` with what is in the file;
//! `floor --echo-lines` sends back each line of its standard input.
#![expect(
    clippy::print_stderr,
    reason = "it says where it listens, as our servers do"
)]

mod legacy;
mod lines;
mod modern;
mod progress;
mod respond;

use std::io::{Error, Result};

use axum::Router;
use axum::response::Response;
use axum::routing::post;
use axum::serve::ListenerExt as _;
use bytes::Bytes;

const USAGE: &str = "usage: floor [--list FILE] | floor --echo-lines";

#[tokio::main]
async fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        [] => serve(routes()).await,
        ["--list", file] => serve(routes().merge(list(std::fs::read(file)?.into()))).await,
        ["--echo-lines"] => lines::echo().await,
        _ => Err(Error::other(USAGE)),
    }
}

fn routes() -> Router {
    Router::new()
        .route("/mcp", post(modern::add))
        .route("/echo", post(modern::echo))
        .route("/legacy", post(legacy::add))
        .route("/progress", post(progress::report))
}

/// An answer that is there already, sent from memory.
fn list(answer: Bytes) -> Router {
    let send = async move |_request: Bytes| -> Response { respond::json(Ok(answer.clone())) };
    Router::new().route("/list", post(send))
}

async fn serve(routes: Router) -> Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    eprintln!("-> MCP endpoint: http://{}/mcp", listener.local_addr()?);
    let listener = listener.tap_io(|stream| {
        // As our servers do; without it the comparison would be of something else.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, routes).await
}
