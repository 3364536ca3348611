//! The one writer that owns the output.

use bytes::BytesMut;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::server::ReplySink;

/// How many messages may wait to be written.
const QUEUE: usize = 1024;
/// How many messages are written at once.
const BURST: usize = 64;

/// A way to the writer. When all are gone, the writer ends.
#[derive(Clone, Debug)]
pub(super) struct Output(mpsc::Sender<Vec<u8>>);

impl Output {
    /// Starts the writer.
    pub(super) fn start<W>(output: W) -> (Self, JoinHandle<()>)
    where
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Self(sender), tokio::spawn(write(output, receiver)))
    }

    /// Writes a message when its turn comes. Waits while too many wait already.
    pub(super) async fn send(&self, message: Vec<u8>) {
        // The writer is gone only when the client is.
        let _ = self.0.send(message).await;
    }
}

impl ReplySink for Output {
    fn send(&self, message: Vec<u8>) -> bool {
        self.0.try_send(message).is_ok()
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
