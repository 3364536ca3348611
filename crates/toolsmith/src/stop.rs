//! The signals by which a process is told to stop.

use std::future::Future;

use tokio::sync::watch;
use tokio::task::AbortHandle;

/// SIGINT, as its number.
const INTERRUPT: i32 = 2;
/// SIGTERM, as its number.
#[cfg(unix)]
const TERMINATE: i32 = 15;

/// Hears the signals from the moment it is made.
#[derive(Debug)]
pub(crate) struct Stop {
    heard: watch::Receiver<Heard>,
    listening: AbortHandle,
}

/// The signals so far.
#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    times: u32,
    last: i32,
}

impl Stop {
    /// Begins to listen. Must be called inside a runtime.
    pub(crate) fn listen() -> Self {
        let (tell, heard) = watch::channel(Heard::default());
        let mut signals = Signals::new();
        let listening = tokio::spawn(async move {
            loop {
                let last = signals.next().await;
                tell.send_modify(|heard| {
                    heard.times += 1;
                    heard.last = last;
                });
            }
        });
        Self {
            heard,
            listening: listening.abort_handle(),
        }
    }

    /// Waits until the process is told to stop, for the first time and for the second; gives
    /// the number of the signal.
    pub(crate) fn twice(
        &mut self,
    ) -> (
        impl Future<Output = i32> + use<>,
        impl Future<Output = i32> + use<>,
    ) {
        (self.after(1), self.after(2))
    }

    fn after(&self, times: u32) -> impl Future<Output = i32> + use<> {
        let mut heard = self.heard.clone();
        async move {
            let wait = heard.wait_for(|it| it.times >= times).await;
            match wait.map(|it| it.last) {
                Ok(last) => last,
                // Nobody listens any more.
                Err(_) => std::future::pending().await,
            }
        }
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Waits until the process is told to stop.
#[cfg(feature = "stdio")]
pub(crate) async fn signal() {
    Stop::listen().twice().0.await;
}

#[cfg(unix)]
struct Signals {
    terminate: Option<tokio::signal::unix::Signal>,
    interrupt: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self {
            terminate: signal(SignalKind::terminate()).ok(),
            interrupt: signal(SignalKind::interrupt()).ok(),
        }
    }

    async fn next(&mut self) -> i32 {
        tokio::select! {
            () = one(&mut self.terminate) => TERMINATE,
            () = one(&mut self.interrupt) => INTERRUPT,
        }
    }
}

/// Waits for one signal; for ever where it cannot be heard.
#[cfg(unix)]
async fn one(signal: &mut Option<tokio::signal::unix::Signal>) {
    if let Some(signal) = signal
        && signal.recv().await.is_some()
    {
        return;
    }
    std::future::pending().await
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Self {
        Self
    }

    async fn next(&mut self) -> i32 {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        INTERRUPT
    }
}
