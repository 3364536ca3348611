//! Each event is sent before the work that said it goes on.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use toolsmith::Http;
use toolsmith::prelude::*;

const STEPS: u32 = 10;

/// The client's end, and what came out of it.
static WIRE: Mutex<Option<(TcpStream, String)>> = Mutex::new(None);

/// How many reports have arrived at the client.
fn arrived() -> usize {
    let mut wire = WIRE.lock().unwrap_or_else(PoisonError::into_inner);
    let (stream, read) = wire.as_mut().unwrap();
    let mut bytes = [0; 65536];
    loop {
        match stream.read(&mut bytes) {
            Ok(0) => break,
            Ok(length) => read.push_str(std::str::from_utf8(&bytes[..length]).unwrap()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => panic!("{error}"),
        }
    }
    read.matches("notifications/progress").count()
}

/// All that has arrived, once the answer is there.
fn whole() -> Option<String> {
    let wire = WIRE.lock().unwrap_or_else(PoisonError::into_inner);
    let (_, read) = wire.as_ref()?;
    read.contains("\"content\"").then(|| read.clone())
}

/// Reports, and looks after each await whether the report is there.
#[tool]
async fn reports(context: Context) -> String {
    let mut seen = Vec::new();
    for step in 1..=STEPS {
        context.progress(Progress::new(f64::from(step)));
        tokio::task::yield_now().await;
        seen.push(arrived());
    }
    format!("{seen:?}")
}

const META: &str = r#""progressToken":1"#;
const MODERN: &str = r#","io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}"#;

fn post(fields: &str, body: &str) -> String {
    format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n{fields}Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The header fields of a request in a session that is opened for it.
async fn session(address: SocketAddr, revision: &str) -> String {
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":0,"method":"initialize","params":{{"protocolVersion":"{revision}","capabilities":{{}},"clientInfo":{{"name":"t","version":"0"}}}}}}"#
    );
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(post("", &body).as_bytes()).await.unwrap();
    let mut opened = String::new();
    stream.read_to_string(&mut opened).await.unwrap();
    let mut fields = opened.lines().filter_map(|line| line.split_once(": "));
    let session = fields.find(|(name, _)| name.eq_ignore_ascii_case("mcp-session-id"));
    let (_, session) = session.unwrap_or_else(|| panic!("{opened}"));
    format!("MCP-Protocol-Version: {revision}\r\nMcp-Session-Id: {session}\r\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_event_is_on_the_wire_before_the_next_await_completes() {
    let listening = Http::bind("127.0.0.1:0").listen().unwrap();
    let address = listening.local_addr().unwrap();
    let service = listening
        .service(Server::new("s").tool::<reports>())
        .unwrap();
    let serving = tokio::spawn(listening.serve(service));
    for revision in ["2026-07-28", "2025-11-25", "2025-06-18"] {
        let (fields, meta) = match revision {
            "2026-07-28" => (
                "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: reports\r\n".to_owned(),
                MODERN,
            ),
            _ => (session(address, revision).await, ""),
        };
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"reports","_meta":{{{META}{meta}}}}}}}"#
        );
        let all = call(address, &post(&fields, &body)).await;
        let expected: Vec<_> = (1..=STEPS).collect();
        assert!(all.contains(&format!("{expected:?}")), "{revision}: {all}");
    }
    serving.abort();
}

/// All that a call is answered with. The handler reads it, too.
async fn call(address: SocketAddr, ask: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nonblocking(true).unwrap();
    let end = tokio::net::TcpStream::from_std(stream.try_clone().unwrap()).unwrap();
    {
        let mut wire = WIRE.lock().unwrap_or_else(PoisonError::into_inner);
        stream.write_all(ask.as_bytes()).unwrap();
        *wire = Some((stream, String::new()));
    }
    loop {
        end.readable().await.unwrap();
        arrived();
        if let Some(all) = whole() {
            break all;
        }
        tokio::task::yield_now().await;
    }
}
