//! Skills from a folder.

use std::collections::BTreeSet;
use std::path::Path;

use bytes::Bytes;
use cap_std::ambient_authority;
use cap_std::fs::Dir;

use super::MANIFEST;
use super::catalog::{Catalog, MAX_BYTES};
use crate::files::{Bounds, Found, read_bounded, walk};

/// How far to look.
const BOUNDS: Bounds = Bounds {
    files: 20_000,
    depth: 16,
    hidden: false,
};
/// How much of all skills together is kept in memory, in bytes.
const MAX_TOTAL: u64 = 256 * 1024 * 1024;

/// Adds the skills below a folder, and what is wrong with them.
pub(super) fn directory(catalog: &mut Catalog, path: &Path) {
    let shown = path.display();
    let root = match Dir::open_ambient_dir(path, ambient_authority()) {
        Ok(root) => root,
        Err(error) => {
            let whole = std::path::absolute(path);
            let whole = whole.as_deref().unwrap_or(path).display();
            catalog.problems.push(format!(
                "the folder `{shown}` of skills cannot be opened: {error}; is {whole} the one that is meant?"
            ));
            return;
        }
    };
    let loading = Loading {
        catalog,
        root,
        path,
    };
    loading.load();
}

struct Loading<'a> {
    catalog: &'a mut Catalog,
    root: Dir,
    path: &'a Path,
}

impl Loading<'_> {
    fn load(mut self) {
        let walk = walk(&self.root, BOUNDS);
        let folders: BTreeSet<String> = walk.files.iter().filter_map(skill_folder).collect();
        if folders.contains("") {
            let to = "move it into a folder that has the name of the skill";
            self.problem(MANIFEST, &format!("it lies in no folder of its own; {to}"));
        } else if folders.is_empty() {
            let what = "there is no skill in it; a skill is a folder with a file SKILL.md";
            self.problem("", what);
        }
        let is_in_skill = |path: &str| {
            path.match_indices('/')
                .any(|(end, _)| folders.contains(&path[..end]))
        };
        for left_out in &walk.left_out {
            self.problem("", &format!("not all of it can be served: {left_out}"));
        }
        for link in walk.dead_links.iter().filter(|it| is_in_skill(it)) {
            let what = "it is a link that leads to no file in the folder; put what it leads to in its place";
            self.problem(link, what);
        }
        let files: Vec<&Found> = walk
            .files
            .iter()
            .filter(|it| is_in_skill(&it.names.join("/")))
            .collect();
        let total: u64 = files.iter().map(|it| it.metadata.len()).sum();
        if total > MAX_TOTAL {
            let what = format!("the skills have {total} bytes, and may have {MAX_TOTAL}");
            self.problem("", &what);
            return;
        }
        for file in files {
            self.file(file, &folders);
        }
    }

    fn file(&mut self, found: &Found, folders: &BTreeSet<String>) {
        let path = found.names.join("/");
        let bytes = match read_bounded(&self.root, &found.path(), &path, MAX_BYTES) {
            Ok(bytes) => Bytes::from(bytes),
            Err(error) => {
                self.problem(&path, &format!("it cannot be read: {error}"));
                return;
            }
        };
        if let Some(folder) = skill_folder(found) {
            if self.catalog.has_skill(&folder) {
                self.problem(&path, "there is a skill at this path already; rename one");
                return;
            }
            if let Err(problem) = self.catalog.add_skill(&folder, &bytes) {
                self.no_skill(&path, &folder, folders, &problem);
            }
        }
        self.catalog.add_file(path, bytes);
    }

    /// Inside another skill, a file that is no `SKILL.md` may be meant as it is, such as a
    /// template of one.
    fn no_skill(&mut self, path: &str, folder: &str, folders: &BTreeSet<String>, problem: &str) {
        let mut around = folder.match_indices('/').map(|(end, _)| &folder[..end]);
        match around.any(|it| folders.contains(it)) {
            true => tracing::warn!(path, problem, "a file of a skill is no skill of its own"),
            false => self.problem(path, problem),
        }
    }

    fn problem(&mut self, path: &str, what: &str) {
        let at = self.path.join(path);
        let problem = format!("`{}`: {what}", at.display());
        self.catalog.problems.push(problem);
    }
}

/// The folder of a skill, where a file makes it one.
fn skill_folder(found: &Found) -> Option<String> {
    let (last, folders) = found.names.split_last()?;
    (last == MANIFEST).then(|| folders.join("/"))
}
