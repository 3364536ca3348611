//! Sessions that clients open and never end are forgotten, and leave nothing behind.
//!
//! A program of its own, because it counts what is allocated.
#![expect(
    clippy::unwrap_used,
    reason = "what a test cannot go on without fails it"
)]

use std::alloc::System;
use std::time::{Duration, Instant};

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use toolsmith::Http;
use toolsmith::http::McpService;
use toolsmith::server::Server;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const SESSIONS: usize = 4_000;
const CONNECTIONS: usize = 8;
/// Long enough for a round to be opened on a slow machine before its first session goes.
const IDLE: Duration = Duration::from_secs(1);
/// How long what ends by itself may take to be gone, on a slow machine.
const SETTLE: Duration = Duration::from_secs(15);
/// What may differ: buffers of the runtime and of the connections.
const HEAP_SLACK: usize = 64 * 1024;
const RESIDENT_SLACK: usize = 2 * 1024 * 1024;

fn live_heap() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// Opens sessions over one connection and forgets their names.
async fn abandon(address: std::net::SocketAddr, sessions: usize) {
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"initialize","params":{{"protocolVersion":"2025-11-25","capabilities":{{"sampling":{{}}}},"clientInfo":{{"name":"{}","version":"1.0"}}}}}}"#,
        "a client that forgets"
    );
    let request = format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut buffer = [0u8; 2048];
    for _ in 0..sessions {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut read = 0;
        while !buffer[..read].ends_with(b"\n\n") {
            let more = stream.read(&mut buffer[read..]).await.unwrap();
            assert!(
                more > 0,
                "the server closed: {:?}",
                String::from_utf8_lossy(&buffer[..read])
            );
            read += more;
        }
        assert!(
            buffer.starts_with(b"HTTP/1.1 200"),
            "{}",
            String::from_utf8_lossy(&buffer[..read])
        );
    }
}

/// One round: opens all, and waits until all are forgotten.
async fn round(address: std::net::SocketAddr, service: &McpService) {
    let begun = Instant::now();
    let clients = (0..CONNECTIONS).map(|_| tokio::spawn(abandon(address, SESSIONS / CONNECTIONS)));
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    let there = service.sessions();
    // A machine that is too slow has seen the first go before the last came.
    if begun.elapsed() < IDLE {
        assert_eq!(there, SESSIONS, "all are there before they expire");
    }
    let deadline = Instant::now() + SETTLE;
    while service.sessions() > 0 {
        assert!(
            Instant::now() < deadline,
            "{} sessions are left",
            service.sessions()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn abandoned_sessions_leave_nothing_behind() {
    let listening = Http::bind("127.0.0.1:0")
        .session_idle(IDLE)
        .listen()
        .unwrap();
    let address = listening.local_addr().unwrap();
    let service = listening.service(Server::new("forgetful")).unwrap();
    tokio::spawn(listening.serve(service.clone()));
    // What is made once, the first client makes.
    abandon(address, 1).await;
    while service.sessions() > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    let start = live_heap();
    let mut residents = Vec::new();
    for number in 1..=12 {
        round(address, &service).await;
        // The ends of the connections may come a little later.
        let deadline = Instant::now() + SETTLE;
        while live_heap() >= start + HEAP_SLACK && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let (heap, resident) = (live_heap(), resident());
        println!(
            "round {number}: sessions 0, live heap {heap} bytes ({:+} from the start), resident {} KiB",
            heap.cast_signed() - start.cast_signed(),
            resident / 1024
        );
        assert!(
            heap < start + HEAP_SLACK,
            "live heap grew from {start} to {heap}"
        );
        residents.push(resident);
    }
    // It goes up and down with what the allocator has in reserve, and that grows for the
    // first rounds; what is lost in each round would go on growing.
    let (before, last) = (&residents[4..8], &residents[8..]);
    let (most, least) = (before.iter().max().unwrap(), last.iter().min().unwrap());
    assert!(
        *least < most + RESIDENT_SLACK,
        "resident memory grew: {residents:?}"
    );
}
