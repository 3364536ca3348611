//! The hello example, on both transports and in both eras.

use crate::support::{HttpServer, Ran, hello, toolsmith};

fn over_stdio(args: &[&str]) -> Ran {
    toolsmith(
        args.iter()
            .copied()
            .chain(["--", hello().to_str().unwrap()]),
    )
}

/// The same requests for every way to reach the server.
fn behaves(run: &dyn Fn(&[&str]) -> Ran) {
    assert_eq!(run(&["call", "add", "a=2", "b=3"]).ok(), "5\n");
    assert_eq!(run(&["call", "add", r#"{"a": -2, "b": 3}"#]).ok(), "1\n");
    let listed = run(&["list"]).ok();
    assert!(listed.contains("add <a: integer> <b: integer>"), "{listed}");
    let json: serde_json::Value =
        serde_json::from_str(&run(&["call", "add", "a=2", "b:=3", "--json"]).ok()).unwrap();
    assert_eq!(json["content"][0]["text"], "5", "{json}");

    let stderr = run(&["call", "add", r#"{"a": "two", "b": 3}"#]).failed(1);
    assert!(stderr.contains('a'), "{stderr}");
    let stderr = run(&["call", "add", "a=two", "b=3"]).failed(2);
    assert!(
        stderr.contains(r#"`a` expects an integer, got "two""#),
        "{stderr}"
    );
    let takes = "add takes: <a: integer> <b: integer>";
    assert!(stderr.contains(takes), "{stderr}");
    let stderr = run(&["call", "subtract", "{}"]).failed(4);
    assert!(stderr.contains("subtract"), "{stderr}");
}

fn negotiates(run: &dyn Fn(&[&str]) -> Ran) {
    for (era, found, revision) in [
        ("auto", "modern", "2026-07-28"),
        ("modern", "modern", "2026-07-28"),
        ("legacy", "legacy", "2025-11-25"),
    ] {
        let text = run(&["inspect", "--json", "--era", era]).ok();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["era"], found, "--era {era}: {json}");
        assert_eq!(json["protocolVersion"], revision, "--era {era}: {json}");
        assert_eq!(
            json["serverInfo"]["name"], "hello-toolsmith",
            "--era {era}: {json}"
        );
    }
}

#[test]
fn over_stdio_the_tool_is_called_and_errors_have_their_codes() {
    behaves(&over_stdio);
}

#[test]
fn over_stdio_the_era_is_the_one_that_was_asked_for() {
    negotiates(&over_stdio);
}

#[test]
fn over_http_the_tool_is_called_and_errors_have_their_codes() {
    let server = HttpServer::start(hello());
    behaves(&|args| toolsmith(args.iter().copied().chain([server.url.as_str()])));
}

#[test]
fn over_http_the_era_is_the_one_that_was_asked_for() {
    let server = HttpServer::start(hello());
    negotiates(&|args| toolsmith(args.iter().copied().chain([server.url.as_str()])));
}

#[test]
fn the_server_may_stand_first_last_or_in_an_option() {
    let program = hello().to_str().unwrap();
    for args in [
        &["call", "--", program, "add", "a=2", "b=3"][..],
        &[
            "call",
            "--",
            program,
            "--transport",
            "stdio",
            "--",
            "add",
            "a=2",
            "b=3",
        ],
        &["call", "--command", program, "add", "a=2", "b=3"],
    ] {
        assert_eq!(toolsmith(args).ok(), "5\n", "{args:?}");
    }
    let server = HttpServer::start(hello());
    let first = toolsmith(["call", &server.url, "add", "a=2", "b=3"]);
    assert_eq!(first.ok(), "5\n");
}
