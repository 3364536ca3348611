//! Clients that open a stream and do not read it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;
use toolsmith::Http;
use toolsmith::prelude::*;

use crate::wire::{Ask, Connection, Endpoint, call, modern, soon};

/// How many calls have ended, in whatever way, and how many of them by coming to their end.
#[derive(Debug, Default)]
struct Calls(watch::Sender<(usize, usize)>);

impl Calls {
    /// Until a call has ended.
    async fn ended(&self) {
        let mut ended = self.0.subscribe();
        let waited = ended.wait_for(|(calls, _)| *calls > 0);
        soon("the end of the call", waited).await.unwrap();
    }

    fn came_to_its_end(&self) {
        self.0.send_modify(|(_, whole)| *whole += 1);
    }

    /// Until a call has come to its end.
    async fn come_to_their_end(&self) {
        let mut ended = self.0.subscribe();
        let waited = ended.wait_for(|(_, whole)| *whole > 0);
        soon("the end that the call comes to", waited)
            .await
            .unwrap();
    }
}

/// Ends a call when it is dropped.
struct Call<'a>(&'a Calls);

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.0.0.send_modify(|(calls, _)| *calls += 1);
    }
}

/// Report at length and without end.
#[tool(timeout = "500ms")]
async fn babble(context: Context, calls: State<Calls>) {
    let _call = Call(&calls);
    say(&context, u32::MAX).await;
}

/// Report at length and without end, and take as long as that takes.
#[tool]
async fn babble_for_ever(context: Context, calls: State<Calls>) {
    let _call = Call(&calls);
    say(&context, u32::MAX).await;
}

/// Report at length, and come to an end.
#[tool]
async fn ramble(context: Context, calls: State<Calls>) -> &'static str {
    let _call = Call(&calls);
    say(&context, 500).await;
    calls.came_to_its_end();
    "that was all"
}

/// Reports that fill every buffer between a server and a client that does not read.
async fn say(context: &Context, times: u32) {
    let words = "x".repeat(20_000);
    for step in 1..=times {
        context.progress(Progress::new(f64::from(step)).message(&words));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// A server with those tools.
fn start() -> (Endpoint, Arc<Calls>) {
    let calls = Arc::new(Calls::default());
    let server = Server::new("stalled")
        .shared_state(Arc::clone(&calls))
        .tool::<babble>()
        .tool::<babble_for_ever>()
        .tool::<ramble>();
    let listening = Http::bind("127.0.0.1:0").listen().unwrap();
    let endpoint = Endpoint::at(&listening.url());
    let service = listening.service(server).unwrap();
    tokio::spawn(listening.serve(service));
    (endpoint, calls)
}

fn asking(tool: &str) -> Ask {
    let mut params: Value = call(tool, json!({}));
    params["_meta"] = json!({"progressToken": "t"});
    modern(1, "tools/call", params)
}

/// A client that has asked, and whose system keeps next to nothing for it to read.
async fn client(endpoint: &Endpoint, ask: &Ask) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(2048).unwrap();
    let connecting = socket.connect(endpoint.address);
    let mut client = soon("connecting", connecting).await.unwrap();
    client.write_all(&endpoint.bytes(ask)).await.unwrap();
    client
}

#[tokio::test]
async fn a_client_that_does_not_read_does_not_stop_the_clock_of_a_call() {
    let (endpoint, calls) = start();
    let _client = client(&endpoint, &asking("babble")).await;
    calls.ended().await;
}

/// In the legacy era a call goes on whoever reads.
#[tokio::test]
async fn a_call_of_a_session_comes_to_its_end_though_its_client_does_not_read() {
    for revision in ["2025-11-25", "2025-06-18"] {
        let (endpoint, calls) = start();
        let session = endpoint.session(revision).await;
        let mut params: Value = call("ramble", json!({}));
        params["_meta"] = json!({"progressToken": "t"});
        let _client = client(&endpoint, &session.ask(1, "tools/call", params)).await;
        calls.come_to_their_end().await;
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_and_goes_away_cancels_its_call() {
    let (endpoint, calls) = start();
    let client = client(&endpoint, &asking("babble_for_ever")).await;
    soon("the answer's start", client.readable()).await.unwrap();
    drop(client);
    calls.ended().await;
}

#[tokio::test]
async fn a_client_that_reads_late_is_sent_reports_in_order_and_then_the_answer() {
    let (endpoint, calls) = start();
    let client = client(&endpoint, &asking("ramble")).await;
    calls.ended().await;
    let mut connection = Connection(BufReader::new(client));
    assert_eq!(connection.head().await.status, 200);
    let mut messages = Vec::new();
    while let Some(chunk) = connection.chunk().await {
        let event = String::from_utf8(chunk).unwrap();
        let message = event.strip_prefix("event: message\ndata: ").unwrap();
        messages.push(serde_json::from_str::<Value>(message).unwrap());
    }
    let answer = messages.pop().unwrap();
    assert_eq!(answer["result"]["content"][0]["text"], "that was all");
    let steps = messages.iter().map(|report| {
        assert_eq!(report["method"], "notifications/progress", "{report}");
        report["params"]["progress"].as_f64().unwrap()
    });
    let steps: Vec<f64> = steps.collect();
    assert!(steps.is_sorted() && steps[0] == 1.0, "{steps:?}");
    assert!(
        steps.len() < 500,
        "nothing was held up, so nothing was shown"
    );
}
