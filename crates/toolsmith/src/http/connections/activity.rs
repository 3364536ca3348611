//! What one connection does, seen from outside: whether it works, waits for its client, or
//! is to end.
//!
//! A timer for each request would be a cost of each request. So what a connection does is
//! written down here, and one look over all of them now and then ends those that wait too
//! long.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

/// One request at work, in what is counted.
const WORK: u64 = 1;
/// One thing done, in what is counted.
const MOVE: u64 = 1 << 24;

/// How far its end has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// It goes on.
    Open = 0,
    /// Whatever is answered now is the last.
    Last = 1,
    /// It ends when nothing is asked.
    Closes = 2,
    /// What it works on is cut off.
    Cut = 3,
}

/// What a connection does. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(in crate::http) struct Activity(pub(super) Arc<Inner>);

#[derive(Debug, Default)]
pub(super) struct Inner {
    /// In the low bits, how many requests it works on; above them, how much it has done.
    done: AtomicU64,
    /// It has read some of a request, and not yet its whole head.
    reads: AtomicBool,
    stage: AtomicU8,
    task: AtomicWaker,
    /// Its client is told when it is to end, and need not be cut off.
    pub(super) is_told: AtomicBool,
    /// Wakes requests that have tasks of their own, when they are cut off.
    pub(super) cut: Notify,
}

/// What was seen at a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// Counts what it has done.
    pub(super) done: u64,
    /// How many requests it works on.
    pub(super) requests: u64,
    pub(super) is_at_work: bool,
    pub(super) reads: bool,
}

impl Activity {
    /// A request was read, and is answered until the guard is dropped.
    pub(super) fn begin(&self) -> AtWork {
        self.0.reads.store(false, Ordering::Relaxed);
        self.0.done.fetch_add(MOVE + WORK, Ordering::Relaxed);
        AtWork(self.clone())
    }

    /// Some of an answer was taken. The last of it may be long after it was handed over.
    fn wrote(&self) {
        self.0.done.fetch_add(MOVE, Ordering::Relaxed);
    }

    /// Something came, which begins the next request if none is at work.
    fn read(&self) {
        if !self.0.reads.load(Ordering::Relaxed) && !self.look().is_at_work {
            self.0.reads.store(true, Ordering::Relaxed);
        }
    }

    /// Whether its client is told when it is to end.
    pub(super) fn is_told(&self) -> bool {
        self.0.is_told.load(Ordering::Relaxed)
    }

    /// What it does.
    pub(super) fn look(&self) -> Seen {
        let done = self.0.done.load(Ordering::Relaxed);
        let requests = done % MOVE;
        Seen {
            done: done / MOVE,
            requests,
            is_at_work: requests != 0,
            reads: self.0.reads.load(Ordering::Relaxed),
        }
    }

    /// How far its end has come.
    pub(super) fn stage(&self) -> Stage {
        match self.0.stage.load(Ordering::Acquire) {
            0 => Stage::Open,
            1 => Stage::Last,
            2 => Stage::Closes,
            _ => Stage::Cut,
        }
    }

    /// Has it end; what was said before of its end and goes further holds.
    pub(super) fn end(&self, stage: Stage) {
        self.0.stage.fetch_max(stage as u8, Ordering::AcqRel);
        self.0.task.wake();
        if stage == Stage::Cut {
            self.0.cut.notify_waiters();
        }
    }

    /// Who is to be woken when its end comes nearer.
    pub(super) fn woken_by(&self, task: &Waker) {
        self.0.task.register(task);
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(in crate::http) struct AtWork(Activity);

impl AtWork {
    /// How far the end of the connection has come.
    pub(super) fn stage(&self) -> Stage {
        self.0.stage()
    }

    /// Has the connection take no request after this one.
    pub(super) fn is_last(&self) {
        self.0.end(Stage::Last);
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        let count = MOVE.wrapping_sub(WORK);
        self.0.0.done.fetch_add(count, Ordering::Relaxed);
    }
}

/// A stream that notes what goes through it.
#[derive(Debug)]
pub(super) struct Noted<S> {
    pub(super) stream: S,
    pub(super) activity: Activity,
    /// Whether what comes, while nothing is at work, begins a request.
    pub(super) notes_reads: bool,
    /// How long a write is, at least, that has some of an answer.
    pub(super) least_write: usize,
}

impl<S> Noted<S> {
    fn note(&self, wrote: &Poll<io::Result<usize>>) {
        let least = self.least_write;
        match wrote {
            Poll::Ready(Ok(len)) if *len < least => {}
            Poll::Ready(_) => self.activity.wrote(),
            Poll::Pending => {}
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Noted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if self.notes_reads && buffer.filled().len() > before {
            self.activity.read();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Noted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.note(&wrote);
        wrote
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.note(&wrote);
        wrote
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_does_is_seen() {
        let activity = Activity::default();
        let fresh = activity.look();
        assert!(!fresh.is_at_work && !fresh.reads && fresh.done == 0);
        activity.read();
        assert!(activity.look().reads);
        let one = activity.begin();
        let other = activity.begin();
        assert!(activity.look().is_at_work && !activity.look().reads);
        assert_eq!(activity.look().requests, 2);
        // The body of what is worked on is no new request.
        activity.read();
        assert!(!activity.look().reads);
        drop(one);
        assert!(activity.look().is_at_work);
        drop(other);
        let rests = activity.look();
        assert!(!rests.is_at_work && rests.done > fresh.done);
        activity.wrote();
        assert!(activity.look().done > rests.done);
    }

    #[test]
    fn the_end_only_comes_nearer() {
        let activity = Activity::default();
        assert_eq!(activity.stage(), Stage::Open);
        for stage in [Stage::Last, Stage::Closes, Stage::Cut] {
            activity.end(stage);
            assert_eq!(activity.stage(), stage);
        }
        activity.end(Stage::Last);
        assert_eq!(activity.stage(), Stage::Cut);
    }
}
