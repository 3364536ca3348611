//! One file.

use std::path::{Path, PathBuf};
use std::pin::Pin;

use cap_std::ambient_authority;

use super::{MAX_FILE, names, reading};
use crate::protocol::{ResourceDefinition, ResourceOutput};
use crate::server::Context;
use crate::server::resource::{ResourceProvider, ResourceResult};

/// One file, as a resource.
///
/// The file is read when it is asked for, so changes show at once. One that is not there
/// when this is made stops the server from starting.
///
/// [`Server::file`](super::ServerFilesExt::file) is short for the common case.
///
/// ```
/// use toolsmith::files::File;
/// use toolsmith::prelude::*;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("guide.md");
/// # std::fs::write(&path, "# Guide")?;
/// let guide = File::new("docs://guide", path)
///     .name("guide")
///     .define(|it| it.description = Some("How to begin.".to_owned()));
/// assert!(Server::new("docs").resources(guide).build().is_ok());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct File {
    definition: ResourceDefinition,
    path: PathBuf,
    max_file: u64,
    problem: Option<String>,
}

impl File {
    /// A file, at a URI such as `docs://guide`.
    pub fn new(uri: impl Into<String>, path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        let mut definition = ResourceDefinition::new(uri);
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let problem = problem(&definition.uri, path, &whole);
        if let Some(name) = path.file_name() {
            definition.name = name.to_string_lossy().into_owned();
        }
        Self {
            definition,
            path: whole,
            max_file: MAX_FILE,
            problem,
        }
    }

    /// With a name for programs; the name of the file unless told otherwise.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.definition.name = name.into();
        self
    }

    /// The largest size that is read, in bytes; 4 MiB unless told otherwise.
    #[must_use]
    pub fn max_size(mut self, bytes: u64) -> Self {
        self.max_file = bytes;
        self
    }

    /// With anything else that its definition may say. Its size, its time, and its media
    /// type unless that is set, are those of the file.
    #[must_use]
    pub fn define(mut self, change: impl FnOnce(&mut ResourceDefinition)) -> Self {
        let uri = self.definition.uri.clone();
        change(&mut self.definition);
        self.definition.uri = uri;
        self
    }

    fn described(mut self) -> Option<ResourceDefinition> {
        let file = self.open().ok()?;
        let metadata = file.metadata().ok().filter(|it| it.is_file())?;
        reading::describe(&mut self.definition, &self.path, &metadata);
        Some(self.definition)
    }

    fn open(&self) -> std::io::Result<cap_std::fs::File> {
        let options = reading::options();
        cap_std::fs::File::open_ambient_with(&self.path, &options, ambient_authority())
    }

    fn content(&self) -> ResourceResult {
        let bytes = reading::read(self.open(), &self.definition.uri, self.max_file)?;
        let declared = self.definition.mime_type.as_deref();
        let mime_type = declared.or_else(|| reading::mime_type(&self.path));
        Ok(ResourceOutput {
            contents: vec![reading::contents(bytes, mime_type)],
            caching: Some(self.definition.caching),
            ..ResourceOutput::default()
        })
    }
}

/// What keeps a file from being served.
fn problem(uri: &str, path: &Path, whole: &Path) -> Option<String> {
    if let Some(problem) = names::problem(uri) {
        return Some(problem);
    }
    let (shown, whole_shown) = (path.display(), whole.display());
    match std::fs::metadata(whole) {
        Ok(metadata) if metadata.is_file() => None,
        Ok(_) => Some(format!(
            "`{shown}` for `{uri}` is not a file; serve a folder with .directory(Directory::new(…))"
        )),
        Err(error) => Some(format!(
            "the file `{shown}` for `{uri}` cannot be opened: {error}; is {whole_shown} the one that is meant?"
        )),
    }
}

impl ResourceProvider for File {
    fn list<'a>(
        &'a self,
        _: &'a Context,
    ) -> Pin<Box<dyn Future<Output = Vec<ResourceDefinition>> + Send + 'a>> {
        Box::pin(async move {
            let this = self.clone();
            let described = tokio::task::spawn_blocking(move || this.described()).await;
            // A file that is gone is not listed.
            described.ok().flatten().into_iter().collect()
        })
    }

    fn templates(&self) -> Vec<ResourceDefinition> {
        Vec::new()
    }

    fn owns(&self, uri: &str) -> bool {
        uri == self.definition.uri
    }

    fn read<'a>(
        &'a self,
        _: &'a str,
        context: &'a Context,
    ) -> Pin<Box<dyn Future<Output = ResourceResult> + Send + 'a>> {
        let this = self.clone();
        Box::pin(async move { context.blocking(move || this.content()).await? })
    }

    fn problems(&self) -> Vec<String> {
        self.problem.clone().into_iter().collect()
    }
}
