//! What tools keep: through parameters, per tenant, on disk and in memory.

use serde_json::{Value, json};
use toolsmith::prelude::*;
use toolsmith::store::{StoreOptions, Stores};
use toolsmith::testing::TestClient;

use crate::wire::{Endpoint, Program, Reply, call, example, modern};

/// Remember something.
#[tool]
async fn remember(kv: Kv, value: String) -> Result<(), ToolError> {
    Ok(kv.put("it", &value).await?)
}

/// What was remembered.
#[tool]
fn recall(kv: Kv, db: Db, tenant: Tenant) -> Result<String, ToolError> {
    let it = kv.get::<String>("it").wait()?;
    // The same tenant's, whichever way it is looked at.
    let three = db.query_one::<i64>("SELECT 3", ()).wait()?;
    Ok(format!("{}: {it:?} {three:?}", tenant.id()))
}

fn server() -> Server {
    Server::new("s").tool::<remember>().tool::<recall>()
}

fn of(tenant: &str) -> Caller {
    Caller::new(tenant).with_principal("alice")
}

async fn said(client: &TestClient, name: &str, arguments: Value) -> String {
    client
        .call(name, arguments)
        .await
        .unwrap()
        .text()
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_has_the_store_of_its_callers_tenant() {
    let directory = tempfile::tempdir().unwrap();
    let options = StoreOptions::default();
    let on_disk = Stores::open(directory.path(), &options).unwrap();
    for server in [
        server(),
        server().shared_state(std::sync::Arc::new(on_disk)),
    ] {
        let engine = server.build().unwrap();
        let client = |tenant| TestClient::of(engine.clone()).caller(of(tenant));
        let (acme, globex) = (client("acme"), client("globex"));
        said(&acme, "remember", json!({"value": "a"})).await;
        said(&globex, "remember", json!({"value": "g"})).await;
        let none = said(&client("initech"), "recall", json!({})).await;
        assert_eq!(none, "initech: None Some(3)");
        assert_eq!(
            said(&acme, "recall", json!({})).await,
            "acme: Some(\"a\") Some(3)"
        );
        let other = said(&globex, "recall", json!({})).await;
        assert_eq!(other, "globex: Some(\"g\") Some(3)");
        let schema = &acme.list("tools/list", "tools").await.unwrap()[0]["inputSchema"];
        let keys = schema["properties"].as_object().unwrap().keys();
        assert_eq!(
            keys.collect::<Vec<_>>(),
            ["value"],
            "a store is no argument"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mounted_server_has_the_stores_of_the_one_around_it() {
    let outer = Server::new("outer").tool::<remember>();
    let outer = outer.mount("inner", Server::new("inner").tool::<recall>());
    let client = TestClient::new(outer).unwrap().caller(of("acme"));
    said(&client, "remember", json!({"value": "a"})).await;
    let recalled = said(&client, "inner_recall", json!({})).await;
    assert_eq!(recalled, "acme: Some(\"a\") Some(3)");
}

/// Be told of what the model can do something about, and of nothing else.
#[tool]
async fn fill(db: Db, sql: String) -> Result<(), ToolError> {
    db.execute(sql, ()).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_model_is_told_that_the_store_is_full_and_not_what_is_in_it() {
    let options = StoreOptions {
        quota: 1 << 20,
        ..StoreOptions::default()
    };
    let stores = std::sync::Arc::new(Stores::in_memory(&options));
    let server = Server::new("s").shared_state(stores).tool::<fill>();
    let client = TestClient::new(server).unwrap();
    let fill = async |sql: &str| {
        let result = client.call("fill", json!({ "sql": sql })).await.unwrap();
        (result.is_error(), result.text().to_owned())
    };
    assert_eq!(fill("CREATE TABLE t (a)").await, (false, String::new()));
    let (is_error, text) = fill("INSERT INTO t VALUES (zeroblob(2000000))").await;
    assert!(
        is_error && text.contains("the room of this tenant is used up"),
        "{text}"
    );
    let (is_error, text) = fill("SELECT secret FROM t").await;
    assert!(is_error && !text.contains("secret"), "{text}");
}

const ENDLESS: &str =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

/// Ask for more than there is.
#[tool(timeout = "50ms")]
fn count_for_ever(db: Db) -> Result<(), ToolError> {
    db.query_one::<i64>(ENDLESS, ()).wait()?;
    Ok(())
}

/// The same, and wait for it.
#[tool(timeout = "50ms")]
async fn wait_for_ever(db: Db) -> Result<(), ToolError> {
    db.query_one::<i64>(ENDLESS, ()).await?;
    Ok(())
}

/// Count to three.
#[tool]
async fn count_to_three(db: Db) -> Result<i64, ToolError> {
    Ok(db.query_one("SELECT 1 + 2", ()).await?.unwrap_or(0))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_out_of_time_has_its_statement_stopped() {
    let server = Server::new("s")
        .tool::<count_for_ever>()
        .tool::<wait_for_ever>()
        .tool::<count_to_three>();
    let client = TestClient::new(server).unwrap();
    for name in ["count_for_ever", "wait_for_ever"] {
        let late = client.call(name, json!({})).await;
        let said = format!("{late:?}");
        assert!(said.contains("50ms") || said.contains("time"), "{said}");
        // The same tenant's store is free again.
        let three = client.call("count_to_three", json!({})).await;
        assert_eq!(three.unwrap().text(), "3");
    }
}

async fn http(arguments: &[&str]) -> (Program, Endpoint) {
    start("notes", arguments).await
}

async fn start(name: &str, arguments: &[&str]) -> (Program, Endpoint) {
    let all = [&["--transport=http", "--port=0"], arguments].concat();
    let mut program = Program::start(example(name, None).await, &all, &[]);
    let url = program.url().await;
    (program, Endpoint::at(&url))
}

/// The result that an answer ends with.
fn result(reply: &Reply) -> Value {
    let last = reply.messages().pop();
    let result = last.and_then(|it| it.get("result").cloned());
    result.unwrap_or_else(|| panic!("no result: {reply:?}"))
}

async fn killed(program: &mut Program) {
    program.signal("-KILL").await;
    program.ended().await;
}

async fn answered(endpoint: &Endpoint, tool: &str, arguments: Value) -> Value {
    let ask = modern(1, "tools/call", call(tool, arguments));
    let reply = endpoint.send(&ask).await;
    result(&reply)["structuredContent"].clone()
}

#[tokio::test]
async fn what_was_answered_is_there_after_the_process_was_killed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    for round in 0..3 {
        let (mut program, endpoint) = http(&["--data", path]).await;
        let notes = answered(&endpoint, "list", json!({})).await;
        assert_eq!(notes.as_array().unwrap().len(), round, "{notes}");
        let note = answered(&endpoint, "write", json!({"text": "Buy milk."})).await;
        assert_eq!(note["id"], round + 1);
        killed(&mut program).await;
    }
}

#[tokio::test]
async fn without_a_directory_nothing_is_left_behind() {
    let (mut program, endpoint) = http(&[]).await;
    answered(&endpoint, "write", json!({"text": "Buy milk."})).await;
    let notes = answered(&endpoint, "list", json!({})).await;
    assert_eq!(notes[0]["text"], "Buy milk.");
    killed(&mut program).await;
    let (_program, endpoint) = http(&[]).await;
    let notes = answered(&endpoint, "list", json!({})).await;
    assert_eq!(notes, json!([]));
}

/// The server of two-way tools on a data directory, killed and started again at will.
struct Deployed {
    directory: tempfile::TempDir,
    program: Program,
    endpoint: Endpoint,
}

impl Deployed {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (program, endpoint) = Self::started(&directory).await;
        Self {
            directory,
            program,
            endpoint,
        }
    }

    async fn started(directory: &tempfile::TempDir) -> (Program, Endpoint) {
        let path = directory.path().to_str().unwrap();
        start("two_way", &["--data", path]).await
    }

    async fn killed_and_started(&mut self) {
        killed(&mut self.program).await;
        (self.program, self.endpoint) = Self::started(&self.directory).await;
    }
}

fn with_progress(tool: &str, arguments: Value) -> Value {
    let mut params = call(tool, arguments);
    params["_meta"] = json!({"progressToken": 1});
    params
}

#[tokio::test]
async fn no_session_is_stranded_when_the_process_is_killed() {
    let mut server = Deployed::new().await;
    let session = server.endpoint.session("2025-11-25").await;
    let uri = json!({"uri": "two-way://news"});
    let subscribed = session.ask(1, "resources/subscribe", uri);
    assert_eq!(server.endpoint.send(&subscribed).await.status, 200);
    let level = session.ask(2, "logging/setLevel", json!({"level": "error"}));
    assert_eq!(server.endpoint.send(&level).await.status, 200);
    let publish = session.ask(3, "tools/call", call("publish", json!({})));
    let mut listening = server.endpoint.open(&session.stream()).await;
    assert_eq!(server.endpoint.send(&publish).await.status, 200);
    assert_eq!(listening.message().await["params"]["uri"], "two-way://news");
    let mut last = listening.last_id().to_owned();
    for _ in 0..2 {
        server.killed_and_started().await;
        let mut listening = server.endpoint.open(&session.resume(&last)).await;
        // What the tools are now may not be what the client saw.
        let changed = listening.message().await["method"].clone();
        assert!(
            changed.as_str().unwrap().ends_with("list_changed"),
            "{changed}"
        );
        assert_eq!(server.endpoint.send(&publish).await.status, 200);
        loop {
            let told = listening.message().await;
            if told["method"] == "notifications/resources/updated" {
                assert_eq!(told["params"]["uri"], "two-way://news");
                break;
            }
        }
        let numbers = |id: &str| {
            let (stream, seq) = id.split_once('-').unwrap();
            (stream.to_owned(), seq.parse::<u32>().unwrap())
        };
        let (before, now) = (numbers(&last), numbers(listening.last_id()));
        assert_eq!(before.0, now.0, "it is the same stream");
        assert!(
            now.1 > before.1,
            "no number is given out twice: {before:?} {now:?}"
        );
        last = listening.last_id().to_owned();
        let log = session.ask(4, "tools/call", with_progress("log", json!({})));
        let said = server.endpoint.send(&log).await.messages();
        assert_eq!(said.len(), 1, "a warning is less than an error: {said:?}");
    }
    // Nobody else's, and gone when it was ended.
    let other = server.endpoint.session("2025-11-25").await;
    assert_ne!(other.id, session.id);
    assert!(server.endpoint.send(&session.end()).await.status < 300);
    server.killed_and_started().await;
    let ping = server
        .endpoint
        .send(&session.ask(5, "ping", json!({})))
        .await;
    assert_eq!(ping.status, 404, "{ping:?}");
    let ping = server.endpoint.send(&other.ask(5, "ping", json!({}))).await;
    assert_eq!(ping.status, 200, "{ping:?}");
}

#[tokio::test]
async fn a_call_that_was_cut_off_is_answered_to_who_comes_back() {
    let mut server = Deployed::new().await;
    let session = server.endpoint.session("2025-11-25").await;
    let wait = session.ask(7, "tools/call", with_progress("wait", json!({"name": "x"})));
    let mut stream = server.endpoint.open(&wait).await;
    let progress = stream.message().await;
    assert_eq!(progress["method"], "notifications/progress");
    let first = stream.ids[0].clone();
    let last = stream.last_id().to_owned();
    server.killed_and_started().await;
    for (from, missed) in [(&last, 0), (&first, 1), (&last, 0)] {
        let mut again = server.endpoint.open(&session.resume(from)).await;
        let rest = again.rest().await;
        let (answer, before) = rest.split_last().unwrap();
        assert_eq!(before.len(), missed, "{rest:?}");
        assert_eq!(
            (&answer["id"], &answer["error"]["code"]),
            (&json!(7), &json!(-31029))
        );
    }
    // The number is not given to another stream.
    let wait = session.ask(8, "tools/call", with_progress("wait", json!({"name": "y"})));
    let mut next = server.endpoint.open(&wait).await;
    next.message().await;
    let number = |id: &str| id.split('-').next().unwrap().parse::<u32>().unwrap();
    assert!(number(next.last_id()) > number(&last));
}

#[tokio::test]
async fn a_task_outlives_the_process_that_it_was_begun_in() {
    let mut server = Deployed::new().await;
    let capabilities = json!({"tasks": {"requests": {"tools": {"call": {}}}}});
    let session = server.endpoint.session_of("2025-11-25", capabilities).await;
    let mut ids = Vec::new();
    for (number, tool) in ["bake", "bake_for_ever"].into_iter().enumerate() {
        let mut params = call(tool, json!({}));
        params["task"] = json!({});
        let reply = server
            .endpoint
            .send(&session.ask(number, "tools/call", params))
            .await;
        ids.push(
            result(&reply)["task"]["taskId"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    let wanted = session.ask(10, "tasks/result", json!({"taskId": ids[0]}));
    let before = result(&server.endpoint.send(&wanted).await);
    assert_eq!(before["content"][0]["text"], "The task baked bread.");
    server.killed_and_started().await;
    let after = result(&server.endpoint.send(&wanted).await);
    assert_eq!(after, before);
    let get = session.ask(11, "tasks/get", json!({"taskId": ids[1]}));
    let cut_off = result(&server.endpoint.send(&get).await);
    assert_eq!(cut_off["status"], "failed", "{cut_off}");
    let listed = server
        .endpoint
        .send(&session.ask(12, "tasks/list", json!({})))
        .await;
    let listed = result(&listed)["tasks"].as_array().unwrap().len();
    assert_eq!(listed, 2);
}

/// Implements the other half of a deploy: what was sealed before it is opened after it.
#[tokio::test]
async fn a_question_that_was_asked_before_is_answered_after() {
    let mut server = Deployed::new().await;
    let mut params = call("ask_roots", json!({}));
    let capabilities = json!({"roots": {}});
    params["_meta"] = json!({"io.modelcontextprotocol/clientCapabilities": capabilities});
    let asked = result(
        &server
            .endpoint
            .send(&modern(1, "tools/call", params.clone()))
            .await,
    );
    server.killed_and_started().await;
    let roots = json!({"roots": [{"uri": "file:///a"}]});
    params["inputResponses"] = json!({ "roots": roots });
    params["requestState"] = asked["requestState"].clone();
    let answered = result(&server.endpoint.send(&modern(2, "tools/call", params)).await);
    assert_eq!(answered["content"][0]["text"], "file:///a", "{answered}");
}
