//! Requests side by side on one connection, and its end.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use http_body_util::BodyExt as _;
use serde_json::json;

use super::client::Http2;
use super::frames::{Frames, GOAWAY, PING, SETTINGS};
use super::pairs::Pairs;
use super::{Secure, program, sum};
use crate::wire::{Ask, call, modern, soon};

fn doze(id: usize, milliseconds: u64) -> Ask {
    let arguments = json!({"milliseconds": milliseconds});
    modern(id, "tools/call", call("doze", arguments))
}

#[tokio::test]
async fn a_hundred_calls_run_side_by_side_on_one_connection() {
    let server = Secure::start();
    let client = server.http2().await;
    let ask = |id| modern(id, "tools/call", call("wait", json!({})));
    let asks: Vec<_> = (0..100).map(ask).collect();
    let calls = join_all(asks.iter().map(|it| client.send(it)));
    let opens = async {
        server.gate.started(100).await;
        // One more is answered before all of them.
        assert_eq!(client.send(&sum()).await.unwrap().said(), "5");
        assert_eq!(server.gate.ended(), 0);
        server.gate.open();
    };
    let (replies, ()) = tokio::join!(calls, opens);
    for reply in replies {
        assert_eq!(reply.unwrap().said(), "went");
    }
}

#[tokio::test]
async fn one_that_is_taken_back_is_cancelled_and_the_others_go_on() {
    let server = Secure::start();
    let client = server.http2().await;
    let ask = |id: i32| modern(id, "tools/call", call("wait", json!({})));
    let (kept, dropped) = (ask(1), ask(2));
    let kept = client.send(&kept);
    tokio::pin!(kept);
    {
        let dropped = client.send(&dropped);
        tokio::select! {
            reply = &mut kept => panic!("{reply:?}"),
            reply = dropped => panic!("{reply:?}"),
            () = server.gate.started(2) => {}
        }
    }
    tokio::select! {
        reply = &mut kept => panic!("{reply:?}"),
        () = server.gate.dropped(1) => {}
    }
    server.gate.open();
    assert_eq!(kept.await.unwrap().said(), "went");
}

#[tokio::test]
async fn what_a_call_reports_comes_one_by_one() {
    let server = Secure::start();
    let client = server.http2().await;
    let mut params = call("report_and_wait", json!({}));
    params["_meta"] = json!({"progressToken": "t"});
    let answer = client.open(&modern(1, "tools/call", params)).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut body = answer.into_body();
    let mut seen = String::new();
    while !seen.contains("notifications/progress") {
        let frame = soon("a report", body.frame()).await.unwrap().unwrap();
        seen.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
    }
    assert!(!seen.contains("\"result\""), "{seen}");
    assert_eq!(server.gate.ended(), 0);
    server.gate.open();
    let rest = soon("the rest", body.collect()).await.unwrap().to_bytes();
    let rest = String::from_utf8_lossy(&rest);
    assert!(rest.contains("went"), "{rest}");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused_and_the_connection_goes_on() {
    let server = Secure::with(|http| http.max_header(8 * 1024));
    let client = server.http2().await;
    let large = sum().field("X-Large", &"x".repeat(20_000));
    let refused = client.send(&large).await;
    match refused {
        Ok(reply) => assert_eq!(reply.status, 431, "{reply:?}"),
        Err(error) => assert!(!error.is_timeout(), "{error:?}"),
    }
    assert_eq!(client.send(&sum()).await.unwrap().said(), "5");
}

#[tokio::test]
async fn a_silent_connection_is_told_that_it_ends_and_one_that_works_is_not() {
    let time = Duration::from_millis(500);
    let server = Secure::with(|http| http.idle_timeout(time).header_timeout(time));
    let mut silent = Frames::open(server.tls(&["h2"]).await).await;
    let busy = server.http2().await;
    let ask = modern(1, "tools/call", call("wait", json!({})));
    let (call, ()) = tokio::join!(busy.send(&ask), async {
        server.gate.started(1).await;
        let used = server.http2().await;
        let begun = Instant::now();
        assert_eq!(used.send(&sum()).await.unwrap().said(), "5");
        let goaway = silent.next_of(GOAWAY).await;
        // No error, RFC 9113, 6.8.
        assert_eq!(goaway.payload[4..8], [0; 4], "{goaway:?}");
        soon("the end", used.ended).await.unwrap().unwrap();
        assert!(begun.elapsed() >= time, "{:?}", begun.elapsed());
        tokio::time::sleep(2 * time).await;
        server.gate.open();
    });
    assert_eq!(call.unwrap().said(), "went");
    while silent.next().await.is_some() {}
}

#[tokio::test]
async fn a_client_that_only_keeps_its_connection_alive_is_let_go() {
    let time = Duration::from_millis(500);
    let server = Secure::with(|http| http.idle_timeout(time).header_timeout(time));
    let mut client = Frames::open(server.tls(&["h2"]).await).await;
    let begun = Instant::now();
    loop {
        client.send(PING, 0, &[7; 8]).await;
        match client.next().await {
            Some(frame) if frame.kind == GOAWAY => break,
            Some(_) => {}
            None => panic!("it was not told"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert!(begun.elapsed() < 10 * time, "it is still open");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_server_that_is_told_to_stop_answers_what_was_begun() {
    let pairs = Pairs::new();
    let (mut server, address) = program("blocking", &pairs, &[]).await;
    let client = Http2::over(pairs.connect(address, &["h2"]).await.unwrap()).await;
    let mut idle = Frames::open(pairs.connect(address, &["h2"]).await.unwrap()).await;
    // It asks nothing, and does not even answer.
    let _dead = Frames::open(pairs.connect(address, &["h2"]).await.unwrap()).await;
    let _silent = tokio::net::TcpStream::connect(address).await.unwrap();
    let asks: Vec<_> = (0..20).map(|id| doze(id, 1000)).collect();
    let calls = join_all(asks.iter().map(|it| client.send(it)));
    let stops = async {
        // What was sent before it has been taken when it is answered.
        assert_eq!(
            client.send(&doze(99, 1)).await.unwrap().said(),
            "dozed for 1 ms"
        );
        server.terminate().await;
        let goaway = idle.next_of(GOAWAY).await;
        assert_eq!(goaway.payload[4..8], [0; 4], "{goaway:?}");
        Instant::now()
    };
    let (replies, told) = tokio::join!(calls, stops);
    for reply in replies {
        assert_eq!(reply.unwrap().said(), "dozed for 1000 ms");
    }
    soon("the end", client.ended).await.unwrap().unwrap();
    let status = server.ended().await;
    assert_eq!(status.code(), Some(0), "{status}");
    assert!(
        told.elapsed() < Duration::from_secs(10),
        "{:?}",
        told.elapsed()
    );
}

#[cfg(unix)]
#[tokio::test]
async fn what_takes_too_long_is_cut_off_and_told_so() {
    let pairs = Pairs::new();
    let more = ["--drain-timeout", "300ms"];
    let (mut server, address) = program("blocking", &pairs, &more).await;
    let client = Http2::over(pairs.connect(address, &["h2"]).await.unwrap()).await;
    let asks: Vec<_> = (0..5).map(|id| doze(id, 60_000)).collect();
    let calls = join_all(asks.iter().map(|it| client.send(it)));
    let stops = async {
        assert_eq!(
            client.send(&doze(99, 1)).await.unwrap().said(),
            "dozed for 1 ms"
        );
        server.terminate().await;
    };
    let (replies, ()) = tokio::join!(calls, stops);
    for reply in replies {
        assert_eq!(reply.unwrap().status, 503);
    }
    let line = server.logged("5 requests took longer").await;
    assert!(line.contains("cut off"), "{line}");
    assert_eq!(server.ended().await.code(), Some(1));
}

#[tokio::test]
async fn the_bounds_of_a_connection_are_announced() {
    let server = Secure::start();
    let mut client = Frames::open(server.tls(&["h2"]).await).await;
    let settings = client.next_of(SETTINGS).await.payload;
    let settings: Vec<(u16, u32)> = settings
        .chunks(6)
        .map(|it| {
            let value = [it[2], it[3], it[4], it[5]];
            (
                u16::from_be_bytes([it[0], it[1]]),
                u32::from_be_bytes(value),
            )
        })
        .collect();
    // SETTINGS_MAX_CONCURRENT_STREAMS and SETTINGS_MAX_HEADER_LIST_SIZE.
    for expected in [(3, 128), (6, 64 * 1024)] {
        assert!(settings.contains(&expected), "{settings:?}");
    }
}
