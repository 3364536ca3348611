//! What `docs/deploy/Dockerfile` starts, as the first process of a namespace of its own. The
//! image itself is not built: that takes a registry.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::Notes;
use super::calls::ask;
use super::kit::Kit;
use crate::servers::{HttpServer, START};

const END: Duration = Duration::from_secs(15);
/// What the image has by the name of the program.
const SHOWN: &str = r#"ENTRYPOINT ["/usr/local/bin/my-server"]"#;

pub(super) fn check(kit: &Kit<'_>) -> Result<Notes> {
    let text = std::fs::read_to_string(kit.folder("docs/deploy/Dockerfile"))?;
    let (_, last) = text.rsplit_once("\nFROM ").context("no stage")?;
    ensure!(
        last.contains(SHOWN),
        "the last stage does not end in {SHOWN}"
    );
    let mut command = Command::new("unshare");
    // A user namespace, so that nobody has to be root for it.
    command
        .args(["--map-root-user", "--pid", "--fork", "--kill-child"])
        .arg(&kit.program)
        .env_clear()
        .envs(variables(last))
        // Others may have the port here, and the address is read from lines of text.
        .env("TOOLSMITH_PORT", "0")
        .env("TOOLSMITH_LOG", "text");
    let mut server = HttpServer::start(command, START)?;
    let answer = ask(&server.url, "add", &json!({"a": 2, "b": 3}))?;
    ensure!(answer == "5", "2 and 3 are {answer}");
    let first = first_process(server.id())?;
    kill_process(first, Signal::TERM)?;
    let status = server.wait(END)?;
    ensure!(
        status.success(),
        "it ended with {status}:\n{}",
        server.log()
    );
    Ok(vec![
        "the image is not built: there is no registry".to_owned(),
    ])
}

/// The variables of a stage.
fn variables(stage: &str) -> impl Iterator<Item = (&str, &str)> {
    let words = stage.lines().filter_map(|line| line.strip_prefix("ENV "));
    words.filter_map(|word| word.split_once('='))
}

/// The process that is the first one in there.
fn first_process(outside: u32) -> Result<Pid> {
    let children = format!("/proc/{outside}/task/{outside}/children");
    let children = std::fs::read_to_string(children)?;
    let first = children.split_whitespace().next();
    let first = first.and_then(|it| it.parse().ok()).and_then(Pid::from_raw);
    first.context("nothing was started in the namespace")
}
