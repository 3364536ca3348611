//! Runs the README's own commands, so that what it promises is what happens.
//!
//! A comment on the line before each ```` ```sh ```` block says what to do with it:
//!
//! - `<!-- run -->`: run it with `sh -eu` in the checkout; it must succeed.
//! - `<!-- run: server -->`: start it, wait for its `-> MCP endpoint: …` line, and let it
//!   run until the next server starts or the README ends.
//! - `<!-- norun: reason -->`: leave it out; the reason is printed in the summary.
//!
//! A `sh` block without such a comment is a mistake. Under such a block, a block of any
//! language after `<!-- output -->` holds lines that the command must have printed, in
//! this order; a line `…` stands for anything. What `cargo install` installs goes into the
//! build folder, whose `bin` is on the path.
//!
//! The README's Rust code is compiled by the documentation tests of `conformance/`, and
//! its table of settings is compared with what the server's help says.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use crate::outcome::{Outcome, Report};
use crate::run::{Task, tail};
use crate::servers::HttpServer;
use crate::workspace::Workspace;
use crate::{namespace, setup};

/// A first release build is part of it.
const LIMIT: Duration = Duration::from_secs(15 * 60);
/// The port that a server has when the command names none.
const PORT: u16 = 8000;

/// What a comment says about the block after it.
#[derive(Debug, PartialEq)]
enum Mark {
    Run,
    Server,
    Skip(String),
    Output,
}

/// A marked block.
#[derive(Debug, PartialEq)]
struct Block {
    line: usize,
    mark: Mark,
    text: String,
}

pub(crate) fn check(workspace: &Workspace) -> Outcome {
    setup::program("curl", "curl")?;
    let text = std::fs::read_to_string(workspace.root.join("README.md"))
        .context("there is no README.md")?;
    let blocks = blocks(&text)?;
    ensure!(
        blocks.iter().any(|block| block.mark == Mark::Server),
        "README.md starts no server"
    );
    let notes = blocks.iter().filter_map(|block| match &block.mark {
        Mark::Skip(reason) => Some(format!("README.md:{} not run: {reason}", block.line)),
        _ => None,
    });
    let mut notes: Vec<String> = notes.collect();
    has_settings(workspace, &text)?;
    if namespace::port_is_free(PORT) {
        run(workspace, &blocks)?;
    } else {
        println!("port {PORT} is taken: running in a network namespace");
        workspace.cargo(["fetch", "--locked"]).run()?;
        namespace::run_inside(workspace, "readme")?;
        notes.push(format!("port {PORT} was taken: ran in a network namespace"));
    }
    Ok(Report::with_notes(notes))
}

fn run(workspace: &Workspace, blocks: &[Block]) -> Result<()> {
    let mut server: Option<HttpServer> = None;
    let mut printed = String::new();
    for block in blocks {
        let place = || format!("README.md:{}\n{}", block.line, block.text);
        match &block.mark {
            Mark::Skip(_) => {}
            Mark::Run => {
                println!("$ {}", block.text);
                printed = shell(workspace, &block.text)
                    .output()?
                    .success()
                    .with_context(place)?
                    .stdout;
                println!("{}", printed.trim_end());
            }
            Mark::Server => {
                println!("$ {}", block.text);
                // The one before it holds the port.
                drop(server.take());
                let command = shell(workspace, &block.text).into_command();
                let started = HttpServer::start(command, LIMIT).with_context(place)?;
                printed = started.start_up.join("\n");
                server = Some(started);
            }
            Mark::Output => has_lines(&printed, &block.text).with_context(place)?,
        }
    }
    Ok(())
}

fn shell(workspace: &Workspace, script: &str) -> Task {
    let installed = workspace.target.join("readme");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(installed.join("bin")).chain(std::env::split_paths(&path));
    let path = std::env::join_paths(folders.collect::<Vec<PathBuf>>()).unwrap_or(path);
    Task::new("sh")
        .args(["-euc", script])
        .dir(Path::new(&workspace.root))
        .without_own_package()
        .env("PATH", path)
        .env("CARGO_INSTALL_ROOT", installed)
        // The commands are what is tested, not the optimiser, which takes minutes.
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .limit(LIMIT)
}

/// Checks that what the README's table of settings says is what the server's help says.
fn has_settings(workspace: &Workspace, text: &str) -> Result<()> {
    let hello = workspace.build_debug()?.join("hello");
    let help = Task::new(hello)
        .args(["--help"])
        .output()?
        .success()?
        .stdout;
    let settings = settings(text);
    ensure!(!settings.is_empty(), "README.md has no table of settings");
    let wrong: Vec<&(String, String)> = settings
        .iter()
        .filter(|(flag, variable)| !is_offered(&help, flag, variable))
        .collect();
    ensure!(
        wrong.is_empty(),
        "README.md names settings that the server's help does not have: {wrong:?}"
    );
    Ok(())
}

/// Flag and variable of each row ``| `--flag` | `VARIABLE` | …``.
fn settings(text: &str) -> Vec<(String, String)> {
    let rows = text.lines().filter_map(|line| {
        let mut cells = line.strip_prefix('|')?.split('|');
        let flag = cells
            .next()?
            .trim()
            .strip_prefix("`--")?
            .strip_suffix('`')?;
        let variable = cells.next()?.trim().strip_prefix('`')?.strip_suffix('`')?;
        Some((format!("--{flag}"), variable.to_owned()))
    });
    rows.collect()
}

/// Whether the help has this flag with this variable. Its lines are wrapped anywhere.
fn is_offered(help: &str, flag: &str, variable: &str) -> bool {
    let words: Vec<&str> = help.split_whitespace().collect();
    let Some(at) = words.iter().position(|word| *word == flag) else {
        return false;
    };
    // `[env: VARIABLE=value]`, or without the value of one that is kept secret.
    words[at + 1..]
        .iter()
        .take_while(|word| !word.starts_with("--"))
        .any(|word| word.split(['=', ']']).next() == Some(variable))
}

/// Checks that the lines stand in the output, in order.
fn has_lines(printed: &str, expected: &str) -> Result<()> {
    let mut lines = printed.lines().map(str::trim_end);
    for want in expected
        .lines()
        .map(str::trim_end)
        .filter(|line| !matches!(*line, "" | "…"))
    {
        ensure!(
            lines.any(|line| line == want),
            "the command did not print\n{want}\nbut\n{}",
            tail(printed)
        );
    }
    Ok(())
}

/// All marked blocks. Fails at a `sh` block without a mark.
fn blocks(text: &str) -> Result<Vec<Block>> {
    let mut blocks = Vec::new();
    let mut mark = None;
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let line = line.trim();
        if let Some(language) = line.strip_prefix("```") {
            let text: Vec<&str> = lines
                .by_ref()
                .map(|(_, line)| line)
                .take_while(|line| line.trim() != "```")
                .collect();
            match mark.take() {
                Some(mark) => blocks.push(Block {
                    line: index + 1,
                    mark,
                    text: text.join("\n"),
                }),
                None if language == "sh" => bail!(
                    "README.md:{} does not say whether it is run: write `<!-- run -->`, `<!-- run: server -->` or `<!-- norun: reason -->` on the line before it",
                    index + 1
                ),
                None => {}
            }
        } else if !line.is_empty() {
            mark = parse_mark(line).with_context(|| format!("README.md:{}", index + 1))?;
        }
    }
    Ok(blocks)
}

fn parse_mark(line: &str) -> Result<Option<Mark>> {
    let Some(comment) = line
        .strip_prefix("<!--")
        .and_then(|rest| rest.strip_suffix("-->"))
    else {
        return Ok(None);
    };
    let (word, rest) = comment.split_once(':').unwrap_or((comment, ""));
    Ok(match (word.trim(), rest.trim()) {
        ("run", "") => Some(Mark::Run),
        ("run", "server") => Some(Mark::Server),
        ("run", other) => bail!("`run: {other}` is not known; there is `run` and `run: server`"),
        ("norun", "") => bail!("`norun` needs a reason"),
        ("norun", reason) => Some(Mark::Skip(reason.to_owned())),
        ("output", "") => Some(Mark::Output),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# Title
<!-- run: server -->
```sh
serve
```
<!-- run -->

```sh
call \\
  it
```
<!-- output -->
```json
5
```
<!-- norun: needs Windows -->
```powershell
curl.exe
```
```rust
fn main() {}
```
";

    #[test]
    fn blocks_are_found_with_their_marks() {
        let blocks = blocks(TEXT).unwrap();
        let marks: Vec<&Mark> = blocks.iter().map(|block| &block.mark).collect();
        assert_eq!(
            marks,
            [
                &Mark::Server,
                &Mark::Run,
                &Mark::Output,
                &Mark::Skip("needs Windows".to_owned())
            ]
        );
        assert_eq!(blocks[1].text, "call \\\n  it");
        assert_eq!(blocks[1].line, 8);
    }

    #[test]
    fn a_block_without_a_mark_is_a_mistake() {
        let error = blocks("text\n```sh\nls\n```\n").unwrap_err().to_string();
        assert!(error.contains("README.md:2"), "{error}");
        assert!(blocks("<!-- norun -->\n```sh\nls\n```\n").is_err());
        let late = blocks("<!-- run -->\nsome text\n```sh\nls\n```\n");
        assert!(late.is_err(), "a mark holds for the block right after it");
    }

    #[test]
    fn settings_are_read_from_the_table_and_looked_for_in_the_help() {
        let text = "| flag | environment |\n|---|---|\n| `--port` | `T_PORT` | `1` | the port |\n";
        assert_eq!(settings(text), [("--port".to_owned(), "T_PORT".to_owned())]);
        let help = "Options:\n      --port <PORT>\n   The port [env:\n   T_PORT=] [default: 1]\n      --path <PATH>  [env: T_PATH=]\n";
        assert!(is_offered(help, "--port", "T_PORT"));
        assert!(!is_offered(help, "--port", "T_PATH"), "another's variable");
        assert!(!is_offered(help, "--host", "T_HOST"));
    }

    #[test]
    fn expected_lines_are_looked_for_in_order() {
        has_lines("a\nb\nc\n", "a\n…\nc").unwrap();
        assert!(has_lines("a\nb\n", "b\na").is_err());
    }
}
