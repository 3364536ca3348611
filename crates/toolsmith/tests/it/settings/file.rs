//! The settings file.

use super::refused::refused;
use crate::wire::{Endpoint, Program};

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

#[tokio::test]
async fn what_a_file_says_holds_unless_a_variable_or_a_flag_says_otherwise() {
    let file = file(
        "transport = \"http\"\nport = 0\npath = \"/of-the-file\"\nmax-body = \"1KiB\"\nallow-host = [\"a.example\", \"b.example\"]\nallow-credentials = true\n",
    );
    let config = format!("--config={}", file.path().display());
    for (flags, variable, path) in [
        (vec![config.as_str()], None, "/of-the-file"),
        (vec![&config], Some("/of-the-variable"), "/of-the-variable"),
        (
            vec![&config, "--path=/of-the-flag"],
            Some("/of-the-variable"),
            "/of-the-flag",
        ),
    ] {
        let environment = variable.map(|it| ("TOOLSMITH_PATH", it));
        let environment: Vec<_> = environment.into_iter().collect();
        let mut program = Program::hello(&flags, &environment).await;
        let endpoint = Endpoint::at(&program.url().await);
        assert_eq!(endpoint.path, path);
        endpoint.still_serves().await;
        let large = crate::wire::Ask::post("x".repeat(1025));
        assert_eq!(endpoint.send(&large).await.status, 413);
        for (host, status) in [("b.example", 200), ("c.example", 403)] {
            let ask = crate::wire::modern(1, "tools/list", serde_json::json!({}));
            let reply = endpoint.send(&ask.field("Host", host)).await;
            assert_eq!(reply.status, status, "{host}: {reply:?}");
        }
    }
    // It may be named by a variable, too.
    let environment = [("TOOLSMITH_CONFIG", file.path().to_str().unwrap())];
    let mut program = Program::hello(&[], &environment).await;
    assert!(program.url().await.ends_with("/of-the-file"));
}

#[tokio::test]
async fn a_mistake_in_a_file_is_named_with_the_file_and_what_to_do() {
    for (text, words) in [
        ("max-bdy = \"1KiB\"", ["max-bdy", "did you mean `max-body`"]),
        (
            "max_body = \"1KiB\"",
            ["max_body", "did you mean `max-body`"],
        ),
        ("config = \"other.toml\"", ["config", "no setting"]),
        (
            "transport = \"http\"\nport = \"many\"",
            ["`port`", "got 'many'"],
        ),
        (
            "transport = \"http\"\nmax-body = 0",
            ["`max-body`", "at least one byte"],
        ),
        ("path = [\"/a\"]", ["`path`", "a text or a number"]),
        (
            "allow-credentials = \"maybe\"",
            ["`allow-credentials`", "true or false"],
        ),
        ("state-key = \"hunter2\"", ["state-key", "7 bytes"]),
        ("path = \"/a\"\npath =", ["line 2", ".toml"]),
    ] {
        let file = file(text);
        let config = format!("--config={}", file.path().display());
        let name = file.path().file_name().unwrap().to_str().unwrap();
        refused(&[&config], &[], &[name, words[0], words[1]]).await;
    }
    refused(
        &["--config=/none.toml"],
        &[],
        &["/none.toml", "cannot be read"],
    )
    .await;
}

#[tokio::test]
async fn a_file_is_read_only_where_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("toolsmith.toml"), "nonsense").unwrap();
    let hello = crate::wire::example("hello", None).await;
    let mut command = std::process::Command::new(hello);
    command
        .args(["--transport=http", "--port=0"])
        .current_dir(folder.path());
    let mut program = Program::of(command);
    Endpoint::at(&program.url().await).still_serves().await;
}
