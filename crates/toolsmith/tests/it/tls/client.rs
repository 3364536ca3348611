//! HTTP clients over TLS.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::client::TlsStream;

use crate::wire::{Ask, soon};

pub(super) type Tls = TlsStream<TcpStream>;

/// A client that speaks HTTP/1.1.
#[derive(Debug)]
pub(super) struct Http1(http1::SendRequest<Full<Bytes>>);

impl Http1 {
    pub(super) async fn over(stream: Tls) -> Self {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self(sender)
    }

    pub(super) async fn send(&mut self, ask: &Ask) -> hyper::Result<Reply> {
        soon("room", self.0.ready()).await?;
        let answer = self.0.send_request(request(ask, "/mcp"));
        Reply::read(soon("an answer", answer).await?).await
    }
}

/// A client that speaks HTTP/2. Clones share the connection.
#[derive(Debug)]
pub(super) struct Http2 {
    pub(super) sender: http2::SendRequest<Full<Bytes>>,
    /// Ends with the connection.
    pub(super) ended: JoinHandle<hyper::Result<()>>,
}

impl Http2 {
    pub(super) async fn over(stream: Tls) -> Self {
        let connecting = http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
        let (sender, connection) = connecting.await.unwrap();
        Self {
            sender,
            ended: tokio::spawn(connection),
        }
    }

    pub(super) async fn send(&self, ask: &Ask) -> hyper::Result<Reply> {
        Reply::read(self.open(ask).await?).await
    }

    /// Sends a request, and gives the answer as it comes.
    pub(super) async fn open(&self, ask: &Ask) -> hyper::Result<Response<Incoming>> {
        let mut sender = self.sender.clone();
        soon("room", sender.ready()).await?;
        let answer = sender.send_request(request(ask, "https://localhost/mcp"));
        soon("an answer", answer).await
    }
}

fn request(ask: &Ask, at: &str) -> Request<Full<Bytes>> {
    let mut request = Request::builder().method(ask.method.as_str()).uri(at);
    if at.starts_with('/') {
        request = request.header("host", "localhost");
    }
    for (name, value) in ask.fields() {
        request = request.header(name, value);
    }
    request.body(Full::from(ask.body.clone())).unwrap()
}

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) connection: Option<String>,
    pub(super) text: String,
}

impl Reply {
    async fn read(answer: Response<Incoming>) -> hyper::Result<Self> {
        let (head, body) = answer.into_parts();
        let body = soon("a body", body.collect()).await?.to_bytes();
        let connection = head.headers.get("connection");
        Ok(Self {
            status: head.status.as_u16(),
            connection: connection.map(|it| it.to_str().unwrap().to_owned()),
            text: String::from_utf8(body.to_vec()).unwrap(),
        })
    }

    /// What a tool said.
    pub(super) fn said(&self) -> String {
        let message: Value =
            serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        let text = message["result"]["content"][0]["text"].as_str();
        text.unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }
}
