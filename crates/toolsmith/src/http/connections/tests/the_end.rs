//! What becomes of connections when the server is told to stop.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::json;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::*;
use crate::server::tool::DynamicTool;

/// A server that was started, and how to stop it.
struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<Ended>,
    /// Lets its slow call go.
    open: Arc<Notify>,
    /// Rung when the slow call begins.
    begun: Arc<Notify>,
}

fn start(limits: ConnectionLimits) -> Running {
    let (open, begun) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (gate, rings) = (Arc::clone(&open), Arc::clone(&begun));
    let slow = DynamicTool::new("slow", json!({"type": "object"}), move |_, _| {
        let (gate, rings) = (Arc::clone(&gate), Arc::clone(&rings));
        async move {
            rings.notify_one();
            gate.notified().await;
            "done".to_owned()
        }
    });
    let engine = Server::new("s").dynamic_tool(slow).build().unwrap();
    let options = Options::default();
    let service = McpService::new(
        engine,
        &options,
        Bound::Loopback,
        false,
        (&Own::default(), &known_as()),
    )
    .unwrap();
    let socket = crate::http::socket::Socket::bind("127.0.0.1:0", &options).unwrap();
    let address = socket.address().unwrap();
    let (stop, told) = oneshot::channel();
    let told = async move {
        let _ = told.await;
    };
    let listener = socket.listen().unwrap();
    let ended = tokio::spawn(serve(listener, None, service, limits, told));
    Running {
        address,
        stop,
        ended,
        open,
        begun,
    }
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Begins the slow call.
    async fn begin(&self) -> TcpStream {
        let mut client = self.connect().await;
        client.write_all(call().as_bytes()).await.unwrap();
        timeout(SOON, self.begun.notified()).await.unwrap();
        client
    }
}

/// Waits until nobody listens any more.
async fn refuses(address: SocketAddr) {
    let deadline = Instant::now() + SOON;
    while TcpStream::connect(address).await.is_ok() {
        assert!(Instant::now() < deadline, "it still accepts");
        tokio::task::yield_now().await;
    }
}

async fn ends(ended: JoinHandle<Ended>) -> Ended {
    timeout(SOON, ended)
        .await
        .expect("it does not end")
        .unwrap()
}

fn call() -> String {
    let body = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {
        "name": "slow",
        "arguments": {},
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "0"},
            "io.modelcontextprotocol/clientCapabilities": {},
        },
    }});
    let body = body.to_string();
    format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: slow\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn is_last(head: &str) -> bool {
    head.to_ascii_lowercase().contains("connection: close")
}

#[tokio::test]
async fn what_was_begun_is_answered_and_told_that_it_was_the_last() {
    let server = start(limits());
    let mut client = server.begin().await;
    server.stop.send(()).unwrap();
    refuses(server.address).await;
    server.open.notify_one();
    let mut answer = String::new();
    timeout(SOON, client.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && is_last(&answer),
        "{answer}"
    );
    assert!(answer.contains("done"), "{answer}");
    assert_eq!(ends(server.ended).await, Ended::Drained);
}

#[tokio::test]
async fn a_kept_connection_is_answered_once_more_and_then_ended() {
    let server = start(limits());
    let mut kept = server.connect().await;
    kept.write_all(ASK).await.unwrap();
    assert!(!is_last(&head(&mut kept).await));
    server.stop.send(()).unwrap();
    refuses(server.address).await;
    kept.write_all(ASK).await.unwrap();
    let last = head(&mut kept).await;
    assert!(last.starts_with("HTTP/1.1 204") && is_last(&last), "{last}");
    assert_eq!(ends(server.ended).await, Ended::Drained);
}

#[tokio::test]
async fn a_request_whose_first_byte_was_read_is_answered() {
    let server = start(limits());
    let mut client = server.connect().await;
    client.write_all(ASK).await.unwrap();
    head(&mut client).await;
    let (first, rest) = ASK.split_at(5);
    client.write_all(first).await.unwrap();
    // Another request is answered after that was sent, so that it is likely to be read.
    let (_, answered) = ask(server.address).await;
    assert!(answered.starts_with("HTTP/1.1 204"), "{answered}");
    server.stop.send(()).unwrap();
    tokio::time::sleep(LINGER * 2).await;
    client.write_all(rest).await.unwrap();
    let last = head(&mut client).await;
    assert!(last.starts_with("HTTP/1.1 204") && is_last(&last), "{last}");
    assert_eq!(ends(server.ended).await, Ended::Drained);
}

#[tokio::test]
async fn what_takes_too_long_is_told_so() {
    let short = ConnectionLimits {
        drain_time: Duration::from_millis(300),
        ..limits()
    };
    let server = start(short);
    let mut client = server.begin().await;
    server.stop.send(()).unwrap();
    let mut answer = String::new();
    timeout(SOON, client.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 503") && is_last(&answer),
        "{answer}"
    );
    assert!(
        answer.contains("retry-after: ") && answer.contains("stopping"),
        "{answer}"
    );
    assert_eq!(ends(server.ended).await, Ended::CutOff(1));
}

#[tokio::test]
async fn for_a_while_it_says_that_it_is_not_ready_and_serves_on() {
    const READY: &[u8] = b"GET /ready HTTP/1.1\r\nHost: whatever\r\nConnection: close\r\n\r\n";
    let delayed = ConnectionLimits {
        drain_delay: Duration::from_secs(2),
        ..limits()
    };
    let server = start(delayed);
    let ready = async |address: SocketAddr| {
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(READY).await.unwrap();
        let mut answer = String::new();
        timeout(SOON, client.read_to_string(&mut answer))
            .await
            .unwrap()
            .unwrap();
        answer
    };
    let before = ready(server.address).await;
    assert!(
        before.starts_with("HTTP/1.1 200") && before.contains("ready"),
        "{before}"
    );
    server.stop.send(()).unwrap();
    let deadline = Instant::now() + SOON;
    loop {
        let now = ready(server.address).await;
        if now.starts_with("HTTP/1.1 503") {
            assert!(
                now.contains("stopping") && now.contains("retry-after: "),
                "{now}"
            );
            break;
        }
        assert!(Instant::now() < deadline, "{now}");
    }
    let (_, served) = ask(server.address).await;
    assert!(served.starts_with("HTTP/1.1 204"), "{served}");
    assert_eq!(ends(server.ended).await, Ended::Drained);
}
