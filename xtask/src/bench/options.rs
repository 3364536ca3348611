//! What was asked for on the command line.

use anyhow::{Context as _, Result, bail};

use super::{subject, workload};

const ROUNDS: usize = 5;
const SECONDS: u64 = 3;

/// `[--rounds N] [--seconds S] [--only a,b] [--subjects ours,floor] [--write-docs]`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) rounds: usize,
    /// How long each measurement of a rate takes.
    pub(super) seconds: u64,
    /// Workloads, by id or by letter; every one where there is none.
    only: Vec<String>,
    /// Subjects, by id or by the name of their kind; every one where there is none.
    subjects: Vec<String>,
    /// Nothing is measured; the last full run goes into the documentation.
    pub(super) write_docs: bool,
}

impl Options {
    pub(super) fn read(args: &[String]) -> Result<Self> {
        let mut options = Self {
            rounds: ROUNDS,
            seconds: SECONDS,
            only: Vec::new(),
            subjects: Vec::new(),
            write_docs: false,
        };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut value = || {
                args.next()
                    .with_context(|| format!("`{arg}` takes a value"))
            };
            match arg.as_str() {
                "--rounds" => options.rounds = number(arg, value()?, 100)?,
                "--seconds" => options.seconds = number(arg, value()?, 600)? as u64,
                "--only" => options.only = names(value()?, &workload::names())?,
                "--subjects" => options.subjects = names(value()?, &subject::names())?,
                "--write-docs" => options.write_docs = true,
                _ => bail!(
                    "there is no option `{arg}`; there are --rounds, --seconds, --only, --subjects and --write-docs"
                ),
            }
        }
        Ok(options)
    }

    /// Whether a workload is to run.
    pub(super) fn wants(&self, id: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|it| it == id || it == letter(id))
    }

    /// Whether a subject is to be measured.
    pub(super) fn wants_subject(&self, id: &str, group: &str) -> bool {
        self.subjects.is_empty() || self.subjects.iter().any(|it| it == id || it == group)
    }

    /// Whether nothing is left out.
    pub(super) fn is_full(&self) -> bool {
        self.only.is_empty() && self.subjects.is_empty()
    }
}

/// The part of a workload's id that the workloads of a family share.
pub(super) fn letter(id: &str) -> &str {
    id.split('-').next().unwrap_or(id)
}

/// Names in their order, without those that came before.
pub(super) fn each_once<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = std::collections::BTreeSet::new();
    names.filter(|name| seen.insert(*name)).collect()
}

fn number(option: &str, text: &str, most: usize) -> Result<usize> {
    let number = text.parse().ok().filter(|it| (1..=most).contains(it));
    number.with_context(|| format!("`{option}` takes a number from 1 to {most}, not `{text}`"))
}

fn names(text: &str, known: &[&str]) -> Result<Vec<String>> {
    let names: Vec<String> = text.split(',').map(str::to_owned).collect();
    for name in &names {
        if !known.contains(&name.as_str()) {
            bail!("there is no `{name}`; there are {}", known.join(", "));
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Options> {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Options::read(&args)
    }

    #[test]
    fn options_are_read_in_any_order() {
        let options = read("--only a,i-32 --subjects rmcp,ours-full --rounds 2").unwrap();
        assert_eq!((options.rounds, options.seconds), (2, SECONDS));
        assert!(options.wants("a") && options.wants("i-32"));
        assert!(!options.wants("i-1") && !options.wants("b"));
        assert!(options.wants_subject("rmcp-nodelay", "rmcp"));
        assert!(options.wants_subject("ours-full", "ours"));
        assert!(!options.wants_subject("ours", "ours"));
        assert!(!options.is_full());
    }

    #[test]
    fn a_letter_means_the_whole_family() {
        let options = read("--only c").unwrap();
        assert!(options.wants("c-modern-1") && options.wants("c-legacy-2"));
    }

    #[test]
    fn what_is_not_known_is_named() {
        for bad in [
            "--rounds 0",
            "--rounds",
            "--only z",
            "--subjects me",
            "--fast",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        let error = read("--only z").unwrap_err().to_string();
        assert!(
            error.contains("`z`") && error.contains("c-modern-1"),
            "{error}"
        );
        for known in [workload::names(), subject::names()] {
            assert_eq!(
                each_once(known.iter().copied()),
                known,
                "a name comes twice"
            );
        }
    }
}
