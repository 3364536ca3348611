//! A connection that wakes itself goes on at once.
//!
//! A connection hands the body of a request to the service, and is woken by the service
//! when that has taken it: by its own task, while it is polled. A runtime then puts the
//! task behind all others and wakes a thread to share the work, at each request, though
//! there is next to nothing left to do. So what was woken while it was polled is polled
//! again where it is, for a few times, and only then waits for its turn.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake, Waker};

/// How often one is polled in its turn. An answer takes two, a stream one for each event.
const POLLS: usize = 4;

const WAITS: u8 = 0;
const IS_POLLED: u8 = 1;
const IS_TO_GO_ON: u8 = 2;

/// A future that is polled again at once when it was woken meanwhile.
#[derive(Debug)]
pub(super) struct Again<F> {
    future: Pin<Box<F>>,
    woken: Arc<Woken>,
    waker: Waker,
}

#[derive(Debug, Default)]
struct Woken {
    state: AtomicU8,
    task: OnceLock<Waker>,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let before = self.state.swap(IS_TO_GO_ON, Ordering::AcqRel);
        if before == WAITS
            && let Some(task) = self.task.get()
        {
            task.wake_by_ref();
        }
    }
}

impl<F> Again<F> {
    pub(super) fn new(future: F) -> Self {
        let woken = Arc::<Woken>::default();
        Self {
            future: Box::pin(future),
            waker: Waker::from(Arc::clone(&woken)),
            woken,
        }
    }
}

impl<F: Future> Future for Again<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Self {
            future,
            woken,
            waker,
        } = &mut *self;
        let task = woken.task.get_or_init(|| cx.waker().clone());
        if !task.will_wake(cx.waker()) {
            // It has moved to another task, which is to be woken from now on.
            return future.as_mut().poll(cx);
        }
        let cx = &mut Context::from_waker(waker);
        for _ in 0..POLLS {
            woken.state.swap(IS_POLLED, Ordering::AcqRel);
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(output);
            }
            let rests =
                woken
                    .state
                    .compare_exchange(IS_POLLED, WAITS, Ordering::AcqRel, Ordering::Acquire);
            if rests.is_ok() {
                return Poll::Pending;
            }
        }
        // Who else wants to run does so first.
        task.wake_by_ref();
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::sync::Mutex;
    use std::sync::atomic::AtomicUsize;

    /// A task, and how often it was woken.
    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    impl Task {
        fn poll<F: Future + Unpin>(self: &Arc<Self>, future: &mut F) -> Poll<F::Output> {
            let waker = Waker::from(Arc::clone(self));
            Pin::new(future).poll(&mut Context::from_waker(&waker))
        }

        fn woken(&self) -> usize {
            self.0.load(Ordering::SeqCst)
        }
    }

    #[test]
    fn what_wakes_itself_goes_on_in_the_same_turn() {
        let task = Arc::<Task>::default();
        let mut left = POLLS;
        let mut again = Again::new(poll_fn(|cx| {
            left -= 1;
            cx.waker().wake_by_ref();
            match left {
                0 => Poll::Ready("done"),
                _ => Poll::Pending,
            }
        }));
        assert_eq!(task.poll(&mut again), Poll::Ready("done"));
        assert_eq!(task.woken(), 0, "it was woken to go on");
    }

    #[test]
    fn what_never_rests_gives_way() {
        let task = Arc::<Task>::default();
        let polls = AtomicUsize::new(0);
        let mut again = Again::new(poll_fn(|cx| {
            polls.fetch_add(1, Ordering::SeqCst);
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        }));
        for turn in 1..=3 {
            assert!(task.poll(&mut again).is_pending());
            assert_eq!(task.woken(), turn, "it is to be polled in its next turn");
            assert_eq!(polls.load(Ordering::SeqCst), turn * POLLS);
        }
    }

    #[test]
    fn what_waits_is_woken_once() {
        let task = Arc::<Task>::default();
        let kept = Mutex::new(None);
        let mut again = Again::new(poll_fn(|cx| {
            *kept.lock().unwrap() = Some(cx.waker().clone());
            Poll::<()>::Pending
        }));
        for turn in 1..=3 {
            assert!(task.poll(&mut again).is_pending());
            assert_eq!(task.woken(), turn - 1);
            let waker = kept.lock().unwrap().take().unwrap();
            waker.wake_by_ref();
            waker.wake();
            assert_eq!(task.woken(), turn, "twice woken is woken");
        }
    }

    #[test]
    fn who_wakes_it_from_elsewhere_while_it_is_polled_is_heard() {
        let task = Arc::<Task>::default();
        let mut polls = 0;
        let mut again = Again::new(poll_fn(|cx| {
            polls += 1;
            if polls == 2 {
                return Poll::Ready(());
            }
            let waker = cx.waker().clone();
            std::thread::spawn(|| waker.wake()).join().unwrap();
            Poll::Pending
        }));
        assert!(task.poll(&mut again).is_ready(), "it was not heard");
    }

    #[test]
    fn in_another_task_it_wakes_that_one() {
        let tasks = [(); 2].map(|()| Arc::<Task>::default());
        let kept = Mutex::new(None);
        let mut again = Again::new(poll_fn(|cx| {
            *kept.lock().unwrap() = Some(cx.waker().clone());
            Poll::<()>::Pending
        }));
        for (at, task) in tasks.iter().enumerate() {
            assert!(task.poll(&mut again).is_pending());
            kept.lock().unwrap().take().unwrap().wake();
            assert_eq!(task.woken(), 1, "task {at} was not woken");
        }
    }
}
