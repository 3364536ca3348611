//! What was typed.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use http::{HeaderName, HeaderValue};

use crate::key::KeyArgs;

const EXIT_CODES: &str = "\
Exit codes:
  0    it worked
  1    the tool said that it failed
  2    the command line does not make sense
  3    no server was reached, or it refused to talk
  4    the protocol went wrong, for example an unknown tool
  5    a file or the output could not be written
  124  the time was up";

const CALL_HELP: &str = "\
Where the server is, in any of these ways:
  toolsmith call http://127.0.0.1:8000/mcp add a=2 b=3
  toolsmith call add a=2 b=3 http://127.0.0.1:8000/mcp
  toolsmith call add a=2 b=3 -- ./hello --transport stdio
  toolsmith call --command './hello --transport stdio' add a=2 b=3
  toolsmith call -- ./hello --transport stdio -- add a=2 b=3
  toolsmith call -- ./hello --transport stdio add a=2 b=3
In the last form, the words at the end that are key=value (or one JSON object) are the
arguments, the word before them is the tool, and all before that is the command. Where
that is not what you mean, write the form above it, with a second `--`.

Arguments:
  key=value     read by the tool's input schema: a string stays a string, and an
                integer, number, boolean, array or object is parsed
  key:=JSON     JSON, whatever the schema says
  '{\"a\": 2}'    all arguments as one JSON object, sent as it is";

/// List, call and inspect the tools of MCP servers, and start a server of your own.
#[derive(Debug, Parser)]
#[command(name = "toolsmith", version, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// List the tools of a server: <required> and [optional] arguments, and what each tool does
    #[command(after_help = EXIT_CODES)]
    List(ServerArgs),
    /// Call a tool
    #[command(
        override_usage = "toolsmith call [OPTIONS] URL TOOL [KEY=VALUE… | JSON]\n       \
                          toolsmith call [OPTIONS] TOOL [KEY=VALUE… | JSON] -- CMD…",
        after_help = call_help(),
    )]
    Call(CallArgs),
    /// Show everything that a server offers
    #[command(after_help = EXIT_CODES)]
    Inspect(ServerArgs),
    /// Make a project with a server of your own
    New(NewArgs),
    /// Make, list and revoke the API keys that a server takes
    #[command(after_help = EXIT_CODES)]
    Key(KeyArgs),
}

fn call_help() -> String {
    format!("{CALL_HELP}\n\n{EXIT_CODES}")
}

/// `list` and `inspect`.
#[derive(Debug, Args)]
pub(crate) struct ServerArgs {
    /// The server's address, for example http://127.0.0.1:8000/mcp
    pub(crate) url: Option<String>,
    /// The command that starts the server, after `--`
    #[arg(last = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CallArgs {
    /// The tool and its arguments, and the server's address before or behind them
    #[arg(value_name = "WORD")]
    pub(crate) words: Vec<String>,
    /// The command that starts the server, after `--`
    #[arg(last = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// Options of every command that talks to a server.
#[derive(Debug, Args)]
pub(crate) struct CommonArgs {
    /// The command that starts the server, as one quoted string instead of after `--`
    #[arg(long = "command", value_name = "COMMAND")]
    pub(crate) command_line: Option<String>,
    /// Which era of the protocol to speak
    #[arg(long, value_enum, default_value_t = Era::Auto)]
    pub(crate) era: Era,
    /// Give up after this long, from the first connection to the last answer
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub(crate) timeout: Duration,
    /// A header to send with every HTTP request, as 'Name: value'; may be repeated
    #[arg(long = "header", value_name = "HEADER", value_parser = header)]
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// Write JSON, as the protocol has it
    #[arg(long)]
    pub(crate) json: bool,
    /// Pass the stderr of a started server through
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Era {
    /// Ask for the modern era and fall back to the legacy one
    Auto,
    /// Open with `initialize` (revisions up to 2025-11-25)
    Legacy,
    /// Open with `server/discover` (revision 2026-07-28)
    Modern,
}

#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// The name of the project, its folder and its server
    pub(crate) name: String,
    /// The toolsmith to depend on: a folder or a version [default: the one that built this command]
    #[arg(long, value_name = "PATH|VERSION")]
    pub(crate) toolsmith: Option<PathBuf>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    const DAY: f64 = 86_400.0;
    match text.parse::<f64>() {
        Ok(value) if value > 0.0 && value <= DAY => Ok(Duration::from_secs_f64(value)),
        _ => Err("expected seconds: more than 0, at most 86400".to_owned()),
    }
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text
        .split_once(':')
        .ok_or("expected 'Name: value', for example 'Authorization: Bearer TOKEN'")?;
    let name = HeaderName::try_from(name.trim())
        .map_err(|_| format!("{name:?} is not the name of a header"))?;
    let mut value = HeaderValue::try_from(value.trim())
        .map_err(|_| format!("the value of {name} has characters that no header may have"))?;
    // Headers carry tokens; a sensitive value is not shown by Debug.
    value.set_sensitive(true);
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn seconds_are_positive_and_bounded() {
        assert_eq!(seconds("1.5"), Ok(Duration::from_millis(1500)));
        for bad in ["0", "-1", "nan", "inf", "86401", "ten"] {
            assert!(seconds(bad).is_err(), "{bad} was taken");
        }
    }

    #[test]
    fn a_header_is_a_name_and_a_value() {
        let (name, value) = header("X-Key:  abc ").unwrap();
        assert_eq!((name.as_str(), value.to_str().unwrap()), ("x-key", "abc"));
        assert!(header("X-Key").unwrap_err().contains("Name: value"));
        assert!(header("X Key: a").unwrap_err().contains("name of a header"));
        assert!(header("X-Key: a\nb").unwrap_err().contains("x-key"));
    }
}
