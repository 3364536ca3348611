//! What was typed after `cargo xtask edge`.

use anyhow::{Context as _, Result};

use super::EdgePart;

/// What is to be run.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) parts: Vec<&'static EdgePart>,
    /// For minutes instead of seconds.
    pub(super) soak: bool,
}

impl Options {
    /// Reads names of parts and `--soak`. Without names, those that are quick are meant;
    /// with `--soak`, those that can last.
    pub(super) fn read(args: &[String], all: &'static [EdgePart]) -> Result<Self> {
        let soak = args.iter().any(|it| it == "--soak");
        let named = args.iter().filter(|it| *it != "--soak");
        let parts: Vec<_> = named
            .map(|name| {
                let part = all.iter().find(|part| part.name == *name);
                part.with_context(|| {
                    let names: Vec<_> = all.iter().map(|part| part.name).collect();
                    format!(
                        "there is no `{name}`; there are {} and --soak",
                        names.join(", ")
                    )
                })
            })
            .collect::<Result<_>>()?;
        let chosen = all
            .iter()
            .filter(|it| if soak { it.lasts } else { it.quick });
        let parts = if parts.is_empty() {
            chosen.collect()
        } else {
            parts
        };
        Ok(Self { parts, soak })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &[EdgePart] = &[
        EdgePart {
            name: "one",
            quick: true,
            lasts: false,
            run: |_| Ok(Vec::new()),
        },
        EdgePart {
            name: "other",
            quick: false,
            lasts: true,
            run: |_| Ok(Vec::new()),
        },
    ];

    fn names(typed: &str) -> Result<(Vec<&'static str>, bool)> {
        let args: Vec<String> = typed.split_whitespace().map(str::to_owned).collect();
        let options = Options::read(&args, ALL)?;
        let names = options.parts.iter().map(|part| part.name).collect();
        Ok((names, options.soak))
    }

    #[test]
    fn parts_are_named_or_the_quick_ones_or_those_that_last() {
        assert_eq!(names("").unwrap(), (vec!["one"], false));
        assert_eq!(names("--soak").unwrap(), (vec!["other"], true));
        assert_eq!(names("one --soak").unwrap(), (vec!["one"], true));
        assert_eq!(names("other one").unwrap(), (vec!["other", "one"], false));
        let error = names("third").unwrap_err().to_string();
        assert!(error.contains("one, other"), "{error}");
    }
}
