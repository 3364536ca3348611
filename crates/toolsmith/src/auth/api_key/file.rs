//! The file that keys are kept in.

use std::fs::{self, File, Metadata};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::record::Record;
use super::text;

/// The most keys in a file.
pub(super) const MAX_KEYS: usize = 10_000;
/// The longest file, in bytes.
const MAX_FILE: u64 = 8 * 1024 * 1024;

const HEADING: &str = "\
# API keys. `toolsmith key` writes this file; comments are not kept. The keys themselves are
# not in here, only their digests.

";

/// The keys, in the order in which they were made.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    #[serde(default, rename = "key")]
    pub(super) keys: Vec<Record>,
}

/// By what it is seen that a file is another than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    /// A file that took the place of another may have its time and its length.
    number: u64,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let number = std::os::unix::fs::MetadataExt::ino(metadata);
        #[cfg(not(unix))]
        let number = 0;
        Self {
            modified: metadata.modified().ok(),
            length: metadata.len(),
            number,
        }
    }

    /// That of the file that is there now.
    pub(super) fn now(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().as_ref().map(Self::of)
    }
}

/// Reads a file that nobody else can write.
///
/// # Errors
///
/// What is wrong with it, in words that follow its name.
pub(super) fn read(path: &Path) -> Result<(Document, Stamp), String> {
    let file = File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
    let metadata = file.metadata();
    let metadata = metadata.map_err(|error| format!("cannot be read: {error}"))?;
    check_owner(&metadata)?;
    let mut text = String::new();
    let length = file.take(MAX_FILE + 1).read_to_string(&mut text);
    if length.map_err(|error| format!("cannot be read: {error}"))? as u64 > MAX_FILE {
        return Err(format!("is longer than {MAX_FILE} bytes"));
    }
    let document: Document = toml::from_str(&text).map_err(|error| wrong(&text, &error))?;
    check(&document)?;
    Ok((document, Stamp::of(&metadata)))
}

/// Where the mistake is, without the line itself: a digest may be in it.
fn wrong(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = before.map_or(1, |it| it.matches('\n').count() + 1);
    format!("is wrong in line {line}: {}", error.message())
}

fn check(document: &Document) -> Result<(), String> {
    let count = document.keys.len();
    if count > MAX_KEYS {
        return Err(format!("holds {count} keys, more than {MAX_KEYS}"));
    }
    let mut seen = std::collections::HashSet::new();
    for key in &document.keys {
        if !text::is_id(&key.id) {
            return Err(format!("has '{}', which is not the id of a key", key.id));
        }
        if !seen.insert(key.id.as_str()) {
            return Err(format!("has two keys with the id {}", key.id));
        }
    }
    Ok(())
}

/// Who can write the file can let anybody in.
#[cfg(unix)]
fn check_owner(metadata: &Metadata) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = metadata.permissions().mode();
    if mode & 0o022 == 0 {
        return Ok(());
    }
    let mode = mode & 0o777;
    Err(format!(
        "can be written by others (mode {mode:03o}); chmod go-w it"
    ))
}

#[cfg(not(unix))]
fn check_owner(_: &Metadata) -> Result<(), String> {
    Ok(())
}

/// Writes a file whole, in the place of the one that is there. Only its owner can read it.
///
/// # Errors
///
/// Why it cannot be written, in words that follow its name.
pub(super) fn write(path: &Path, document: &Document) -> Result<(), String> {
    let body = toml::to_string(document).map_err(|error| format!("cannot be written: {error}"))?;
    // A link stays one.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let put = || {
        // Made with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(HEADING.as_bytes())?;
        file.write_all(body.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|error| error.error)?;
        // The name is on the disk, too.
        #[cfg(unix)]
        File::open(folder)?.sync_all()?;
        Ok(())
    };
    put().map_err(|error: std::io::Error| format!("cannot be written: {error}"))
}
