//! The files of a folder.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use tokio::sync::Semaphore;

use super::walk::{Bounds, Found, walk};
use super::{MAX_FILE, names, reading};
use crate::protocol::{Caching, ResourceDefinition, ResourceOutput};
use crate::server::Context;
use crate::server::handler::ToolError;
use crate::server::resource::{ResourceProvider, ResourceResult};

/// The files of a folder and of the folders in it, as resources.
///
/// The URI of a file is that of the folder with the way to the file after it, such as
/// `docs://guides/start.md`. Nothing outside the folder is ever read: no way up, no absolute
/// path, no drive, and no link that leads out, even one that is put there while a file is
/// being opened. Relative links are followed as long as they stay inside; absolute ones count
/// as leading out. Names that begin with a dot are not
/// served unless [`hidden`](Self::hidden) says so; names with `\`, `:` or control characters,
/// and those that are not Unicode, never are.
///
/// The folder is opened when this is made. One that is not there stops the server from
/// starting, and one that is put in its place later is not noticed.
///
/// Text is sent as text, anything else as bytes. Files are looked up and read when they are
/// asked for, so changes show at once;
/// [`Registry::resource_updated`](crate::server::Registry::resource_updated) tells clients of
/// them.
///
/// ```
/// use std::time::Duration;
/// use toolsmith::files::Directory;
/// use toolsmith::prelude::*;
///
/// let docs = Directory::new("docs://", "./docs")
///     .max_file_size(256 * 1024)
///     .max_files(200)
///     .caching(Caching::fresh_for(Duration::from_secs(60)).public());
/// let server = Server::new("docs").directory(docs);
/// // There is no such folder here.
/// assert!(server.build().unwrap_err().to_string().contains("./docs"));
/// ```
#[derive(Clone, Debug)]
pub struct Directory {
    base: String,
    root: Result<Arc<Dir>, String>,
    bounds: Bounds,
    max_file: u64,
    caching: Caching,
    /// Lists that are made at the same time, which is work for the disk.
    listing: Arc<Semaphore>,
}

impl Directory {
    /// The files of a folder, at URIs that begin with `base`, such as `docs://`. A `/` is
    /// added to a base that does not end with one.
    pub fn new(base: impl Into<String>, path: impl AsRef<Path>) -> Self {
        let mut base = base.into();
        let root = match names::problem(&base) {
            Some(problem) => Err(problem),
            None => open(path.as_ref(), &base),
        };
        if !base.ends_with('/') {
            base.push('/');
        }
        Self {
            base,
            root: root.map(Arc::new),
            bounds: Bounds {
                files: 1000,
                depth: 16,
                hidden: false,
            },
            max_file: MAX_FILE,
            caching: Caching::default(),
            listing: Arc::new(Semaphore::new(2)),
        }
    }

    /// How many files are listed, 1000 unless told otherwise. More can be read, by whoever
    /// knows their URIs.
    #[must_use]
    pub fn max_files(mut self, files: usize) -> Self {
        self.bounds.files = files;
        self
    }

    /// How deep the list goes, 16 unless told otherwise; 1 lists the files of the folder
    /// itself.
    #[must_use]
    pub fn max_depth(mut self, depth: usize) -> Self {
        self.bounds.depth = depth.clamp(1, 64);
        self
    }

    /// The largest file that is read, in bytes; 4 MiB unless told otherwise. Reading a
    /// larger one is an error that says so.
    #[must_use]
    pub fn max_file_size(mut self, bytes: u64) -> Self {
        self.max_file = bytes;
        self
    }

    /// Serves names that begin with a dot, too. Mind what is kept in such files.
    #[must_use]
    pub fn hidden(mut self, hidden: bool) -> Self {
        self.bounds.hidden = hidden;
        self
    }

    /// How long modern clients may keep what they have read, and for whom; for no time
    /// unless told otherwise.
    #[must_use]
    pub fn caching(mut self, caching: Caching) -> Self {
        self.caching = caching;
        self
    }

    fn definition(&self, found: &Found) -> ResourceDefinition {
        let names = found.names.iter().map(String::as_str);
        let uri = format!("{}{}", self.base, names::encode(names));
        let mut definition = ResourceDefinition::new(uri);
        definition.name = found.names.join("/");
        reading::describe(&mut definition, &found.path(), &found.metadata);
        definition
    }

    fn files(&self) -> Vec<ResourceDefinition> {
        let Ok(root) = &self.root else {
            return Vec::new();
        };
        let found = walk(root, self.bounds);
        for left_out in &found.left_out {
            tracing::warn!(base = self.base, left_out, "not every file is listed");
        }
        found.files.iter().map(|it| self.definition(it)).collect()
    }

    fn file(&self, uri: &str) -> ResourceResult {
        let rest = uri.strip_prefix(&self.base);
        let names = rest.and_then(|rest| names::decode(rest, self.bounds.hidden));
        let (Some(names), Ok(root)) = (names, &self.root) else {
            return Err(ToolError::not_found());
        };
        let path: PathBuf = names.iter().collect();
        let opened = root.open_with(&path, &reading::options());
        let bytes = reading::read(opened, uri, self.max_file)?;
        let contents = reading::contents(bytes, reading::mime_type(&path));
        Ok(ResourceOutput {
            contents: vec![contents],
            caching: Some(self.caching),
            ..ResourceOutput::default()
        })
    }
}

/// Opens the folder that is never left.
fn open(path: &Path, base: &str) -> Result<Dir, String> {
    Dir::open_ambient_dir(path, ambient_authority()).map_err(|error| {
        let whole = std::path::absolute(path);
        let whole = whole.as_deref().unwrap_or(path).display();
        format!(
            "the folder `{}` for `{base}` cannot be opened: {error}; is {whole} the one that is meant?",
            path.display()
        )
    })
}

impl ResourceProvider for Directory {
    fn list<'a>(
        &'a self,
        _: &'a Context,
    ) -> Pin<Box<dyn Future<Output = Vec<ResourceDefinition>> + Send + 'a>> {
        Box::pin(async move {
            // Not the pool of calls: a list cannot say that it is busy, and an empty one
            // would be a wrong answer.
            let Ok(permit) = Arc::clone(&self.listing).acquire_owned().await else {
                return Vec::new();
            };
            let this = self.clone();
            let work = tokio::task::spawn_blocking(move || {
                let _permit = permit;
                this.files()
            });
            work.await.unwrap_or_else(|error| {
                tracing::error!(%error, "the files could not be listed");
                Vec::new()
            })
        })
    }

    fn templates(&self) -> Vec<ResourceDefinition> {
        let mut template = ResourceDefinition::new(format!("{}{{+path}}", self.base));
        template.name = self.base.clone();
        template.description = Some("A file, by its path.".to_owned());
        vec![template]
    }

    fn owns(&self, uri: &str) -> bool {
        uri.starts_with(&self.base)
    }

    fn read<'a>(
        &'a self,
        uri: &'a str,
        context: &'a Context,
    ) -> Pin<Box<dyn Future<Output = ResourceResult> + Send + 'a>> {
        let (this, uri) = (self.clone(), uri.to_owned());
        Box::pin(async move { context.blocking(move || this.file(&uri)).await? })
    }

    fn problems(&self) -> Vec<String> {
        self.root.as_ref().err().cloned().into_iter().collect()
    }
}
