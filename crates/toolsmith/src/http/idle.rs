//! How long a connection may wait for its client between requests.
//!
//! A timer for each request would be a cost of each request. So what a connection does is
//! written down, and one look over all of them now and then ends those that wait too long.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::AbortHandle;
use tokio::time::Instant;

/// How long a client may take to send the header fields of its next request.
pub(super) const HEADER_TIME: Duration = Duration::from_secs(30);
/// How often connections are looked over.
pub(super) const LOOK: Duration = Duration::from_secs(3);

/// What a connection does: how often a request of it was begun or ended. Odd while one is
/// being answered. What is written counts as two, so that it is seen and changes neither.
#[derive(Clone, Debug, Default)]
pub(super) struct Activity(Arc<AtomicU64>);

impl Activity {
    /// A request was read, and is answered until the guard is dropped.
    pub(super) fn begin(&self) -> AtWork {
        self.0.fetch_add(1, Ordering::Relaxed);
        AtWork(Self(Arc::clone(&self.0)))
    }

    /// Some of an answer was taken. The last of it may be long after it was handed over.
    fn wrote(&self) {
        self.0.fetch_add(2, Ordering::Relaxed);
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct AtWork(Activity);

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A stream that notes what is written to it.
#[derive(Debug)]
pub(super) struct Noted<S> {
    pub(super) stream: S,
    pub(super) activity: Activity,
}

impl<S: AsyncRead + Unpin> AsyncRead for Noted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Noted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if wrote.is_ready() {
            self.activity.wrote();
        }
        wrote
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        if wrote.is_ready() {
            self.activity.wrote();
        }
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

/// The connections that are looked over.
#[derive(Debug, Default)]
pub(super) struct Idle(Vec<Watched>);

#[derive(Debug)]
struct Watched {
    connection: AbortHandle,
    activity: Activity,
    /// What it had done when it was seen to do something last, and when that was.
    seen: u64,
    since: Instant,
}

impl Idle {
    /// Watches a connection that was opened now.
    pub(super) fn watch(&mut self, connection: AbortHandle, activity: Activity) {
        self.0.push(Watched {
            connection,
            activity,
            seen: 0,
            since: Instant::now(),
        });
    }

    /// Ends the connections whose clients took too long, and forgets those that have ended.
    pub(super) fn look(&mut self, now: Instant) {
        self.0.retain_mut(|it| {
            let count = it.activity.0.load(Ordering::Relaxed);
            let at_work = count % 2 == 1;
            if at_work || count != it.seen {
                (it.seen, it.since) = (count, now);
            } else if now >= it.since + HEADER_TIME {
                it.connection.abort();
            }
            !it.connection.is_finished()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_who_waits_for_its_client_is_ended() {
        let (mut idle, mut connections) = (Idle::default(), Vec::new());
        let [silent, busy, used, ended] = [(); 4].map(|()| Activity::default());
        for activity in [&silent, &busy, &used, &ended] {
            let connection = tokio::spawn(std::future::pending::<()>());
            idle.watch(connection.abort_handle(), activity.clone());
            connections.push(connection);
        }
        connections[3].abort();
        let at_work = busy.begin();
        tokio::time::advance(HEADER_TIME - LOOK).await;
        idle.look(Instant::now());
        drop(used.begin());
        assert_eq!(idle.0.len(), 3, "{idle:?}");
        for (time, left) in [(LOOK, 2), (HEADER_TIME, 1)] {
            tokio::time::advance(time).await;
            idle.look(Instant::now());
            // What was aborted has ended when it is looked at again.
            tokio::task::yield_now().await;
            idle.look(Instant::now());
            assert_eq!(idle.0.len(), left, "{idle:?}");
        }
        assert!(connections[0].is_finished() && connections[2].is_finished());
        drop(at_work);
        idle.look(Instant::now());
        tokio::time::advance(HEADER_TIME).await;
        idle.look(Instant::now());
        let over = (&mut connections[1]).await;
        assert!(over.is_err_and(|error| error.is_cancelled()));
    }
}
