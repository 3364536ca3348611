//! Secrets of this server's own.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use crate::{Error, Result};

/// The longest secret, in bytes.
const MAX_SECRET: u64 = 4096;

/// Where a secret is: never among the settings themselves, which are shown and logged.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretSource {
    /// In this file, without the line end after it.
    File(PathBuf),
    /// In this environment variable.
    Variable(String),
}

impl SecretSource {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// When it is not there, or empty.
    pub(super) fn read(&self) -> Result<Secret> {
        let (place, read) = match self {
            Self::File(path) => {
                let mut text = String::new();
                let file = File::open(path).and_then(|file| {
                    let read = file.take(MAX_SECRET).read_to_string(&mut text);
                    read.map(|_| text)
                });
                let file = file.map_err(|error| error.to_string());
                (format!("the file '{}'", path.display()), file)
            }
            Self::Variable(name) => {
                let value = std::env::var(name).map_err(|error| match error {
                    std::env::VarError::NotPresent => "it is not set".to_owned(),
                    std::env::VarError::NotUnicode(_) => "it is no text".to_owned(),
                });
                (format!("the environment variable {name}"), value)
            }
        };
        match read.map(|text| text.trim_end_matches(['\r', '\n']).to_owned()) {
            Ok(text) if text.is_empty() => Err(Error::setting(format!(
                "{place} is to hold a secret, and is empty"
            ))),
            Ok(text) => Ok(Secret(text)),
            Err(why) => Err(Error::setting(format!(
                "{place} is to hold a secret, and cannot be read: {why}"
            ))),
        }
    }
}

/// A secret, which is never shown.
#[derive(Clone)]
pub(super) struct Secret(String);

impl Secret {
    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_without_its_line_end_and_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "hunter2\n").unwrap();
        let secret = SecretSource::File(path.clone()).read().unwrap();
        assert_eq!(secret.text(), "hunter2");
        assert!(!format!("{secret:?}").contains("hunter2"));
        std::fs::write(&path, "\n").unwrap();
        let empty = SecretSource::File(path).read().unwrap_err().to_string();
        assert!(empty.contains("is empty"), "{empty}");
        let missing = SecretSource::Variable("TOOLSMITH_NO_SUCH_VARIABLE".to_owned());
        let missing = missing.read().unwrap_err().to_string();
        assert!(missing.contains("TOOLSMITH_NO_SUCH_VARIABLE") && missing.contains("not set"));
    }
}
