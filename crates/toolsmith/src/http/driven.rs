//! Work that is done by whoever sends what it says.
//!
//! So each event is on the wire before the work goes on: work is polled between writes, and
//! never beside them. That is good for as long as the client reads. One that does not must
//! hold up neither the work nor the limit on its time, so one look over all streams now and
//! then gives the work of those that stand still a task of its own.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::task::{JoinError, JoinHandle};
use tracing::Instrument as _;
use tracing::instrument::Instrumented;

use crate::server::Answer;

/// How often streams are looked over.
const LOOK: Duration = Duration::from_millis(50);
/// How many looks in a row find that nothing was taken, until a client is taken to be slow.
const LOOKS: u8 = 2;

/// Work that comes to something.
pub(super) type Work<T = Answer> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Work of which a stream tells.
#[derive(Debug)]
pub(super) struct Driven<T: Send + 'static = Answer> {
    place: Mutex<Place<T>>,
    /// For how many looks something was given out and nothing more was asked for; 0 while
    /// nothing is.
    waits: AtomicU8,
    /// Whether it goes on when nobody wants the stream any more.
    outlives: bool,
}

/// Where the work is done.
#[derive(Debug)]
enum Place<T> {
    /// By who polls the stream.
    Here(Instrumented<Boxed<T>>),
    /// In a task of its own.
    Aside(JoinHandle<T>),
    /// It is done.
    Over,
}

/// A future that says nothing of itself.
struct Boxed<T>(Work<T>);

impl<T> std::fmt::Debug for Boxed<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Work")
    }
}

impl<T> Future for Boxed<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        self.0.as_mut().poll(cx)
    }
}

impl<T: Send + 'static> Driven<T> {
    fn new(work: Work<T>, outlives: bool) -> Self {
        Self {
            place: Mutex::new(Place::Here(Boxed(work).in_current_span())),
            waits: AtomicU8::new(0),
            outlives,
        }
    }

    /// Goes on with the work, or waits for it.
    pub(super) fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
        let mut place = self.place();
        let ended = match &mut *place {
            Place::Here(work) => Pin::new(work).poll(cx).map(Ok),
            Place::Aside(task) => Pin::new(task).poll(cx),
            Place::Over => Poll::Pending,
        };
        if ended.is_ready() {
            *place = Place::Over;
        }
        ended
    }

    /// Whether it goes on only when it is polled.
    pub(super) fn is_here(&self) -> bool {
        matches!(&*self.place(), Place::Here(_))
    }

    /// Notes that something was given out, and that it may not be sent yet.
    pub(super) fn gave(&self) {
        self.waits.store(1, Ordering::Relaxed);
    }

    /// Notes that more is asked for.
    pub(super) fn is_asked(&self) {
        self.waits.store(0, Ordering::Relaxed);
    }

    fn place(&self) -> MutexGuard<'_, Place<T>> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nobody wants the stream any more.
impl<T: Send + 'static> Drop for Driven<T> {
    fn drop(&mut self) {
        let place = self.place.get_mut().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(place, Place::Over) {
            Place::Aside(task) if !self.outlives => task.abort(),
            Place::Here(work) if self.outlives => {
                if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                    runtime.spawn(work);
                }
            }
            _ => {}
        }
    }
}

/// What is looked at now and then.
trait Look: Send + Sync {
    /// Gives the work a task of its own if nobody has asked for more for some looks.
    fn look(&self);
}

impl<T: Send + 'static> Look for Driven<T> {
    fn look(&self) {
        let waits = self.waits.load(Ordering::Relaxed);
        if waits == 0 || waits > LOOKS {
            return;
        }
        let waited =
            self.waits
                .compare_exchange(waits, waits + 1, Ordering::Relaxed, Ordering::Relaxed);
        // Whoever has it locked polls it, and does not stand still.
        if waited.is_ok()
            && waits == LOOKS
            && let Ok(mut place) = self.place.try_lock()
            && let Place::Here(_) = &*place
            && let Place::Here(work) = std::mem::replace(&mut *place, Place::Over)
        {
            *place = Place::Aside(tokio::spawn(work));
        }
    }
}

/// The streams that are open.
#[derive(Clone, Debug, Default)]
pub(super) struct Streams(Arc<Mutex<Open>>);

#[derive(Debug, Default)]
struct Open {
    streams: Vec<Weak<dyn Look>>,
    /// Somebody looks them over.
    is_watched: bool,
}

impl Streams {
    /// Work for a stream that is opened, which ends with the stream.
    pub(super) fn drive<T: Send + 'static>(&self, work: Work<T>) -> Arc<Driven<T>> {
        self.open(Driven::new(work, false))
    }

    /// Work for a stream that is opened, which goes on without the stream.
    pub(super) fn drive_on<T: Send + 'static>(&self, work: Work<T>) -> Arc<Driven<T>> {
        self.open(Driven::new(work, true))
    }

    fn open<T: Send + 'static>(&self, driven: Driven<T>) -> Arc<Driven<T>> {
        let driven = Arc::new(driven);
        let stream: Weak<Driven<T>> = Arc::downgrade(&driven);
        let mut open = lock(&self.0);
        open.streams.push(stream);
        if !std::mem::replace(&mut open.is_watched, true) {
            tokio::spawn(watch(Arc::clone(&self.0)));
        }
        drop(open);
        driven
    }
}

/// Looks streams over for as long as there are any.
async fn watch(open: Arc<Mutex<Open>>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let streams: Vec<_> = {
            let mut open = lock(&open);
            open.streams.retain(|stream| stream.strong_count() > 0);
            if open.streams.is_empty() {
                open.is_watched = false;
                return;
            }
            open.streams.clone()
        };
        for stream in streams.iter().filter_map(Weak::upgrade) {
            stream.look();
        }
    }
}

fn lock(open: &Mutex<Open>) -> MutexGuard<'_, Open> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}
