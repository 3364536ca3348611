//! What was typed makes no sense: exit code 2, and the way out.

use crate::support::toolsmith;

#[test]
fn usage_errors_say_what_to_do() {
    for (args, says, hint) in [
        (&["list"][..], "no server is named", "a command after `--`"),
        (&["inspect"], "no server is named", "a command after `--`"),
        (
            &["list", "./server"],
            "is not a URL",
            "a command after `--`",
        ),
        (
            &["list", "ftp://h/mcp"],
            "http or https",
            "http://HOST:PORT/mcp",
        ),
        (
            &["call", "add", "a=1"],
            "no server is named",
            "a command after `--`",
        ),
        (
            &["call", "http://h/mcp"],
            "no tool is named",
            "TOOL key=value",
        ),
        (
            &["call", "http://h/mcp", "add", "2"],
            "\"2\" is neither key=value nor key:=JSON",
            "JSON object",
        ),
        (
            &["call", "http://h/mcp", "add", "{"],
            "{ is not a JSON object",
            "",
        ),
        (
            &["list", "http://h/mcp", "--", "./server"],
            "more than one server",
            "one of",
        ),
        (
            &["list", "--header", "A: b", "--", "./server"],
            "--header is for servers with a URL",
            "env KEY=value",
        ),
    ] {
        let stderr = toolsmith(args).failed(2);
        assert!(stderr.contains(says), "{args:?}: {stderr}");
        assert!(stderr.contains(hint), "{args:?}: {stderr}");
    }
}

#[test]
fn options_are_checked_before_anything_is_started() {
    for option in [
        ["--timeout", "0"],
        ["--era", "stone"],
        ["--header", "no colon"],
    ] {
        let stderr = toolsmith(["list", "http://127.0.0.1:1/mcp"].iter().chain(&option)).failed(2);
        assert!(stderr.contains(option[1]), "{option:?}: {stderr}");
    }
    toolsmith(["dance"]).failed(2);
}

#[test]
fn help_lists_the_exit_codes() {
    for args in [
        &["--help"][..],
        &["list", "--help"],
        &["call", "--help"],
        &["inspect", "--help"],
    ] {
        let help = toolsmith(args).ok();
        assert!(help.contains("124  the time was up"), "{args:?}: {help}");
    }
}

#[test]
fn the_version_is_the_crates() {
    let expected = format!("toolsmith {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(toolsmith(["--version"]).ok(), expected);
}
