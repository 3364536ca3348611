//! The conversation with one client.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite};

use super::lines::{Line, Lines};
use super::writer::Output;
use crate::protocol::{
    Decoded, Era, ErrorKind, Message, Method, ProtocolError, Refusal, Request, RequestId, decode,
};
use crate::server::{Answer, Engine, Peer, ReplySink};
use crate::{Error, Result};

/// How many requests may be worked on at once. The next line is read when one is done.
const MAX_IN_FLIGHT: usize = 512;
/// How long calls may go on after the end of the input.
const DRAIN: Duration = Duration::from_millis(500);

type Work = Pin<Box<dyn Future<Output = Option<Vec<u8>>> + Send>>;

/// Serves until the input ends.
pub(super) async fn serve<R, W>(engine: Engine, input: R, output: W, max_line: usize) -> Result<()>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let mut lines = Lines::new(input, max_line);
    let (output, writer) = Output::start(output);
    let mut conversation = Conversation {
        engine,
        output: output.clone(),
        legacy: None,
        max_line,
    };
    let mut in_flight = FuturesUnordered::<Work>::new();
    let ended = loop {
        tokio::select! {
            Some(message) = in_flight.next() => write(&output, message).await,
            line = lines.next(), if in_flight.len() < MAX_IN_FLIGHT => match line {
                Ok(Some(line)) => in_flight.push(conversation.take(line)),
                Ok(None) => break Ok(()),
                Err(error) => break Err(Error::io("reading the input", error)),
            },
        }
    };
    let drain = async {
        while let Some(message) = in_flight.next().await {
            write(&output, message).await;
        }
    };
    if tokio::time::timeout(DRAIN, drain).await.is_err() {
        tracing::info!(
            calls = in_flight.len(),
            "the input ended; calls were cut off"
        );
    }
    drop((in_flight, conversation, output));
    // What was answered is written before the process ends, if the client still reads.
    let _ = tokio::time::timeout(DRAIN / 2, writer).await;
    ended
}

async fn write(output: &Output, message: Option<Vec<u8>>) {
    if let Some(message) = message {
        output.send(message).await;
    }
}

struct Conversation {
    engine: Engine,
    output: Output,
    /// The client, once it has opened a legacy conversation.
    legacy: Option<Peer>,
    max_line: usize,
}

impl Conversation {
    /// Turns a line into work whose result, if any, is to be written.
    fn take(&mut self, line: Line) -> Work {
        let line = match line {
            Line::Text(line) => line,
            Line::TooLong => return now(&refuse(self.too_long(), None)),
        };
        if line.trim_ascii().is_empty() {
            return Box::pin(std::future::ready(None));
        }
        match decode(&line, None) {
            Err(refusal) => now(&refusal),
            Ok(Decoded::Modern(request, meta)) => self.answer(request, Peer::from(meta)),
            Ok(Decoded::Legacy(Message::Request(request))) => self.legacy_request(request),
            Ok(Decoded::Batch(items)) => match &self.legacy {
                Some(peer) if peer.revision.has_batches() => {
                    Box::pin(self.engine.clone().answer_batch(items, peer.clone()))
                }
                _ => now(&refuse(no_batches(), None)),
            },
            Ok(Decoded::Legacy(Message::Notification(_) | Message::Response))
            | Ok(Decoded::ModernNotification(_)) => Box::pin(std::future::ready(None)),
        }
    }

    fn legacy_request(&mut self, request: Request) -> Work {
        if request.method == Method::Initialize {
            return match self.engine.initialize(&request.params) {
                Err(error) => now(&refuse(error, Some(request.id))),
                Ok((peer, outcome)) => {
                    let message = self.engine.encode(&outcome, &request.id, peer.revision);
                    self.legacy = Some(peer);
                    Box::pin(std::future::ready(Some(message)))
                }
            };
        }
        match &self.legacy {
            Some(peer) => self.answer(request, peer.clone()),
            None => now(&refuse(not_open(), Some(request.id))),
        }
    }

    fn answer(&self, request: Request, peer: Peer) -> Work {
        let asked = request.params.progress_token.is_some();
        let sink = asked.then(|| Arc::new(self.output.clone()) as Arc<dyn ReplySink>);
        let answer = self.engine.clone().answer(request, peer, sink);
        Box::pin(async move { Some(answer.await.message) })
    }

    fn too_long(&self) -> ProtocolError {
        ProtocolError::new(
            ErrorKind::TooLarge,
            format!(
                "the line is longer than {} bytes; allow more with --max-line",
                self.max_line
            ),
        )
    }
}

fn now(refusal: &Refusal) -> Work {
    Box::pin(std::future::ready(Some(Answer::from(refusal).message)))
}

fn refuse(error: ProtocolError, id: Option<RequestId>) -> Refusal {
    error.refuse(id, Era::Legacy)
}

fn not_open() -> ProtocolError {
    ProtocolError::new(
        ErrorKind::SessionRequired,
        "send `initialize` first, or name a revision in `_meta`",
    )
}

fn no_batches() -> ProtocolError {
    ProtocolError::new(
        ErrorKind::InvalidRequest,
        "this revision has no batches; send each message by itself",
    )
}
