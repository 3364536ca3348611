//! The one writer that owns the output, and what waits for it.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::server::ReplySink;

/// How many messages the writer takes before the rest wait in the [`Outbox`].
const QUEUE: usize = 64;
/// How many bytes are gathered for one write.
const BURST: usize = 64 * 1024;

/// How long a client may read nothing before what is left is given up.
const STALL: Duration = Duration::from_millis(250);
/// How long it may take to read it all.
const LAST_WORDS: Duration = Duration::from_secs(30);

/// A way to the writer for reports about one call. What it cannot take is dropped.
#[derive(Clone, Debug)]
pub(super) struct Reports {
    sender: Arc<Mutex<Option<mpsc::Sender<Vec<u8>>>>>,
    stopping: watch::Receiver<bool>,
}

impl Reports {
    /// Takes no more: nothing is said of a call after its end.
    pub(super) fn close(&self) {
        *self.sender.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn sender(&self) -> Option<mpsc::Sender<Vec<u8>>> {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        sender.clone()
    }
}

impl ReplySink for Reports {
    fn notify(&self, message: Vec<u8>) -> bool {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        sender
            .as_ref()
            .is_some_and(|to| to.try_send(message).is_ok())
    }

    fn ask(&self, message: Vec<u8>) -> bool {
        let Some(sender) = self.sender() else {
            return false;
        };
        match sender.try_send(message) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Closed(_)) => false,
            // A question is waited for, and so it waits for its turn.
            Err(mpsc::error::TrySendError::Full(message)) => {
                tokio::spawn(async move { sender.send(message).await });
                true
            }
        }
    }

    fn ready(&self) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        Box::pin(async {
            match self.sender() {
                Some(sender) => sender.reserve().await.is_ok(),
                None => false,
            }
        })
    }

    /// In the queue with all who use the channel, so that everybody gets a turn.
    fn send(&self, message: Vec<u8>) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        Box::pin(async move {
            match self.sender() {
                Some(sender) => sender.send(message).await.is_ok(),
                None => false,
            }
        })
    }

    fn stopping(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let mut stopping = self.stopping.clone();
        Box::pin(async move {
            if stopping.wait_for(|it| *it).await.is_err() {
                std::future::pending().await
            }
        })
    }
}

/// Makes a way to the writer for each call.
#[derive(Clone, Debug)]
pub(super) struct Reporter {
    sender: mpsc::WeakSender<Vec<u8>>,
    stopping: watch::Sender<bool>,
}

impl Reporter {
    pub(super) fn reports(&self) -> Reports {
        Reports {
            sender: Arc::new(Mutex::new(self.sender.upgrade())),
            stopping: self.stopping.subscribe(),
        }
    }

    /// Has the streams of changes end, with an answer.
    pub(super) fn end_streams(&self) {
        self.stopping.send_replace(true);
    }
}

/// Answers on their way to the writer, in order.
pub(super) struct Outbox {
    sender: mpsc::Sender<Vec<u8>>,
    waiting: VecDeque<Vec<u8>>,
    bytes: usize,
    /// How many the writer has been given.
    handed: u64,
}

impl Outbox {
    /// Starts the writer. It ends when the outbox and all reports are gone, or when the
    /// client closes the output.
    pub(super) fn start<W>(output: W) -> (Self, Writer)
    where
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let outbox = Self {
            sender,
            waiting: VecDeque::new(),
            bytes: 0,
            handed: 0,
        };
        let written = Arc::new(AtomicU64::new(0));
        let task = tokio::spawn(write(output, receiver, Arc::clone(&written)));
        (outbox, Writer { task, written })
    }

    pub(super) fn reporter(&self) -> Reporter {
        Reporter {
            sender: self.sender.downgrade(),
            stopping: watch::Sender::new(false),
        }
    }

    /// Puts an answer behind the others, and says which of all it is, from 0 on.
    pub(super) fn push(&mut self, message: Vec<u8>) -> u64 {
        self.bytes += message.len();
        self.waiting.push_back(message);
        self.handed + self.waiting.len() as u64 - 1
    }

    /// How many answers the writer has been given.
    pub(super) fn handed(&self) -> u64 {
        self.handed
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
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
            self.handed += 1;
            place.send(message);
        }
        true
    }
}

impl Outbox {
    /// Hands everything over, and waits until the writer has written it.
    pub(super) async fn empty_into(mut self, writer: &mut Writer) {
        while !self.waiting.is_empty() {
            if !self.hand_over().await {
                return;
            }
        }
        // The writer ends when nobody is left who could give it something.
        drop(self);
        writer.ended().await;
    }
}

/// The writer at work.
pub(super) struct Writer {
    task: JoinHandle<()>,
    written: Arc<AtomicU64>,
}

impl Writer {
    /// Waits until the writer has ended.
    pub(super) async fn ended(&mut self) {
        // A panic of the writer is an end like any other.
        let _ = (&mut self.task).await;
    }

    /// Waits until the client stops reading: until for so long none of what is left was
    /// read, or it took too long in all.
    pub(super) fn stalled(&self) -> impl Future<Output = ()> + use<> {
        let written = Arc::clone(&self.written);
        async move {
            let start = Instant::now();
            let mut before = written.load(Ordering::Relaxed);
            while start.elapsed() < LAST_WORDS {
                tokio::time::sleep(STALL).await;
                let now = written.load(Ordering::Relaxed);
                if now == before {
                    return;
                }
                before = now;
            }
        }
    }
}

async fn write<W: AsyncWrite + Unpin>(
    mut output: W,
    mut messages: mpsc::Receiver<Vec<u8>>,
    written: Arc<AtomicU64>,
) {
    while let Some(message) = messages.recv().await {
        let mut burst = BytesMut::with_capacity(message.len() + 1);
        add(&mut burst, &message);
        while burst.len() < BURST
            && let Ok(message) = messages.try_recv()
        {
            add(&mut burst, &message);
        }
        if let Err(error) = write_all(&mut output, burst, &written).await {
            tracing::debug!(%error, "the client has closed the output");
            return;
        }
    }
}

fn add(burst: &mut BytesMut, message: &[u8]) {
    burst.extend_from_slice(message);
    burst.extend_from_slice(b"\n");
}

/// Writes a burst piece by piece, so that it shows whether the client reads.
async fn write_all<W: AsyncWrite + Unpin>(
    output: &mut W,
    mut burst: BytesMut,
    written: &AtomicU64,
) -> std::io::Result<()> {
    while burst.has_remaining() {
        let piece = burst.len().min(BURST);
        let length = output.write(&burst[..piece]).await?;
        if length == 0 {
            return Err(std::io::ErrorKind::WriteZero.into());
        }
        burst.advance(length);
        written.fetch_add(1, Ordering::Relaxed);
    }
    output.flush().await
}
