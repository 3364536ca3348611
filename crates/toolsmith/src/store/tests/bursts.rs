use std::sync::mpsc;

use super::*;
use crate::store::work::Lane;
use crate::store::{StoreError, StoreFuture};

/// Holds the store of the tenant until the sender is dropped.
fn held(stores: &Stores) -> (mpsc::Sender<()>, StoreFuture<()>) {
    let (release, wait) = mpsc::channel::<()>();
    let (begun, begins) = mpsc::channel();
    let future = kv(stores).transaction(move |_| {
        let _ = begun.send(());
        let _ = wait.recv();
        Ok(())
    });
    begins.recv().unwrap();
    (release, future)
}

/// How many pages are in the log of the one file that there is.
fn logged(directory: &Path) -> u64 {
    let files = super::files::files(directory);
    let log = files
        .iter()
        .find(|it| it.to_str().unwrap().ends_with("-wal"));
    std::fs::metadata(log.unwrap()).unwrap().len() / 4096
}

#[test]
fn a_burst_is_one_write_to_the_disk() {
    let directory = directory();
    let stores = on_disk(directory.path());
    let kv = kv(&stores);
    kv.put("k", &0).wait().unwrap();
    let before = logged(directory.path());
    for number in 0..100 {
        kv.put("k", &number).wait().unwrap();
    }
    let one_by_one = logged(directory.path()) - before;
    assert!(one_by_one >= 90, "{one_by_one} pages");
    let (release, first) = held(&stores);
    let burst: Vec<_> = (0..100).map(|number| kv.put("k", &number)).collect();
    let before = before + one_by_one;
    drop(release);
    first.wait().unwrap();
    burst.into_iter().for_each(|it| it.wait().unwrap());
    let together = logged(directory.path()) - before;
    assert!(
        (1..=10).contains(&together),
        "{together} pages, {one_by_one} one by one"
    );
    assert_eq!(kv.get("k").wait(), Ok(Some(99)));
}

#[test]
fn one_that_fails_undoes_no_other_of_its_burst() {
    for (_directory, stores) in both() {
        let db = with_table(&stores);
        let (release, first) = held(&stores);
        let burst: Vec<_> = (0..30)
            .map(|number| {
                db.transaction(move |db| {
                    db.execute("INSERT INTO notes (text) VALUES (?1)", [number.to_string()])?;
                    match number % 3 {
                        0 => Err(StoreError::own("no")),
                        1 => panic!("on purpose"),
                        _ => Ok(number),
                    }
                })
            })
            .collect();
        drop(release);
        first.wait().unwrap();
        for (number, it) in burst.into_iter().enumerate() {
            let answer = it.wait();
            assert_eq!(answer.is_ok(), number % 3 == 2, "{number}: {answer:?}");
        }
        assert_eq!(count(&db), 10);
    }
}

#[test]
fn what_is_first_in_line_is_the_librarys_own() {
    let stores = Stores::in_memory(&StoreOptions::default());
    let (release, first) = held(&stores);
    let (tell, order) = mpsc::channel();
    let add = |lane, name| {
        let tell = tell.clone();
        stores.ask("acme", lane, None, move |_| {
            let _ = tell.send(name);
            Ok(())
        })
    };
    let all = [
        add(Lane::Tools, "tool"),
        add(Lane::Tools, "tool"),
        add(Lane::System, "ours"),
    ];
    drop(release);
    first.wait().unwrap();
    all.into_iter().for_each(|it| it.wait().unwrap());
    assert_eq!(
        order.try_iter().collect::<Vec<_>>(),
        ["ours", "tool", "tool"]
    );
}

#[test]
fn what_waits_has_a_bound_and_so_has_nobody_else() {
    let stores = Stores::in_memory(&StoreOptions::default());
    let kv = kv(&stores);
    let (release, first) = held(&stores);
    let waiting: Vec<_> = (0..1024).map(|number| kv.put("k", &number)).collect();
    assert!(kv.put("k", &0).wait().unwrap_err().is_busy());
    let ours = stores.ask("acme", Lane::System, None, |_| Ok(()));
    stores.kv("globex").put("k", &1).wait().unwrap();
    drop(release);
    first.wait().unwrap();
    waiting.into_iter().for_each(|it| it.wait().unwrap());
    ours.wait().unwrap();
    assert_eq!(kv.get("k").wait(), Ok(Some(1023)));
}

#[test]
fn nobody_waits_for_the_long_work_of_many_others() {
    let stores = Stores::in_memory(&StoreOptions::default());
    let (release, wait) = mpsc::channel::<()>();
    let wait = std::sync::Arc::new(std::sync::Mutex::new(wait));
    // More than there are permits for, each of which holds one for as long as it likes.
    let long: Vec<_> = (0..40)
        .map(|number| {
            let wait = std::sync::Arc::clone(&wait);
            stores.kv(&format!("slow-{number}")).transaction(move |_| {
                let _ = wait.lock().unwrap().recv();
                Ok(())
            })
        })
        .collect();
    for number in 0..10 {
        let quick = stores.kv(&format!("quick-{number}"));
        quick.put("k", &1).wait().unwrap();
    }
    drop(release);
    long.into_iter().for_each(|it| it.wait().unwrap());
}
