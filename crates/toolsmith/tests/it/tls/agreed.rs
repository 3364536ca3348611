//! What client and server agree on in the handshake.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::Command;

use super::client::{Http1, Http2};
use super::{Secure, sum};
use crate::wire::soon;

#[tokio::test]
async fn both_http_1_and_http_2_answer_the_same_call() {
    let server = Secure::start();
    let two = Http2::over(server.tls(&["h2", "http/1.1"]).await).await;
    let reply = two.send(&sum()).await.unwrap();
    assert_eq!((reply.status, reply.said().as_str()), (200, "5"));
    assert_eq!(reply.connection, None);
    for protocols in [&["http/1.1"][..], &[]] {
        let stream = server.tls(protocols).await;
        let agreed = stream.get_ref().1.alpn_protocol();
        assert_eq!(agreed, protocols.first().map(|it| it.as_bytes()));
        let mut one = Http1::over(stream).await;
        for _ in 0..2 {
            let again = one.send(&sum()).await.unwrap();
            assert_eq!((again.status, &again.text), (200, &reply.text));
        }
    }
    let other = server.pairs.connect(server.address, &["spdy/3"]).await;
    assert!(
        other.is_err(),
        "a protocol was agreed on that nobody speaks"
    );
}

#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken_by_a_client_of_others() {
    let server = Secure::start();
    let url = format!("https://localhost:{}/health", server.address.port());
    for (version, http) in [("1.2", "--http1.1"), ("1.3", "--http2")] {
        let only = ["--tlsv1.2", "--tls-max", "1.2"];
        let only = if version == "1.2" {
            &only[..]
        } else {
            &["--tlsv1.3"]
        };
        let mut curl = Command::new("curl");
        curl.args([
            "--silent",
            "--show-error",
            "--insecure",
            "--max-time",
            "20",
            http,
        ])
        .args(only)
        .args([
            "--resolve",
            &format!("localhost:{}:127.0.0.1", server.address.port()),
        ])
        .args(["--write-out", " %{http_version} %{http_code}", &url]);
        let Ok(output) = curl.output().await else {
            println!("left out: this machine has no curl");
            return;
        };
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let wrong = String::from_utf8_lossy(&output.stderr).into_owned();
        let expected = if http == "--http2" {
            " 2 200"
        } else {
            " 1.1 200"
        };
        assert!(said.ends_with(expected), "{version}: {said} {wrong}");
    }
}

#[tokio::test]
async fn a_client_that_speaks_plain_http_is_told() {
    let server = Secure::start();
    let mut plain = TcpStream::connect(server.address).await.unwrap();
    let ask = format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\n{}",
        "x".repeat(9000)
    );
    plain.write_all(ask.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = soon("an answer", plain.read_to_string(&mut answer)).await;
    read.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("https://"), "{answer}");
}

#[tokio::test]
async fn a_client_that_does_not_shake_hands_is_let_go_and_holds_up_nobody() {
    let time = Duration::from_millis(500);
    let server = Secure::with(|http| http.header_timeout(time));
    // One says nothing, one begins, and one says what is none of it.
    let mut waiting = Vec::new();
    for begin in [
        &b""[..],
        &[0x16, 3, 1, 2, 0, 1, 0],
        &[0x16, 0xff, 0xff, 0, 2, 0, 0],
    ] {
        let mut client = TcpStream::connect(server.address).await.unwrap();
        client.write_all(begin).await.unwrap();
        waiting.push((client, Instant::now()));
    }
    let reply = server.http2().await.send(&sum()).await.unwrap();
    assert_eq!(reply.said(), "5");
    for (at, (mut client, begun)) in waiting.into_iter().enumerate() {
        let mut rest = Vec::new();
        let ended = soon("the end", client.read_to_end(&mut rest)).await;
        assert!(
            ended
                .as_ref()
                .map_or_else(|it| it.kind() == ErrorKind::ConnectionReset, |_| true),
            "{ended:?}"
        );
        if at < 2 {
            assert!(begun.elapsed() >= time, "{:?}", begun.elapsed());
        }
        assert!(begun.elapsed() < 6 * time, "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_client_that_has_shaken_hands_and_asks_nothing_is_let_go() {
    let time = Duration::from_millis(500);
    let server = Secure::with(|http| http.header_timeout(time));
    for protocol in ["h2", "http/1.1"] {
        let mut stream = server.tls(&[protocol]).await;
        let begun = Instant::now();
        let mut rest = Vec::new();
        // Without a word that it ends, which is an error to TLS.
        let _ = soon("the end", stream.read_to_end(&mut rest)).await;
        assert!(begun.elapsed() < 6 * time, "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn where_there_is_no_room_a_client_is_told_by_either_protocol() {
    let server = Secure::with(|http| http.max_connections_per_address(1));
    let first = server.http2().await;
    assert_eq!(first.send(&sum()).await.unwrap().said(), "5");
    let second = server.http2().await;
    let reply = second.send(&sum()).await.unwrap();
    assert_eq!(
        (reply.status, reply.connection),
        (429, None),
        "{}",
        reply.text
    );
    soon("the end", second.ended).await.unwrap().unwrap();
    let mut third = Http1::over(server.tls(&["http/1.1"]).await).await;
    let reply = third.send(&sum()).await.unwrap();
    assert_eq!(
        (reply.status, reply.connection.as_deref()),
        (429, Some("close"))
    );
    assert_eq!(first.send(&sum()).await.unwrap().said(), "5");
}
