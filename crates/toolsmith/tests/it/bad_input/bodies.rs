//! Bodies that are no message: broken, of another kind, too large, too deep.

use serde_json::{Value, json};

use crate::wire::{Ask, Connection, Endpoint, Program, TestServer, modern, request, soon};

#[tokio::test]
async fn what_is_not_json_is_a_parse_error_without_an_id() {
    let server = TestServer::start();
    for body in [
        "{",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"",
        "not json",
        "{\"a\":1}}",
        "[1,",
        "{'jsonrpc':'2.0'}",
        "{\"jsonrpc\":\"2.0\",\"id\":01,\"method\":\"ping\"}",
    ] {
        let is = (400, -32700, Value::Null);
        server.refuses(&Ask::post(body), is, &["not JSON"]).await;
    }
    let mut not_text = Ask::post("");
    not_text.body = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}".to_vec();
    let is = (400, -32700, Value::Null);
    server.refuses(&not_text, is, &["UTF-8"]).await;
}

#[tokio::test]
async fn an_empty_body_is_a_parse_error_with_a_length_and_without() {
    let server = TestServer::start();
    for body in ["", " \r\n\t"] {
        for ask in [Ask::post(body), Ask::post(body).chunked()] {
            let is = (400, -32700, Value::Null);
            server.refuses(&ask, is, &["empty"]).await;
        }
    }
}

#[tokio::test]
async fn json_that_is_no_message_says_what_was_wrong() {
    let server = TestServer::start();
    let none = Value::Null;
    for (body, id, word) in [
        ("1", &none, "object"),
        ("\"text\"", &none, "object"),
        ("null", &none, "object"),
        ("true", &none, "object"),
        ("{}", &none, "jsonrpc"),
        ("{\"id\":5,\"method\":\"ping\"}", &json!(5), "jsonrpc"),
        (
            "{\"jsonrpc\":\"1.0\",\"id\":5,\"method\":\"ping\"}",
            &json!(5),
            "jsonrpc",
        ),
        (
            "{\"jsonrpc\":2.0,\"id\":5,\"method\":\"ping\"}",
            &json!(5),
            "jsonrpc",
        ),
        ("{\"jsonrpc\":\"2.0\",\"id\":5}", &json!(5), "method"),
        (
            "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":7}",
            &json!(5),
            "method",
        ),
        (
            "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":null}",
            &json!(5),
            "method",
        ),
        ("[]", &none, "batch"),
        (
            "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]",
            &none,
            "batches",
        ),
    ] {
        let is = (400, -32600, id.clone());
        server.refuses(&Ask::post(body), is, &[word]).await;
    }
}

#[tokio::test]
async fn an_id_is_a_string_or_an_integer_and_comes_back_as_it_was_written() {
    let server = TestServer::start();
    for id in ["null", "1.5", "1e3", "true", "[1]", "{}"] {
        let body = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"ping\"}}");
        let is = (400, -32600, Value::Null);
        server.refuses(&Ask::post(body), is, &["`id`"]).await;
    }
    let long = format!("\"{}\"", "x".repeat(2000));
    let body = format!("{{\"jsonrpc\":\"2.0\",\"id\":{long},\"method\":\"ping\"}}");
    let is = (400, -32600, Value::Null);
    server.refuses(&Ask::post(body), is, &["`id`"]).await;

    for id in [
        "0",
        "-7",
        "\"\"",
        "\"a\\u00e9\\n\"",
        "9007199254740993",
        "18446744073709551616",
    ] {
        let mut ask = modern(1, "tools/list", json!({}));
        let body = String::from_utf8(ask.body).unwrap();
        ask.body = body
            .replace("\"id\":1", &format!("\"id\":{id}"))
            .into_bytes();
        let reply = server.send(&ask).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        assert!(
            reply.text.contains(&format!("\"id\":{id},")),
            "{id}: {reply:?}"
        );
    }
}

#[tokio::test]
async fn parameters_that_are_no_object_are_refused_with_the_id() {
    let server = TestServer::start();
    let session = server.session("2025-11-25").await;
    for params in [json!([1]), json!("x"), json!(1), json!(true), json!([])] {
        for method in ["tools/list", "tools/call"] {
            let body = request(3, method, params.clone());
            let is = |status| (status, -32602, json!(3));
            let words = ["`params` is an object"];
            let modern = modern(3, method, json!({})).with_body(&body);
            server.refuses(&modern, is(400), &words).await;
            server.refuses(&session.post(&body), is(200), &words).await;
        }
    }
    for meta in [json!("x"), json!(5), json!([])] {
        let body = request(3, "tools/list", json!({"_meta": meta}));
        let is = |status| (status, -32602, json!(3));
        let modern = modern(3, "tools/list", json!({})).with_body(&body);
        server.refuses(&modern, is(400), &["_meta"]).await;
        server
            .refuses(&session.post(&body), is(200), &["_meta"])
            .await;
    }
    // `null` says nothing, which is too little for a modern request and enough for a legacy
    // one.
    let body = request(3, "tools/list", json!(null));
    let modern = modern(3, "tools/list", json!({})).with_body(&body);
    let words = ["io.modelcontextprotocol/protocolVersion"];
    let is = (400, -32602, json!(3));
    server.refuses(&modern, is, &words).await;
    let reply = server.send(&session.post(&body)).await;
    assert!(reply.message()["result"]["tools"].is_array(), "{reply:?}");
}

/// A call whose id stands where clients write it, before what is large.
fn calls_with(text: &str) -> Ask {
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":"large","method":"tools/call","params":{{"name":"echo","arguments":{{"text":"{text}"}}}}}}"#
    );
    Ask::post(body)
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_with_a_length_and_without() {
    let server = TestServer::with(|http| http.max_body(10_000));
    for size in [10_001, 200_000, 4_000_000] {
        let body = format!("\"{}\"", "x".repeat(size - 2));
        for ask in [Ask::post(&body), Ask::post(&body).chunked()] {
            let reply = server.send(&ask).await;
            assert_eq!(reply.status, 413, "{size}: {reply:?}");
            let error = &reply.message()["error"];
            assert_eq!(error["code"], -31009, "{reply:?}");
            let said = error["message"].as_str().unwrap();
            assert!(
                said.contains("10000") && said.contains("--max-body"),
                "{said}"
            );
            assert!(reply.message().get("id").is_none(), "{reply:?}");
            server.still_serves().await;
        }
    }
    // A client waits on for an answer that does not name its request.
    for size in [10_001, 4_000_000] {
        let large = calls_with(&"x".repeat(size));
        for ask in [large.clone(), large.chunked()] {
            let reply = server.send(&ask).await;
            assert_eq!(reply.status, 413, "{size}: {reply:?}");
            assert_eq!(reply.message()["id"], "large", "{reply:?}");
        }
    }
    let fits = format!("\"{}\"", "x".repeat(9_998));
    let reply = server.send(&Ask::post(fits)).await;
    assert_eq!(reply.message()["error"]["code"], -32600, "{reply:?}");
}

#[tokio::test]
async fn nesting_without_end_is_refused() {
    let server = TestServer::start();
    let levels = 1_000_000;
    let closed = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let objects = "{\"a\":".repeat(levels / 2);
    let mut hidden = modern(
        1,
        "tools/call",
        json!({"name": "echo", "arguments": {"text": 0}}),
    );
    let body = String::from_utf8(hidden.body).unwrap();
    hidden.body = body
        .replace("\"text\":0", &format!("\"text\":{closed}"))
        .into_bytes();
    for ask in [
        Ask::post("[".repeat(levels)),
        Ask::post(&closed),
        Ask::post(objects),
        hidden,
    ] {
        let reply = server.send(&ask).await;
        assert_eq!(reply.status, 400, "{reply:?}");
        let error = &reply.message()["error"];
        assert!(
            error["message"].as_str().unwrap().contains("deep"),
            "{reply:?}"
        );
        server.still_serves().await;
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_to_its_end_is_refused() {
    let server = TestServer::start();
    let ask = Ask::post("").chunked();
    for broken in [
        "zz\r\n",
        "5\r\nabcdefg\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\n",
    ] {
        let mut connection = Connection::open(server.address).await;
        let mut bytes = ask.head(&server.host(), &server.path);
        bytes.extend_from_slice(broken.as_bytes());
        connection.write(&bytes).await.unwrap();
        let reply = server.answer(&mut connection, &ask).await;
        assert_eq!(reply.status, 400, "{broken:?}: {reply:?}");
        let error = &reply.message()["error"];
        assert_eq!(error["code"], -31010, "{broken:?}: {reply:?}");
        server.still_serves().await;
    }
}

#[tokio::test]
async fn what_is_no_http_ends_its_own_connection_only() {
    let server = TestServer::start();
    for garbage in [
        "\r\n\r\ngarbage\r\n\r\n",
        "{\"jsonrpc\":\"2.0\"}\r\n\r\n",
        "\u{16}\u{3}\u{1}",
    ] {
        let mut connection = Connection::open(server.address).await;
        connection.write(garbage.as_bytes()).await.unwrap();
        server.still_serves().await;
    }
}

/// Pages of resident memory of a process, in bytes.
fn resident(process: u32) -> usize {
    let sizes = std::fs::read_to_string(format!("/proc/{process}/statm")).unwrap();
    let pages: usize = sizes.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// Sends 64 MiB, with a length or in chunks without end, while the answer is read.
async fn flood(endpoint: &Endpoint, chunked: bool) -> u16 {
    const ALL: usize = 64 * 1024 * 1024;
    let piece = vec![b' '; 64 * 1024];
    let ask = Ask::post("");
    let ask = match chunked {
        true => ask.chunked(),
        false => ask.field("Content-Length", &ALL.to_string()),
    };
    let head = ask.head(&endpoint.host(), &endpoint.path);
    let connection = Connection::open(endpoint.address).await;
    let (from, mut to) = connection.0.into_inner().into_split();
    let sending = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt as _;
        to.write_all(&head).await?;
        for _ in 0..ALL / piece.len() {
            if chunked {
                to.write_all(format!("{:x}\r\n", piece.len()).as_bytes())
                    .await?;
            }
            to.write_all(&piece).await?;
            if chunked {
                to.write_all(b"\r\n").await?;
            }
        }
        std::io::Result::Ok(())
    });
    let mut answer = String::new();
    let mut from = tokio::io::BufReader::new(from);
    let line = tokio::io::AsyncBufReadExt::read_line(&mut from, &mut answer);
    soon("an answer", line).await.unwrap();
    sending.abort();
    let status = answer.split(' ').nth(1).and_then(|s| s.parse().ok());
    status.unwrap_or_else(|| panic!("no status: {answer:?}"))
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn memory_stays_flat_while_bodies_without_end_are_sent() {
    let (program, endpoint) = Program::hello_http(&[]).await;
    endpoint.still_serves().await;
    let before = resident(program.id());
    for chunked in [false, true] {
        let floods = (0..4).map(|_| flood(&endpoint, chunked));
        for status in futures_util::future::join_all(floods).await {
            assert_eq!(status, 413);
        }
        let deep = Ask::post("[".repeat(4_000_000));
        assert_eq!(endpoint.send(&deep).await.status, 400);
    }
    endpoint.still_serves().await;
    let grown = resident(program.id()).saturating_sub(before);
    // Four bodies of up to the limit are held at once, before they are over it.
    println!("resident memory grew by {grown} bytes");
    assert!(grown < 48 * 1024 * 1024, "grown by {grown} bytes");
}
