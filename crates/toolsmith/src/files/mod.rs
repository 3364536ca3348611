//! Files and folders as resources that cannot be walked out of.
//!
//! A [`Directory`] is opened once, and everything below it is opened relative to that
//! handle, by `cap-std`: there is no moment between a check and an open in which a link
//! could be swapped in.

mod directory;
mod file;
mod names;
mod reading;
#[cfg(test)]
mod tests;
mod walk;

use std::path::Path;

pub use directory::Directory;
pub use file::File;
#[cfg(feature = "skills")]
pub(crate) use {
    names::{encode, is_name},
    reading::{contents, mime_type, read_bounded},
    walk::{Bounds, Found, walk},
};

use crate::server::Server;

/// The largest file that is read, unless told otherwise.
const MAX_FILE: u64 = 4 << 20;

/// Serves files and folders as resources.
///
/// ```
/// use toolsmith::files::Directory;
/// use toolsmith::prelude::*;
///
/// # let folder = tempfile::tempdir()?;
/// # let docs = folder.path();
/// # std::fs::write(docs.join("guide.md"), "# Guide")?;
/// let server = Server::new("docs")
///     .file("docs://start", docs.join("guide.md"))
///     .directory(Directory::new("files://docs/", docs).max_file_size(1 << 20));
/// assert!(server.build().is_ok());
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait ServerFilesExt: Sized {
    /// One file, at a URI. See [`File`] for what else can be said of it.
    #[must_use]
    fn file(self, uri: impl Into<String>, path: impl AsRef<Path>) -> Self;

    /// The files of a folder. See [`Directory`].
    #[must_use]
    fn directory(self, directory: Directory) -> Self;
}

impl ServerFilesExt for Server {
    fn file(self, uri: impl Into<String>, path: impl AsRef<Path>) -> Self {
        self.resources(File::new(uri, path))
    }

    fn directory(self, directory: Directory) -> Self {
        self.resources(directory)
    }
}
