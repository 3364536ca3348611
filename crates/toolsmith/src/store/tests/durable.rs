//! What the server itself keeps: as what is in memory, and there when it is opened again.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::ports::{
    EventLimits, EventLog, MemoryEvents, Replay, SessionChange, SessionId, SessionRecord,
    SessionStore, SessionStoreError, StreamKind, StreamNo, TaskLimits, TaskOwner, TaskRecord,
    TaskStore, TaskStoreError,
};
use crate::protocol::{
    ClientCapabilities, LogLevel, Revision, TaskOutcome, TaskStatus, TaskView, ToolOutput,
};
use crate::store::{StoredEvents, StoredSessions, StoredTasks};
use crate::{Caller, Scopes};

const HOUR: Duration = Duration::from_secs(3600);

fn alice() -> Caller {
    Caller::new("acme").with_principal("alice")
}

fn record(caller: Caller) -> SessionRecord {
    SessionRecord {
        revision: Revision::LATEST_LEGACY,
        capabilities: ClientCapabilities::default(),
        client: None,
        caller,
        log_level: None,
        resources: Default::default(),
        seen: 0,
    }
}

fn sessions(stores: &Stores) -> StoredSessions {
    StoredSessions::new(stores.clone(), HOUR, 3, 100)
}

#[tokio::test]
async fn a_session_is_its_callers_alone_before_and_after_the_end_of_a_process() {
    let directory = directory();
    let mut stores = on_disk(directory.path());
    let id = sessions(&stores).create(record(alice())).await.unwrap();
    for round in 0..3 {
        // In memory, read anew, and opened anew.
        let sessions = sessions(&stores);
        for stranger in [
            Caller::default(),
            Caller::new("acme"),
            Caller::new("acme").with_principal("bob"),
            Caller::new("globex").with_principal("alice"),
        ] {
            assert!(
                sessions.find(&stranger, id).await.unwrap().is_none(),
                "{stranger:?}"
            );
        }
        let level = SessionChange::LogLevel(LogLevel::Error);
        assert!(!sessions.change("globex", id, level.clone()).await.unwrap());
        assert!(!sessions.remove("globex", id).await.unwrap());
        let found = sessions.find(&alice(), id).await.unwrap().unwrap();
        assert_eq!(found.caller, alice());
        assert_eq!(found.resources.len(), round);
        let change = SessionChange::Subscribe(format!("a:{round}").into());
        assert!(sessions.change("acme", id, change).await.unwrap());
        let found = sessions.find(&alice(), id).await.unwrap().unwrap();
        assert_eq!(found.resources.len(), round + 1, "a change is seen at once");
        if round == 1 {
            drop((sessions, stores));
            stores = on_disk(directory.path());
        }
    }
    let sessions = sessions(&stores);
    assert!(sessions.find(&alice(), id).await.unwrap().is_some());
    assert!(sessions.remove("acme", id).await.unwrap());
    assert!(!sessions.remove("acme", id).await.unwrap());
    assert!(sessions.find(&alice(), id).await.unwrap().is_none());
}

#[tokio::test]
async fn a_tenant_has_so_many_sessions_and_others_have_theirs() {
    let directory = directory();
    let stores = on_disk(directory.path());
    let sessions = sessions(&stores);
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(sessions.create(record(alice())).await.unwrap());
    }
    let full = sessions.create(record(alice())).await;
    assert!(matches!(full, Err(SessionStoreError::Full)), "{full:?}");
    sessions
        .create(record(Caller::new("globex")))
        .await
        .unwrap();
    assert!(sessions.remove("acme", ids[0]).await.unwrap());
    sessions.create(record(alice())).await.unwrap();
}

#[tokio::test]
async fn a_session_that_nobody_uses_is_gone_with_what_was_sent_in_it() {
    let directory = directory();
    let idle = Duration::from_millis(200);
    let rows = async |stores: &Stores| {
        let db = stores.ask(
            "acme",
            crate::store::work::Lane::System,
            None,
            |connection| {
                let count = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
                Ok([
                    count("SELECT count(*) FROM toolsmith_sessions")?,
                    count("SELECT count(*) FROM toolsmith_streams")?,
                    count("SELECT count(*) FROM toolsmith_events")?,
                    count("SELECT count(*) FROM toolsmith_tasks")?,
                ])
            },
        );
        db.await.unwrap()
    };
    let stores = on_disk(directory.path());
    let sessions = StoredSessions::new(stores.clone(), idle, 3, 100);
    let (events, tasks) = (events(&stores), tasks(&stores));
    let id = sessions.create(record(alice())).await.unwrap();
    let stream = events.open("acme", id, StreamKind::Listening).await;
    events.append("acme", id, stream, "1".into()).await.unwrap();
    let owner = TaskOwner::Session(id);
    tasks.create(task("t", owner, HOUR)).await.unwrap();
    assert!(sessions.find(&alice(), id).await.unwrap().is_some());
    assert_eq!(rows(&stores).await, [1, 1, 1, 1]);
    let begun = std::time::Instant::now();
    while sessions.expire().await.unwrap() != [("acme".into(), id)] {
        assert!(begun.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(idle / 4).await;
    assert!(sessions.find(&alice(), id).await.unwrap().is_none());
    drop((sessions, events, tasks, stores));
    let stores = on_disk(directory.path());
    assert_eq!(rows(&stores).await, [0, 0, 0, 0]);
}

fn events(stores: &Stores) -> StoredEvents {
    let limits = EventLimits {
        events_per_session: 6,
        bytes_per_session: 3000,
        streams_per_session: 3,
        ..EventLimits::default()
    };
    StoredEvents::new(stores.clone(), limits)
}

fn request(last_words: Option<&'static str>) -> StreamKind {
    StreamKind::Request {
        last_words: last_words.map(Bytes::from),
    }
}

#[tokio::test]
async fn what_an_earlier_process_worked_on_has_its_last_words_and_the_rest_goes_on() {
    let directory = directory();
    let stores = on_disk(directory.path());
    let id = sessions(&stores).create(record(alice())).await.unwrap();
    let log = events(&stores);
    let open = async |kind| log.open("acme", id, kind).await;
    let (cut, done) = (
        open(request(Some("cut off"))).await,
        open(request(Some("x"))).await,
    );
    let listening = open(StreamKind::Listening).await;
    for stream in [cut, done, listening] {
        assert_eq!(log.append("acme", id, stream, "1".into()).await, Some(1));
    }
    log.end("acme", id, done).await;
    assert!(
        !log.is_listening("acme", id, listening).await,
        "by this process"
    );
    drop((log, stores));
    for round in 0..2 {
        let stores = on_disk(directory.path());
        let log = events(&stores);
        let after = async |stream| log.after("acme", id, stream, 0).await;
        let whole = |texts: &[&str], ended| Replay::Events {
            events: (1..)
                .zip(texts.iter().map(|it| Bytes::from(it.to_string())))
                .collect(),
            ended,
        };
        assert_eq!(after(cut).await, whole(&["1", "cut off"], true));
        assert_eq!(after(done).await, whole(&["1"], true));
        assert_eq!(log.append("acme", id, cut, "2".into()).await, None);
        let more = ["1", "2", "3"];
        assert_eq!(after(listening).await, whole(&more[..=round], false));
        assert!(!log.is_listening("acme", id, cut).await);
        assert!(log.is_listening("acme", id, listening).await);
        assert!(
            !log.is_listening("acme", id, listening).await,
            "it is this process's now"
        );
        let text = more[round + 1];
        let seq = log.append("acme", id, listening, text.into()).await;
        assert_eq!(seq, Some(round as u64 + 2));
        let next = log.open("acme", id, request(None)).await;
        assert!(next.get() > listening.get(), "no number is given out twice");
        log.end("acme", id, next).await;
    }
}

#[derive(Clone, Debug)]
enum Step {
    Open,
    Append(u32, u8),
    End(u32),
    After(u32, u64),
}

fn step() -> impl Strategy<Value = Step> {
    let stream = 1..8_u32;
    prop_oneof![
        2 => Just(Step::Open),
        8 => (stream.clone(), any::<u8>()).prop_map(|(s, n)| Step::Append(s, n)),
        2 => stream.clone().prop_map(Step::End),
        4 => (stream, 0..8_u64).prop_map(|(s, n)| Step::After(s, n)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// In memory, bytes are counted with what keeping them costs, so these messages are small:
    /// it is the numbers of events and streams that are over.
    #[test]
    fn stored_events_are_kept_and_dropped_as_those_in_memory(steps in vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let directory = directory();
            let stores = on_disk(directory.path());
            let id = sessions(&stores).create(record(alice())).await.unwrap();
            let limits = EventLimits {
                events_per_session: 6,
                streams_per_session: 3,
                ..EventLimits::default()
            };
            let memory = MemoryEvents::new(limits);
            let stored = StoredEvents::new(stores, limits);
            let logs: [&dyn EventLog; 2] = [&memory, &stored];
            for step in &steps {
                let mut said = Vec::new();
                for log in logs {
                    let number = |it: &u32| StreamNo::new(*it).unwrap();
                    said.push(match step {
                        Step::Open => format!("{:?}", log.open("acme", id, request(None)).await),
                        Step::Append(stream, n) => {
                            let text = Bytes::from(n.to_string());
                            let seq = log.append("acme", id, number(stream), text).await;
                            format!("{seq:?}")
                        }
                        Step::End(stream) => {
                            log.end("acme", id, number(stream)).await;
                            String::new()
                        }
                        Step::After(stream, seq) => {
                            let replay = log.after("acme", id, number(stream), *seq).await;
                            match replay {
                                Replay::Events { events, ended } => format!("{events:?} {ended}"),
                                other => format!("{other:?}"),
                            }
                        }
                    });
                }
                prop_assert_eq!(&said[0], &said[1], "{:?} of {:?}", step, steps);
            }
            Ok(())
        })?;
    }
}

fn tasks(stores: &Stores) -> StoredTasks {
    let limits = TaskLimits {
        tasks: 5,
        tasks_per_owner: 2,
        bytes: 100_000,
        bytes_per_owner: 50_000,
    };
    StoredTasks::new(stores.clone(), limits)
}

fn task(id: &str, owner: TaskOwner, ttl: Duration) -> TaskRecord {
    let now = SystemTime::UNIX_EPOCH + Duration::from_millis(super::super::durable::now() as u64);
    TaskRecord {
        tenant: "acme".into(),
        owner,
        scopes: Scopes::parse("a b"),
        view: TaskView {
            id: id.into(),
            status: TaskStatus::Working,
            message: None,
            created: now,
            updated: now,
            ttl: Some(ttl),
            poll_interval: None,
            is_error: false,
            questions: Vec::new(),
            result: None,
        },
    }
}

fn ended(id: &str, owner: &TaskOwner, bytes: usize) -> TaskView {
    let mut view = task(id, owner.clone(), HOUR).view;
    view.status = TaskStatus::Completed;
    let output = ToolOutput::text("x".repeat(bytes));
    view.result = Some(Arc::new(TaskOutcome::Output(output)));
    view
}

#[tokio::test]
async fn a_task_is_its_tenants_and_is_there_when_the_process_is_started_again() {
    let directory = directory();
    let known = TaskOwner::Known(alice());
    let session = TaskOwner::Session(SessionId::random().unwrap());
    {
        let stores = on_disk(directory.path());
        let tasks = tasks(&stores);
        for (id, owner) in [("a", &known), ("b", &session), ("c", &TaskOwner::Holder)] {
            tasks.create(task(id, owner.clone(), HOUR)).await.unwrap();
        }
        assert!(tasks.update("acme", ended("a", &known, 10)).await.unwrap());
        assert!(
            !tasks.update("acme", ended("a", &known, 20)).await.unwrap(),
            "it is over"
        );
        assert!(
            !tasks
                .update("globex", ended("b", &session, 20))
                .await
                .unwrap()
        );
        assert!(tasks.find("globex", "a").await.unwrap().is_none());
        let listed = tasks.list("acme", &known, None, 10).await.unwrap();
        assert_eq!(listed.len(), 1);
        assert!(listed[0].result.is_none(), "a list shows no results");
    }
    let stores = on_disk(directory.path());
    let tasks = tasks(&stores);
    let found = async |id| tasks.find("acme", id).await.unwrap().unwrap();
    let a = found("a").await;
    assert_eq!(
        (a.owner, a.scopes, a.view.status),
        (known.clone(), Scopes::parse("a b"), TaskStatus::Completed)
    );
    for (id, owner) in [("b", &session), ("c", &TaskOwner::Holder)] {
        let kept = found(id).await;
        assert_eq!(kept.owner, *owner);
        assert_eq!(
            kept.view.status,
            TaskStatus::Failed,
            "nobody works on it any more"
        );
        assert!(kept.view.message.unwrap().contains("started again"));
    }
    assert_eq!(
        tasks.remove("globex", &session).await.unwrap(),
        [""; 0].map(Into::into)
    );
    assert_eq!(tasks.remove("acme", &session).await.unwrap(), ["b".into()]);
    assert!(tasks.find("acme", "b").await.unwrap().is_none());
}

#[tokio::test]
async fn tasks_have_bounds_and_the_oldest_that_are_over_make_room() {
    let directory = directory();
    let stores = on_disk(directory.path());
    let tasks = tasks(&stores);
    let owner = TaskOwner::Known(alice());
    let create =
        async |id: &str, owner: &TaskOwner| tasks.create(task(id, owner.clone(), HOUR)).await;
    create("a", &owner).await.unwrap();
    create("b", &owner).await.unwrap();
    let full = create("c", &owner).await;
    assert!(matches!(full, Err(TaskStoreError::Full)), "{full:?}");
    assert!(tasks.update("acme", ended("a", &owner, 1)).await.unwrap());
    create("c", &owner).await.unwrap();
    assert!(
        tasks.find("acme", "a").await.unwrap().is_none(),
        "it made room"
    );
    let large = tasks.update("acme", ended("b", &owner, 60_000)).await;
    assert!(matches!(large, Err(TaskStoreError::Full)), "{large:?}");
    assert!(
        tasks
            .update("acme", ended("b", &owner, 1000))
            .await
            .unwrap()
    );
    for id in ["d", "e", "f"] {
        create(id, &TaskOwner::Holder).await.unwrap();
    }
    let full = create("g", &TaskOwner::Holder).await;
    assert!(matches!(full, Err(TaskStoreError::Full)), "{full:?}");
}
