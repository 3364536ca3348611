//! What was typed or set: every setting by its flag.

use std::ffi::OsString;

use clap::builder::NonEmptyStringValueParser;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::declared::{SETTINGS, Setting};
use crate::{Error, Result};

/// The settings, as text.
#[derive(Debug)]
pub(super) struct Values(ArgMatches);

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

    /// Refuses flags of features that this program was built without.
    pub(super) fn check_features(&self) -> Result<()> {
        for setting in SETTINGS {
            let typed = self.0.value_source(setting.flag) == Some(ValueSource::CommandLine);
            match setting.part.feature() {
                Some((feature, false)) if typed => {
                    return Err(Error::setting(absent(
                        &format!("--{}", setting.flag),
                        feature,
                    )));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// What to do about a feature that is not there.
pub(super) fn absent(what: &str, feature: &str) -> String {
    format!(
        "{what} needs the feature `{feature}`, which this program was built without; add it with: cargo add toolsmith --features {feature}"
    )
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
        .hide(missing)
        .value_parser(NonEmptyStringValueParser::new());
    let arg = match setting.many {
        true => arg.action(ArgAction::Append).value_delimiter(','),
        false => arg.action(ArgAction::Set),
    };
    match setting.default {
        Some(default) => arg.default_value(default),
        None => arg,
    }
}
