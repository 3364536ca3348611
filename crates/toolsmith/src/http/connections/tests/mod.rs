mod the_end;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::*;
use crate::http::options::Options;
use crate::http::service::{Bound, Own, PublicUrl};
use crate::server::Server;

const ASK: &[u8] = b"OPTIONS /mcp HTTP/1.1\r\nHost: localhost\r\n\r\n";
const SOON: Duration = Duration::from_secs(20);

fn service() -> McpService {
    let engine = Server::new("s").build().unwrap();
    McpService::new(
        engine,
        &Options::default(),
        Bound::Loopback,
        false,
        (&Own::default(), &known_as()),
    )
    .unwrap()
}

fn known_as() -> PublicUrl {
    PublicUrl::at("http://localhost", "/mcp")
}

fn limits() -> ConnectionLimits {
    ConnectionLimits::from(&Options::default())
}

/// Serves one end of a pipe as a connection; gives the task.
fn connect(
    stream: impl AsyncRead + AsyncWrite + Send + 'static,
) -> tokio::task::JoinHandle<Result<(), hyper::Error>> {
    let answers = Answers::Service(service());
    let activity = Activity::default();
    tokio::spawn(served::http1(
        stream,
        Remote::Unknown,
        answers,
        &limits(),
        activity,
    ))
}

/// Reads until the end of a head or of the connection.
async fn head(from: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match timeout(SOON, from.read_u8()).await.expect("no answer") {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

/// Guards against one that holds what few requests need: 3.3 KB of it were moved about
/// with each request, and kept for each connection.
#[tokio::test]
async fn the_future_of_a_request_is_small() {
    let request = http::Request::new(http_body_util::Empty::<bytes::Bytes>::new());
    let (parts, body) = request.into_parts();
    let service = service();
    let size = size_of_val(&service.serve(&Remote::Unknown, &parts, body));
    assert!(size <= 1600, "{size} bytes");
}

/// Listens with limits, and serves until the test ends.
async fn listening(limits: ConnectionLimits) -> std::net::SocketAddr {
    let socket = crate::http::socket::Socket::bind("127.0.0.1:0", &Options::default());
    let socket = socket.unwrap();
    let address = socket.address().unwrap();
    let listener = socket.listen().unwrap();
    tokio::spawn(serve(
        listener,
        None,
        service(),
        limits,
        std::future::pending(),
    ));
    address
}

async fn ask(address: std::net::SocketAddr) -> (TcpStream, String) {
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(ASK).await.unwrap();
    let head = head(&mut client).await;
    (client, head)
}

#[tokio::test]
async fn one_connection_more_takes_the_place_of_the_one_that_was_idle_for_longest() {
    let most = ConnectionLimits {
        most: 2,
        ..limits()
    };
    let address = listening(most).await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let (client, head) = ask(address).await;
        assert!(head.starts_with("HTTP/1.1 204"), "{head}");
        open.push(client);
    }
    let ended = timeout(SOON, open[0].read_u8())
        .await
        .expect("it is still open");
    assert!(ended.is_err(), "{ended:?}");
    open[2].write_all(ASK).await.unwrap();
    let head = head(&mut open[2]).await;
    assert!(head.starts_with("HTTP/1.1 204"), "{head}");
}

#[tokio::test]
async fn where_all_are_busy_one_connection_more_is_told_so() {
    let most = ConnectionLimits {
        most: 1,
        ..limits()
    };
    let address = listening(most).await;
    let mut busy = TcpStream::connect(address).await.unwrap();
    let begun = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{";
    busy.write_all(begun).await.unwrap();
    let deadline = Instant::now() + SOON;
    loop {
        let (_, head) = ask(address).await;
        let told = head.to_ascii_lowercase();
        // Until the first is seen to have begun, it may be the one that makes room.
        if head.starts_with("HTTP/1.1 503") {
            assert!(
                told.contains("retry-after: ") && told.contains("connection: close"),
                "{head}"
            );
            return;
        }
        assert!(Instant::now() < deadline, "{head}");
    }
}

#[tokio::test]
async fn an_address_with_too_many_connections_is_told_so() {
    let most = ConnectionLimits {
        most_of_address: 1,
        ..limits()
    };
    let address = listening(most).await;
    let (_open, head) = ask(address).await;
    assert!(head.starts_with("HTTP/1.1 204"), "{head}");
    let (mut refused, head) = ask(address).await;
    assert!(head.starts_with("HTTP/1.1 429"), "{head}");
    assert!(
        head.to_ascii_lowercase().contains("retry-after: "),
        "{head}"
    );
    let mut body = String::new();
    refused.read_to_string(&mut body).await.unwrap();
    assert!(body.contains("-31020"), "{body}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_nothing_does_not_keep_its_connection() {
    let (mut client, stream) = tokio::io::duplex(64);
    let connection = connect(stream);
    let body = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"0"}}}"#;
    let length = body.len();
    let ask = format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    client.write_all(ask.as_bytes()).await.unwrap();
    let opened = head(&mut client).await;
    let field = |name: &str| opened.lines().find_map(|line| line.strip_prefix(name));
    let length = field("content-length: ").unwrap().parse().unwrap();
    client.read_exact(&mut vec![0; length]).await.unwrap();
    let session = field("mcp-session-id: ").unwrap();

    // The stream of a session has no end of its own.
    let ask = format!(
        "GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nMcp-Session-Id: {session}\r\n\r\n"
    );
    client.write_all(ask.as_bytes()).await.unwrap();
    let (asked, time) = (Instant::now(), limits().write_time);
    let ended = timeout(2 * time, connection).await;
    let ended = ended.expect("the connection is still open").unwrap();
    let error = std::error::Error::source(&ended.unwrap_err()).map(ToString::to_string);
    assert_eq!(error.as_deref(), Some("timed out"));
    assert!(asked.elapsed() >= time, "{:?}", asked.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_sends_half_a_body_is_told_and_let_go() {
    let (mut client, stream) = tokio::io::duplex(4096);
    let connection = connect(stream);
    let ask = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
    client.write_all(ask.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let reading = client.read_to_string(&mut answer);
    let read = timeout(2 * Options::default().body_timeout, reading).await;
    read.expect("the connection is still open").unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(
        answer.contains("-31010") && answer.contains("took too long"),
        "{answer}"
    );
    connection.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_sends_half_a_head_is_let_go() {
    let patience = limits().patience;
    for (begin, time) in [
        ("", patience.idle),
        ("POST /mcp HTTP/1.1\r\nHost: local", patience.head),
    ] {
        let mut connections = Connections::new(None, service(), limits());
        let (mut client, stream) = tokio::io::duplex(4096);
        connections.open(stream, Remote::Unknown);
        client.write_all(ASK).await.unwrap();
        assert!(head(&mut client).await.starts_with("HTTP/1.1 204"));
        client.write_all(begin.as_bytes()).await.unwrap();
        let opened = Instant::now();
        let mut rest = Vec::new();
        let reading = client.read_to_end(&mut rest);
        tokio::pin!(reading);
        while timeout(patience.look(), &mut reading).await.is_err() {
            connections.watched.look(Instant::now());
            assert!(opened.elapsed() < 2 * time, "still open: {begin:?}");
        }
        assert!(opened.elapsed() >= time, "{:?}", opened.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_dribbles_a_head_is_let_go() {
    let mut connections = Connections::new(None, service(), limits());
    let (mut client, stream) = tokio::io::duplex(4096);
    connections.open(stream, Remote::Unknown);
    let (opened, patience) = (Instant::now(), limits().patience);
    let mut bytes = ASK.iter().chain(std::iter::repeat(&b'x'));
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        connections.watched.look(Instant::now());
        tokio::task::yield_now().await;
        let byte = bytes.next().unwrap();
        if client.write_all(&[*byte]).await.is_err() {
            break;
        }
        assert!(opened.elapsed() < 2 * patience.head, "still open");
    }
    assert!(opened.elapsed() >= patience.head, "{:?}", opened.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_slowly_gets_its_answer() {
    let mut connections = Connections::new(None, service(), limits());
    let (mut client, stream) = tokio::io::duplex(16);
    connections.open(stream, Remote::Unknown);
    let writing = client.write_all(ASK);
    timeout(SOON, writing).await.unwrap().unwrap();
    let (time, pause) = (limits().patience.idle, limits().write_time / 2);
    let (begun, mut answer) = (Instant::now(), Vec::new());
    while !answer.ends_with(b"\r\n\r\n") {
        tokio::time::sleep(pause).await;
        connections.watched.look(Instant::now());
        let mut bytes = [0; 8];
        let read = client.read(&mut bytes).await.unwrap();
        assert_ne!(read, 0, "cut off after {:?}", begun.elapsed());
        answer.extend_from_slice(&bytes[..read]);
    }
    assert!(begun.elapsed() > time, "{:?}", begun.elapsed());
}
