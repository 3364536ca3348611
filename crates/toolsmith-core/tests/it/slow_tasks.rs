//! Tasks in a store that takes its time, and that fails: what is written, in which order,
//! and what clients are told meanwhile.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};
use tokio::sync::{Notify, Semaphore, watch};
use toolsmith_core::Caller;
use toolsmith_core::ports::{
    Answer, MemoryTasks, TaskAnswer, TaskLimits, TaskOwner, TaskPlace, TaskRecord, TaskStore,
    TaskStoreError,
};
use toolsmith_core::protocol::{Revision, TASKS_EXTENSION, TaskSupport, TaskView};
use toolsmith_core::server::handler::ToolError;
use toolsmith_core::server::tool::DynamicTool;
use toolsmith_core::server::{Context, Engine, Server};
use toolsmith_core::testing::{Failure, TestClient};

/// A store that does what a test lets it do.
#[derive(Debug)]
struct Slow {
    inner: MemoryTasks,
    /// Lets one update through each.
    updates: Semaphore,
    /// How many updates have begun.
    begun: watch::Sender<usize>,
    /// How many of them go on, and the most that ever did.
    at_once: AtomicUsize,
    most: AtomicUsize,
    /// What was written: status and message.
    written: Mutex<Vec<String>>,
    /// How many updates fail from here on.
    failures: AtomicUsize,
    /// Lets one answer of a new task through each; it is kept before that.
    creations: Semaphore,
    /// Nothing can be found.
    down: AtomicBool,
}

fn failure() -> TaskStoreError {
    TaskStoreError::failed("a disk that is a secret")
}

impl Slow {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            inner: MemoryTasks::new(TaskLimits::default()),
            updates: Semaphore::new(0),
            begun: watch::Sender::new(0),
            at_once: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            written: Mutex::default(),
            failures: AtomicUsize::new(0),
            creations: Semaphore::new(Semaphore::MAX_PERMITS),
            down: AtomicBool::new(false),
        })
    }

    /// Waits until so many updates have begun.
    async fn begun(&self, times: usize) {
        let mut begun = self.begun.subscribe();
        soon(begun.wait_for(|it| *it >= times)).await.unwrap();
    }

    fn go_on(&self) {
        self.updates.add_permits(1_000_000);
    }

    fn written(&self) -> Vec<String> {
        self.written.lock().unwrap().clone()
    }

    async fn slowly(&self, tenant: &str, view: TaskView) -> Result<bool, TaskStoreError> {
        let at_once = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(at_once, Ordering::SeqCst);
        self.begun.send_modify(|times| *times += 1);
        self.updates.acquire().await.unwrap().forget();
        // Never at once, however many may pass.
        tokio::task::yield_now().await;
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        let fail = |left: usize| left.checked_sub(1);
        let fails = self
            .failures
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, fail);
        if fails.is_ok() {
            return Err(failure());
        }
        let message = view.message.clone().unwrap_or_default();
        let line = format!("{} {message}", view.status.as_str());
        let updated = self.inner.update(tenant, view).await?;
        if updated {
            self.written.lock().unwrap().push(line);
        }
        Ok(updated)
    }
}

impl TaskStore for Slow {
    fn create(&self, record: TaskRecord) -> TaskAnswer<'_, ()> {
        Answer::later(async move {
            if self.down.load(Ordering::SeqCst) {
                return Err(failure());
            }
            self.inner.create(record).await?;
            self.creations.acquire().await.unwrap().forget();
            Ok(())
        })
    }

    fn find<'a>(&'a self, tenant: &'a str, id: &'a str) -> TaskAnswer<'a, Option<TaskRecord>> {
        match self.down.load(Ordering::SeqCst) {
            true => Answer::now(Err(failure())),
            false => self.inner.find(tenant, id),
        }
    }

    fn update<'a>(&'a self, tenant: &'a str, view: TaskView) -> TaskAnswer<'a, bool> {
        Answer::later(self.slowly(tenant, view))
    }

    fn list<'a>(
        &'a self,
        tenant: &'a str,
        owner: &'a TaskOwner,
        after: Option<&'a TaskPlace>,
        most: usize,
    ) -> TaskAnswer<'a, Vec<TaskView>> {
        self.inner.list(tenant, owner, after, most)
    }

    fn remove<'a>(
        &'a self,
        tenant: &'a str,
        owner: &'a TaskOwner,
    ) -> TaskAnswer<'a, Vec<Box<str>>> {
        self.inner.remove(tenant, owner)
    }

    fn expire(&self, now: SystemTime) -> TaskAnswer<'_, Vec<Box<str>>> {
        self.inner.expire(now)
    }
}

/// What a test knows of the handlers.
#[derive(Default)]
struct Seen {
    began: Notify,
    goes_on: Notify,
    dropped: Notify,
    runs: AtomicUsize,
}

struct Dropped(Arc<Seen>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.dropped.notify_one();
    }
}

fn tool<F, R>(name: &str, seen: &Arc<Seen>, work: F) -> DynamicTool
where
    F: Fn(Context, Arc<Seen>) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<String, ToolError>> + Send + 'static,
{
    let seen = Arc::clone(seen);
    let handler = move |_: Map<String, Value>, ctx: Context| {
        let (work, seen) = (work.clone(), Arc::clone(&seen));
        async move {
            let _dropped = Dropped(Arc::clone(&seen));
            seen.runs.fetch_add(1, Ordering::SeqCst);
            work(ctx, seen).await
        }
    };
    DynamicTool::new(name, json!({"type": "object"}), handler)
        .define(|it| it.task = TaskSupport::Optional)
}

/// A process that keeps its tasks in a store.
fn process(store: &Arc<Slow>) -> (Engine, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    let says = tool("says", &seen, |ctx, seen| async move {
        for n in 0..100 {
            ctx.task_status(n.to_string());
        }
        seen.began.notify_one();
        seen.goes_on.notified().await;
        Ok("done".to_owned())
    });
    let waits = tool("waits", &seen, |ctx, seen| async move {
        seen.began.notify_one();
        loop {
            seen.goes_on.notified().await;
            ctx.task_status("still here");
        }
    });
    let quick = tool("quick", &seen, |_, _| async { Ok("done".to_owned()) });
    let asks = tool("asks", &seen, |ctx, _| async move {
        let roots = ctx.list_roots().await?;
        Ok(format!("{} roots", roots.len()))
    });
    let server = Server::new("s").task_store(Arc::clone(store) as _);
    let server = server.dynamic_tool(says).dynamic_tool(waits);
    let server = server.dynamic_tool(quick).dynamic_tool(asks);
    (server.build().unwrap(), seen)
}

fn client(engine: &Engine, revision: Revision) -> Arc<TestClient> {
    let client = TestClient::of(engine.clone()).revision(revision);
    let client = client.caller(Caller::new("t").with_principal("alice"));
    let client = client.roots(["file:///a"]);
    Arc::new(client.extension(TASKS_EXTENSION, json!({})))
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    let patience = Duration::from_secs(120);
    tokio::time::timeout(patience, future)
        .await
        .expect("it did not happen")
}

async fn begin(client: &TestClient, tool: &str) -> String {
    let call = json!({"name": tool, "arguments": {}, "task": {}});
    let begun = soon(client.request("tools/call", call)).await.unwrap();
    let task = begun.get("task").unwrap_or(&begun);
    task["taskId"].as_str().expect("it is no task").to_owned()
}

async fn ask(client: &TestClient, method: &str, id: &str) -> Result<Value, Failure> {
    soon(client.request(method, json!({"taskId": id}))).await
}

async fn until(client: &TestClient, id: &str, status: &str) -> Value {
    soon(async {
        loop {
            let task = ask(client, "tasks/get", id).await.unwrap();
            if task["status"] == status {
                return task;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
}

/// Gives everything else its turn.
async fn turns() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn of_many_lines_the_newest_is_written_and_the_end_comes_last() {
    let store = Slow::new();
    let (engine, seen) = process(&store);
    let client = client(&engine, Revision::LATEST);
    let id = begin(&client, "says").await;
    seen.began.notified().await;
    store.begun(1).await;
    // The first line is being written, and 99 others came after it.
    store.updates.add_permits(1);
    store.begun(2).await;
    seen.goes_on.notify_one();
    seen.dropped.notified().await;
    store.go_on();
    let done = until(&client, &id, "completed").await;
    assert_eq!(done["statusMessage"], "99", "{done}");
    assert_eq!(store.written(), ["working 0", "working 99", "completed 99"]);
    assert_eq!(store.most.load(Ordering::SeqCst), 1, "one writer");
}

#[tokio::test(start_paused = true)]
async fn an_end_that_could_not_be_written_is_written_again() {
    let store = Slow::new();
    store.go_on();
    let (engine, _) = process(&store);
    for (revision, failures) in [(Revision::LATEST, 1), (Revision::LATEST_LEGACY, 7)] {
        store.failures.store(failures, Ordering::SeqCst);
        let client = client(&engine, revision);
        let id = begin(&client, "quick").await;
        until(&client, &id, "completed").await;
        assert_eq!(store.failures.load(Ordering::SeqCst), 0, "it did not fail");
    }
}

#[tokio::test(start_paused = true)]
async fn a_line_that_could_not_be_written_is_no_matter_to_the_task() {
    let store = Slow::new();
    store.go_on();
    store.failures.store(1, Ordering::SeqCst);
    let (engine, seen) = process(&store);
    let client = client(&engine, Revision::LATEST);
    let id = begin(&client, "says").await;
    seen.goes_on.notify_one();
    let done = until(&client, &id, "completed").await;
    assert_eq!(done["statusMessage"], "99", "{done}");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_is_an_error_that_says_nothing_of_it() {
    let store = Slow::new();
    store.go_on();
    let (engine, _) = process(&store);
    for revision in [Revision::LATEST, Revision::LATEST_LEGACY] {
        let client = client(&engine, revision);
        let id = begin(&client, "quick").await;
        until(&client, &id, "completed").await;
        store.down.store(true, Ordering::SeqCst);
        let call = json!({"name": "quick", "arguments": {}, "task": {}});
        for refused in [
            ask(&client, "tasks/get", &id).await,
            ask(&client, "tasks/cancel", &id).await,
            client.request("tools/call", call).await,
        ] {
            let refused = refused.unwrap_err();
            assert_eq!(refused.code, -32603, "{refused}");
            assert!(!refused.to_string().contains("secret"), "{refused}");
        }
        store.down.store(false, Ordering::SeqCst);
        until(&client, &id, "completed").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_cancelled_while_its_result_is_written_keeps_it() {
    let store = Slow::new();
    let (engine, _) = process(&store);
    for (nth, revision) in [Revision::LATEST_LEGACY, Revision::LATEST]
        .into_iter()
        .enumerate()
    {
        let client = client(&engine, revision);
        let id = begin(&client, "quick").await;
        store.begun(nth + 1).await;
        let release = async {
            turns().await;
            store.updates.add_permits(1);
        };
        let (cancelled, ()) = tokio::join!(ask(&client, "tasks/cancel", &id), release);
        match revision.is_modern() {
            true => drop(cancelled.unwrap()),
            false => {
                let refused = cancelled.unwrap_err();
                assert_eq!(refused.code, -32602, "{refused}");
                assert!(refused.message.contains("'completed'"), "{refused}");
            }
        }
        until(&client, &id, "completed").await;
    }
    assert_eq!(store.written(), ["completed ", "completed "]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_an_end_and_a_cancellation_at_the_same_time_one_is_written() {
    let store = Slow::new();
    store.go_on();
    let (engine, _) = process(&store);
    let client = client(&engine, Revision::LATEST_LEGACY);
    let mut cancelled = 0;
    for _ in 0..300 {
        let id = begin(&client, "quick").await;
        let answer = ask(&client, "tasks/cancel", &id).await;
        let status = match answer {
            Ok(_) => "cancelled",
            Err(refused) => {
                assert!(refused.message.contains("'completed'"), "{refused}");
                "completed"
            }
        };
        cancelled += usize::from(status == "cancelled");
        let now = ask(&client, "tasks/get", &id).await.unwrap();
        assert_eq!(now["status"], status, "{now}");
    }
    assert_eq!(store.written().len(), 300, "of these {cancelled} cancelled");
    assert_eq!(store.at_once.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_task_stops_at_once_and_is_written_without_its_client() {
    let store = Slow::new();
    let (engine, seen) = process(&store);
    let client = client(&engine, Revision::LATEST);
    let id = begin(&client, "says").await;
    store.begun(1).await;
    let cancelling = tokio::spawn({
        let (client, id) = (Arc::clone(&client), id.clone());
        async move { ask(&client, "tasks/cancel", &id).await }
    });
    // The handler is dropped though the store has not moved.
    soon(seen.dropped.notified()).await;
    cancelling.abort();
    assert!(cancelling.await.unwrap_err().is_cancelled());
    store.go_on();
    until(&client, &id, "cancelled").await;
    assert_eq!(
        store.written(),
        ["working 0", "cancelled The task was cancelled by request."]
    );
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_that_could_not_be_written_says_so_and_is_written_again() {
    let store = Slow::new();
    store.go_on();
    let (engine, seen) = process(&store);
    let client = client(&engine, Revision::LATEST_LEGACY);
    let id = begin(&client, "waits").await;
    seen.began.notified().await;
    store.failures.store(1, Ordering::SeqCst);
    let refused = ask(&client, "tasks/cancel", &id).await.unwrap_err();
    assert_eq!(refused.code, -32603, "{refused}");
    until(&client, &id, "cancelled").await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_reaches_its_task_when_its_client_is_gone_before_it_is_written() {
    let store = Slow::new();
    let (engine, _) = process(&store);
    let client = client(&engine, Revision::LATEST);
    let id = begin(&client, "asks").await;
    store.begun(1).await;
    store.updates.add_permits(1);
    let asked = until(&client, &id, "input_required").await;
    let (key, _) = asked["inputRequests"]
        .as_object()
        .unwrap()
        .iter()
        .next()
        .unwrap();
    let roots = json!({"roots": [{"uri": "file:///a"}, {"uri": "file:///b"}]});
    let params = json!({"taskId": id, "inputResponses": {key: roots}});
    let answering = tokio::spawn({
        let client = Arc::clone(&client);
        async move { client.request("tasks/update", params).await }
    });
    store.begun(2).await;
    answering.abort();
    assert!(answering.await.unwrap_err().is_cancelled());
    store.go_on();
    let done = until(&client, &id, "completed").await;
    assert_eq!(done["result"]["content"][0]["text"], "2 roots", "{done}");
}

#[tokio::test(start_paused = true)]
async fn a_question_that_could_not_be_written_fails_and_is_shown_to_nobody() {
    let store = Slow::new();
    store.go_on();
    store.failures.store(1, Ordering::SeqCst);
    let (engine, _) = process(&store);
    let client = client(&engine, Revision::LATEST);
    let id = begin(&client, "asks").await;
    let over = until(&client, &id, "completed").await;
    assert_eq!(over["result"]["isError"], true, "{over}");
    let written = store.written();
    assert!(
        written.iter().all(|it| !it.starts_with("input_required")),
        "{written:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_task_whose_client_left_before_it_was_there_never_runs() {
    let store = Slow::new();
    store.go_on();
    let (engine, seen) = process(&store);
    let client = client(&engine, Revision::LATEST_LEGACY);
    // A legacy client opens its session first.
    assert!(client.list("tasks/list", "tasks").await.unwrap().is_empty());
    let permits = store.creations.available_permits();
    store.creations.forget_permits(permits);
    let calling = tokio::spawn({
        let client = Arc::clone(&client);
        async move { begin(&client, "waits").await }
    });
    turns().await;
    assert_eq!(client.list("tasks/list", "tasks").await.unwrap().len(), 1);
    calling.abort();
    assert!(calling.await.unwrap_err().is_cancelled());
    store.begun(1).await;
    turns().await;
    let listed = client.list("tasks/list", "tasks").await.unwrap();
    assert!(listed.is_empty(), "{listed:?}");
    assert_eq!(seen.runs.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_another_process_has_ended_stops_at_its_next_word() {
    let store = Slow::new();
    store.go_on();
    let (engine, seen) = process(&store);
    let (other, _) = process(&store);
    let id = begin(&client(&engine, Revision::LATEST), "waits").await;
    seen.began.notified().await;
    let client = client(&other, Revision::LATEST);
    ask(&client, "tasks/cancel", &id).await.unwrap();
    until(&client, &id, "cancelled").await;
    seen.goes_on.notify_one();
    soon(seen.dropped.notified()).await;
    until(&client, &id, "cancelled").await;
}

#[tokio::test(start_paused = true)]
async fn a_task_whose_time_is_over_stops_though_another_process_has_swept_it() {
    let store = Slow::new();
    store.go_on();
    let (engine, seen) = process(&store);
    let client = client(&engine, Revision::LATEST_LEGACY);
    let call = json!({"name": "waits", "arguments": {}, "task": {"ttl": 1000}});
    client.request("tools/call", call).await.unwrap();
    seen.began.notified().await;
    let later = SystemTime::now() + Duration::from_secs(2);
    assert_eq!(store.expire(later).await.unwrap().len(), 1);
    soon(seen.dropped.notified()).await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_another_process_is_given_is_refused_and_the_question_stays() {
    let store = Slow::new();
    store.go_on();
    let (engine, _) = process(&store);
    let (other, _) = process(&store);
    let here = client(&engine, Revision::LATEST);
    let id = begin(&here, "asks").await;
    let asked = until(&here, &id, "input_required").await;
    let (key, _) = asked["inputRequests"]
        .as_object()
        .unwrap()
        .iter()
        .next()
        .unwrap();
    let params = json!({"taskId": id, "inputResponses": {key: {"roots": []}}});
    let there = client(&other, Revision::LATEST);
    let refused = there.request("tasks/update", params.clone()).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code, -32603, "{refused}");
    until(&here, &id, "input_required").await;
    here.request("tasks/update", params).await.unwrap();
    until(&here, &id, "completed").await;
}
