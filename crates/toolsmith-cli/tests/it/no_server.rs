//! Servers that are not there, or that do not answer.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use crate::support::toolsmith;

#[test]
fn a_refused_connection_is_3() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let stderr = toolsmith(["list", &format!("http://127.0.0.1:{port}/mcp")]).failed(3);
    assert!(
        stderr.contains(&format!("127.0.0.1:{port}/mcp")),
        "{stderr}"
    );
    assert!(stderr.contains("is the server running"), "{stderr}");
}

#[test]
fn silence_ends_with_124() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let stderr = toolsmith(["call", &url, "add", "--timeout", "0.2"]).failed(124);
    assert!(
        stderr.contains("no connection within 0.2 seconds"),
        "{stderr}"
    );
    assert!(stderr.contains("--timeout"), "{stderr}");
}

/// Answers every request with `head` and a body, which no MCP server would send.
fn answering(head: &str, body: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let length = body.len();
    let answer =
        format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            // One read is enough to let the client have written its small request.
            let _ = connection.read(&mut [0; 16 * 1024]);
            let _ = connection.write_all(answer.as_bytes());
        }
    });
    url
}

#[test]
fn an_answer_that_is_no_mcp_says_what_it_was() {
    for (head, body, says, hint) in [
        (
            "401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"r\"",
            "",
            "realm=\"r\"",
            "Authorization: Bearer TOKEN",
        ),
        (
            "401 Unauthorized",
            "no",
            "HTTP 401",
            "Authorization: Bearer TOKEN",
        ),
        (
            "403 Forbidden",
            "allow it with --host",
            "allow it with --host",
            "",
        ),
        (
            "404 Not Found",
            "nothing here",
            "HTTP 404",
            "is the path right",
        ),
        ("502 Bad Gateway", "upstream", "HTTP 502", ""),
        (
            "200 OK\r\nContent-Type: text/html",
            "<p>",
            "text/html",
            "is the path right",
        ),
    ] {
        let stderr = toolsmith(["list", &answering(head, body)]).failed(3);
        assert!(stderr.contains(says), "{head}: {stderr}");
        assert!(stderr.contains(hint), "{head}: {stderr}");
    }
}

#[test]
fn a_program_that_does_not_exist_is_3() {
    let stderr = toolsmith(["list", "--", "./no-such-program"]).failed(3);
    assert!(
        stderr.contains("cannot start ./no-such-program"),
        "{stderr}"
    );
}

#[cfg(unix)]
mod unix {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_program_that_ends_is_3_and_its_last_words_are_shown() {
        let stderr = toolsmith(["list", "--", "sh", "-c", "echo out of ink >&2; exit 7"]).failed(3);
        assert!(
            stderr.contains("last lines on stderr:\n  out of ink\n"),
            "{stderr}"
        );
    }

    #[test]
    fn a_program_that_hangs_is_killed_when_the_time_is_up() {
        let started = Instant::now();
        // The program shares our stderr, which is read to its end: this returns when it is gone.
        let ran = toolsmith(["list", "--verbose", "--timeout", "0.2", "--", "sleep", "60"]);
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "{:?}",
            started.elapsed()
        );
        ran.failed(124);
    }
}
