//! What a server says when it starts.

use std::time::Duration;

use crate::wire::Program;

#[tokio::test]
async fn the_start_up_lines_name_server_transport_and_url() {
    let arguments = ["--transport", "streamable-http", "--port", "0"];
    let mut program = Program::hello(&arguments, &[]).await;
    let mut lines = Vec::new();
    while !lines
        .last()
        .is_some_and(|l: &String| l.contains("MCP endpoint"))
    {
        lines.push(program.log_line().await.unwrap());
    }
    let shortly = Duration::from_millis(200);
    let more = tokio::time::timeout(shortly, program.log_line()).await;
    assert!(more.is_err(), "more lines: {lines:?}, {more:?}");
    assert!(lines.len() <= 4, "{lines:?}");
    let all = lines.join("\n");
    for word in ["'hello-toolsmith'", "'http'", "http://127.0.0.1:", "/mcp"] {
        assert!(all.contains(word), "{word} is not in {all}");
    }
    assert!(!all.contains('\u{1b}'), "colours for a program: {all}");
}

#[tokio::test]
async fn a_server_on_a_pipe_says_so_on_standard_error() {
    let program = Program::hello(&[], &[]).await;
    let (code, output, said) = program.output().await;
    assert_eq!((code, output.as_str()), (Some(0), ""), "{said}");
    assert!(
        said.contains("'hello-toolsmith'") && said.contains("'stdio'"),
        "{said}"
    );
    assert!(said.lines().count() <= 4, "{said}");
}

#[cfg(feature = "auth")]
#[tokio::test]
async fn an_address_that_others_reach_is_not_open_without_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys.toml");
    let new = toolsmith::auth::api_keys::NewApiKey::new("one");
    toolsmith::auth::api_keys::create(&keys, new).unwrap();
    let keys = ["--api-keys", keys.to_str().unwrap()];
    let open = ["--transport", "http", "--port", "0", "--host", "0.0.0.0"];
    for (more, said) in [
        ([].as_slice(), "whoever reaches this address may call"),
        (&keys, "in plain text"),
    ] {
        let mut program = Program::hello(&[&open, more].concat(), &[]).await;
        let line = program.logged(said).await;
        assert!(
            line.contains("WARN") && line.contains("--trusted-proxy"),
            "{line}"
        );
    }
    // Something stands before it, or nobody else reaches it.
    let proxied = [&open[..], &["--trusted-proxy", "10.0.0.1"]].concat();
    for arguments in [proxied.as_slice(), &open[..4]] {
        let mut program = Program::hello(arguments, &[]).await;
        program.url().await;
        program.terminate().await;
        let (_, _, log) = program.output().await;
        assert!(!log.contains("WARN"), "{log}");
    }
}
