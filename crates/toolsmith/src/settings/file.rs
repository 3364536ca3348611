//! The settings file.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use super::declared::{SETTINGS, Setting, Shape, setting};
use crate::{Error, Result};

/// The largest settings file, in bytes.
const MAX_FILE: u64 = 1 << 20;
/// How much alike two names are when one may be meant by the other.
const ALIKE: f64 = 0.7;

/// What a settings file says: words by the name of the setting.
#[derive(Default)]
pub(super) struct SettingsFile {
    path: String,
    words: BTreeMap<&'static str, Vec<String>>,
}

/// Some are secrets.
impl std::fmt::Debug for SettingsFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SettingsFile")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl SettingsFile {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// When it cannot be read, is no TOML, or says something of a setting that there is not.
    pub(super) fn read(path: &str) -> Result<Self> {
        let problem = |what: String| Error::setting(format!("--config: {what}"));
        let mut text = String::new();
        let file = std::fs::File::open(Path::new(path));
        let read = file.and_then(|file| file.take(MAX_FILE + 1).read_to_string(&mut text));
        match read {
            Err(error) => return Err(problem(format!("'{path}' cannot be read: {error}"))),
            Ok(read) if read as u64 > MAX_FILE => {
                let what = format!("'{path}' has more than {MAX_FILE} bytes");
                return Err(problem(what));
            }
            Ok(_) => {}
        }
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let line = error.span().map_or(1, |span| line_of(&text, span.start));
            // The whole of the error repeats the line, which may hold a secret.
            problem(format!("'{path}', line {line}: {}", error.message()))
        })?;
        let mut words = BTreeMap::new();
        for (key, value) in table {
            let Some(setting) = known(&key) else {
                return Err(unknown(path, &key));
            };
            let value = words_of(setting, value).ok_or_else(|| {
                let wanted = wanted(setting);
                problem(format!("'{path}': `{key}` is {wanted}"))
            })?;
            words.insert(setting.name, value);
        }
        let path = path.to_owned();
        Ok(Self { path, words })
    }

    /// What it is called.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// What it says of a setting.
    pub(super) fn get(&self, name: &str) -> Option<&[String]> {
        self.words.get(name).map(Vec::as_slice)
    }
}

/// The setting of a key; files are not named in files.
fn known(key: &str) -> Option<&'static Setting> {
    let setting = setting(&key.replace('-', "_"))?;
    (setting.name != "config" && !key.contains('_')).then_some(setting)
}

fn unknown(path: &str, key: &str) -> Error {
    let flags = SETTINGS.iter().map(Setting::flag);
    let scored = flags.map(|flag| (strsim::jaro_winkler(key, &flag), flag));
    let nearest = scored.max_by(|one, other| one.0.total_cmp(&other.0));
    let hint = match nearest {
        Some((score, flag)) if score > ALIKE => format!("did you mean `{flag}`?"),
        _ => "the names are those of the flags, which --help lists".to_owned(),
    };
    let key: String = key.chars().take(100).collect();
    Error::setting(format!("--config: '{path}': there is no setting `{key}`")).with_hint(hint)
}

/// What a setting takes, for people.
fn wanted(setting: &Setting) -> &'static str {
    match setting.shape {
        Shape::One => "a text or a number",
        Shape::Many => "a text or a list of texts",
        Shape::Switch => "true or false",
    }
}

fn words_of(setting: &Setting, value: toml::Value) -> Option<Vec<String>> {
    match (setting.shape, value) {
        (Shape::Many, toml::Value::Array(values)) => values.into_iter().map(word).collect(),
        (Shape::Switch, toml::Value::Boolean(is)) => Some(vec![is.to_string()]),
        (Shape::Switch, _) => None,
        (_, value) => Some(vec![word(value)?]),
    }
}

fn word(value: toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text),
        toml::Value::Integer(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The number of the line that a byte is in.
fn line_of(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|b| *b == b'\n').count() + 1
}
