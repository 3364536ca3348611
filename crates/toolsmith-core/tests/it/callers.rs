//! Who asks, and what they may do: as it is with each request, whatever it was before.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use toolsmith_core::ports::{
    EventLimits, MemoryEvents, MemorySessions, MemoryTasks, SessionStore as _, TaskLimits,
    TaskOwner, TaskStore as _,
};
use toolsmith_core::protocol::{Revision, TASKS_EXTENSION, TaskSupport};
use toolsmith_core::server::tool::DynamicTool;
use toolsmith_core::server::{Caller, Context, Peer, Server, Sessions};
use toolsmith_core::testing::TestClient;

const HOUR: Duration = Duration::from_secs(3600);

fn alice() -> Caller {
    Caller::new("acme").with_principal("alice")
}

/// Alice with a token that allows this and says that.
fn with_token(scope: &str, email: &str) -> Caller {
    let claims = Map::from_iter([("email".to_owned(), Value::from(email))]);
    alice().with_scopes([scope]).with_claims(claims)
}

/// Says what its caller may do, and what the token said.
fn whoami() -> DynamicTool {
    let schema = json!({"type": "object"});
    DynamicTool::new("whoami", schema, |_, context: Context| async move {
        let caller = context.caller();
        let scopes = caller.scopes().map(ToString::to_string);
        let email = caller.claims().map(|it| it["email"].to_string());
        format!("{scopes:?} {email:?}")
    })
}

#[tokio::test]
async fn a_session_goes_on_with_what_the_token_of_each_request_allows() {
    let client = TestClient::new(Server::new("s").dynamic_tool(whoami())).unwrap();
    let mut client = client.revision(Revision::LATEST_LEGACY);
    for (caller, told) in [
        (
            with_token("read", "a@one.example"),
            r#"Some("read") Some("\"a@one.example\"")"#,
        ),
        (
            with_token("write", "a@two.example"),
            r#"Some("write") Some("\"a@two.example\"")"#,
        ),
        (alice(), "None None"),
    ] {
        client = client.caller(caller);
        let said = client.call("whoami", json!({})).await.unwrap();
        assert_eq!(said.text(), told);
    }
    let stranger = client.caller(Caller::new("acme").with_principal("bob"));
    let refused = stranger.call("whoami", json!({})).await.unwrap_err();
    assert_eq!(refused.code, -31004, "{refused}");
}

#[tokio::test]
async fn what_a_token_said_is_kept_with_no_session_and_no_task() {
    let store = Arc::new(MemorySessions::new(4, HOUR));
    let events = Arc::new(MemoryEvents::new(EventLimits::default()));
    let tasks = Arc::new(MemoryTasks::new(TaskLimits::default()));
    let tool = whoami().define(|it| it.task = TaskSupport::Required);
    let server = Server::new("s").task_store(tasks.clone());
    let engine = server.dynamic_tool(tool).build().unwrap();
    let sessions = Sessions::new(engine.clone(), store.clone(), events, HOUR);
    let mut peer = Peer::new(Revision::LATEST_LEGACY);
    peer.caller = with_token("read", "a@one.example");
    let session = sessions.open(&peer).await.unwrap();
    let record = store.find(&peer.caller, session).await.unwrap().unwrap();

    let client = TestClient::of(engine).extension(TASKS_EXTENSION, json!({}));
    let client = client.caller(peer.caller.clone());
    let task = client.send("tools/call", json!({"name": "whoami"})).await;
    let task = task.unwrap();
    let id = task["taskId"].as_str().unwrap_or_else(|| panic!("{task}"));
    let kept = tasks.find("acme", id).await.unwrap().unwrap();
    let TaskOwner::Known(owner) = kept.owner else {
        panic!("{:?}", kept.owner)
    };
    for kept in [&record.caller, &owner] {
        assert_eq!(kept, &peer.caller);
        assert!(kept.scopes().is_none(), "{kept:?}");
        assert!(kept.claims().is_none(), "{kept:?}");
    }
}
