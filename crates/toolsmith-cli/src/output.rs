//! The one writer to stdout, the one to stderr, and colours for terminals.

use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

use serde::Serialize;

use crate::error::{Failure, Result};

/// Where results go.
#[derive(Debug)]
pub(crate) struct Output {
    stdout: BufWriter<StdoutLock<'static>>,
    terminal: bool,
    paint: Paint,
}

impl Output {
    pub(crate) fn new() -> Self {
        let stdout = io::stdout().lock();
        let terminal = stdout.is_terminal();
        Self {
            paint: Paint::new(terminal),
            stdout: BufWriter::new(stdout),
            terminal,
        }
    }

    pub(crate) fn paint(&self) -> Paint {
        self.paint
    }

    pub(crate) fn line(&mut self, text: impl Display) -> Result<()> {
        writeln!(self.stdout, "{text}").map_err(|error| Failure::stdout(&error))
    }

    /// Text that a server wrote: exact for a pipe, without control codes for a terminal.
    pub(crate) fn foreign(&mut self, text: &str) -> Result<()> {
        if self.terminal {
            self.line(clean(text))
        } else {
            self.line(text)
        }
    }

    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<()> {
        serde_json::to_writer_pretty(&mut self.stdout, value)
            .map_err(|error| Failure::stdout(&error.into()))?;
        self.line("")
    }

    pub(crate) fn flush(&mut self) -> Result<()> {
        self.stdout.flush().map_err(|error| Failure::stdout(&error))
    }
}

/// Writes a failure to stderr. Nothing can be done when that fails too.
pub(crate) fn report(failure: &Failure) {
    let mut stderr = io::stderr().lock();
    let paint = Paint::new(stderr.is_terminal());
    let _ = writeln!(
        stderr,
        "{} {}",
        paint.error("error:"),
        clean(failure.message())
    );
    if let Some(log) = failure.server_log_text() {
        let _ = writeln!(stderr, "the server's last lines on stderr:");
        for line in log.lines() {
            let _ = writeln!(stderr, "  {}", clean(line));
        }
    }
    if let Some(hint) = failure.hint_text() {
        let _ = writeln!(stderr, "{} {}", paint.hint("hint:"), clean(hint));
    }
}

/// Colours, or none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    pub(crate) const OFF: Self = Self { on: false };

    /// On for terminals, unless `NO_COLOR` is set or the terminal is a dumb one.
    fn new(terminal: bool) -> Self {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            on: terminal && !is_set("NO_COLOR") && !dumb,
        }
    }

    pub(crate) fn name(self, text: &str) -> String {
        self.wrap("1", text)
    }

    pub(crate) fn faint(self, text: &str) -> String {
        self.wrap("2", text)
    }

    fn error(self, text: &str) -> String {
        self.wrap("1;31", text)
    }

    fn hint(self, text: &str) -> String {
        self.wrap("1;36", text)
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.on && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Without the control characters with which a server could steer a terminal.
pub(crate) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            c if c.is_control() => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}

/// The first line that says something, cleaned.
pub(crate) fn first_line(text: &str) -> String {
    let line = text.lines().find(|line| !line.trim().is_empty());
    clean(line.unwrap_or_default().trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_codes_of_a_server_do_not_reach_the_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\tc\nd\r"), "a\u{fffd}[2Jb\tc\nd\u{fffd}");
    }

    #[test]
    fn the_first_line_is_the_first_that_says_something() {
        assert_eq!(first_line("\n  Add two.\nMore."), "Add two.");
        assert_eq!(first_line(""), "");
    }

    #[test]
    fn nothing_is_painted_when_paint_is_off() {
        assert_eq!(Paint::OFF.name("add"), "add");
        assert_eq!(Paint { on: true }.name("add"), "\u{1b}[1madd\u{1b}[0m");
    }
}
