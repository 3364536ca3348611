//! The one writer that owns the output, and what waits for it.

use std::collections::VecDeque;

use bytes::BytesMut;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::server::ReplySink;

/// How many messages the writer takes before the rest wait in the [`Outbox`].
const QUEUE: usize = 64;
/// How many messages are written at once.
const BURST: usize = 64;

/// A way to the writer for reports about a call. What it cannot take is dropped.
#[derive(Clone, Debug)]
pub(super) struct Reports(mpsc::Sender<Vec<u8>>);

impl ReplySink for Reports {
    fn send(&self, message: Vec<u8>) -> bool {
        self.0.try_send(message).is_ok()
    }
}

/// Answers on their way to the writer, in order.
pub(super) struct Outbox {
    sender: mpsc::Sender<Vec<u8>>,
    waiting: VecDeque<Vec<u8>>,
    bytes: usize,
}

impl Outbox {
    /// Starts the writer. It ends when the outbox and all reports are gone, or when the
    /// client closes the output.
    pub(super) fn start<W>(output: W) -> (Self, JoinHandle<()>)
    where
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let outbox = Self {
            sender,
            waiting: VecDeque::new(),
            bytes: 0,
        };
        (outbox, tokio::spawn(write(output, receiver)))
    }

    pub(super) fn reports(&self) -> Reports {
        Reports(self.sender.clone())
    }

    pub(super) fn push(&mut self, message: Vec<u8>) {
        self.bytes += message.len();
        self.waiting.push_back(message);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// How many bytes wait.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Hands the next message to the writer once it can take one. `false` when the writer
    /// is gone. Dropping the future loses nothing.
    pub(super) async fn hand_over(&mut self) -> bool {
        let Ok(place) = self.sender.reserve().await else {
            return false;
        };
        if let Some(message) = self.waiting.pop_front() {
            self.bytes -= message.len();
            place.send(message);
        }
        true
    }
}

async fn write<W: AsyncWrite + Unpin>(mut output: W, mut messages: mpsc::Receiver<Vec<u8>>) {
    let mut burst = Vec::with_capacity(BURST);
    let mut buffer = BytesMut::new();
    while messages.recv_many(&mut burst, BURST).await > 0 {
        for message in burst.drain(..) {
            buffer.extend_from_slice(&message);
            buffer.extend_from_slice(b"\n");
        }
        let written = output.write_all(&buffer).await;
        if let Err(error) = written.and(output.flush().await) {
            tracing::debug!(%error, "the client has closed the output");
            return;
        }
        buffer.clear();
    }
}
