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
