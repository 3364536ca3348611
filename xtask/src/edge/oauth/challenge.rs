//! `WWW-Authenticate`, read as strictly as it is meant to be written.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};

use crate::bench::client::Answer;

/// The parameters of a challenge of the scheme `Bearer`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Challenge(BTreeMap<String, String>);

impl Challenge {
    /// The one challenge of an answer.
    pub(super) fn of(answer: &Answer) -> Result<Self> {
        let fields: Vec<_> = answer.every("www-authenticate").collect();
        let [field] = fields.as_slice() else {
            bail!("not one field, but {fields:?}");
        };
        Self::read(field).with_context(|| format!("`{field}`"))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn read(field: &str) -> Result<Self> {
        let mut rest = field
            .strip_prefix("Bearer ")
            .context("not `Bearer` first")?;
        let mut all = BTreeMap::new();
        loop {
            let (name, after) = rest.split_once("=\"").context("no quoted value")?;
            let is_word = name.bytes().all(|it| it.is_ascii_lowercase() || it == b'_');
            ensure!(is_word && !name.is_empty(), "`{name}` names no parameter");
            let (value, after) = quoted(after).context("a value without an end")?;
            let twice = all.insert(name.to_owned(), value);
            ensure!(twice.is_none(), "`{name}` is there twice");
            if after.is_empty() {
                return Ok(Self(all));
            }
            rest = after.strip_prefix(", ").context("no comma")?;
        }
    }
}

/// A value up to its closing quote, and what is behind that.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((place, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, text.get(place + 1..)?)),
            '\\' => value.push(letters.next()?.1),
            _ => value.push(letter),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_and_none_is_there_twice() {
        let read = Challenge::read(r#"Bearer error="a \"b\"", scope="c d""#).unwrap();
        assert_eq!(read.get("error"), Some("a \"b\""));
        assert_eq!(read.get("scope"), Some("c d"));
        assert_eq!(read.get("realm"), None);
        for bad in [
            "Bearer",
            "Basic a=\"b\"",
            "Bearer a=b",
            "Bearer a=\"b",
            "Bearer a=\"b\" c=\"d\"",
            "Bearer a=\"b\", a=\"c\"",
            "Bearer a=\"b\", Basic c=\"d\"",
        ] {
            assert!(Challenge::read(bad).is_err(), "{bad}");
        }
    }
}
