//! Each flag and each variable does what it says.

use serde_json::{Value, json};

use crate::wire::{Ask, Endpoint, Program, call, initialize, modern, modern_meta, request};

const KEY: &str = "8f0e3c5d9a7b61424c1d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f7a8b9c0d";

/// Every flag, its variable, and a value that holds something else than the default.
pub(crate) const ALL: [(&str, &str, &str); 71] = [
    ("--transport", "TOOLSMITH_TRANSPORT", "http"),
    ("--host", "TOOLSMITH_HOST", "::1"),
    ("--port", "TOOLSMITH_PORT", "0"),
    ("--config", "TOOLSMITH_CONFIG", "/etc/toolsmith.toml"),
    ("--path", "TOOLSMITH_PATH", "/tools"),
    ("--unix-socket", "TOOLSMITH_UNIX_SOCKET", "/run/mcp.sock"),
    ("--inherit-socket", "TOOLSMITH_INHERIT_SOCKET", "true"),
    ("--reuse-port", "TOOLSMITH_REUSE_PORT", "true"),
    (
        "--public-url",
        "TOOLSMITH_PUBLIC_URL",
        "https://mcp.example/mcp",
    ),
    ("--tls-cert", "TOOLSMITH_TLS_CERT", "/etc/server/cert.pem"),
    ("--tls-key", "TOOLSMITH_TLS_KEY", "/etc/server/key.pem"),
    ("--acme-domain", "TOOLSMITH_ACME_DOMAIN", "mcp.example"),
    ("--acme-email", "TOOLSMITH_ACME_EMAIL", "ops@mcp.example"),
    ("--acme-cache", "TOOLSMITH_ACME_CACHE", "/var/lib/server"),
    (
        "--acme-directory",
        "TOOLSMITH_ACME_DIRECTORY",
        "https://acme.example/dir",
    ),
    ("--acme-ca", "TOOLSMITH_ACME_CA", "/etc/server/ca.pem"),
    (
        "--auth-issuer",
        "TOOLSMITH_AUTH_ISSUER",
        "https://login.example",
    ),
    (
        "--auth-audience",
        "TOOLSMITH_AUTH_AUDIENCE",
        "https://mcp.example/mcp",
    ),
    ("--auth-scope", "TOOLSMITH_AUTH_SCOPE", "mcp"),
    (
        "--auth-scopes-supported",
        "TOOLSMITH_AUTH_SCOPES_SUPPORTED",
        "mcp",
    ),
    (
        "--auth-introspection",
        "TOOLSMITH_AUTH_INTROSPECTION",
        "https://login.example/ask",
    ),
    (
        "--auth-introspection-issuer",
        "TOOLSMITH_AUTH_INTROSPECTION_ISSUER",
        "https://login.example",
    ),
    ("--auth-client-id", "TOOLSMITH_AUTH_CLIENT_ID", "server"),
    (
        "--auth-client-secret-file",
        "TOOLSMITH_AUTH_CLIENT_SECRET_FILE",
        "/etc/server/secret",
    ),
    (
        "--auth-ca-file",
        "TOOLSMITH_AUTH_CA_FILE",
        "/etc/server/ca.pem",
    ),
    ("--api-keys", "TOOLSMITH_API_KEYS", "/etc/server/api-keys"),
    ("--allow-credentials", "TOOLSMITH_ALLOW_CREDENTIALS", "true"),
    ("--cors-max-age", "TOOLSMITH_CORS_MAX_AGE", "10m"),
    ("--trusted-proxy", "TOOLSMITH_TRUSTED_PROXY", "127.0.0.1"),
    ("--body-timeout", "TOOLSMITH_BODY_TIMEOUT", "1s"),
    ("--header-timeout", "TOOLSMITH_HEADER_TIMEOUT", "1s"),
    ("--idle-timeout", "TOOLSMITH_IDLE_TIMEOUT", "1s"),
    ("--write-timeout", "TOOLSMITH_WRITE_TIMEOUT", "1s"),
    ("--max-header", "TOOLSMITH_MAX_HEADER", "8KiB"),
    ("--max-connections", "TOOLSMITH_MAX_CONNECTIONS", "1"),
    (
        "--max-connections-per-address",
        "TOOLSMITH_MAX_CONNECTIONS_PER_ADDRESS",
        "1",
    ),
    ("--rate-limit", "TOOLSMITH_RATE_LIMIT", "1/h"),
    ("--max-streams", "TOOLSMITH_MAX_STREAMS", "1"),
    ("--drain-timeout", "TOOLSMITH_DRAIN_TIMEOUT", "1s"),
    ("--drain-delay", "TOOLSMITH_DRAIN_DELAY", "1s"),
    ("--allow-host", "TOOLSMITH_ALLOW_HOST", "mcp.example"),
    (
        "--allow-origin",
        "TOOLSMITH_ALLOW_ORIGIN",
        "https://app.example",
    ),
    ("--max-body", "TOOLSMITH_MAX_BODY", "1000"),
    ("--max-sessions", "TOOLSMITH_MAX_SESSIONS", "1"),
    ("--session-idle", "TOOLSMITH_SESSION_IDLE", "20ms"),
    ("--max-line", "TOOLSMITH_MAX_LINE", "600"),
    ("--max-calls", "TOOLSMITH_MAX_CALLS", "1"),
    ("--max-queue", "TOOLSMITH_MAX_QUEUE", "1"),
    ("--queue-timeout", "TOOLSMITH_QUEUE_TIMEOUT", "1s"),
    ("--max-response", "TOOLSMITH_MAX_RESPONSE", "1KiB"),
    ("--max-subscriptions", "TOOLSMITH_MAX_SUBSCRIPTIONS", "1"),
    ("--blocking-threads", "TOOLSMITH_BLOCKING_THREADS", "1"),
    ("--blocking-queue", "TOOLSMITH_BLOCKING_QUEUE", "1"),
    ("--call-timeout", "TOOLSMITH_CALL_TIMEOUT", "30s"),
    ("--state-key", "TOOLSMITH_STATE_KEY", KEY),
    (
        "--state-key-file",
        "TOOLSMITH_STATE_KEY_FILE",
        "/etc/server/keys",
    ),
    ("--tenant", "TOOLSMITH_TENANT", "path"),
    ("--tenant-signup", "TOOLSMITH_TENANT_SIGNUP", "open"),
    ("--tenant-allow", "TOOLSMITH_TENANT_ALLOW", "acme"),
    ("--data", "TOOLSMITH_DATA", "/var/lib/server"),
    ("--data-memory", "TOOLSMITH_DATA_MEMORY", "1GiB"),
    ("--data-idle", "TOOLSMITH_DATA_IDLE", "10s"),
    ("--tenant-storage", "TOOLSMITH_TENANT_STORAGE", "1MiB"),
    ("--admin", "TOOLSMITH_ADMIN", "127.0.0.1:9090"),
    ("--audit-log", "TOOLSMITH_AUDIT_LOG", "/var/log/calls"),
    ("--audit-arguments", "TOOLSMITH_AUDIT_ARGUMENTS", "true"),
    ("--audit-redact", "TOOLSMITH_AUDIT_REDACT", "iban"),
    (
        "--otlp-endpoint",
        "TOOLSMITH_OTLP_ENDPOINT",
        "http://127.0.0.1:4318",
    ),
    ("--log-calls", "TOOLSMITH_LOG_CALLS", "true"),
    ("--log", "TOOLSMITH_LOG", "json"),
    ("--log-level", "TOOLSMITH_LOG_LEVEL", "warn"),
];

fn sum() -> Ask {
    modern(1, "tools/call", call("add", json!({"a": 2, "b": 3})))
}

/// Starts the example over HTTP with one setting, as a flag and as a variable.
async fn both(flag: &str, value: &str) -> Vec<(Program, Endpoint)> {
    let (_, variable, _) = *ALL.iter().find(|(f, ..)| *f == flag).unwrap();
    let http = ["--transport", "http", "--port", "0"];
    let by_flag = [http.as_slice(), &[flag, value]].concat();
    let mut started = Vec::new();
    for (arguments, environment) in [
        (by_flag.as_slice(), [].as_slice()),
        (http.as_slice(), [(variable, value)].as_slice()),
    ] {
        let mut program = Program::hello(arguments, environment).await;
        let url = program.url().await;
        started.push((program, Endpoint::at(&url)));
    }
    started
}

#[tokio::test]
async fn the_help_lists_every_flag_and_every_variable() {
    let program = Program::hello(&["--help"], &[]).await;
    let (code, help, _) = program.output().await;
    assert_eq!(code, Some(0));
    // Where lines are broken depends on the terminal.
    let lines = help.clone();
    let words: Vec<&str> = help.split_whitespace().collect();
    let help = words.join(" ");
    for (flag, variable, _) in ALL {
        assert!(
            [" <", "[="]
                .iter()
                .any(|next| help.contains(&format!("{flag}{next}"))),
            "{flag} is not in:\n{help}"
        );
        // Of a secret there is no value to show.
        let shown = ["=]", "]"].map(|end| format!("[env: {variable}{end}"));
        assert!(
            shown.iter().any(|shown| help.contains(shown)),
            "{variable} is not in:\n{help}"
        );
    }
    let flags = lines
        .lines()
        .filter(|line| line.trim_start().starts_with("--"));
    assert_eq!(help.matches("[default: 4MiB]").count(), 2, "{help}");
    assert_eq!(
        flags.count(),
        ALL.len(),
        "a flag that this test does not know:\n{help}"
    );
}

#[tokio::test]
async fn the_help_does_not_show_a_key_that_is_set() {
    let program = Program::hello(&["--help"], &[("TOOLSMITH_STATE_KEY", KEY)]).await;
    let (code, help, said) = program.output().await;
    assert_eq!(code, Some(0), "{said}");
    assert!(
        help.contains("TOOLSMITH_STATE_KEY") && !help.contains(KEY),
        "{help}"
    );
}

#[tokio::test]
async fn a_key_is_taken_from_a_flag_a_variable_or_a_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{KEY}\n")).unwrap();
    let path = file.path().to_str().unwrap();
    for (flag, value) in [("--state-key", KEY), ("--state-key-file", path)] {
        for (_program, endpoint) in both(flag, value).await {
            endpoint.still_serves().await;
        }
    }
    let short = [("TOOLSMITH_STATE_KEY", "hunter2")];
    let program = Program::hello(&[], &short).await;
    let (code, _, said) = program.output().await;
    assert_eq!(code, Some(2), "{said}");
    let words = ["TOOLSMITH_STATE_KEY", "7 bytes", "64 hexadecimal digits"];
    assert!(words.iter().all(|word| said.contains(word)), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[tokio::test]
async fn the_transport_has_two_names_and_may_come_from_the_environment() {
    for (arguments, environment) in [
        (
            ["--port", "0", "--transport", "http"].as_slice(),
            [].as_slice(),
        ),
        (&["--port", "0", "--transport", "streamable-http"], &[]),
        (&["--port", "0"], &[("TOOLSMITH_TRANSPORT", "http")]),
        (
            &[],
            &[
                ("TOOLSMITH_TRANSPORT", "streamable-http"),
                ("TOOLSMITH_PORT", "0"),
            ],
        ),
    ] {
        let mut program = Program::hello(arguments, environment).await;
        let url = program.url().await;
        assert!(
            url.starts_with("http://127.0.0.1:") && url.ends_with("/mcp"),
            "{url}"
        );
        Endpoint::at(&url).still_serves().await;
    }
}

#[tokio::test]
async fn a_flag_beats_its_variable() {
    let arguments = ["--transport", "http", "--port", "0", "--path", "/flag"];
    let environment = [
        ("TOOLSMITH_TRANSPORT", "stdio"),
        ("TOOLSMITH_PORT", "1"),
        ("TOOLSMITH_PATH", "/variable"),
    ];
    let mut program = Program::hello(&arguments, &environment).await;
    let url = program.url().await;
    assert!(url.ends_with("/flag"), "{url}");
    Endpoint::at(&url).still_serves().await;
}

#[tokio::test]
async fn the_path_and_the_host_are_in_the_url() {
    for (_program, endpoint) in both("--path", "/tools").await {
        assert_eq!(endpoint.path, "/tools");
        endpoint.still_serves().await;
    }
    for host in ["localhost", "127.0.0.1", "0.0.0.0"] {
        for (_program, endpoint) in both("--host", host).await {
            assert!(endpoint.address.ip().is_loopback(), "{host}: {endpoint:?}");
            endpoint.still_serves().await;
        }
    }
    // Not every machine has IPv6.
    if std::net::TcpListener::bind("[::1]:0").is_ok() {
        for (_program, endpoint) in both("--host", "::1").await {
            assert!(endpoint.address.is_ipv6(), "{endpoint:?}");
            endpoint.still_serves().await;
        }
    }
}

#[tokio::test]
async fn hosts_and_origins_are_allowed() {
    for (_program, endpoint) in both("--allow-host", "mcp.example,other.example").await {
        for host in ["mcp.example", "other.example:80"] {
            let reply = endpoint.send(&sum().field("Host", host)).await;
            assert_eq!(reply.status, 200, "{reply:?}");
        }
        let reply = endpoint.send(&sum().field("Host", "third.example")).await;
        assert_eq!(reply.status, 403, "{reply:?}");
    }
    for (_program, endpoint) in both("--allow-origin", "https://app.example").await {
        let reply = endpoint
            .send(&sum().field("Origin", "https://app.example"))
            .await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let reply = endpoint
            .send(&sum().field("Origin", "https://other.example"))
            .await;
        assert_eq!(reply.status, 403, "{reply:?}");
    }
    let repeated = [
        "--allow-origin",
        "https://a.example",
        "--allow-origin",
        "https://b.example",
    ];
    let (_program, endpoint) = Program::hello_http(&repeated).await;
    for origin in ["https://a.example", "https://b.example"] {
        let reply = endpoint.send(&sum().field("Origin", origin)).await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }
}

#[tokio::test]
async fn the_limits_of_http_hold() {
    for (size, bytes) in [("1000", 1000), ("2KiB", 2048)] {
        for (_program, endpoint) in both("--max-body", size).await {
            let reply = endpoint.send(&Ask::post("x".repeat(bytes + 1))).await;
            assert_eq!(reply.status, 413, "{reply:?}");
            let reply = endpoint.send(&Ask::post("x".repeat(bytes))).await;
            assert_eq!(reply.status, 400, "{reply:?}");
            endpoint.still_serves().await;
        }
    }
    for (_program, endpoint) in both("--max-sessions", "1").await {
        endpoint.session("2025-06-18").await;
        let reply = endpoint.send(&initialize("2025-06-18")).await;
        assert_eq!(reply.status, 503, "{reply:?}");
    }
    for (_program, endpoint) in both("--session-idle", "20ms").await {
        let reply = endpoint.send(&initialize("2025-06-18")).await;
        let id = reply.field("mcp-session-id").unwrap();
        let ping = Ask::post(request(1, "ping", json!({}))).field("Mcp-Session-Id", id);
        tokio::time::sleep(std::time::Duration::from_millis(60)).await;
        assert_eq!(endpoint.send(&ping).await.status, 404);
    }
}

#[tokio::test]
async fn the_limit_of_stdio_holds() {
    for (arguments, environment) in [
        (["--max-line", "600"].as_slice(), [].as_slice()),
        (&[], &[("TOOLSMITH_MAX_LINE", "600")]),
    ] {
        let mut program = Program::hello(arguments, environment).await;
        let mut pipe = program.pipe();
        let answer = pipe.ask("x".repeat(601)).await;
        assert_eq!(answer["error"]["code"], -31009, "{answer}");
        let params = json!({"_meta": modern_meta()});
        let answer = pipe.ask(request(1, "tools/list", params)).await;
        assert!(answer["result"].is_object(), "{answer}");
    }
}

#[tokio::test]
async fn the_log_is_as_loud_and_in_the_form_that_was_asked_for() {
    let refused = sum().field("Origin", "https://evil.example");
    let (mut program, endpoint) = Program::hello_http(&["--log-level", "warn"]).await;
    endpoint.send(&refused).await;
    let line = program.logged("--allow-origin").await;
    assert!(line.contains("WARN"), "{line}");

    let (program, endpoint) = Program::hello_http(&["--log-level", "error"]).await;
    endpoint.send(&refused).await;
    program.terminate().await;
    let (_, _, log) = program.output().await;
    assert!(!log.contains("--allow-origin"), "{log}");

    let (mut program, endpoint) = Program::hello_http(&["--log", "off"]).await;
    endpoint.send(&refused).await;
    program.terminate().await;
    assert_eq!(program.log_line().await, None);
}

#[tokio::test]
async fn with_a_json_log_every_line_on_standard_error_is_json() {
    let arguments = ["--transport", "http", "--port", "0", "--log", "json"];
    let mut program = Program::hello(&arguments, &[]).await;
    let started: Value = serde_json::from_str(&program.log_line().await.unwrap()).unwrap();
    assert_eq!(started["server"], "hello-toolsmith", "{started}");
    assert_eq!(started["transport"], "http", "{started}");
    let endpoint = Endpoint::at(started["endpoint"].as_str().unwrap());
    endpoint
        .send(&sum().field("Origin", "https://evil.example"))
        .await;
    let line = program.log_line().await.unwrap();
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["level"], "WARN", "{line}");
    assert!(
        line.to_string()
            .contains("--allow-origin https://evil.example"),
        "{line}"
    );
}
