//! Requests over a pipe under any order of steps: each is answered exactly once, whatever
//! becomes of its handler, unless its client has cancelled it in time, by itself or in a
//! batch.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream};
use tokio::time::sleep;
use toolsmith::prelude::*;
use toolsmith::server::tool::DynamicTool;

use crate::wire::{call, modern_meta, request};

/// When a call runs out of time. No call ends at that moment, and none is cancelled at the
/// moment at which it ends: those come at whole and half multiples of ten.
const LIMIT: u64 = 202;

/// What a request is, and what becomes of it.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Ends after this time.
    Sleep(u64),
    /// Panics after this time.
    Panic(u64),
    /// Says something wrong after this time.
    Fail(u64),
    UnknownTool,
    UnknownMethod,
    BadParams,
    List,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Ask(Kind),
    /// Two requests in a batch, where the revision has batches.
    Batch(Kind, Kind),
    /// Cancels the request that was sent so many requests ago.
    Cancel(usize),
    Wait(u64),
    /// A line that is no message.
    Garbage,
}

/// How the conversation ends.
#[derive(Clone, Copy, Debug)]
enum End {
    /// The client has nothing more to send, and reads on.
    Input,
    /// The client is gone.
    Both,
}

fn kind() -> impl Strategy<Value = Kind> {
    let time = || (0..40u64).prop_map(|tens| tens * 10 + 5);
    prop_oneof![
        8 => time().prop_map(Kind::Sleep),
        2 => time().prop_map(Kind::Panic),
        2 => time().prop_map(Kind::Fail),
        1 => Just(Kind::UnknownTool),
        1 => Just(Kind::UnknownMethod),
        1 => Just(Kind::BadParams),
        1 => Just(Kind::List),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => kind().prop_map(Step::Ask),
        1 => (kind(), kind()).prop_map(|(one, other)| Step::Batch(one, other)),
        4 => (0..6usize).prop_map(Step::Cancel),
        4 => (1..12u64).prop_map(|tens| Step::Wait(tens * 10)),
        1 => Just(Step::Garbage),
    ]
}

impl Kind {
    /// When it is answered, in milliseconds after it was sent.
    fn lasts(self) -> u64 {
        match self {
            Kind::Sleep(time) | Kind::Panic(time) | Kind::Fail(time) => time.min(LIMIT),
            _ => 0,
        }
    }

    fn request(self, id: usize) -> Value {
        let how = |how: &str, time: u64| call("work", json!({"how": how, "time": time, "id": id}));
        let (method, mut params) = match self {
            Kind::Sleep(time) => ("tools/call", how("sleep", time)),
            Kind::Panic(time) => ("tools/call", how("panic", time)),
            Kind::Fail(time) => ("tools/call", how("fail", time)),
            Kind::UnknownTool => ("tools/call", call("nothing", json!({}))),
            Kind::UnknownMethod => ("nothing/at/all", json!({})),
            Kind::BadParams => ("tools/call", json!({"name": "work", "arguments": 7})),
            Kind::List => ("tools/list", json!({})),
        };
        params["_meta"] = json!({"progressToken": id});
        request(id, method, params)
    }
}

/// A request that was sent.
struct Sent {
    kind: Kind,
    at: u64,
    cancelled: Option<u64>,
    /// The other one, where there are two in a batch.
    beside: Option<usize>,
}

impl Sent {
    /// When it is done.
    fn ends(&self) -> u64 {
        self.at + self.kind.lasts()
    }

    /// When nothing is to be waited for any more.
    fn is_over(&self) -> u64 {
        let ends = self.ends();
        self.cancelled.map_or(ends, |cancelled| ends.min(cancelled))
    }

    /// How many answers it may have.
    fn answers(&self, all: &[Self]) -> std::ops::RangeInclusive<usize> {
        // What is in a batch is answered when all of it is over.
        let beside = self.beside.map(|beside| all[beside].is_over());
        let answered = self.ends().max(beside.unwrap_or(0));
        match self.cancelled {
            Some(cancelled) if cancelled < answered => 0..=0,
            // It was answered, or was just about to be.
            Some(cancelled) if cancelled == answered => 0..=1,
            _ => 1..=1,
        }
    }
}

struct Client {
    to: DuplexStream,
    modern: bool,
    now: u64,
    sent: Vec<Sent>,
}

impl Client {
    async fn take(&mut self, step: Step) {
        match step {
            Step::Ask(kind) => {
                let request = self.request(kind, None);
                self.line(&request.to_string()).await;
            }
            Step::Batch(one, other) if !self.modern => {
                let first = self.sent.len();
                let one = self.request(one, Some(first + 1));
                let other = self.request(other, Some(first));
                let batch = json!([one, other]);
                self.line(&batch.to_string()).await;
            }
            Step::Batch(..) => {}
            Step::Cancel(ago) => {
                let Some(id) = self.sent.len().checked_sub(ago + 1) else {
                    return;
                };
                self.sent[id].cancelled.get_or_insert(self.now);
                let mut cancel = json!({
                    "jsonrpc": "2.0",
                    "method": "notifications/cancelled",
                    "params": {"requestId": id},
                });
                self.says_who_it_is(&mut cancel);
                self.line(&cancel.to_string()).await;
            }
            Step::Wait(time) => {
                sleep(Duration::from_millis(time)).await;
                self.now += time;
            }
            Step::Garbage => self.line("{\"jsonrpc\":").await,
        }
    }

    fn request(&mut self, kind: Kind, beside: Option<usize>) -> Value {
        let mut request = kind.request(self.sent.len());
        self.says_who_it_is(&mut request);
        self.sent.push(Sent {
            kind,
            at: self.now,
            cancelled: None,
            beside,
        });
        request
    }

    fn says_who_it_is(&self, message: &mut Value) {
        if self.modern {
            let meta = &mut message["params"]["_meta"];
            for (name, value) in modern_meta() {
                meta[name] = value;
            }
        }
    }

    async fn line(&mut self, line: &str) {
        self.to.write_all(line.as_bytes()).await.unwrap();
        self.to.write_all(b"\n").await.unwrap();
    }
}

/// A server whose tool does as it is told, and counts how many calls of it there are.
fn server(running: &Arc<AtomicUsize>) -> Server {
    struct Running(Arc<AtomicUsize>);
    impl Drop for Running {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
    }
    let running = Arc::clone(running);
    let work = move |arguments: serde_json::Map<String, Value>, context: Context| {
        running.fetch_add(1, Ordering::Relaxed);
        let running = Running(Arc::clone(&running));
        async move {
            let _running = running;
            context.progress(Progress::new(1.0));
            let time = arguments["time"].as_u64().unwrap();
            sleep(Duration::from_millis(time)).await;
            context.progress(Progress::new(2.0));
            match arguments["how"].as_str() {
                Some("panic") => panic!("as it was told"),
                Some("fail") => Err(ToolError::user("as it was told")),
                _ => Ok(arguments["id"].to_string()),
            }
        }
    };
    Server::new("s")
        .call_timeout(Duration::from_millis(LIMIT))
        .dynamic_tool(DynamicTool::new("work", json!({"type": "object"}), work))
}

/// Reads everything, until the end.
async fn read(from: DuplexStream) -> Vec<Value> {
    let mut lines = BufReader::new(from).lines();
    let mut read = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        match serde_json::from_str(&line).unwrap() {
            Value::Array(answers) => read.extend(answers),
            message => read.push(message),
        }
    }
    read
}

/// Checks the answers of each request, and that nothing is said of one that has its answer.
fn check(sent: &[Sent], read: &[Value]) {
    let mut answers: HashMap<usize, usize> = HashMap::new();
    for message in read {
        if message["method"] == "notifications/progress" {
            let id = message["params"]["progressToken"].as_u64().unwrap();
            let id = usize::try_from(id).unwrap();
            assert!(!answers.contains_key(&id), "{message} after its answer");
            continue;
        }
        let Some(id) = message["id"].as_u64() else {
            assert_eq!(message["error"]["code"], -32700, "{message}");
            continue;
        };
        let id = usize::try_from(id).unwrap();
        *answers.entry(id).or_default() += 1;
        if let Kind::Sleep(time) = sent[id].kind
            && time < LIMIT
        {
            let text = &message["result"]["content"][0]["text"];
            assert_eq!(text, &json!(id.to_string()), "the answer of another");
        }
    }
    for (id, one) in sent.iter().enumerate() {
        let count = answers.get(&id).copied().unwrap_or(0);
        let Sent {
            kind,
            at,
            cancelled,
            ..
        } = one;
        assert!(
            one.answers(sent).contains(&count),
            "{id}, a {kind:?} of {at} cancelled at {cancelled:?}, has {count} answers"
        );
    }
}

async fn play(modern: bool, steps: Vec<Step>, end: End) {
    let running = Arc::default();
    let engine = server(&running).build().unwrap();
    let (to, input) = tokio::io::duplex(64 * 1024);
    let (output, from) = tokio::io::duplex(64 * 1024);
    let serving = tokio::spawn(Stdio::new().serve_streams(engine, input, output));
    let reading = tokio::spawn(read(from));
    let mut client = Client {
        to,
        modern,
        now: 0,
        sent: Vec::new(),
    };
    if !modern {
        let hello = json!({
            "protocolVersion": "2025-03-26",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "0"},
        });
        let hello = request("hello", "initialize", hello);
        client.line(&hello.to_string()).await;
    }
    for step in steps {
        client.take(step).await;
    }
    let Client { to, sent, .. } = client;
    match end {
        End::Input => {
            drop(to);
            let mut read = reading.await.unwrap();
            if !modern {
                let before = read.len();
                read.retain(|message| message["id"] != "hello");
                assert_eq!(read.len() + 1, before, "`initialize` is answered once");
            }
            check(&sent, &read);
        }
        End::Both => {
            reading.abort();
            drop(to);
        }
    }
    serving.await.unwrap().unwrap();
    let left = running.load(Ordering::Relaxed);
    assert_eq!(left, 0, "handlers that go on after the end");
}

proptest! {
    #[test]
    fn each_request_is_answered_once(
        modern in any::<bool>(),
        steps in vec(step(), 0..60),
        end in prop_oneof![4 => Just(End::Input), 1 => Just(End::Both)],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(play(modern, steps, end));
    }
}
