//! The table of settings: each declared once, in [`http`], [`server`] or [`stdio`].
//!
//! From a declaration come the flag, the environment variable, the line of the settings
//! file, the help, the reference page and, for what belongs to a transport, the field that
//! holds it and the method that sets it.

#[macro_use]
pub(crate) mod http;
pub(crate) mod server;
pub(crate) mod stdio;

use std::sync::LazyLock;

/// What a setting belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Every server.
    Server,
    /// The feature `stdio`.
    Stdio,
    /// The feature `http`.
    Http,
    /// The feature `tls`.
    Tls,
    /// The feature `acme`.
    Acme,
    /// The feature `auth`.
    Auth,
    /// The feature `metrics`.
    Metrics,
    /// The feature `otel`.
    Otel,
    /// The feature `rate-limit`.
    RateLimit,
    /// The feature `store`.
    Store,
}

impl Part {
    /// The feature that has it, and whether this program was built with it.
    pub(crate) const fn feature(self) -> Option<(&'static str, bool)> {
        match self {
            Part::Server => None,
            Part::Stdio => Some(("stdio", cfg!(feature = "stdio"))),
            Part::Http => Some(("http", cfg!(feature = "http"))),
            Part::Tls => Some(("tls", cfg!(feature = "tls"))),
            Part::Acme => Some(("acme", cfg!(feature = "acme"))),
            Part::Auth => Some(("auth", cfg!(feature = "auth"))),
            Part::Otel => Some(("otel", cfg!(feature = "otel"))),
            Part::Metrics => Some(("metrics", cfg!(feature = "metrics"))),
            Part::RateLimit => Some(("rate-limit", cfg!(feature = "rate-limit"))),
            Part::Store => Some(("store", cfg!(feature = "store"))),
        }
    }

    /// The transport that it is a setting of; none where it is one of both.
    pub(super) const fn transport(self) -> Option<&'static str> {
        match self {
            Part::Server | Part::Otel | Part::Store => None,
            Part::Stdio => Some("stdio"),
            Part::Http | Part::Tls | Part::Acme | Part::Auth | Part::Metrics | Part::RateLimit => {
                Some("http")
            }
        }
    }
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One value.
    One,
    /// As many as there are.
    Many,
    /// Yes or no; the flag alone means yes.
    Switch,
}

/// One setting.
#[derive(Debug)]
pub(super) struct Setting {
    /// What it is called in code.
    pub(super) name: &'static str,
    /// The heading that it stands under.
    pub(super) section: &'static str,
    /// What stands for its value in the help.
    pub(super) value: &'static str,
    /// What holds when nobody says anything.
    pub(super) default: Option<&'static str>,
    pub(super) shape: Shape,
    /// Whether its value is not to be shown.
    pub(super) secret: bool,
    pub(super) part: Part,
    help: &'static str,
}

impl Setting {
    /// The flag without the dashes, which is its name in the settings file, too.
    pub(super) fn flag(&self) -> String {
        self.name.replace('_', "-")
    }

    /// The environment variable.
    pub(super) fn env(&self) -> String {
        format!("TOOLSMITH_{}", self.name.to_ascii_uppercase())
    }

    /// What it is, in one line that ends without a full stop.
    pub(super) fn help(&self) -> String {
        let words: Vec<&str> = self.help.split_whitespace().collect();
        let help = words.join(" ").replace('`', "");
        help.trim_end_matches('.').to_owned()
    }
}

/// A row of the table; what is not common is set by the caller.
pub(super) const fn row(
    section: &'static str,
    part: Part,
    name: &'static str,
    value: &'static str,
    default: Option<&'static str>,
    help: &'static str,
) -> Setting {
    Setting {
        name,
        section,
        value,
        default,
        shape: Shape::One,
        secret: false,
        part,
        help,
    }
}

/// Every setting, in the order of the help.
pub(super) static SETTINGS: LazyLock<Vec<Setting>> = LazyLock::new(|| {
    let mut all = server::first();
    all.extend(http::rows());
    all.extend(stdio::rows());
    all.extend(server::kept());
    all.extend(server::rest());
    all
});

/// The setting of a name.
pub(super) fn setting(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|it| it.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_is_declared_once_and_says_what_it_is() {
        let mut seen = HashSet::new();
        for setting in SETTINGS.iter() {
            assert!(seen.insert(setting.name), "{setting:?}");
            assert!(!setting.help().is_empty(), "{setting:?}");
            assert!(!setting.help().contains("  "), "{:?}", setting.help());
        }
    }
}
