//! Each limit, by its flag and by its variable: what is over it is seen to be refused, and how.
//!
//! Every value here is far below the default, so that a setting that does nothing fails its
//! test.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use super::flags::ALL;
use crate::wire::{
    Ask, Connection, Endpoint, Program, Reply, call, example, initialize, modern, soon,
};

/// Less than any of the defaults that are times, by much.
const FAR_LESS: Duration = Duration::from_secs(8);
/// Longer than any test waits.
const LONG: u64 = 60_000;

/// Starts an example over HTTP with one setting, as a flag and as a variable, beside others
/// that are set by their flags.
async fn both(name: &str, setting: (&str, &str), others: &[&str]) -> Vec<(Program, Endpoint)> {
    let (flag, value) = setting;
    let (_, variable, _) = *ALL.iter().find(|(f, ..)| *f == flag).unwrap();
    let http = [&["--transport=http", "--port=0"], others].concat();
    let by_flag = [http.as_slice(), &[flag, value]].concat();
    let program = example(name, None).await;
    let mut started = Vec::new();
    for (arguments, environment) in [
        (by_flag.as_slice(), [].as_slice()),
        (http.as_slice(), [(variable, value)].as_slice()),
    ] {
        let mut program = Program::start(program.clone(), arguments, environment);
        let url = program.url().await;
        started.push((program, Endpoint::at(&url)));
    }
    started
}

fn sum() -> Ask {
    modern(1, "tools/call", call("add", json!({"a": 2, "b": 3})))
}

/// A call that goes on for longer than the test.
fn wait() -> Ask {
    modern(1, "tools/call", call("wait", json!({"ms": LONG})))
}

/// Shows that something was refused for now: with a status, a code, words, and when to come
/// back.
fn is_refused(reply: &Reply, (status, code): (u16, i64), words: &[&str]) -> Value {
    assert_eq!(reply.status, status, "{reply:?}");
    let wait = reply.field("retry-after").unwrap_or_default();
    let wait: u64 = wait
        .parse()
        .unwrap_or_else(|error| panic!("{error}: when to come back is not said: {reply:?}"));
    assert!(wait >= 1, "{reply:?}");
    let message = reply.message();
    assert_eq!(message["jsonrpc"], "2.0", "{reply:?}");
    assert_eq!(message["error"]["code"], code, "{reply:?}");
    let said = message["error"]["message"].as_str().unwrap();
    for word in words {
        assert!(said.contains(word), "`{word}` is not in {said}");
    }
    message
}

/// Sends a request several times at once; gives the first answer.
async fn first_of(endpoint: &Endpoint, ask: &Ask, times: usize) -> Reply {
    let mut asked: FuturesUnordered<_> = (0..times).map(|_| endpoint.send(ask)).collect();
    soon("an answer", asked.next()).await.unwrap()
}

/// Waits for the end of a connection.
async fn ends(connection: &mut Connection, what: &str) {
    let mut rest = Vec::new();
    let reading = connection.0.read_to_end(&mut rest);
    let ended = tokio::time::timeout(FAR_LESS, reading).await;
    assert!(ended.is_ok(), "{what}: the connection is still open");
}

#[tokio::test]
async fn so_many_calls_are_worked_on_and_the_next_waits_for_so_long() {
    // Two settings, each of which is needed for what is seen.
    for (setting, other) in [
        (("--max-calls", "1"), "--queue-timeout=100ms"),
        (("--queue-timeout", "100ms"), "--max-calls=1"),
    ] {
        for (_program, endpoint) in both("edge", setting, &[other]).await {
            let begun = Instant::now();
            let refused = first_of(&endpoint, &wait(), 2).await;
            assert!(begun.elapsed() < FAR_LESS, "{setting:?}: {refused:?}");
            let message = is_refused(&refused, (503, -31002), &["waited for 100ms"]);
            assert_eq!(message["id"], 1, "{message}");
        }
    }
}

#[tokio::test]
async fn so_many_calls_wait_and_the_next_is_refused_at_once() {
    for (_program, endpoint) in both("edge", ("--max-queue", "1"), &["--max-calls=1"]).await {
        let begun = Instant::now();
        let refused = first_of(&endpoint, &wait(), 3).await;
        assert!(begun.elapsed() < FAR_LESS, "{refused:?}");
        let words = ["works on 1 calls, and 1 more wait"];
        let message = is_refused(&refused, (503, -31002), &words);
        assert_eq!(message["id"], 1, "{message}");
    }
}

#[tokio::test]
async fn so_many_plain_functions_run_and_wait() {
    let sleep = modern(
        1,
        "tools/call",
        call("sleep", json!({"milliseconds": LONG})),
    );
    for (setting, other) in [
        (("--blocking-threads", "1"), "--blocking-queue=1"),
        (("--blocking-queue", "1"), "--blocking-threads=1"),
    ] {
        for (_program, endpoint) in both("blocking", setting, &[other]).await {
            let refused = first_of(&endpoint, &sleep, 3).await;
            let message = is_refused(&refused, (503, -31002), &[]);
            assert_eq!(message["id"], 1, "{message}");
        }
    }
}

#[tokio::test]
async fn a_call_has_so_much_time_whether_or_not_it_blocks() {
    for tool in ["sleep", "doze"] {
        let call = call(tool, json!({"milliseconds": LONG}));
        let ask = modern(1, "tools/call", call);
        for (_program, endpoint) in both("blocking", ("--call-timeout", "200ms"), &[]).await {
            let begun = Instant::now();
            let reply = endpoint.send(&ask).await;
            let took = begun.elapsed();
            assert!(
                took >= Duration::from_millis(200) && took < FAR_LESS,
                "{took:?}"
            );
            let message = reply.message();
            let is = (reply.status, &message["error"]["code"], &message["id"]);
            assert_eq!(is, (200, &json!(-31001), &json!(1)), "{tool}: {reply:?}");
        }
    }
}

#[tokio::test]
async fn a_message_has_so_many_bytes() {
    let list = modern(1, "tools/list", json!({}));
    for (_program, endpoint) in both("edge", ("--max-response", "1KiB"), &[]).await {
        let reply = endpoint.send(&list).await;
        let message = reply.message();
        let is = (reply.status, &message["error"]["code"], &message["id"]);
        assert_eq!(is, (200, &json!(-31019), &json!(1)), "{reply:?}");
        assert!(reply.text.contains("1024 are allowed"), "{reply:?}");
        assert_eq!(endpoint.send(&sum()).await.said(), "5");
    }
}

/// Sends the beginning of a request and no more, so that the connection is busy.
async fn half_a_request(endpoint: &Endpoint) -> Connection {
    let mut busy = Connection::open(endpoint.address).await;
    let mut bytes = endpoint.bytes(&sum());
    bytes.truncate(bytes.len() - 1);
    busy.write(&bytes).await.unwrap();
    busy
}

#[tokio::test]
async fn there_are_so_many_connections() {
    for (_program, endpoint) in both("hello", ("--max-connections", "1"), &[]).await {
        let _busy = half_a_request(&endpoint).await;
        let begun = Instant::now();
        // Until the first is seen to be busy, it may be the one that makes room.
        let refused = loop {
            let reply = endpoint.send(&sum()).await;
            if reply.status != 200 {
                break reply;
            }
            assert!(begun.elapsed() < FAR_LESS, "nobody is refused");
        };
        is_refused(&refused, (503, -31021), &["no room for more connections"]);
    }
}

#[tokio::test]
async fn an_address_has_so_many_connections() {
    let setting = ("--max-connections-per-address", "1");
    for (_program, endpoint) in both("hello", setting, &[]).await {
        let mut first = Connection::open(endpoint.address).await;
        assert_eq!(endpoint.send_on(&mut first, &sum()).await.said(), "5");
        let mut second = Connection::open(endpoint.address).await;
        let refused = endpoint.send_on(&mut second, &sum()).await;
        is_refused(&refused, (429, -31020), &["too many connections"]);
        // The first one goes on.
        assert_eq!(endpoint.send_on(&mut first, &sum()).await.said(), "5");
    }
}

#[tokio::test]
async fn there_are_so_many_sessions() {
    for (_program, endpoint) in both("hello", ("--max-sessions", "1"), &[]).await {
        let session = endpoint.session("2025-11-25").await;
        let refused = endpoint.send(&initialize("2025-11-25")).await;
        let message = is_refused(&refused, (503, -31005), &["session"]);
        assert_eq!(message["id"], 0, "{message}");
        let ping = endpoint.send(&session.ask(1, "ping", json!({}))).await;
        assert_eq!(ping.status, 200, "{ping:?}");
    }
}

#[tokio::test]
async fn a_session_has_so_many_streams() {
    for (_program, endpoint) in both("hello", ("--max-streams", "1"), &[]).await {
        let session = endpoint.session("2025-11-25").await;
        let _open = endpoint.open(&session.stream()).await;
        let refused = endpoint.begin(&session.stream()).await;
        let refused = refused.expect_err("another stream was opened");
        is_refused(&refused, (429, -31006), &["stream"]);
    }
}

#[tokio::test]
async fn so_many_clients_listen_for_changes() {
    let filter = json!({"notifications": {"toolsListChanged": true}});
    for (_program, endpoint) in both("hello", ("--max-subscriptions", "1"), &[]).await {
        let listen = modern("a", "subscriptions/listen", filter.clone());
        let mut open = endpoint.open(&listen).await;
        open.message().await;
        let refused = endpoint.begin(&listen).await;
        let refused = refused.expect_err("another one was let listen");
        let message = is_refused(&refused, (503, -31017), &[]);
        assert_eq!(message["id"], "a", "{message}");
    }
}

#[tokio::test]
async fn a_caller_sends_so_many_requests() {
    for (_program, endpoint) in both("hello", ("--rate-limit", "1/h"), &[]).await {
        assert_eq!(endpoint.send(&sum()).await.said(), "5");
        let refused = endpoint.send(&sum()).await;
        is_refused(&refused, (429, -31025), &["too many requests"]);
    }
}

#[tokio::test]
async fn a_body_has_so_many_bytes() {
    for (_program, endpoint) in both("hello", ("--max-body", "1000"), &[]).await {
        let refused = endpoint.send(&Ask::post("x".repeat(1001))).await;
        let code = &refused.message()["error"]["code"];
        assert_eq!((refused.status, code), (413, &json!(-31009)), "{refused:?}");
        let fits = endpoint.send(&Ask::post("x".repeat(1000))).await;
        assert_eq!(fits.status, 400, "{fits:?}");
    }
}

#[tokio::test]
async fn a_head_has_so_many_bytes() {
    for (_program, endpoint) in both("hello", ("--max-header", "8KiB"), &[]).await {
        let fits = sum().field("X-Much", &"x".repeat(6 * 1024));
        assert_eq!(endpoint.send(&fits).await.said(), "5");
        let large = sum().field("X-Much", &"x".repeat(20 * 1024));
        let mut connection = Connection::open(endpoint.address).await;
        connection.write(&endpoint.bytes(&large)).await.unwrap();
        assert_eq!(connection.head().await.status, 431);
    }
}

#[tokio::test]
async fn a_body_has_so_much_time() {
    for (_program, endpoint) in both("hello", ("--body-timeout", "200ms"), &[]).await {
        let begun = Instant::now();
        let mut slow = half_a_request(&endpoint).await;
        let reply = endpoint.answer(&mut slow, &sum()).await;
        assert!(begun.elapsed() < FAR_LESS, "{reply:?}");
        let code = &reply.message()["error"]["code"];
        assert_eq!((reply.status, code), (400, &json!(-31010)), "{reply:?}");
        assert!(reply.text.contains("took too long"), "{reply:?}");
    }
}

#[tokio::test]
async fn a_head_has_so_much_time() {
    for (_program, endpoint) in both("hello", ("--header-timeout", "200ms"), &[]).await {
        let mut slow = Connection::open(endpoint.address).await;
        slow.write(b"POST /mcp HTTP/1.1\r\nHost: local")
            .await
            .unwrap();
        ends(&mut slow, "half a head").await;
        assert_eq!(endpoint.send(&sum()).await.said(), "5");
    }
}

#[tokio::test]
async fn silence_has_so_much_time() {
    for (_program, endpoint) in both("hello", ("--idle-timeout", "200ms"), &[]).await {
        let mut idle = Connection::open(endpoint.address).await;
        assert_eq!(endpoint.send_on(&mut idle, &sum()).await.said(), "5");
        ends(&mut idle, "silence").await;
    }
}

/// Sends requests and reads no answer, until the connection is ended.
async fn ask_and_never_read(endpoint: &Endpoint) -> std::io::Error {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(2048).unwrap();
    let connecting = socket.connect(endpoint.address);
    let mut client: TcpStream = soon("connecting", connecting).await.unwrap();
    let list = endpoint.bytes(&modern(1, "tools/list", json!({})));
    let many = list.repeat(100);
    loop {
        if let Err(ended) = client.write_all(&many).await {
            return ended;
        }
    }
}

#[tokio::test]
async fn a_client_takes_nothing_for_so_long() {
    for (_program, endpoint) in both("hello", ("--write-timeout", "300ms"), &[]).await {
        let ended = tokio::time::timeout(FAR_LESS, ask_and_never_read(&endpoint)).await;
        let ended = ended.expect("the connection is still open");
        let kinds = [
            std::io::ErrorKind::ConnectionReset,
            std::io::ErrorKind::BrokenPipe,
        ];
        assert!(kinds.contains(&ended.kind()), "{ended:?}");
        assert_eq!(endpoint.send(&sum()).await.said(), "5");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn who_is_told_to_stop_takes_connections_for_so_long() {
    for (mut program, endpoint) in both("hello", ("--drain-delay", "60s"), &[]).await {
        program.terminate().await;
        let ready = Ask::new("GET").at("/ready");
        let stops = async { while crate::edge::get(&endpoint, &ready).await.0 != 503 {} };
        soon("not being ready", stops).await;
        assert_eq!(endpoint.send(&sum()).await.said(), "5");
        // It need not be waited for.
        program.terminate().await;
        assert_eq!(program.ended().await.code(), Some(143));
    }
}
