//! A server of the legacy era that is none of ours, over stdio.

use crate::support::{Ran, toolsmith};

const SERVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/legacy_server.sh");

fn with_server(args: &[&str]) -> Ran {
    toolsmith(args.iter().chain(&["--", "sh", SERVER]))
}

#[test]
fn auto_falls_back_and_every_page_is_read() {
    let listed = with_server(&["list"]).ok();
    assert_eq!(listed, "first <n: integer>  Red \u{fffd}[31mink.\nsecond\n");
    let json: serde_json::Value =
        serde_json::from_str(&with_server(&["list", "--json"]).ok()).unwrap();
    assert_eq!(json["tools"][1]["name"], "second");
}

#[test]
fn the_modern_era_is_refused_with_the_way_out() {
    let stderr = with_server(&["list", "--era", "modern"]).failed(3);
    assert!(stderr.contains("Method not found"), "{stderr}");
    assert!(stderr.contains("leave --era out"), "{stderr}");
}

#[test]
fn inspect_says_what_was_negotiated() {
    let text = with_server(&["inspect"]).ok();
    assert!(text.contains("2025-06-18 (legacy)"), "{text}");
    let json: serde_json::Value =
        serde_json::from_str(&with_server(&["inspect", "--json"]).ok()).unwrap();
    assert_eq!(json["era"], "legacy");
    assert_eq!(json["serverInfo"]["name"], "old");
}

#[test]
fn a_pipe_gets_the_text_as_the_tool_wrote_it() {
    assert_eq!(
        with_server(&["call", "first", "n=5"]).ok(),
        "five \u{1b}[31mred\n"
    );
}

#[test]
fn an_error_of_the_tool_is_1() {
    let ran = with_server(&["call", "first", "n=6"]);
    assert_eq!(ran.stdout, "");
    assert_eq!(ran.failed(1), "error: only five\n");
    let ran = with_server(&["call", "first", "n=6", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["isError"], true);
    ran.failed(1);
}

#[test]
fn an_unknown_tool_or_argument_is_named_with_the_known_ones() {
    let stderr = with_server(&["call", "third", "n=5"]).failed(4);
    assert!(
        stderr.contains("no tool third") && stderr.contains("first, second"),
        "{stderr}"
    );
    let stderr = with_server(&["call", "first", "m=5"]).failed(2);
    assert!(
        stderr.contains("no argument m") && stderr.contains("takes: <n: integer>"),
        "{stderr}"
    );
}

#[test]
fn a_server_that_ends_during_the_call_is_3_and_its_last_words_are_shown() {
    let stderr = with_server(&["call", "exit"]).failed(3);
    assert!(stderr.contains("asked to exit"), "{stderr}");
}

#[test]
fn stderr_of_the_server_is_shown_on_request_only() {
    assert_eq!(with_server(&["list"]).stderr, "");
    assert_eq!(
        with_server(&["list", "-v"]).stderr,
        "legacy server started\n"
    );
}
