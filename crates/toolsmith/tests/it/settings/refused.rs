//! Values that cannot be, and what a person reads then.

use super::flags::ALL;
use crate::wire::Program;

/// Values that are refused.
const WRONG: [(&str, &str, &str); 20] = [
    ("--transport", "carrier-pigeon", "streamable-http"),
    ("--port", "99999", "99999"),
    ("--port", "http", "http"),
    ("--port", "-1", "-1"),
    ("--path", "mcp", "/mcp"),
    ("--path", "/a b", "/a b"),
    ("--path", "/a?b", "/a?b"),
    ("--allow-origin", "app.example", "https://"),
    ("--allow-origin", "https://app.example/path", "path"),
    ("--max-body", "4MB", "4MB"),
    ("--max-body", "-1", "-1"),
    ("--max-sessions", "many", "many"),
    ("--session-idle", "soon", "30m"),
    ("--session-idle", "0s", "more than nothing"),
    ("--session-idle", "5", "90s"),
    ("--call-timeout", "0s", "more than nothing"),
    ("--call-timeout", "x", "30m"),
    ("--log", "loud", "json"),
    ("--log-level", "a=b=c", "debug"),
    ("--log-level", "toolsmith=loud", "debug"),
];

/// Shows that a program ends with status 2 and a message with these words.
async fn refused(arguments: &[&str], environment: &[(&str, &str)], words: &[&str]) {
    let program = Program::hello(arguments, environment).await;
    let (code, output, said) = program.output().await;
    let what = format!("{arguments:?} {environment:?}: {said}");
    assert_eq!(code, Some(2), "{what}");
    assert_eq!(output, "", "{what}");
    for word in words {
        assert!(said.contains(word), "`{word}` is not in {what}");
    }
    assert!(
        !said.contains("panicked") && !said.contains("Error("),
        "{what}"
    );
}

#[tokio::test]
async fn a_wrong_value_is_refused_with_the_name_of_its_flag() {
    for (flag, value, word) in WRONG {
        let wrong = format!("{flag}={value}");
        let arguments = match flag {
            "--transport" => vec![wrong.as_str()],
            _ => vec!["--transport=http", wrong.as_str()],
        };
        refused(&arguments, &[], &[flag, word]).await;
    }
    refused(&["--max-line=x"], &[], &["--max-line", "x"]).await;
}

#[tokio::test]
async fn a_wrong_variable_is_refused_like_a_wrong_flag() {
    for (flag, value, word) in WRONG {
        let (_, variable, _) = ALL.iter().find(|(f, ..)| *f == flag).unwrap();
        let mut environment = vec![(*variable, value)];
        if flag != "--transport" {
            environment.push(("TOOLSMITH_TRANSPORT", "http"));
        }
        refused(&[], &environment, &[flag, word]).await;
    }
}

#[tokio::test]
async fn an_empty_value_and_an_unknown_flag_are_refused() {
    for (flag, ..) in ALL {
        refused(&[&format!("{flag}=")], &[], &[flag]).await;
    }
    refused(&["--prot", "1"], &[], &["--prot", "--port"]).await;
    refused(&["stray"], &[], &["stray"]).await;
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
    for host in ["192.0.2.1", "no.such.host.invalid"] {
        let arguments = ["--transport", "http", "--port", "0", "--host", host];
        let (code, output, said) = Program::hello(&arguments, &[]).await.output().await;
        assert_eq!((code, output.as_str()), (Some(1), ""), "{said}");
        assert!(said.contains(host), "{said}");
        assert!(said.contains("--host"), "no hint: {said}");
    }
}
