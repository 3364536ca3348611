//! The least that can be done to answer a modern call of `add`: bare axum that parses the
//! body into a borrowed struct and sends the answer that the example `bench` sends.
#![expect(
    clippy::print_stderr,
    reason = "it says where it listens, as our servers do"
)]

use axum::Router;
use axum::http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::ListenerExt as _;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
    params: Params,
}

#[derive(Deserialize)]
struct Params {
    arguments: Arguments,
}

#[derive(Deserialize)]
struct Arguments {
    a: i64,
    b: i64,
}

async fn add(body: Bytes) -> Response {
    let Ok(body) = serde_json::from_slice::<Body<'_>>(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let (id, sum) = (body.id, body.params.arguments.a + body.params.arguments.b);
    let answer = format!(
        r#"{{"jsonrpc":"2.0","id":{id},"result":{{"resultType":"complete","content":[{{"type":"text","text":"{sum}"}}],"_meta":{{"io.modelcontextprotocol/serverInfo":{{"name":"bench","version":"1"}}}}}}}}"#
    );
    let json = HeaderValue::from_static("application/json");
    ([(CONTENT_TYPE, json)], answer).into_response()
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    eprintln!("-> MCP endpoint: http://{}/mcp", listener.local_addr()?);
    let listener = listener.tap_io(|stream| {
        // As our servers do; without it the comparison would be of something else.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, Router::new().route("/mcp", post(add))).await
}
