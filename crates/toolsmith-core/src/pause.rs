//! Waiting between one round of housekeeping and the next.
//!
//! While any timer of a runtime runs, whatever it waits for costs the system a timer, too:
//! half a microsecond for each call of a client that makes one after the other. What a
//! server looks after now and then would have one run for as long as it serves. So those
//! run in a runtime of their own, on a thread that does nothing else.

use std::future::pending;
use std::io;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, RuntimeFlavor};
use tokio::task::JoinSet;

/// The thread only counts time.
const STACK: usize = 128 * 1024;

/// Waits for as long as it is told, as [`tokio::time::sleep`] does.
///
/// In a runtime of one thread it is a timer of that one: there its time may stand still.
///
/// # Panics
///
/// If it is polled outside of a Tokio runtime that has timers.
pub async fn pause(time: Duration) {
    match clock() {
        None => tokio::time::sleep(time).await,
        Some(clock) => pause_by(clock, time).await,
    }
}

async fn pause_by(clock: &Handle, time: Duration) {
    // Ends the timer when nobody waits for it any more.
    let mut waiting = JoinSet::new();
    // A timer is of the runtime in which it is made.
    waiting.spawn_on(async move { tokio::time::sleep(time).await }, clock);
    if !matches!(waiting.join_next().await, Some(Ok(()))) {
        // Nobody may go round without waiting.
        tokio::time::sleep(time).await;
    }
}

fn clock() -> Option<&'static Handle> {
    static CLOCK: OnceLock<Option<Handle>> = OnceLock::new();
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::CurrentThread => None,
        // Without a thread to spare, the timers are where everything else is.
        _ => CLOCK.get_or_init(|| start().ok()).as_ref(),
    }
}

fn start() -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_time().build()?;
    let clock = runtime.handle().clone();
    thread::Builder::new()
        .name("toolsmith-clock".to_owned())
        .stack_size(STACK)
        .spawn(move || runtime.block_on(pending::<()>()))?;
    Ok(clock)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    const TIME: Duration = Duration::from_millis(20);

    #[tokio::test(flavor = "multi_thread")]
    async fn it_takes_its_time() {
        assert!(clock().is_some(), "there is no thread for a clock");
        let before = Instant::now();
        pause(TIME).await;
        let took = before.elapsed();
        assert!(took >= TIME, "{took:?}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn it_takes_its_time_without_a_clock() {
        let ended = Builder::new_current_thread().enable_time().build().unwrap();
        let clock = ended.handle().clone();
        ended.shutdown_background();
        let before = Instant::now();
        pause_by(&clock, TIME).await;
        let took = before.elapsed();
        assert!(took >= TIME, "{took:?}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn it_waits_elsewhere_until_nobody_waits_for_it() {
        let clock = start().expect("there is no thread for a clock");
        let timers = &clock.metrics();
        let waiting = clock.clone();
        let waiting = async move { pause_by(&waiting, Duration::from_secs(3600)).await };
        let waits = tokio::spawn(waiting);
        let count = |count| async move {
            while timers.num_alive_tasks() != count {
                tokio::task::yield_now().await;
            }
        };
        let soon = Duration::from_secs(10);
        let begun = tokio::time::timeout(soon, count(1)).await;
        begun.expect("it does not wait elsewhere");
        waits.abort();
        let ended = tokio::time::timeout(soon, count(0)).await;
        ended.expect("it still waits");
    }

    #[tokio::test(start_paused = true)]
    async fn time_that_stands_still_is_heeded() {
        let (real, before) = (std::time::Instant::now(), Instant::now());
        pause(Duration::from_secs(3600)).await;
        assert!(before.elapsed() >= Duration::from_secs(3600));
        assert!(real.elapsed() < Duration::from_secs(60));
    }
}
