//! What was typed or set: every setting by its flag.

use std::ffi::OsString;
use std::fmt;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::declared::{Part, SETTINGS, Setting};
use crate::{Error, Result};

/// The settings, as text.
pub(super) struct Values(ArgMatches);

/// Some are secrets.
impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Values").finish_non_exhaustive()
    }
}

impl Values {
    /// Reads flags and environment.
    pub(super) fn parse<I, T>(words: I) -> Result<Self, clap::Error>
    where
        I: IntoIterator<Item = T>,
        T: Into<OsString> + Clone,
    {
        command().try_get_matches_from(words).map(Self)
    }

    /// The value of a setting, or nothing where it has no default.
    pub(super) fn one(&self, flag: &str) -> &str {
        self.0.get_one::<String>(flag).map_or("", String::as_str)
    }

    /// The values of a setting that may be repeated.
    pub(super) fn many(&self, flag: &str) -> Vec<String> {
        let values = self.0.get_many::<String>(flag);
        values.into_iter().flatten().cloned().collect()
    }

    /// Refuses flags of features that this program was built without, and empty values.
    pub(super) fn check(&self) -> Result<()> {
        for setting in SETTINGS {
            match setting.part.feature() {
                Some((feature, false)) if self.is_typed(setting) => {
                    return Err(absent(&format!("--{}", setting.flag), feature));
                }
                // What the environment says to other programs does not concern this one.
                Some((_, false)) => continue,
                _ => {}
            }
            if self.many(setting.flag).iter().any(String::is_empty) {
                let empty = format!("--{} has an empty value", setting.flag);
                let hint = "give it a value, or leave it out";
                return Err(Error::setting(empty).with_hint(hint));
            }
        }
        Ok(())
    }

    /// Refuses flags that were typed for a transport that is not the one that serves. The
    /// environment may hold settings for both.
    pub(super) fn check_typed_for(&self, chosen: Part) -> Result<()> {
        let of_other = |setting: &&Setting| ![Part::Server, chosen].contains(&setting.part);
        let typed = SETTINGS.iter().filter(of_other).find(|s| self.is_typed(s));
        let Some(setting) = typed else {
            return Ok(());
        };
        let (own, other) = match chosen {
            Part::Http => ("http", "stdio"),
            Part::Stdio | Part::Server => ("stdio", "http"),
        };
        Err(Error::setting(format!(
            "--{} is a setting of the transport {other}, and this server uses {own}",
            setting.flag
        ))
        .with_hint(format!(
            "add --transport {other}, or leave --{} out",
            setting.flag
        )))
    }

    /// Names the variable in place of the flag, where the value came from there.
    pub(super) fn blame(&self, error: Error) -> Error {
        error.reworded(|message| {
            SETTINGS.iter().find_map(|setting| {
                let rest = message.strip_prefix("--")?.strip_prefix(setting.flag)?;
                let whole = !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-');
                let source = self.0.value_source(setting.flag);
                (whole && source == Some(ValueSource::EnvVariable))
                    .then(|| format!("{}{rest}", setting.env))
            })
        })
    }

    fn is_typed(&self, setting: &Setting) -> bool {
        self.0.value_source(setting.flag) == Some(ValueSource::CommandLine)
    }
}

/// What to do about a feature that is not there.
pub(super) fn absent(what: &str, feature: &str) -> Error {
    Error::setting(format!(
        "{what} needs the feature `{feature}`, which this program was built without"
    ))
    .with_hint(format!(
        "add it with: cargo add toolsmith --features {feature}"
    ))
}

fn command() -> Command {
    Command::new("server")
        .no_binary_name(false)
        .disable_version_flag(true)
        .about("Serves its tools to MCP clients.")
        .args(SETTINGS.iter().map(arg))
}

fn arg(setting: &Setting) -> Arg {
    let missing = matches!(setting.part.feature(), Some((_, false)));
    let arg = Arg::new(setting.flag)
        .long(setting.flag)
        .env(setting.env)
        .value_name(setting.value)
        .help(setting.help)
        .hide_env_values(setting.secret)
        .hide(missing);
    let arg = match setting.many {
        true => arg.action(ArgAction::Append).value_delimiter(','),
        false => arg.action(ArgAction::Set),
    };
    match setting.default {
        Some(default) => arg.default_value(default),
        None => arg,
    }
}
