//! The hub under threads that get in each other's way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

use super::{drain, tell, updated, uris};
use crate::server::subscriptions::{Hub, Interest};

const NAMES: [&str; 4] = ["u", "v", "w", "x"];
const ROUNDS: u64 = 2_000;
/// Far longer than any of these takes: a wake-up that is lost shows as a failure and not as
/// a test that never ends.
const STUCK: Duration = Duration::from_secs(30);

async fn all(mut tasks: JoinSet<()>) {
    let finish = async { while tasks.join_next().await.transpose().unwrap().is_some() {} };
    tokio::time::timeout(STUCK, finish)
        .await
        .expect("somebody waits for a change that was posted");
}

/// Each publisher writes a version and then says so; a reader that hears of it reads the
/// version. A reader that ends with an old one was not told.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_reader_comes_to_the_last_version() {
    let hub = Arc::new(Hub::new(100));
    let versions: Arc<[AtomicU64; 4]> = Arc::default();
    let mut tasks = JoinSet::new();
    for _ in 0..4 {
        let reader = hub.subscribe("t".into(), uris(&NAMES)).unwrap();
        let versions = Arc::clone(&versions);
        tasks.spawn(async move {
            let mut seen = [0; 4];
            while seen != [ROUNDS; 4] {
                let change = reader.next().await;
                let place = NAMES.iter().position(|name| change == updated(name));
                let place = place.unwrap_or_else(|| panic!("nobody asked for {change:?}"));
                seen[place] = versions[place].load(Ordering::SeqCst);
            }
        });
    }
    for (place, name) in NAMES.into_iter().enumerate() {
        let (hub, versions) = (Arc::clone(&hub), Arc::clone(&versions));
        tasks.spawn_blocking(move || {
            for _ in 0..ROUNDS {
                versions[place].fetch_add(1, Ordering::SeqCst);
                tell(&hub, "t", updated(name));
                tell(&hub, "other", updated(name));
            }
        });
    }
    all(tasks).await;
    assert_eq!((hub.len(), hub.entries()), (0, 0));
}

/// Several readers share a mailbox. As each change is posted only after the one before it
/// was read, a lost wake-up would stop them all, and a change that was read twice shows in
/// the count.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_that_share_a_subscription_read_each_change_once() {
    let hub = Arc::new(Hub::new(100));
    let shared = Arc::new(hub.subscribe("t".into(), uris(&NAMES)).unwrap());
    let read: Arc<[AtomicU64; 4]> = Arc::default();
    let total = Arc::new(AtomicUsize::new(0));
    let wanted = NAMES.len() * ROUNDS as usize;
    let finished = Arc::new(tokio::sync::Notify::new());
    let mut tasks = JoinSet::new();
    let mut readers = JoinSet::new();
    for _ in 0..6 {
        let (shared, read) = (Arc::clone(&shared), Arc::clone(&read));
        let (total, finished) = (Arc::clone(&total), Arc::clone(&finished));
        readers.spawn(async move {
            for turn in 0_u32.. {
                // Some readers give up at once and come again.
                let change = if turn % 3 == 0 {
                    tokio::select! {
                        biased;
                        change = shared.next() => change,
                        () = tokio::task::yield_now() => continue,
                    }
                } else {
                    shared.next().await
                };
                let place = NAMES.iter().position(|name| change == updated(name));
                read[place.unwrap()].fetch_add(1, Ordering::SeqCst);
                if total.fetch_add(1, Ordering::SeqCst) + 1 == wanted {
                    finished.notify_one();
                }
            }
        });
    }
    for (place, name) in NAMES.into_iter().enumerate() {
        let (hub, read) = (Arc::clone(&hub), Arc::clone(&read));
        tasks.spawn(async move {
            for round in 0..ROUNDS {
                while read[place].load(Ordering::SeqCst) < round {
                    tokio::task::yield_now().await;
                }
                tell(&hub, "t", updated(name));
            }
        });
    }
    tasks.spawn(async move { finished.notified().await });
    all(tasks).await;
    readers.shutdown().await;
    let read = read.each_ref().map(|count| count.load(Ordering::SeqCst));
    assert_eq!(read, [ROUNDS; 4]);
    assert_eq!(shared.try_next(), None);
}

/// Two threads ask for the same resource and stop asking at the same moment: the index must
/// agree with the mailbox whenever they come to rest.
#[test]
fn asking_and_stopping_at_the_same_time_leave_an_index_that_agrees() {
    const ROUNDS: u64 = 50_000;
    let hub = Arc::new(Hub::new(100));
    let shared = hub.subscribe("t".into(), uris(&[])).unwrap();
    let (started, ended) = (AtomicU64::new(0), AtomicU64::new(0));
    let wait_for = |counter: &AtomicU64, round| {
        while counter.load(Ordering::SeqCst) < round {
            std::thread::yield_now();
        }
    };
    let add = || shared.add_uri("u".into()).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 1..=ROUNDS {
                wait_for(&started, round);
                shared.remove_uri("u");
                ended.store(round, Ordering::SeqCst);
            }
        });
        let mut disagreed = None;
        for round in 1..=ROUNDS {
            started.store(round, Ordering::SeqCst);
            // Spread over the time that the other takes, so that each step meets each.
            (0..round % 64).for_each(|_| std::hint::spin_loop());
            add();
            wait_for(&ended, round);
            if hub.entries() != shared.sizes().0 {
                disagreed.get_or_insert(round);
            }
            shared.remove_uri("u");
        }
        assert_eq!(disagreed, None, "a round after which they disagreed");
    });
    assert_eq!(hub.entries(), 0);
}

/// Coming and going while others post leaves nothing behind, and who came is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn coming_and_going_while_others_post_leaves_nothing_behind() {
    let hub = Arc::new(Hub::new(100));
    let mut tasks = JoinSet::new();
    for turn in 0..4 {
        let hub = Arc::clone(&hub);
        tasks.spawn_blocking(move || {
            for round in 0..ROUNDS as usize {
                let name = NAMES[(round + turn) % NAMES.len()];
                let interest = Interest {
                    tools: true,
                    ..uris(&[name])
                };
                let own = hub.subscribe("t".into(), interest).unwrap();
                tell(&hub, "t", updated(name));
                assert!(drain(&own).contains(&updated(name)), "round {round}");
                own.remove_uri(name);
                assert_eq!(drain(&own), [], "round {round}");
            }
        });
    }
    all(tasks).await;
    assert_eq!((hub.len(), hub.entries()), (0, 0));
}
