//! What is logged: a level, or levels by target.

use tracing_subscriber::filter::{LevelFilter, Targets};

use super::panics;
use crate::{Error, Result};

const HINT: &str = "use error, warn, info, debug, trace or off, or target=level pairs such as info,my_server=debug";

/// Reads a filter.
///
/// # Errors
///
/// When a word of it is no level. The library that filters would take such a word for the
/// name of a target, and with it a slip of the pen would silence everything else.
pub(super) fn read(text: &str) -> Result<Targets> {
    let mut everything = LevelFilter::OFF;
    let mut targets = Vec::new();
    for part in text.split(',').map(str::trim) {
        let (target, level) = match part.rsplit_once('=') {
            Some((target, level)) => (Some(target), level),
            None => (None, part),
        };
        let known: Option<LevelFilter> = level.parse().ok().filter(|_| !level.is_empty());
        match (target, known) {
            (None, Some(level)) => everything = level,
            (Some(target), Some(level)) if is_target(target) => targets.push((target, level)),
            _ => {
                return Err(
                    Error::setting(format!("--log-level: expected a level, got '{part}'"))
                        .with_hint(HINT),
                );
            }
        }
    }
    let mut filter = Targets::new().with_default(everything);
    let silent = everything == LevelFilter::OFF && targets.is_empty();
    if !silent {
        filter = filter.with_target(panics::TARGET, LevelFilter::ERROR);
    }
    // What was asked for comes later, and wins.
    Ok(filter.with_targets(targets))
}

/// Whether it is the path of a module, as targets are.
fn is_target(text: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '.');
    !text.is_empty() && text.chars().all(is_part)
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
            "app[span{a=1}]=debug",
        ] {
            let error = format!("{:?}", read(bad).unwrap_err());
            assert!(error.contains("error, warn, info, debug, trace"), "{error}");
            assert!(error.contains("--log-level"), "{error}");
        }
    }
}
