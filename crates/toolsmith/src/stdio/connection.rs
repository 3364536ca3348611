//! The conversation with one client: what is read, what is worked on, what is written.
//!
//! One loop does all three, and none of them waits for another: the end of the input is
//! seen whatever else is going on.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite};

use super::conversation::Conversation;
use super::lines::{Line, Lines};
use super::work::{Done, Taken, Work};
use super::writer::{Outbox, Writer};
use crate::server::Engine;
use crate::{Error, Result};

/// How many requests are worked on at once; more wait.
const MAX_IN_FLIGHT: usize = 512;
/// How many bytes requests that wait or are worked on may cost. A request over it is
/// refused.
const MAX_HELD: usize = 32 * 1024 * 1024;
/// How many bytes of answers may wait for the client to read them before no more requests
/// are started.
const MAX_UNREAD: usize = 32 * 1024 * 1024;
/// How long calls may go on after the end of the input.
const DRAIN: Duration = Duration::from_millis(500);

/// Serves until the input ends, the client closes the output, or it is told to stop.
pub(super) async fn serve<R, W>(
    engine: Engine,
    input: R,
    output: W,
    max_line: usize,
    stop: impl Future<Output = ()> + Send,
) -> Result<()>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let mut lines = Lines::new(input, max_line);
    let (outbox, mut writer) = Outbox::start(output);
    let conversation = Conversation::new(engine, outbox.reporter(), max_line);
    let mut desk = Desk {
        conversation,
        outbox,
        working: FuturesUnordered::new(),
        waiting: VecDeque::new(),
        in_flight: 0,
        held: 0,
        opening: None,
    };
    tokio::pin!(stop);
    let ended = loop {
        desk.start_waiting();
        tokio::select! {
            line = lines.next() => match line {
                Ok(Some(line)) => {
                    if !desk.take(line) {
                        tracing::error!("the client does not read its answers; it is given up");
                        break Ok(());
                    }
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(Error::io("reading the input", error)),
            },
            Some(done) = desk.working.next() => desk.file(done),
            // What changes while the client does not read is merged.
            notice = desk.conversation.notice(), if desk.outbox.len() == 0 => {
                desk.outbox.push(notice);
            }
            handed = desk.outbox.hand_over(), if desk.outbox.len() > 0 => {
                if !handed {
                    break Ok(());
                }
            }
            () = writer.ended() => return Ok(()),
            () = &mut stop => break Ok(()),
        }
    };
    desk.finish(writer).await;
    ended
}

/// What is being worked on, what waits for it, and what has come of it.
struct Desk {
    conversation: Conversation,
    outbox: Outbox,
    working: FuturesUnordered<Pin<Box<dyn Future<Output = Done> + Send>>>,
    waiting: VecDeque<Work>,
    /// How many requests are worked on.
    in_flight: usize,
    /// Bytes of the requests that are worked on or wait.
    held: usize,
    /// The answer that opens a conversation, until the writer has it: which of all it is.
    opening: Option<u64>,
}

impl Desk {
    /// Takes a line. `false` when the client has sent far more than it reads answers to.
    fn take(&mut self, line: Line) -> bool {
        let cost = line.cost();
        let full = self.held > 0 && self.held + cost > MAX_HELD;
        match self.conversation.take(line, full) {
            Taken::Nothing => {}
            Taken::Answer(message) => {
                self.outbox.push(message);
            }
            Taken::Opening(message) => self.opening = Some(self.outbox.push(message)),
            Taken::Work(work) => {
                self.held += work.cost;
                self.waiting.push_back(work);
            }
        }
        self.outbox.bytes() < MAX_UNREAD * 2
    }

    /// Starts what waits, as far as there is room for it and for its answers. What it says
    /// and asks must not pass the answer that opens the conversation by.
    fn start_waiting(&mut self) {
        if self.opening.is_some_and(|it| it >= self.outbox.handed()) {
            return;
        }
        self.opening = None;
        while let Some(next) = self.waiting.front()
            && self.in_flight + next.requests <= MAX_IN_FLIGHT
            && self.outbox.bytes() < MAX_UNREAD
            && let Some(work) = self.waiting.pop_front()
        {
            self.in_flight += work.requests;
            self.working.push(work.done);
        }
    }

    fn file(&mut self, done: Done) {
        self.held -= done.cost;
        self.in_flight -= done.requests();
        self.conversation.forget(&done);
        for message in [done.message, done.last_word].into_iter().flatten() {
            self.outbox.push(message);
        }
    }

    /// Gives calls a little time, and the client as long as it goes on reading.
    async fn finish(mut self, mut writer: Writer) {
        self.conversation.end_streams();
        if tokio::time::timeout(DRAIN, self.work_off()).await.is_err() {
            let waiting: usize = self.waiting.iter().map(|it| it.requests).sum();
            let calls = self.in_flight + waiting;
            if calls > 0 {
                tracing::info!(calls, "the conversation is over; calls were cut off");
            }
        }
        // Whoever could still report keeps the writer waiting, and so does whoever waits to.
        self.conversation.end();
        let Self {
            outbox,
            working,
            waiting,
            ..
        } = self;
        drop((working, waiting));
        let (answers, stalled) = (outbox.len(), writer.stalled());
        tokio::select! {
            () = outbox.empty_into(&mut writer) => {}
            () = stalled => {
                tracing::warn!(answers, "the client has stopped reading; answers may be lost");
            }
        }
    }

    /// Works off everything that was taken.
    async fn work_off(&mut self) {
        loop {
            self.start_waiting();
            tokio::select! {
                Some(done) = self.working.next() => self.file(done),
                handed = self.outbox.hand_over(), if self.outbox.len() > 0 => {
                    if !handed {
                        return;
                    }
                }
                else => return,
            }
        }
    }
}
