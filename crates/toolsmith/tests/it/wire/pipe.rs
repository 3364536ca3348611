//! A client over a pair of streams, a message a line.

use std::sync::Arc;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::task::JoinHandle;
use toolsmith::{Server, Stdio};

use super::exchange::Exchange;
use super::soon;
use super::tools::{Gate, server};

type Output = Box<dyn AsyncRead + Send + Unpin>;
type Input = Box<dyn AsyncWrite + Send + Unpin>;

/// A conversation over a pipe.
pub(crate) struct Pipe {
    to: Option<Input>,
    from: BufReader<Output>,
    exchange: Exchange,
    legacy: Option<String>,
}

impl Pipe {
    /// A conversation with whatever is at the other end.
    pub(crate) fn new(to: Input, from: Output) -> Self {
        Self {
            to: Some(to),
            from: BufReader::new(from),
            exchange: Exchange::default(),
            legacy: None,
        }
    }

    /// A conversation with a server inside the test, and the task that serves it.
    pub(crate) fn to_server(
        stdio: Stdio,
        gate: &Arc<Gate>,
    ) -> (Self, JoinHandle<toolsmith::Result<()>>) {
        Self::to(server(gate), stdio)
    }

    /// A conversation with a server of its own.
    pub(crate) fn to(server: Server, stdio: Stdio) -> (Self, JoinHandle<toolsmith::Result<()>>) {
        let (to, input) = tokio::io::duplex(64 * 1024);
        let (output, from) = tokio::io::duplex(64 * 1024);
        let engine = server.build().unwrap();
        let task = tokio::spawn(stdio.serve_streams(engine, input, output));
        (Self::new(Box::new(to), Box::new(from)), task)
    }

    /// Sends a line as it is.
    pub(crate) async fn line(&mut self, line: impl ToString) {
        self.unfinished(format!("{}\n", line.to_string())).await;
    }

    /// Sends a line without its end.
    pub(crate) async fn unfinished(&mut self, line: impl ToString) {
        let line = line.to_string().into_bytes();
        self.exchange.asked(&line, self.legacy.clone());
        self.write(line).await;
    }

    /// Sends several lines in one piece.
    pub(crate) async fn at_once(&mut self, lines: &[Value]) {
        let mut all = Vec::new();
        for line in lines {
            let line = line.to_string().into_bytes();
            self.exchange.asked(&line, self.legacy.clone());
            all.extend_from_slice(&line);
            all.push(b'\n');
        }
        self.write(all).await;
    }

    async fn write(&mut self, line: Vec<u8>) {
        let to = self.to.as_mut().unwrap();
        soon("writing", to.write_all(&line)).await.unwrap();
        soon("writing", to.flush()).await.unwrap();
    }

    /// Ends the input.
    pub(crate) fn end(&mut self) {
        self.to = None;
    }

    /// The next message, or nothing at the end.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        let mut line = String::new();
        let read = soon("a line", self.from.read_line(&mut line))
            .await
            .unwrap();
        if read == 0 {
            return None;
        }
        let message: Value = serde_json::from_str(&line)
            .unwrap_or_else(|e| panic!("not JSON on the output: {e}: {line:?}"));
        if let Some(agreed) = message.pointer("/result/protocolVersion") {
            self.legacy = agreed.as_str().map(str::to_owned);
        }
        self.exchange.answered(&message);
        Some(message)
    }

    /// Sends a line and waits for the next message.
    pub(crate) async fn ask(&mut self, line: impl ToString) -> Value {
        self.line(line).await;
        self.next().await.unwrap()
    }
}
