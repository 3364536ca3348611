//! Calls of tools that do not fit: names, arguments, and tools that fail.

use serde_json::{Value, json};

use crate::wire::{TestServer, call, modern};

/// Calls in both eras and shows that both are told the same.
async fn both(server: &TestServer, params: Value) -> Value {
    let modern = server.send(&modern(1, "tools/call", params.clone())).await;
    let session = server.session("2025-11-25").await;
    let legacy = server.send(&session.ask(1, "tools/call", params)).await;
    let (modern, legacy) = (modern.message(), legacy.message());
    for part in ["/error/code", "/result/isError", "/result/content/0/text"] {
        let text = |message: &Value| {
            let text = message.pointer(part).map(Value::to_string);
            // The id that joins an answer to the log is another each time.
            text.map(|t| t.split("error id").next().unwrap_or_default().to_owned())
        };
        assert_eq!(text(&modern), text(&legacy), "{part}");
    }
    server.still_serves().await;
    modern
}

#[tokio::test]
async fn an_unknown_tool_is_an_error_of_the_protocol() {
    let server = TestServer::start();
    for name in ["no_such", "Add", ""] {
        let answer = both(&server, call(name, json!({}))).await;
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
        let said = answer["error"]["message"].as_str().unwrap();
        assert!(
            said.contains("Unknown tool") && said.contains(name),
            "{said}"
        );
    }
    let long = "x".repeat(5000);
    let answer = both(&server, call(&long, json!({}))).await;
    assert!(answer.to_string().len() < 1000, "{answer}");
    let answer = both(&server, call("add", json!([1, 2]))).await;
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_told_to_the_model() {
    let server = TestServer::start();
    for (tool, arguments, words) in [
        (
            "add",
            json!({"a": "x", "b": 3}),
            ["`a`", "an integer", "\"x\""],
        ),
        (
            "add",
            json!({"a": 1.5, "b": 3}),
            ["`a`", "an integer", "1.5"],
        ),
        ("add", json!({"a": 1}), ["`b`", "missing", "`b`"]),
        (
            "add",
            json!({"a": 1, "b": 2, "c": 3}),
            ["`c`", "`a`", "`b`"],
        ),
        (
            "add",
            json!({"a": null, "b": 2}),
            ["`a`", "an integer", "null"],
        ),
        (
            "add_blocking",
            json!({"a": [], "b": 2}),
            ["`a`", "an integer", "an array"],
        ),
        (
            "add_inline",
            json!({"a": {}, "b": 2}),
            ["`a`", "an integer", "an object"],
        ),
        ("echo", json!({"text": 5}), ["`text`", "a string", "5"]),
        (
            "mirror",
            json!({"point": {"x": 1}}),
            ["`point.y`", "is", "missing"],
        ),
        (
            "mirror",
            json!({"point": {"x": 1, "y": "z"}}),
            ["y", "an integer", "\"z\""],
        ),
        ("numbers", json!({"below": 300}), ["`below`", "255", "300"]),
    ] {
        let answer = both(&server, call(tool, arguments.clone())).await;
        let result = &answer["result"];
        assert_eq!(result["isError"], true, "{tool} {arguments}: {answer}");
        let said = result["content"][0]["text"].as_str().unwrap();
        for word in words {
            assert!(said.contains(word), "{word} is not in: {said}");
        }
        for noise in ["line ", "column", "invalid type", "i64", "serde", "struct"] {
            assert!(!said.contains(noise), "{noise} is in: {said}");
        }
    }
}

#[tokio::test]
async fn an_argument_that_is_given_twice_is_refused() {
    let server = TestServer::start();
    let mut ask = modern(1, "tools/call", call("add", json!({"a": 1, "b": 2})));
    let body = String::from_utf8(ask.body).unwrap();
    ask.body = body.replace("\"a\":1", "\"a\":1,\"a\":7").into_bytes();
    let reply = server.send(&ask).await;
    assert_eq!(reply.message()["result"]["isError"], true, "{reply:?}");
    assert!(reply.said().contains("`a`"), "{reply:?}");
}

#[tokio::test]
async fn a_panic_is_an_internal_error_that_tells_nothing() {
    let server = TestServer::start();
    let answer = both(&server, call("explode", json!({}))).await;
    assert_eq!(answer["error"]["code"], -32603, "{answer}");
    assert!(!answer.to_string().contains("secret"), "{answer}");
}

#[tokio::test]
async fn a_failure_says_what_was_meant_for_the_model_and_nothing_else() {
    let server = TestServer::start();
    let told = both(&server, call("refuse", json!({}))).await;
    assert_eq!(told["result"]["isError"], true, "{told}");
    assert_eq!(
        told["result"]["content"][0]["text"],
        "there is no such city"
    );
    let masked = both(&server, call("fail", json!({}))).await;
    assert_eq!(masked["result"]["isError"], true, "{masked}");
    let said = masked["result"]["content"][0]["text"].as_str().unwrap();
    assert!(
        said.contains("error id") && !said.contains("1234"),
        "{said}"
    );
}

#[tokio::test]
async fn a_tool_that_needs_a_capability_tells_a_legacy_client_in_words() {
    let server = TestServer::start();
    let session = server.session("2025-11-25").await;
    let reply = server
        .send(&session.ask(1, "tools/call", call("need", json!({}))))
        .await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.message()["result"]["isError"], true, "{reply:?}");
    assert!(reply.said().contains("sampling"), "{reply:?}");
}
