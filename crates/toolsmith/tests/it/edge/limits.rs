//! What one client may use of the server.

use std::time::Duration;

use serde_json::json;

use super::{field, get, sum};
use crate::wire::{Ask, Connection, TestServer, soon};

#[tokio::test]
async fn who_sends_too_often_is_told_when_to_come_back() {
    let server = TestServer::with(|http| http.rate_limit("3/h"));
    for _ in 0..3 {
        assert_eq!(server.send(&sum()).await.status, 200);
    }
    let reply = server.send(&sum()).await;
    assert_eq!(reply.status, 429, "{reply:?}");
    assert_eq!(reply.message()["error"]["code"], -31025, "{reply:?}");
    let wait: u64 = reply.field("retry-after").unwrap().parse().unwrap();
    assert!((1..=1200).contains(&wait), "{wait}");
    // Whether it lives may be asked all the same.
    let (status, ..) = get(&server, &Ask::new("GET").at("/health")).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn behind_a_proxy_that_is_believed_each_client_is_counted_by_itself() {
    let server = TestServer::with(|http| http.rate_limit("1/h").trusted_proxy("127.0.0.1"));
    for (client, status) in [("192.0.2.1", 200), ("192.0.2.2", 200), ("192.0.2.1", 429)] {
        let reply = server.send(&sum().field("X-Forwarded-For", client)).await;
        assert_eq!(reply.status, status, "{client}: {reply:?}");
    }
    let nobody = TestServer::with(|http| http.rate_limit("1/h"));
    for (client, status) in [("192.0.2.1", 200), ("192.0.2.2", 429)] {
        let reply = nobody.send(&sum().field("X-Forwarded-For", client)).await;
        assert_eq!(reply.status, status, "a stranger is believed: {reply:?}");
    }
}

#[tokio::test]
async fn times_for_heads_bodies_and_silence_are_set() {
    let short = Duration::from_millis(200);
    let half_a_body = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{";
    let whole = "OPTIONS /mcp HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (what, sent, answer) in [
        ("head", "POST /mcp HT", None),
        ("body", half_a_body, Some(400)),
        ("idle", whole, Some(204)),
    ] {
        let server = TestServer::with(|http| match what {
            "head" => http.header_timeout(short),
            "body" => http.body_timeout(short),
            _ => http.idle_timeout(short),
        });
        let mut connection = Connection::open(server.address).await;
        connection.write(sent.as_bytes()).await.unwrap();
        if let Some(status) = answer {
            let head = connection.head().await;
            assert_eq!(head.status, status, "{what}");
            connection.body(&head).await;
        }
        let ends = async {
            use tokio::io::AsyncReadExt as _;
            connection.0.read_to_end(&mut Vec::new()).await
        };
        // Far less than any of the defaults.
        let ended = tokio::time::timeout(Duration::from_secs(8), ends).await;
        assert!(ended.is_ok(), "{what}: the connection is still open");
        server.still_serves().await;
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let server = TestServer::with(|http| http.max_header(8 * 1024));
    let fits = sum().field("X-Much", &"x".repeat(6 * 1024));
    assert_eq!(server.send(&fits).await.status, 200);
    let ask = Ask::new("GET").field("X-Much", &"x".repeat(20 * 1024));
    let (status, ..) = soon("an answer", get(&server, &ask)).await;
    assert_eq!(status, 431);
}

#[tokio::test]
async fn a_body_that_is_compressed_is_not_taken_apart() {
    let server = TestServer::start();
    for coding in ["gzip", "br", "identity, gzip"] {
        let is = (415, -31011, serde_json::Value::Null);
        let ask = sum().field("Content-Encoding", coding);
        server.refuses(&ask, is, &["Content-Encoding"]).await;
        let reply = server.send(&ask).await;
        assert_eq!(
            reply.field("accept-encoding"),
            Some("identity"),
            "{reply:?}"
        );
    }
    let plain = server
        .send(&sum().field("Content-Encoding", "identity"))
        .await;
    assert_eq!(plain.status, 200, "{plain:?}");
}

#[tokio::test]
async fn a_session_has_as_many_streams_as_is_set() {
    let server = TestServer::with(|http| http.max_streams(1));
    let session = server.session_of("2025-06-18", json!({})).await;
    let _open = server.open(&session.stream()).await;
    let (status, fields, body) = get(&server, &session.stream()).await;
    assert_eq!(status, 429, "{body}");
    assert_eq!(field(&fields, "retry-after").as_deref(), Some("1"));
}
