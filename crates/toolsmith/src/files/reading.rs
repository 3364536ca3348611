//! What a file is, and what is in it. All of it blocks.

use std::io::{self, ErrorKind, Read as _};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cap_fs_ext::OpenOptionsSyncExt as _;
use cap_std::fs::{File, Metadata, OpenOptions};

use crate::protocol::{Annotations, ResourceContents, ResourceDefinition};
use crate::server::handler::ToolError;

/// The last second that ISO 8601 has in four digits of a year.
const LAST_SECOND: u64 = 253_402_300_799;

/// How files are opened: something that is no file, such as a pipe that nobody writes to,
/// is not waited for.
pub(super) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).nonblock(true);
    options
}

/// The media type of a file by its name.
pub(crate) fn mime_type(path: &Path) -> Option<&'static str> {
    // Taken for a video by most tables.
    let is_typescript = |it: &std::ffi::OsStr| it == "ts" || it == "mts" || it == "cts";
    if path.extension().is_some_and(is_typescript) {
        return Some("text/x-typescript");
    }
    mime_guess::from_path(path).first_raw()
}

/// What there is to say of a file.
pub(super) fn describe(definition: &mut ResourceDefinition, path: &Path, metadata: &Metadata) {
    definition.size = Some(metadata.len());
    if definition.mime_type.is_none() {
        definition.mime_type = mime_type(path).map(str::to_owned);
    }
    let modified = metadata.modified().map(cap_std::time::SystemTime::into_std);
    if let Some(modified) = modified.ok().and_then(iso_8601) {
        let annotations = definition
            .annotations
            .get_or_insert_with(Annotations::default);
        annotations.last_modified = Some(modified);
    }
}

/// A time to the second. `None` before 1970 and after 9999.
fn iso_8601(time: SystemTime) -> Option<String> {
    let seconds = time.duration_since(UNIX_EPOCH).ok()?.as_secs();
    let time = UNIX_EPOCH + Duration::from_secs(seconds);
    (seconds <= LAST_SECOND).then(|| humantime::format_rfc3339_seconds(time).to_string())
}

/// Reads a file that was opened, up to a size.
pub(super) fn read(opened: io::Result<File>, uri: &str, max: u64) -> Result<Vec<u8>, ToolError> {
    let file = opened.map_err(|error| refused(uri, error))?;
    let metadata = file.metadata().map_err(ToolError::internal)?;
    if metadata.is_dir() {
        let message = format!("`{uri}` is a folder; read one of its files");
        return Err(ToolError::invalid(message));
    }
    if !metadata.is_file() {
        tracing::debug!(uri, "neither a file nor a folder is there");
        return Err(ToolError::not_found());
    }
    if metadata.len() > max {
        return Err(too_large(uri, metadata.len(), max));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    // It may grow while it is read.
    let mut bounded = file.take(max.saturating_add(1));
    bounded
        .read_to_end(&mut bytes)
        .map_err(ToolError::internal)?;
    match bytes.len() as u64 {
        read if read > max => Err(too_large(uri, read, max)),
        _ => Ok(bytes),
    }
}

/// Opens a file below a folder, and reads it, up to a size.
#[cfg(feature = "skills")]
pub(crate) fn read_bounded(
    root: &cap_std::fs::Dir,
    path: &Path,
    uri: &str,
    max: u64,
) -> Result<Vec<u8>, ToolError> {
    read(root.open_with(path, &options()), uri, max)
}

/// What a client is told of a file that cannot be opened: nothing of what is outside, nor of
/// who may read what.
fn refused(uri: &str, error: io::Error) -> ToolError {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename => {}
        // So does a path that leads out answer.
        ErrorKind::PermissionDenied | ErrorKind::InvalidInput => {
            tracing::warn!(uri, %error, "a file was asked for that may not be read");
        }
        _ => return ToolError::internal(error),
    }
    ToolError::not_found()
}

fn too_large(uri: &str, len: u64, max: u64) -> ToolError {
    ToolError::user(format!(
        "`{uri}` is too large: it has at least {len} bytes, and files of up to {max} bytes are read"
    ))
}

/// Bytes as text where they are text.
pub(crate) fn contents(bytes: Vec<u8>, mime_type: Option<&str>) -> ResourceContents {
    match String::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => {
            ResourceContents::text(text).mime_type(mime_type.unwrap_or("text/plain"))
        }
        Ok(text) => binary(text.as_bytes(), mime_type),
        Err(error) => binary(error.as_bytes(), mime_type),
    }
}

fn binary(bytes: &[u8], mime_type: Option<&str>) -> ResourceContents {
    ResourceContents::blob(bytes).mime_type(mime_type.unwrap_or("application/octet-stream"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::ResourceData;

    #[test]
    fn times_that_have_no_form_are_left_out() {
        let at = |seconds| iso_8601(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0).as_deref(), Some("1970-01-01T00:00:00Z"));
        assert_eq!(at(LAST_SECOND).as_deref(), Some("9999-12-31T23:59:59Z"));
        assert_eq!(at(LAST_SECOND + 1), None);
        assert_eq!(iso_8601(UNIX_EPOCH - Duration::from_secs(1)), None);
    }

    #[test]
    fn only_text_is_text() {
        for (bytes, is_text) in [
            (b"caf\xc3\xa9".as_slice(), true),
            (b"", true),
            (b"caf\xe9", false),
            (b"a\0b", false),
        ] {
            let found = contents(bytes.to_vec(), None);
            let text = matches!(found.data, ResourceData::Text(_));
            assert_eq!(text, is_text, "{bytes:?}: {found:?}");
        }
    }

    #[test]
    fn a_name_tells_the_media_type() {
        for (name, mime) in [
            ("a.md", Some("text/markdown")),
            ("a.JSON", Some("application/json")),
            ("a.png", Some("image/png")),
            ("a.ts", Some("text/x-typescript")),
            ("LICENSE", None),
        ] {
            assert_eq!(mime_type(Path::new(name)), mime, "{name}");
        }
    }
}
