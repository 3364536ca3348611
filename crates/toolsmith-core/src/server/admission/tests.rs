use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::{JoinSet, yield_now};
use tokio::time::Instant;

use super::{Admission, Limits, Place, Waiting};
use crate::protocol::{ErrorKind, ProtocolError};

const PATIENCE: Duration = Duration::from_secs(10);

fn admission(places: u32, queue: u32) -> Arc<Admission> {
    Admission::new(Limits {
        places,
        queue,
        patience: PATIENCE,
    })
}

fn counts(admission: &Admission) -> (usize, usize) {
    (admission.working(), admission.waiting())
}

/// As a call does it.
async fn place(admission: &Arc<Admission>) -> Result<Place, ProtocolError> {
    match admission.enter() {
        Some(place) => Ok(place),
        None => admission.queue()?.place().await,
    }
}

#[tokio::test(start_paused = true)]
async fn places_are_given_in_the_order_in_which_they_were_asked_for() {
    let admission = admission(1, 3);
    let first = admission.enter().unwrap();
    let mut waiting: Vec<Waiting> = (0..3).map(|_| admission.queue().unwrap()).collect();
    assert_eq!(counts(&admission), (1, 3));
    let full = admission.queue().err().unwrap();
    assert_eq!(full.kind, ErrorKind::Busy);
    assert!(
        full.message.contains("works on 1 calls, and 3 more wait"),
        "{}",
        full.message
    );

    // One that has gone is passed over.
    drop(waiting.remove(1));
    assert_eq!(counts(&admission), (1, 2));
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let mut tasks = JoinSet::new();
    for (index, waiting) in waiting.into_iter().enumerate() {
        let order = Arc::clone(&order);
        tasks.spawn(async move {
            let place = waiting.place().await.unwrap();
            order.lock().unwrap().push(index);
            place
        });
    }
    drop(first);
    // It was given on: nobody who comes now is before who waits.
    assert_eq!(counts(&admission), (1, 1));
    assert!(admission.enter().is_none());
    while let Some(place) = tasks.join_next().await {
        drop(place.unwrap());
    }
    assert_eq!(*order.lock().unwrap(), [0, 1]);
    assert_eq!(counts(&admission), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn who_waits_too_long_is_told_so_and_takes_no_place_any_more() {
    let admission = admission(1, 1);
    let first = admission.enter().unwrap();
    let begun = Instant::now();
    let late = place(&admission).await.err().unwrap();
    assert_eq!((late.kind, begun.elapsed()), (ErrorKind::Busy, PATIENCE));
    assert!(late.message.contains("waited for 10s"), "{}", late.message);
    assert_eq!(counts(&admission), (1, 0));
    drop(first);
    assert_eq!(counts(&admission), (0, 0));
}

#[tokio::test]
async fn a_place_that_comes_to_somebody_who_has_gone_goes_to_the_next() {
    let admission = admission(1, 2);
    let first = admission.enter().unwrap();
    let (gone, next) = (admission.queue().unwrap(), admission.queue().unwrap());
    // Given to one that does not look, and then goes.
    drop(first);
    assert_eq!(counts(&admission), (1, 1));
    drop(gone);
    assert_eq!(counts(&admission), (1, 0));
    drop(next.place().await.unwrap());
    assert_eq!(counts(&admission), (0, 0));
}

/// Guards against places that are lost or given twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn however_many_come_and_go_there_are_never_too_many_and_none_is_lost() {
    const PLACES: u32 = 3;
    let admission = admission(PLACES, 64);
    let working = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for task in 0..16 {
        let (admission, working) = (Arc::clone(&admission), Arc::clone(&working));
        tasks.spawn(async move {
            let mut done = 0;
            for round in 0..2000 {
                let coming = place(&admission);
                // Some do not wait for long.
                let place = match (task + round) % 3 {
                    0 => tokio::select! {
                        biased;
                        place = coming => place.unwrap(),
                        () = yield_now() => continue,
                    },
                    _ => coming.await.unwrap(),
                };
                let others = working.fetch_add(1, Ordering::SeqCst);
                assert!(others < PLACES as usize, "{others} others");
                if round % 4 == 0 {
                    yield_now().await;
                }
                working.fetch_sub(1, Ordering::SeqCst);
                drop(place);
                done += 1;
            }
            done
        });
    }
    let all = tokio::time::timeout(Duration::from_secs(60), tasks.join_all());
    let done: usize = all.await.expect("somebody waits for a place").iter().sum();
    assert!(done > 16 * 1000, "{done} came in");
    assert_eq!(counts(&admission), (0, 0));
}
