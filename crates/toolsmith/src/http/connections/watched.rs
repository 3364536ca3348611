//! The connections that are open, looked over now and then.

use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::activity::{Activity, Stage};

/// How long a client that was told of the end may take nothing, while the server stops.
const GOODBYE: Duration = Duration::from_secs(5);

/// How long a client may keep a connection waiting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// For the head of a request, or the first of them.
    pub(super) head: Duration,
    /// For the next request.
    pub(super) idle: Duration,
}

impl Patience {
    /// How often to look, so that nobody is waited for much longer than that.
    pub(super) fn look(&self) -> Duration {
        let least = self.head.min(self.idle);
        (least / 5).clamp(Duration::from_millis(20), Duration::from_secs(3))
    }
}

/// The connections that are open.
#[derive(Debug)]
pub(super) struct Watched {
    patience: Patience,
    all: Vec<One>,
}

#[derive(Debug)]
struct One {
    task: AbortHandle,
    activity: Activity,
    /// What it had done when it was seen to do something last, and when that was.
    done: u64,
    since: Instant,
    /// Since when it reads the head of a request.
    reads_since: Option<Instant>,
}

impl Watched {
    pub(super) fn new(patience: Patience) -> Self {
        Self {
            patience,
            all: Vec::new(),
        }
    }

    /// Watches a connection that was opened now.
    pub(super) fn add(&mut self, task: AbortHandle, activity: Activity) {
        self.all.push(One {
            task,
            activity,
            done: 0,
            since: Instant::now(),
            reads_since: None,
        });
    }

    /// How often to look.
    pub(super) fn interval(&self) -> Duration {
        self.patience.look()
    }

    /// Ends the connections whose clients took too long, and forgets those that have ended.
    pub(super) fn look(&mut self, now: Instant) {
        let patience = self.patience;
        self.all.retain_mut(|it| {
            if it.is_kept_waiting(&patience, now) {
                it.let_go(now);
            }
            !it.task.is_finished()
        });
    }

    /// Ends those that were told to end, have nothing left to answer, and neither end nor
    /// take anything: their clients are gone.
    pub(super) fn look_at_the_last(&mut self, now: Instant) {
        let patience = Patience {
            head: GOODBYE.min(self.patience.head),
            idle: GOODBYE.min(self.patience.idle),
        };
        for one in self.all.iter_mut().filter(|it| it.activity.is_told()) {
            if one.is_kept_waiting(&patience, now) {
                one.task.abort();
            }
        }
    }

    /// Ends the connection that has been idle for longest. Gives whether there was one.
    pub(super) fn make_room(&mut self) -> bool {
        let idle = self.all.iter().filter(|it| {
            let seen = it.activity.look();
            let is_idle = !seen.is_at_work && !seen.reads && seen.done > 0;
            is_idle && it.activity.stage() == Stage::Open && !it.task.is_finished()
        });
        let Some(longest) = idle.min_by_key(|it| it.since) else {
            return false;
        };
        longest.activity.end(Stage::Closes);
        true
    }

    /// Has all of them end.
    pub(super) fn end(&self, stage: Stage) {
        for one in &self.all {
            one.activity.end(stage);
        }
    }

    /// How many requests are being answered.
    pub(super) fn at_work(&self) -> usize {
        let open = self.all.iter().filter(|it| !it.task.is_finished());
        let requests: u64 = open.map(|it| it.activity.look().requests).sum();
        usize::try_from(requests).unwrap_or(usize::MAX)
    }
}

impl One {
    /// Ends it: where the client can be told, it is told first, so that what it asks at that
    /// moment is not lost.
    fn let_go(&mut self, now: Instant) {
        if self.activity.is_told() && self.activity.stage() < Stage::Closes {
            self.activity.end(Stage::Closes);
            self.since = now;
        } else {
            self.task.abort();
        }
    }

    fn is_kept_waiting(&mut self, patience: &Patience, now: Instant) -> bool {
        let seen = self.activity.look();
        if seen.is_at_work || seen.done != self.done {
            (self.done, self.since) = (seen.done, now);
            self.reads_since = None;
        }
        if seen.is_at_work {
            return false;
        }
        if seen.reads {
            let since = *self.reads_since.get_or_insert(now);
            return now >= since + patience.head;
        }
        // One that has not sent anything yet may be held open to keep others out.
        let idle = match seen.done {
            0 => patience.head,
            _ => patience.idle,
        };
        now >= self.since + idle
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience {
        head: Duration::from_secs(10),
        idle: Duration::from_secs(60),
    };

    #[tokio::test(start_paused = true)]
    async fn only_who_waits_for_its_client_is_ended() {
        let mut watched = Watched::new(PATIENCE);
        let [silent, busy, used, ended] = [(); 4].map(|()| Activity::default());
        let mut tasks = Vec::new();
        for activity in [&silent, &busy, &used, &ended] {
            let task = tokio::spawn(std::future::pending::<()>());
            watched.add(task.abort_handle(), activity.clone());
            tasks.push(task);
        }
        tasks[3].abort();
        let at_work = busy.begin();
        drop(used.begin());
        tokio::time::advance(PATIENCE.head / 2).await;
        watched.look(Instant::now());
        assert_eq!(watched.all.len(), 3, "{watched:?}");
        for (time, left) in [(PATIENCE.head, 2), (PATIENCE.idle, 1)] {
            tokio::time::advance(time).await;
            watched.look(Instant::now());
            // What was aborted has ended when it is looked at again.
            tokio::task::yield_now().await;
            watched.look(Instant::now());
            assert_eq!(watched.all.len(), left, "{watched:?}");
        }
        assert_eq!(watched.at_work(), 1);
        drop(at_work);
        watched.look(Instant::now());
        tokio::time::advance(PATIENCE.idle).await;
        watched.look(Instant::now());
        let over = (&mut tasks[1]).await;
        assert!(over.is_err_and(|error| error.is_cancelled()));
    }

    #[tokio::test(start_paused = true)]
    async fn room_is_made_by_the_one_that_was_idle_for_longest() {
        let mut watched = Watched::new(PATIENCE);
        let [busy, longest, lately] = [(); 3].map(|()| Activity::default());
        let _at_work = busy.begin();
        for activity in [&busy, &longest, &lately] {
            let task = tokio::spawn(std::future::pending::<()>());
            watched.add(task.abort_handle(), activity.clone());
            tokio::time::advance(Duration::from_secs(1)).await;
            watched.look(Instant::now());
        }
        assert!(!watched.make_room(), "none of them has done anything yet");
        drop(longest.begin());
        watched.look(Instant::now());
        tokio::time::advance(Duration::from_secs(1)).await;
        drop(lately.begin());
        watched.look(Instant::now());
        assert!(watched.make_room());
        let stages = [&busy, &longest, &lately].map(Activity::stage);
        assert_eq!(stages, [Stage::Open, Stage::Closes, Stage::Open]);
    }
}
