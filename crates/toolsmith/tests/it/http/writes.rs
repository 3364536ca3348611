//! One write for a plain answer.

use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf,
};
use toolsmith::Http;

use crate::wire::{Ask, Gate, Session, call, initialize, modern, server, soon};

/// A stream that counts the writes that it took.
struct Counting {
    stream: DuplexStream,
    writes: Arc<AtomicUsize>,
}

impl Counting {
    fn count(&self, written: &Poll<Result<usize>>) {
        if matches!(written, Poll::Ready(Ok(bytes)) if *bytes > 0) {
            self.writes.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl AsyncRead for Counting {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Counting {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.count(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        // As a socket takes them: all slices at once.
        let bytes = slices.iter().flat_map(|s| s.iter().copied());
        let bytes: Vec<u8> = bytes.collect();
        let written = Pin::new(&mut self.stream).poll_write(cx, &bytes);
        self.count(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Sends requests one after the other, each made when the answers before it are there, and
/// gives the answers and how many writes each took.
async fn writes<'a>(
    asks: impl IntoIterator<Item = Box<dyn FnOnce(&[(String, usize)]) -> Ask + 'a>>,
) -> Vec<(String, usize)> {
    let listening = Http::bind("127.0.0.1:0").listen().unwrap();
    let service = listening
        .service(server(&Arc::new(Gate::default())))
        .unwrap();
    let (mut client, stream) = tokio::io::duplex(1024 * 1024);
    let counted = Arc::new(AtomicUsize::new(0));
    let stream = Counting {
        stream,
        writes: Arc::clone(&counted),
    };
    let service = service_fn(move |request| {
        let service = service.clone();
        async move { Ok::<_, std::convert::Infallible>(service.respond(request).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new();
    let connection = connection.serve_connection(TokioIo::new(stream), service);
    let connection = tokio::spawn(connection);
    let mut answers: Vec<(String, usize)> = Vec::new();
    let mut buffer = vec![0; 1024 * 1024];
    for ask in asks {
        let ask = ask(&answers);
        client
            .write_all(&ask.bytes("localhost", "/mcp"))
            .await
            .unwrap();
        // The answer may come in parts; it is whole when its length is.
        let mut read = 0;
        let answer = loop {
            read += soon("an answer", client.read(&mut buffer[read..]))
                .await
                .unwrap();
            let answer = std::str::from_utf8(&buffer[..read]).unwrap();
            if is_whole(answer) {
                break answer.to_owned();
            }
        };
        answers.push((answer, counted.swap(0, Ordering::Relaxed)));
    }
    connection.abort();
    answers
}

fn is_whole(answer: &str) -> bool {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else {
        return false;
    };
    let head = head.to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|l| l.strip_prefix("content-length: "));
    length.is_none_or(|length| body.len() == length.parse::<usize>().unwrap())
}

#[tokio::test]
async fn a_plain_answer_is_one_write() {
    let numbers = call("numbers", json!({"below": 200}));
    let asks = [
        modern(1, "tools/call", call("add", json!({"a": 2, "b": 3}))),
        modern(
            1,
            "tools/call",
            call("add_blocking", json!({"a": 2, "b": 3})),
        ),
        modern(1, "server/discover", json!({})),
        modern(1, "tools/list", json!({})),
        modern(1, "tools/call", numbers),
        initialize("2025-06-18"),
        modern(1, "tools/call", call("fill", json!({"bytes": 100_000}))),
        modern(1, "no/such", json!({})),
        Ask::post("{"),
        Ask::new("OPTIONS"),
    ];
    let sent = asks.iter().map(|ask| Box::new(|_: &_| ask.clone()) as _);
    for (ask, (answer, writes)) in asks.iter().zip(writes(sent).await) {
        let answer: String = answer.chars().take(300).collect();
        assert_eq!(writes, 1, "{ask:?}\nwas answered with {answer}");
    }
}

#[tokio::test]
async fn a_plain_answer_in_a_session_is_one_write() {
    for revision in ["2025-06-18", "2025-11-25"] {
        let opening = Box::new(move |_: &[_]| initialize(revision)) as Box<dyn FnOnce(&_) -> _>;
        let calls = ["add", "add_blocking"].map(|tool| {
            Box::new(move |answers: &[(String, usize)]| {
                let opened = answers[0].0.to_ascii_lowercase();
                let (_, id) = opened.split_once("mcp-session-id: ").unwrap();
                let session = Session {
                    id: id.lines().next().unwrap().to_owned(),
                    revision: revision.to_owned(),
                };
                session.ask(1, "tools/call", call(tool, json!({"a": 2, "b": 3})))
            }) as Box<dyn FnOnce(&_) -> _>
        });
        for (answer, writes) in writes([opening].into_iter().chain(calls)).await {
            assert_eq!(writes, 1, "{revision}: {answer}");
            assert!(answer.contains("result"), "{revision}: {answer}");
        }
    }
}
