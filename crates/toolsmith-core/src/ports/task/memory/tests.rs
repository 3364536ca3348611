use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::*;
use crate::ports::SessionId;
use crate::protocol::{TaskOutcome, TaskStatus, ToolOutput};
use crate::{Caller, Scopes};

const TENANT: &str = "t";

const LIMITS: TaskLimits = TaskLimits {
    tasks: 10,
    tasks_per_owner: 2,
    bytes: 100_000,
    bytes_per_owner: 50_000,
};

fn store() -> MemoryTasks {
    MemoryTasks::new(LIMITS)
}

fn known(name: &str) -> TaskOwner {
    TaskOwner::Known(Caller::new("t").with_principal(name))
}

/// Tasks begin in the order of their ids.
fn record(id: &str, owner: TaskOwner) -> TaskRecord {
    let nth = u64::from(id.as_bytes()[0]);
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(nth);
    TaskRecord {
        tenant: TENANT.into(),
        owner,
        scopes: Scopes::default(),
        view: TaskView {
            id: id.into(),
            status: TaskStatus::Working,
            message: None,
            created: now,
            updated: now,
            ttl: Some(Duration::from_secs(10)),
            poll_interval: None,
            is_error: false,
            questions: Vec::new(),
            result: None,
        },
    }
}

async fn create(store: &MemoryTasks, id: &str, owner: TaskOwner) -> bool {
    store.create(record(id, owner)).await.is_ok()
}

/// Ends a task with a result of about so many bytes.
async fn end(store: &MemoryTasks, id: &str, bytes: usize) -> Result<bool, TaskStoreError> {
    let mut view = record(id, TaskOwner::Holder).view;
    view.status = TaskStatus::Completed;
    let output = ToolOutput::text("x".repeat(bytes));
    view.result = Some(Arc::new(TaskOutcome::Output(output)));
    store.update(TENANT, view).await
}

async fn ids(store: &MemoryTasks, owner: &TaskOwner, after: Option<&TaskPlace>) -> Vec<String> {
    let views = store.list(TENANT, owner, after, 2).await.unwrap();
    views.iter().map(|it| it.id.to_string()).collect()
}

async fn is_there(store: &MemoryTasks, id: &str) -> bool {
    store.find(TENANT, id).await.unwrap().is_some()
}

#[tokio::test]
async fn an_owner_at_the_limit_loses_the_oldest_that_is_over_and_nobody_else_does() {
    let store = store();
    assert!(create(&store, "a", known("x")).await);
    assert!(create(&store, "b", known("x")).await);
    assert!(create(&store, "c", known("y")).await);
    assert!(end(&store, "a", 1).await.unwrap());
    assert!(end(&store, "c", 1).await.unwrap());
    assert!(create(&store, "d", known("x")).await);
    assert!(!is_there(&store, "a").await);
    assert!(is_there(&store, "c").await);
    assert!(!create(&store, "e", known("x")).await);
    assert_eq!(ids(&store, &known("x"), None).await, ["b", "d"]);
}

#[tokio::test]
async fn nothing_of_unknown_callers_makes_room_for_others_of_them() {
    let store = store();
    let all = "abcdefghi";
    for id in all.chars().map(String::from) {
        assert!(create(&store, &id, TaskOwner::Holder).await, "{id}");
        assert!(end(&store, &id, 1).await.unwrap());
    }
    assert!(!create(&store, "j", TaskOwner::Holder).await);
    let session = TaskOwner::Session(SessionId::random().unwrap());
    assert!(!create(&store, "k", session).await);
    for id in all.chars().map(String::from) {
        assert!(is_there(&store, &id).await, "{id} made room");
    }
    assert!(
        create(&store, "l", known("x")).await,
        "strangers lock out who is known"
    );
    assert!(ids(&store, &TaskOwner::Holder, None).await.is_empty());
}

#[tokio::test]
async fn bytes_are_bounded_for_an_owner_and_in_all() {
    let store = store();
    for (id, owner) in [("a", "x"), ("b", "x"), ("c", "y"), ("d", "y")] {
        assert!(create(&store, id, known(owner)).await);
    }
    assert!(end(&store, "a", 40_000).await.unwrap());
    // The older result of the same owner makes room.
    assert!(end(&store, "b", 40_000).await.unwrap());
    assert!(!is_there(&store, "a").await);
    let too_much = end(&store, "c", 60_000).await;
    assert!(
        matches!(too_much, Err(TaskStoreError::Full)),
        "{too_much:?}"
    );
    assert!(is_there(&store, "b").await, "somebody else's made room");
    assert!(end(&store, "c", 40_000).await.unwrap());
    // In all there are 20,000 left.
    assert!(create(&store, "e", TaskOwner::Holder).await);
    let too_much = end(&store, "e", 25_000).await;
    assert!(
        matches!(too_much, Err(TaskStoreError::Full)),
        "{too_much:?}"
    );
    assert!(end(&store, "e", 19_700).await.unwrap());
    // Now there is none left, but the end of a task always finds some.
    assert!(create(&store, "f", TaskOwner::Holder).await);
    let too_much = end(&store, "f", 3000).await;
    assert!(
        matches!(too_much, Err(TaskStoreError::Full)),
        "{too_much:?}"
    );
    assert!(end(&store, "f", 1000).await.unwrap());
    // What is forgotten is not counted any more.
    let later = SystemTime::now();
    assert_eq!(store.expire(later).await.unwrap().len(), 5);
    let kept = store.kept();
    assert_eq!((kept.all.tasks, kept.all.bytes), (0, 0));
    assert_eq!((kept.unknown.tasks, kept.unknown.bytes), (0, 0));
    assert!(kept.owners.is_empty());
}

#[tokio::test]
async fn unknown_callers_have_nine_tenths_of_the_bytes_together() {
    let store = store();
    for id in ["a", "b", "c"] {
        let session = TaskOwner::Session(SessionId::random().unwrap());
        assert!(create(&store, id, session).await);
    }
    assert!(create(&store, "d", known("x")).await);
    assert!(end(&store, "a", 45_000).await.unwrap());
    assert!(end(&store, "b", 40_000).await.unwrap());
    let too_much = end(&store, "c", 8000).await;
    assert!(
        matches!(too_much, Err(TaskStoreError::Full)),
        "{too_much:?}"
    );
    assert!(is_there(&store, "a").await, "a stranger's made room");
    assert!(end(&store, "d", 8000).await.unwrap());
}

#[tokio::test]
async fn a_page_begins_after_a_place_whether_or_not_there_is_a_task_still() {
    let store = MemoryTasks::new(TaskLimits {
        tasks_per_owner: 10,
        ..LIMITS
    });
    for id in ["c", "a", "e", "b", "d"] {
        assert!(create(&store, id, known("x")).await);
    }
    assert_eq!(ids(&store, &known("x"), None).await, ["a", "b"]);
    let mut place = TaskPlace::from(&record("b", known("x")).view);
    assert_eq!(ids(&store, &known("x"), Some(&place)).await, ["c", "d"]);
    place.id = "ba".into();
    assert_eq!(ids(&store, &known("x"), Some(&place)).await, ["c", "d"]);
    assert_eq!(ids(&store, &known("y"), Some(&place)).await, [""; 0]);
}

#[tokio::test]
async fn a_task_that_is_over_stays_as_it_is() {
    let store = store();
    assert!(create(&store, "a", known("x")).await);
    assert!(end(&store, "a", 10).await.unwrap());
    assert!(!end(&store, "a", 20).await.unwrap());
    assert!(!end(&store, "b", 20).await.unwrap());
    let found = store.find(TENANT, "a").await.unwrap().unwrap();
    assert!(found.view.bytes() < 60, "{found:?}");
    // A list shows no results.
    let listed = store.list(TENANT, &known("x"), None, 2).await.unwrap();
    assert!(listed[0].result.is_none(), "{listed:?}");
}

#[tokio::test]
async fn an_owner_who_is_no_more_has_no_tasks() {
    let store = store();
    let session = TaskOwner::Session(SessionId::random().unwrap());
    assert!(create(&store, "a", session.clone()).await);
    assert!(create(&store, "b", known("x")).await);
    assert_eq!(store.remove(TENANT, &session).await.unwrap(), ["a".into()]);
    assert!(!is_there(&store, "a").await);
    assert!(is_there(&store, "b").await);
}

#[tokio::test]
async fn what_is_over_its_time_is_forgotten() {
    let store = store();
    assert!(create(&store, "a", known("x")).await);
    let begun = record("a", known("x")).view.created;
    let almost = begun + Duration::from_secs(9);
    assert!(store.expire(almost).await.unwrap().is_empty());
    let over = begun + Duration::from_secs(10);
    assert_eq!(store.expire(over).await.unwrap(), ["a".into()]);
    assert!(!is_there(&store, "a").await);
    assert_eq!(ids(&store, &known("x"), None).await, [""; 0]);
}

#[tokio::test]
async fn an_owner_is_a_tenant_a_principal_and_nothing_less() {
    let store = store();
    let alice = TaskOwner::Known(Caller::new("t").with_principal("issuer alice"));
    assert!(create(&store, "a", alice.clone()).await);
    for other in [
        Caller::new("u").with_principal("issuer alice"),
        Caller::new("t").with_principal("another alice"),
        Caller::new("t").with_principal("issuer bob"),
    ] {
        let other = TaskOwner::Known(other);
        assert_eq!(ids(&store, &other, None).await, [""; 0], "{other:?}");
        assert!(
            store.remove(TENANT, &other).await.unwrap().is_empty(),
            "{other:?}"
        );
    }
    assert_eq!(ids(&store, &alice, None).await, ["a"]);
}
