//! Values that cannot be, and what a person reads then.

use super::flags::ALL;
use crate::wire::Program;

/// Values that are refused.
const WRONG: &[(&str, &str, &str)] = &[
    ("--transport", "carrier-pigeon", "streamable-http"),
    (
        "--port",
        "99999",
        "expected a number from 0 to 65535, got '99999'",
    ),
    (
        "--port",
        "abc",
        "expected a number from 0 to 65535, got 'abc'",
    ),
    ("--port", "-1", "from 0 to 65535, got '-1'"),
    ("--path", "mcp", "/mcp"),
    ("--path", "/a b", "/a b"),
    ("--path", "/a?b", "/a?b"),
    ("--allow-origin", "app.example", "https://"),
    ("--allow-origin", "https://app.example/path", "path"),
    (
        "--allow-host",
        "http://a.example.com/",
        "mcp.example.com:8443",
    ),
    (
        "--allow-host",
        "a.example.com/mcp",
        "without https:// or a path",
    ),
    (
        "--allow-host",
        "a.example.com b.example.com",
        "'a.example.com b",
    ),
    ("--allow-host", "*.example.com", "* allows any"),
    ("--max-body", "4MB", "got '4MB'"),
    ("--max-body", "4MB", "4MiB, 64KiB"),
    ("--max-body", "-1", "got '-1'"),
    ("--max-body", "0", "at least one byte"),
    ("--max-sessions", "many", "got 'many'"),
    ("--max-sessions", "0", "a number from 1 up, got '0'"),
    ("--session-idle", "soon", "30m"),
    ("--session-idle", "0s", "more than nothing"),
    ("--session-idle", "5", "5s is 5 seconds"),
    ("--call-timeout", "0s", "more than nothing"),
    ("--call-timeout", "x", "30m"),
    ("--log", "loud", "json"),
    ("--log-level", "a=b=c", "debug"),
    ("--log-level", "toolsmith=loud", "debug"),
    ("--log-level", "wrn", "error, warn, info, debug, trace"),
    (
        "--log-level",
        "nonsense=",
        "error, warn, info, debug, trace",
    ),
    ("--log-level", "info,wrn", "got 'wrn'"),
];

/// The flags that belong to HTTP.
const OF_HTTP: [&str; 8] = [
    "--host",
    "--port",
    "--path",
    "--allow-host",
    "--allow-origin",
    "--max-body",
    "--max-sessions",
    "--session-idle",
];

/// Shows that a program ends with status 2 and a message with these words.
pub(super) async fn refused(arguments: &[&str], environment: &[(&str, &str)], words: &[&str]) {
    let program = Program::hello(arguments, environment).await;
    let (code, output, said) = program.output().await;
    let what = format!("{arguments:?} {environment:?}: {said}");
    assert_eq!(code, Some(2), "{what}");
    assert_eq!(output, "", "{what}");
    for word in words {
        assert!(said.contains(word), "`{word}` is not in {what}");
    }
    for noise in ["panicked", "Error(", "invalid digit", "target type"] {
        assert!(!said.contains(noise), "{noise} is in {what}");
    }
    if let Some((_, hint)) = said.split_once("hint: ") {
        assert!(said.contains(&format!("\n  hint: {hint}")), "{what}");
    }
}

#[tokio::test]
async fn a_wrong_value_is_refused_with_the_name_of_its_flag() {
    for &(flag, value, word) in WRONG {
        let wrong = format!("{flag}={value}");
        let arguments = match flag {
            "--transport" => vec![wrong.as_str()],
            _ => vec!["--transport=http", wrong.as_str()],
        };
        refused(&arguments, &[], &[flag, word]).await;
    }
    for (value, word) in [("x", "got 'x'"), ("0", "at least one byte")] {
        let wrong = format!("--max-line={value}");
        refused(&[&wrong], &[], &["--max-line", word]).await;
        let wrong = [("TOOLSMITH_MAX_LINE", value)];
        refused(&[], &wrong, &["TOOLSMITH_MAX_LINE", word]).await;
    }
}

#[tokio::test]
async fn a_wrong_variable_is_refused_by_its_own_name() {
    for &(flag, value, word) in WRONG {
        let (_, variable, _) = ALL.iter().find(|(f, ..)| *f == flag).unwrap();
        let mut environment = vec![(*variable, value)];
        if flag != "--transport" {
            environment.push(("TOOLSMITH_TRANSPORT", "http"));
        }
        refused(&[], &environment, &[variable, word]).await;
        let program = Program::hello(&[], &environment).await;
        let (_, _, said) = program.output().await;
        let first = said.lines().next().unwrap_or_default();
        assert!(!first.contains(flag), "a flag that nobody typed: {said}");
    }
}

#[tokio::test]
async fn an_empty_value_and_an_unknown_flag_are_refused() {
    for (flag, variable, _) in ALL {
        refused(&[&format!("{flag}=")], &[], &[flag, "empty"]).await;
        refused(&[], &[(variable, "")], &[variable, "empty"]).await;
    }
    refused(&["--prot", "1"], &[], &["--prot", "--port"]).await;
    refused(&["stray"], &[], &["stray"]).await;
}

#[tokio::test]
async fn a_flag_of_the_other_transport_is_refused() {
    for (flag, _, value) in ALL.iter().filter(|(flag, ..)| OF_HTTP.contains(flag)) {
        let words = [*flag, "hint: add --transport http"];
        refused(&[flag, value], &[], &words).await;
        refused(&["--transport=stdio", flag, value], &[], &words).await;
    }
    let words = ["--max-line", "hint: add --transport stdio"];
    refused(&["--transport=http", "--max-line=600"], &[], &words).await;

    // The environment may hold settings for both.
    let environment = [("TOOLSMITH_HOST", "0.0.0.0"), ("TOOLSMITH_PORT", "9000")];
    let (code, _, said) = Program::hello(&[], &environment).await.output().await;
    assert_eq!(code, Some(0), "{said}");
}

#[tokio::test]
async fn a_port_that_is_in_use_is_said_with_what_to_do() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let port = address.port().to_string();
    let arguments = ["--transport", "http", "--port", &port];
    let (code, output, said) = Program::hello(&arguments, &[]).await.output().await;
    assert_eq!((code, output.as_str()), (Some(1), ""), "{said}");
    for word in [address.to_string().as_str(), "in use", "hint", "--port"] {
        assert!(said.contains(word), "`{word}` is not in: {said}");
    }
    assert!(!said.contains("AddrInUse") && !said.contains('{'), "{said}");
}

#[tokio::test]
async fn a_host_that_this_machine_has_not_is_said_with_what_to_do() {
    for (host, hint) in [
        ("192.0.2.1", "this machine has no such address"),
        ("no.such.host.invalid", "spelt right"),
    ] {
        let arguments = ["--transport", "http", "--port", "0", "--host", host];
        let (code, output, said) = Program::hello(&arguments, &[]).await.output().await;
        assert_eq!((code, output.as_str()), (Some(1), ""), "{said}");
        assert!(said.contains(host), "{said}");
        assert!(said.contains("--host"), "no hint: {said}");
        assert!(said.contains("\n  hint: ") && said.contains(hint), "{said}");
    }
}
