//! What was typed, turned into what it means: which server, and what of it.

use std::ffi::OsString;

use crate::args::{CallArgs, CommonArgs, ServerArgs};
use crate::error::{Failure, Result};
use crate::values;

/// A server to talk to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Streamable HTTP at this address.
    Url(String),
    /// A program to start, spoken to over its stdin and stdout; never empty.
    Command(Vec<OsString>),
}

/// A call: the tool and its arguments, as they were typed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) target: Target,
    pub(crate) tool: String,
    pub(crate) arguments: Vec<String>,
}

/// The server of `list` and `inspect`.
pub(crate) fn server(args: ServerArgs) -> Result<(Target, CommonArgs)> {
    let ServerArgs {
        url,
        command,
        common,
    } = args;
    let url = url.map(checked_url).transpose()?;
    let target = one_server(url, command, common.command_line.as_deref())?;
    check_headers(&target, &common)?;
    Ok((target, common))
}

/// The server, tool and arguments of `call`.
pub(crate) fn call(args: CallArgs) -> Result<(Request, CommonArgs)> {
    let CallArgs {
        mut words,
        mut command,
        common,
    } = args;
    let url = take_url(&mut words)?;
    if words.is_empty() && url.is_none() && common.command_line.is_none() && !command.is_empty() {
        (command, words) = split_command(command)?;
    }
    let target = one_server(url, command, common.command_line.as_deref())?;
    check_headers(&target, &common)?;
    let mut words = words.into_iter();
    let tool = words
        .next()
        .ok_or_else(|| Failure::usage("no tool is named").hint(CALL_FORMS))?;
    if tool.starts_with('{') || values::is_pair(&tool) {
        return Err(
            Failure::usage(format!("expected the name of a tool, found {tool:?}")).hint(CALL_FORMS),
        );
    }
    let request = Request {
        target,
        tool,
        arguments: words.collect(),
    };
    Ok((request, common))
}

const CALL_FORMS: &str =
    "toolsmith call URL TOOL key=value…, or toolsmith call TOOL key=value… -- CMD…";

fn one_server(
    url: Option<String>,
    command: Vec<OsString>,
    command_line: Option<&str>,
) -> Result<Target> {
    let mut found = Vec::new();
    found.extend(url.map(Target::Url));
    if !command.is_empty() {
        found.push(Target::Command(command));
    }
    if let Some(line) = command_line {
        found.push(Target::Command(split_line(line)?));
    }
    match found.len() {
        0 => Err(Failure::usage("no server is named")
            .hint("give a URL (http://127.0.0.1:8000/mcp), or a command after `--`")),
        1 => Ok(found.swap_remove(0)),
        _ => Err(Failure::usage("more than one server is named")
            .hint("give one of: a URL, a command after `--`, --command 'CMD …'")),
    }
}

fn check_headers(target: &Target, common: &CommonArgs) -> Result<()> {
    match target {
        Target::Command(_) if !common.headers.is_empty() => Err(Failure::usage(
            "--header is for servers with a URL; a command has no headers",
        )
        .hint("set environment variables instead: -- env KEY=value CMD…")),
        _ => Ok(()),
    }
}

fn split_line(line: &str) -> Result<Vec<OsString>> {
    let words = shlex::split(line).filter(|words| !words.is_empty());
    let words = words.ok_or_else(|| {
        Failure::usage(format!("--command {line:?} is empty or has an open quote"))
            .hint("quote it as a shell would: --command './server --name \"two words\"'")
    })?;
    Ok(words.into_iter().map(OsString::from).collect())
}

/// Takes the server's address from the first or the last word.
fn take_url(words: &mut Vec<String>) -> Result<Option<String>> {
    let looks_like_url = |word: &String| scheme(word).is_some();
    let url = if words.first().is_some_and(looks_like_url) {
        words.remove(0)
    } else if words.len() > 1 && words.last().is_some_and(looks_like_url) {
        words.swap_remove(words.len() - 1)
    } else {
        return Ok(None);
    };
    checked_url(url).map(Some)
}

/// The scheme of a word that could be a URL: letters before `://`.
fn scheme(word: &str) -> Option<&str> {
    let (scheme, _) = word.split_once("://")?;
    let valid = !scheme.is_empty()
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    valid.then_some(scheme)
}

fn checked_url(url: String) -> Result<String> {
    let Some(scheme) = scheme(&url) else {
        return Err(Failure::usage(format!("{url:?} is not a URL"))
            .hint("write http://HOST:PORT/mcp, or put a command after `--`"));
    };
    if !["http", "https"].contains(&scheme.to_ascii_lowercase().as_str()) {
        return Err(
            Failure::usage(format!("{url:?}: servers are reached by http or https"))
                .hint("write http://HOST:PORT/mcp, or put a command after `--`"),
        );
    }
    match url.parse::<http::Uri>() {
        Ok(_) => Ok(url),
        Err(error) => Err(Failure::usage(format!("{url:?} is not a URL: {error}"))
            .hint("write http://HOST:PORT/mcp")),
    }
}

/// Splits `CMD… -- TOOL key=value…`, or `CMD… TOOL key=value…` where the command ends before
/// the first word that is followed by arguments alone.
fn split_command(mut command: Vec<OsString>) -> Result<(Vec<OsString>, Vec<String>)> {
    let boundary = match command.iter().rposition(|word| word == "--") {
        Some(dashes) => {
            command.remove(dashes);
            dashes
        }
        None => command
            .iter()
            .rposition(|word| !is_argument(word))
            .unwrap_or(0),
    };
    let words = command.split_off(boundary);
    let words: Result<Vec<String>, OsString> =
        words.into_iter().map(OsString::into_string).collect();
    let words = words.map_err(|word| Failure::usage(format!("{word:?} is not valid UTF-8")))?;
    let what = match words.first() {
        None => "no tool is named after the second `--`".to_owned(),
        Some(tool) if tool.starts_with('-') => {
            format!("no tool is named: {tool:?}, where a tool was expected, is an option")
        }
        Some(tool) if command.is_empty() => {
            format!("either the command or the tool is missing: found {tool:?} alone")
        }
        Some(_) => return Ok((command, words)),
    };
    Err(Failure::usage(what).hint("toolsmith call TOOL key=value… -- CMD…"))
}

fn is_argument(word: &OsString) -> bool {
    word.to_str()
        .is_some_and(|word| values::is_pair(word) || word.starts_with('{'))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Cli, Verb};

    fn request(line: &str) -> Result<Request> {
        let words = shlex::split(line).unwrap();
        let cli = Cli::try_parse_from(
            ["toolsmith", "call"]
                .into_iter()
                .map(String::from)
                .chain(words),
        );
        match cli.unwrap().verb {
            Verb::Call(args) => call(args).map(|(request, _)| request),
            other => panic!("{other:?}"),
        }
    }

    fn command(words: &[&str]) -> Target {
        Target::Command(words.iter().map(OsString::from).collect())
    }

    #[test]
    fn every_documented_form_names_the_same_call() {
        let hello = || command(&["./hello", "--transport", "stdio"]);
        let url = || Target::Url("http://h/mcp".to_owned());
        for (line, target) in [
            ("http://h/mcp add a=2 b=3", url()),
            ("add a=2 b=3 http://h/mcp", url()),
            ("add a=2 b=3 -- ./hello --transport stdio", hello()),
            ("--command './hello --transport stdio' add a=2 b=3", hello()),
            ("-- ./hello --transport stdio add a=2 b=3", hello()),
            ("-- ./hello --transport stdio -- add a=2 b=3", hello()),
        ] {
            let expected = Request {
                target,
                tool: "add".to_owned(),
                arguments: vec!["a=2".to_owned(), "b=3".to_owned()],
            };
            assert_eq!(request(line).unwrap(), expected, "{line}");
        }
    }

    #[test]
    fn the_literal_order_keeps_pairs_and_json_apart_from_the_command() {
        let found = request("-- env A=1 ./server add '{\"a\":1}'").unwrap();
        assert_eq!(found.target, command(&["env", "A=1", "./server"]));
        assert_eq!((found.tool.as_str(), found.arguments.len()), ("add", 1));
        let found = request("-- ./server now").unwrap();
        assert_eq!((found.tool.as_str(), found.arguments.len()), ("now", 0));
    }

    #[test]
    fn a_url_as_a_value_is_no_server() {
        let found = request("fetch url=http://a/b http://h/mcp").unwrap();
        assert_eq!(found.target, Target::Url("http://h/mcp".to_owned()));
        assert_eq!(found.arguments, ["url=http://a/b"]);
    }

    #[test]
    fn what_is_missing_or_double_is_said() {
        for (line, says) in [
            ("", "no server is named"),
            ("add a=1", "no server is named"),
            ("http://h/mcp", "no tool is named"),
            ("http://h/mcp a=1", "expected the name of a tool"),
            ("http://h/mcp add -- ./hello", "more than one server"),
            ("--command x add -- ./hello", "more than one server"),
            ("ws://h/mcp add", "http or https"),
            ("http:///mcp add", "is not a URL"),
            ("-- ./hello", "the command or the tool is missing"),
            ("-- ./hello --port=1", "is an option"),
            ("-- ./hello --", "no tool is named"),
            ("--command \"'\" add", "open quote"),
            (
                "--header 'A: b' add -- ./hello",
                "--header is for servers with a URL",
            ),
        ] {
            let failure = request(line).unwrap_err();
            assert!(failure.message().contains(says), "{line}: {failure}");
        }
    }
}
