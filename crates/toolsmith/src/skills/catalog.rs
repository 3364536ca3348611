//! What is served: files, skills, and the folders between.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::{MANIFEST, frontmatter};
use crate::files::{contents, encode, mime_type};
use crate::protocol::{Caching, ResourceDefinition, ResourceOutput};
use crate::server::Context;
use crate::server::handler::ToolError;
use crate::server::resource::{ResourceProvider, ResourceResult};

/// The limits of the extension, which every client can deal with.
const MAX_FILES: usize = 512;
/// As [`MAX_FILES`], of all files of a skill together, in bytes.
pub(super) const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// The media type of a folder.
const FOLDER: &str = "inode/directory";

/// Skills and their files, by path: names with `/` between them, as in their URIs before
/// these are encoded.
#[derive(Clone, Default)]
pub(super) struct Catalog {
    files: BTreeMap<String, StoredFile>,
    skills: BTreeMap<String, Map<String, Value>>,
    entries: Vec<Entry>,
    /// Every folder with a skill in it, or in one.
    folders: BTreeSet<String>,
    /// The paths of files and folders, by URI.
    uris: BTreeMap<String, String>,
    pub(super) caching: Caching,
    pub(super) problems: Vec<String>,
}

#[derive(Clone)]
struct StoredFile {
    bytes: Bytes,
    /// Of one with nothing to say of itself, what its name tells.
    mime_type: Option<&'static str>,
}

/// What clients are told of a skill.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) uri: String,
    pub(super) json: Value,
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalog")
            .field("skills", &self.skills.keys())
            .field("files", &self.files.len())
            .field("problems", &self.problems)
            .finish_non_exhaustive()
    }
}

/// The URI of a file or a folder.
fn uri_of(path: &str) -> String {
    format!("skill://{}", encode(path.split('/')))
}

impl Catalog {
    /// Adds a file. `false` when there is one already.
    pub(super) fn add_file(&mut self, path: String, bytes: Bytes) -> bool {
        let mime_type = mime_type(path.as_ref());
        let file = StoredFile { bytes, mime_type };
        self.files.insert(path, file).is_none()
    }

    /// Adds the skill at a path, whose files are there or will be.
    ///
    /// # Errors
    ///
    /// What is wrong with its `SKILL.md`.
    pub(super) fn add_skill(&mut self, path: &str, manifest: &[u8]) -> Result<(), String> {
        let text = std::str::from_utf8(manifest)
            .map_err(|_| "it is not UTF-8; save it as such".to_owned())?;
        let fields = frontmatter::parse(text)?;
        let (name, folder) = (&fields["name"], path.rsplit('/').next().unwrap_or(path));
        if name != folder {
            return Err(format!(
                "it names the skill {name}, and lies in a folder `{folder}`; give both the same name"
            ));
        }
        self.skills.insert(path.to_owned(), fields);
        Ok(())
    }

    /// Whether there is a skill at a path.
    pub(super) fn has_skill(&self, path: &str) -> bool {
        self.skills.contains_key(path)
    }

    /// Finds out what there is to find out once everything was added.
    pub(super) fn complete(&mut self) {
        let entries: Vec<Entry> = self
            .skills
            .iter()
            .map(|(path, fields)| self.entry(path, fields))
            .collect();
        for (path, entry) in self.skills.keys().zip(&entries) {
            let resources = entry.json["resources"].as_array();
            let (files, bytes) = (resources.map_or(0, Vec::len), self.size(path));
            if files > MAX_FILES || bytes > MAX_BYTES {
                self.problems.push(format!(
                    "the skill `{path}` has {files} files with {bytes} bytes, and clients take {MAX_FILES} files with {MAX_BYTES} bytes; make two of it"
                ));
            }
        }
        self.entries = entries;
        self.folders = self.files.keys().flat_map(|it| folders_of(it)).collect();
        let paths = self.files.keys().chain(&self.folders);
        self.uris = paths.map(|path| (uri_of(path), path.clone())).collect();
    }

    fn entry(&self, path: &str, fields: &Map<String, Value>) -> Entry {
        let uri = uri_of(&format!("{path}/{MANIFEST}"));
        let resources: Vec<Value> = self
            .below(path)
            .map(|(path, file)| {
                let digest = Sha256::digest(&file.bytes);
                let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
                json!({
                    "uri": uri_of(path),
                    "digest": format!("sha256:{hex}"),
                    "size": file.bytes.len(),
                })
            })
            .collect();
        let json = json!({"uri": uri, "frontmatter": fields, "resources": resources});
        Entry { uri, json }
    }

    /// The files in a folder and in the folders in it.
    fn below<'a>(&'a self, path: &str) -> impl Iterator<Item = (&'a String, &'a StoredFile)> {
        let start = format!("{path}/");
        let from_there = self.files.range(start.clone()..);
        from_there.take_while(move |(path, _)| path.starts_with(&start))
    }

    fn size(&self, path: &str) -> u64 {
        self.below(path)
            .map(|(_, file)| file.bytes.len() as u64)
            .sum()
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What is in a folder. `None` when there is no folder at that URI.
    pub(super) fn children(&self, uri: &str) -> Option<Vec<ResourceDefinition>> {
        let folder = self.folders.get(self.uris.get(uri)?)?;
        let start = format!("{folder}/");
        let is_child = |path: &&String| {
            let rest = path.strip_prefix(&start);
            rest.is_some_and(|rest| !rest.contains('/'))
        };
        let mut children: Vec<&String> = self.files.keys().filter(is_child).collect();
        children.extend(self.folders.iter().filter(is_child));
        children.sort();
        Some(children.into_iter().map(|it| self.definition(it)).collect())
    }

    /// What there is to say of a file or a folder.
    fn definition(&self, path: &str) -> ResourceDefinition {
        let mut definition = ResourceDefinition::new(uri_of(path));
        path.rsplit('/')
            .next()
            .unwrap_or(path)
            .clone_into(&mut definition.name);
        let Some(file) = self.files.get(path) else {
            definition.mime_type = Some(FOLDER.to_owned());
            return definition;
        };
        definition.size = Some(file.bytes.len() as u64);
        definition.mime_type = file.mime_type.map(str::to_owned);
        let folder = path.rsplit_once('/').filter(|(_, name)| *name == MANIFEST);
        if let Some(fields) = folder.and_then(|(folder, _)| self.skills.get(folder)) {
            let text = |field: &str| fields[field].as_str().unwrap_or_default().to_owned();
            definition.name = text("name");
            definition.description = Some(text("description"));
        }
        definition
    }

    fn read(&self, uri: &str) -> ResourceResult {
        let path = self.uris.get(uri).ok_or_else(ToolError::not_found)?;
        let Some(file) = self.files.get(path) else {
            return Err(ToolError::invalid(format!(
                "`{uri}` is a folder; resources/directory/read shows what is in it"
            )));
        };
        Ok(ResourceOutput {
            contents: vec![contents(file.bytes.to_vec(), file.mime_type)],
            caching: Some(self.caching),
            ..ResourceOutput::default()
        })
    }
}

/// The folders on the way to a file.
fn folders_of(path: &str) -> impl Iterator<Item = String> + '_ {
    path.match_indices('/')
        .map(|(end, _)| path[..end].to_owned())
}

/// Skills as resources: of each its `SKILL.md` is listed, and every file can be read.
#[derive(Debug)]
pub(super) struct Served(pub(super) Arc<Catalog>);

impl ResourceProvider for Served {
    fn list<'a>(
        &'a self,
        _: &'a Context,
    ) -> Pin<Box<dyn Future<Output = Vec<ResourceDefinition>> + Send + 'a>> {
        let skills = self.0.skills.keys();
        let manifests = skills.map(|path| self.0.definition(&format!("{path}/{MANIFEST}")));
        Box::pin(std::future::ready(manifests.collect()))
    }

    fn templates(&self) -> Vec<ResourceDefinition> {
        Vec::new()
    }

    fn owns(&self, uri: &str) -> bool {
        self.0.uris.contains_key(uri)
    }

    fn read<'a>(
        &'a self,
        uri: &'a str,
        _: &'a Context,
    ) -> Pin<Box<dyn Future<Output = ResourceResult> + Send + 'a>> {
        Box::pin(std::future::ready(self.0.read(uri)))
    }

    fn problems(&self) -> Vec<String> {
        self.0.problems.clone()
    }
}
