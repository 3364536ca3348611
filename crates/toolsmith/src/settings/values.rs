//! What was typed, set or written: the words of every setting.

use std::ffi::OsString;
use std::fmt;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::declared::{Part, SETTINGS, Setting, Shape};
use super::file::SettingsFile;
use super::kinds::Kind;
use crate::{Error, Result};

/// The settings, as text.
pub(crate) struct Values {
    typed: ArgMatches,
    file: SettingsFile,
}

/// Some are secrets.
impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Values").finish_non_exhaustive()
    }
}

/// Where a value comes from; a later one goes before an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Default,
    File,
    Environment,
    Flag,
}

impl Values {
    /// Reads flags and environment.
    pub(super) fn parse<I, T>(words: I) -> Result<Self, clap::Error>
    where
        I: IntoIterator<Item = T>,
        T: Into<OsString> + Clone,
    {
        let words: Vec<OsString> = words.into_iter().map(Into::into).collect();
        let typed = match command(false).try_get_matches_from(&words) {
            // The texts of the help are made only for who reads them.
            Err(error) if error.kind() == ErrorKind::DisplayHelp => {
                command(true).try_get_matches_from(&words)?
            }
            parsed => parsed?,
        };
        let file = SettingsFile::default();
        Ok(Self { typed, file })
    }

    /// Reads the settings file, if one is named.
    pub(super) fn with_file(mut self) -> Result<Self> {
        let path = self.one("config");
        if !path.is_empty() {
            let read = SettingsFile::read(&path);
            self.file = read.map_err(|error| self.blame(error))?;
        }
        Ok(self)
    }

    /// The value of a setting, read as its kind.
    pub(crate) fn read<K: Kind>(&self, name: &str) -> Result<K::Value> {
        K::read(&name.replace('_', "-"), &self.words(name))
    }

    /// The same, if anybody said anything; nothing where only the default holds.
    pub(super) fn read_said<K: Kind>(&self, name: &str) -> Result<Option<K::Value>> {
        match self.source(name) {
            Source::Default => Ok(None),
            _ => self.read::<K>(name).map(Some),
        }
    }

    /// Whether anybody said anything of it.
    pub(super) fn is_said(&self, name: &str) -> bool {
        self.source(name) != Source::Default
    }

    /// The word of a setting, or nothing where it has no default.
    pub(super) fn one(&self, name: &str) -> String {
        self.words(name).into_iter().next().unwrap_or_default()
    }

    /// The words of a setting.
    pub(super) fn words(&self, name: &str) -> Vec<String> {
        match (self.source(name), self.file.get(name)) {
            (Source::File, Some(words)) => words.to_vec(),
            _ => self.typed_words(name),
        }
    }

    fn typed_words(&self, name: &str) -> Vec<String> {
        let words = self.typed.get_many::<String>(name);
        words.into_iter().flatten().cloned().collect()
    }

    fn source(&self, name: &str) -> Source {
        match self.typed.value_source(name) {
            Some(ValueSource::CommandLine) => Source::Flag,
            Some(ValueSource::EnvVariable) => Source::Environment,
            _ if self.file.get(name).is_some() => Source::File,
            _ => Source::Default,
        }
    }

    /// Refuses flags of features that this program was built without, and empty values.
    pub(super) fn check(&self) -> Result<()> {
        for setting in SETTINGS.iter() {
            let source = self.source(setting.name);
            match (setting.part.feature(), source) {
                (Some((feature, false)), Source::Flag | Source::File) => {
                    return Err(absent(&format!("--{}", setting.flag()), feature));
                }
                // What the environment says to other programs does not concern this one.
                (Some((_, false)), _) => continue,
                _ => {}
            }
            if self.words(setting.name).iter().any(String::is_empty) {
                let empty = format!("--{} has an empty value", setting.flag());
                let hint = "give it a value, or leave it out";
                return Err(Error::setting(empty).with_hint(hint));
            }
        }
        Ok(())
    }

    /// Refuses flags that were typed for a transport that is not the one that serves. The
    /// environment and the file may hold settings for both.
    pub(super) fn check_typed_for(&self, chosen: Part) -> Result<()> {
        let serves = chosen.transport();
        let of_other = |setting: &&Setting| {
            let transport = setting.part.transport();
            transport.is_some() && transport != serves && self.source(setting.name) == Source::Flag
        };
        let Some(setting) = SETTINGS.iter().find(of_other) else {
            return Ok(());
        };
        let (own, other) = match chosen.transport() {
            Some("http") => ("http", "stdio"),
            _ => ("stdio", "http"),
        };
        let flag = setting.flag();
        Err(Error::setting(format!(
            "--{flag} is a setting of the transport {other}, and this server uses {own}"
        ))
        .with_hint(format!("add --transport {other}, or leave --{flag} out")))
    }

    /// Names the variable or the file in place of the flag, where the value came from there.
    pub(super) fn blame(&self, error: Error) -> Error {
        error.reworded(|message| {
            SETTINGS.iter().find_map(|setting| {
                let flag = setting.flag();
                let rest = message.strip_prefix("--")?.strip_prefix(flag.as_str())?;
                let whole = !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-');
                match self.source(setting.name) {
                    _ if !whole => None,
                    Source::Environment => Some(format!("{}{rest}", setting.env())),
                    Source::File => Some(format!("`{flag}` in '{}'{rest}", self.file.path())),
                    Source::Flag | Source::Default => None,
                }
            })
        })
    }
}

/// What to do about a feature that is not there.
pub(crate) fn absent(what: &str, feature: &str) -> Error {
    Error::setting(format!(
        "{what} needs the feature `{feature}`, which this program was built without"
    ))
    .with_hint(format!(
        "add it with: cargo add toolsmith --features {feature}"
    ))
}

fn command(with_help: bool) -> Command {
    Command::new("server")
        .no_binary_name(false)
        .disable_version_flag(true)
        .about("Serves its tools to MCP clients.")
        .args(SETTINGS.iter().map(|it| arg(it, with_help)))
}

fn arg(setting: &Setting, with_help: bool) -> Arg {
    let missing = matches!(setting.part.feature(), Some((_, false)));
    let arg = Arg::new(setting.name)
        .long(setting.flag())
        .env(setting.env())
        .value_name(setting.value)
        .hide_env_values(setting.secret)
        .hide(missing);
    let arg = match with_help {
        true => arg.help(setting.help()).help_heading(setting.section),
        false => arg,
    };
    let arg = match setting.shape {
        Shape::One => arg.action(ArgAction::Set),
        Shape::Many => arg.action(ArgAction::Append).value_delimiter(','),
        Shape::Switch => arg
            .action(ArgAction::Set)
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true"),
    };
    match setting.default {
        Some(default) => arg.default_value(default),
        None => arg,
    }
}
