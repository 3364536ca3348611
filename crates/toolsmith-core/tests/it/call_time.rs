//! How long a call may take when nobody has said so.

use std::future::pending;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use toolsmith_core::ports::{EventLimits, MemoryEvents, MemorySessions};
use toolsmith_core::protocol::{Decoded, Message, Revision, ToolDefinition, decode};
use toolsmith_core::server::handler::Call;
use toolsmith_core::server::prompt::DynamicPrompt;
use toolsmith_core::server::resource::DynamicResource;
use toolsmith_core::server::tool::{DynamicTool, IntoToolOutput as _, Tool, ToolResult};
use toolsmith_core::server::{
    Context, MissingState, Peer, ReplySink, Sampling, Server, Sessions, State, StateMap,
};
use toolsmith_core::testing::TestClient;

const FIVE_MINUTES: Duration = Duration::from_secs(300);
const TIMEOUT: i64 = -31001;
/// How long a test waits for what is to come at once.
const PATIENCE: Duration = Duration::from_secs(20);

fn wait() -> DynamicTool {
    let schema = json!({"type": "object"});
    DynamicTool::new("wait", schema, |_, _: Context| pending::<String>())
}

fn server() -> Server {
    Server::new("s")
        .dynamic_tool(wait())
        .dynamic_prompt(DynamicPrompt::new("wait", |_, _: Context| {
            pending::<String>()
        }))
        .dynamic_resource(DynamicResource::new("page://1", |_, _: Context| {
            pending::<String>()
        }))
        .method("x/wait", |_, _| pending())
}

#[tokio::test(start_paused = true)]
async fn a_call_has_five_minutes_whatever_it_is_a_call_of() {
    let engine = server().build().unwrap();
    for revision in [Revision::LATEST, Revision::LATEST_LEGACY] {
        // One that can be asked has a clock that may be stopped, and nobody stops it.
        let plain = TestClient::of(engine.clone()).revision(revision);
        let able = TestClient::of(engine.clone()).revision(revision);
        for client in [plain, able.on_sample(|_| "yes".to_owned())] {
            for (method, params) in [
                ("tools/call", json!({"name": "wait"})),
                ("prompts/get", json!({"name": "wait"})),
                ("resources/read", json!({"uri": "page://1"})),
                ("x/wait", json!({})),
            ] {
                let begun = Instant::now();
                let answer = client.request(method, params);
                let answer = tokio::time::timeout(FIVE_MINUTES * 2, answer).await;
                let late = answer.expect("there is no limit").unwrap_err();
                assert_eq!(late.code, TIMEOUT, "{method}: {late}");
                assert_eq!(begun.elapsed(), FIVE_MINUTES, "{method}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_a_call_takes_as_long_as_it_likes() {
    let client = TestClient::new(server().no_call_timeout()).unwrap();
    let a_day = Duration::from_secs(24 * 3600);
    let waited = tokio::time::timeout(a_day, client.call("wait", json!({}))).await;
    assert!(waited.is_err(), "{waited:?}");
    let own = wait().define(|it| it.timeout = Some(Duration::from_secs(1)));
    let server = Server::new("s").no_call_timeout().dynamic_tool(own);
    let client = TestClient::new(server).unwrap();
    let late = client.call("wait", json!({})).await.unwrap_err();
    assert_eq!(late.code, TIMEOUT, "{late}");
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_question_that_is_asked_at_once_does_not_count() {
    let schema = json!({"type": "object"});
    let ask = DynamicTool::new("ask", schema, |_, context: Context| async move {
        let asked = context
            .sample(Sampling::new("May I?"))
            .timeout(FIVE_MINUTES * 3);
        let answered = asked.await.is_err();
        tokio::time::sleep(FIVE_MINUTES - Duration::from_secs(1)).await;
        format!("answered late: {answered}")
    });
    let engine = Server::new("s").dynamic_tool(ask).build().unwrap();
    let store = Arc::new(MemorySessions::new(1, FIVE_MINUTES));
    let events = Arc::new(MemoryEvents::new(EventLimits::default()));
    let sessions = Sessions::new(engine.clone(), store, events, FIVE_MINUTES);
    let mut peer = Peer::new(Revision::LATEST_LEGACY);
    peer.capabilities = serde_json::from_value(json!({"sampling": {}})).unwrap();
    let session = sessions.open(&peer).await.unwrap();
    let peer = sessions.find(session, &peer.caller).await.unwrap();
    peer.session.as_ref().unwrap().initialized();
    let params = json!({"name": "ask"});
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let Ok(Decoded::Legacy(Message::Request(request))) = decode(&call.to_string().into(), None)
    else {
        panic!("this is a request: {call}");
    };
    let begun = Instant::now();
    let answer = engine.answer(request, peer, Some(Arc::new(Silent))).await;
    let said = String::from_utf8(answer.message).unwrap();
    assert!(said.contains("answered late: true"), "{said}");
    assert_eq!(begun.elapsed(), FIVE_MINUTES * 4 - Duration::from_secs(1));
}

/// A client that is there, and never answers.
#[derive(Debug)]
struct Silent;

impl ReplySink for Silent {
    fn notify(&self, _: Vec<u8>) -> bool {
        true
    }

    fn ask(&self, _: Vec<u8>) -> bool {
        true
    }

    fn ready(&self) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        Box::pin(std::future::ready(true))
    }
}

/// Held by a plain function until it is let go.
struct Held {
    ended: AtomicBool,
    goes_on: Mutex<mpsc::Receiver<()>>,
}

struct Block;

impl Tool for Block {
    fn definition() -> ToolDefinition {
        ToolDefinition::new("block")
    }

    fn missing_states(states: &StateMap) -> Vec<MissingState> {
        states.get::<Held>().err().into_iter().collect()
    }

    async fn call(call: Call) -> ToolResult {
        let state: State<Held> =
            toolsmith_core::server::handler::FromContext::from_context(call.context())?;
        call.blocking(move || {
            let goes_on = state.goes_on.lock().unwrap();
            goes_on.recv_timeout(PATIENCE).unwrap();
            state.ended.store(true, Ordering::Release);
        })
        .await?;
        "done".into_tool_output()
    }
}

#[tokio::test]
async fn a_plain_function_that_blocks_is_answered_for_on_time_and_goes_on() {
    let (go_on, goes_on) = mpsc::channel();
    let held = Arc::new(Held {
        ended: AtomicBool::new(false),
        goes_on: Mutex::new(goes_on),
    });
    let server = Server::new("s").call_timeout(Duration::from_millis(500));
    let server = server.shared_state(Arc::clone(&held)).tool::<Block>();
    let client = TestClient::new(server).unwrap();
    let answer = tokio::time::timeout(PATIENCE, client.call("block", json!({})));
    let late = answer.await.expect("an answer in time").unwrap_err();
    assert_eq!(late.code, TIMEOUT, "{late}");
    assert!(!held.ended.load(Ordering::Acquire), "it was not to end");
    // The thread goes on to the end of the function.
    go_on.send(()).unwrap();
    let begun = std::time::Instant::now();
    while !held.ended.load(Ordering::Acquire) {
        assert!(begun.elapsed() < PATIENCE, "it never ended");
        tokio::task::yield_now().await;
    }
}
