//! What is logged: a level, or levels by target.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::panics;
use crate::{Error, Result};

const HINT: &str = "use error, warn, info, debug, trace or off, or target=level pairs such as info,my_server=debug";

/// Reads a filter.
///
/// # Errors
///
/// When a word of it is no level. The library that filters would take such a word for the
/// name of a target, and with it a slip of the pen would silence everything else.
pub(super) fn read(text: &str) -> Result<EnvFilter> {
    let wrong = |word: &str| {
        Error::setting(format!("--log-level: expected a level, got '{word}'")).with_hint(HINT)
    };
    let mut silent = false;
    let mut read = Vec::new();
    for part in text.split(',').map(str::trim) {
        let (target, level) = part.rsplit_once('=').unwrap_or(("everything", part));
        let known: Option<LevelFilter> = level.parse().ok().filter(|_| !level.is_empty());
        if known.is_none() || target.is_empty() || target.contains(char::is_whitespace) {
            return Err(wrong(part));
        }
        read.push(part);
        silent |= part == level && known == Some(LevelFilter::OFF);
    }
    // What was asked for comes later, and wins.
    let panics = format!("{}=error", panics::TARGET);
    if !silent {
        read.insert(0, &panics);
    }
    EnvFilter::try_new(read.join(",")).map_err(|error| {
        Error::setting(format!("--log-level '{text}' cannot be read: {error}")).with_hint(HINT)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_pairs_are_taken() {
        for good in [
            "info",
            "WARN",
            "off",
            "toolsmith=debug",
            "warn,toolsmith::http=trace, hyper=off",
            "info,app[span{a=1}]=debug",
        ] {
            let read = read(good).map(|filter| filter.to_string());
            let read = read.unwrap();
            let panics = read.contains("toolsmith::panic=error");
            assert_eq!(panics, good != "off", "{good}: {read}");
        }
        let own = read("info,toolsmith::panic=off").unwrap().to_string();
        assert!(!own.contains("panic=error"), "{own}");
    }

    #[test]
    fn words_that_are_no_level_are_refused_with_the_levels() {
        for bad in [
            "wrn",
            "nonsense=",
            "=info",
            "info,wrn",
            "info,",
            "",
            "warn info",
            "a b=info",
            "toolsmith=loud",
            "a=b=c",
            "app[span]",
        ] {
            let error = format!("{:?}", read(bad).unwrap_err());
            assert!(error.contains("error, warn, info, debug, trace"), "{error}");
            assert!(error.contains("--log-level"), "{error}");
        }
    }
}
