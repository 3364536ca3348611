//! The files below a folder, in order and within bounds. Blocks.

use std::path::PathBuf;

use cap_std::fs::{Dir, Metadata};

use super::names::is_name;

/// How many names of one folder are put in order.
const MAX_NAMES: usize = 100_000;

/// How far to go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) files: usize,
    /// How many folders deep; the files of the folder itself are at depth 1.
    pub(crate) depth: usize,
    pub(crate) hidden: bool,
}

/// A file that was found.
#[derive(Debug)]
pub(crate) struct Found {
    /// The folders on the way, and the file.
    pub(crate) names: Vec<String>,
    pub(crate) metadata: Metadata,
}

impl Found {
    pub(crate) fn path(&self) -> PathBuf {
        self.names.iter().collect()
    }
}

/// What there is.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    pub(crate) files: Vec<Found>,
    /// What was left out, or could not be read: where, and why.
    pub(crate) left_out: Vec<String>,
    /// Links that lead to no file inside.
    pub(crate) dead_links: Vec<String>,
}

/// How many words about what was left out are kept.
const MAX_LEFT_OUT: usize = 20;

/// Finds the files below a folder, sorted by name in each. A link to a file inside counts as
/// a file; links to folders are not followed, because they may go round in circles.
pub(crate) fn walk(root: &Dir, bounds: Bounds) -> Walk {
    let mut walker = Walker {
        root,
        bounds,
        at: Vec::new(),
        walk: Walk::default(),
    };
    walker.visit(root);
    walker.walk
}

struct Walker<'a> {
    root: &'a Dir,
    bounds: Bounds,
    at: Vec<String>,
    walk: Walk,
}

impl Walker<'_> {
    fn visit(&mut self, dir: &Dir) {
        for name in self.names(dir) {
            if self.walk.files.len() >= self.bounds.files {
                let files = self.bounds.files;
                self.leave_out(format!("there are more than {files} files"));
                return;
            }
            self.at.push(name);
            self.entry(dir);
            self.at.pop();
        }
    }

    /// The names in a folder that are served, in order.
    fn names(&mut self, dir: &Dir) -> Vec<String> {
        let entries = match dir.entries() {
            Ok(entries) => entries,
            Err(error) => {
                self.leave_out(format!("the folder cannot be read: {error}"));
                return Vec::new();
            }
        };
        let mut names = Vec::new();
        for (index, entry) in entries.enumerate() {
            if index >= MAX_NAMES {
                // The first of them in whatever order would be others each time.
                self.leave_out(format!("the folder has more than {MAX_NAMES} names"));
                return Vec::new();
            }
            let name = entry.map(|entry| entry.file_name().into_string());
            if let Ok(Ok(name)) = name
                && is_name(&name, self.bounds.hidden)
            {
                names.push(name);
            }
        }
        names.sort_unstable();
        names
    }

    /// Looks at what the last name is.
    fn entry(&mut self, dir: &Dir) {
        let Some(name) = self.at.last() else { return };
        let Ok(metadata) = dir.symlink_metadata(name) else {
            // It was there a moment ago.
            return;
        };
        if metadata.is_dir() {
            if self.at.len() >= self.bounds.depth {
                let depth = self.bounds.depth;
                self.leave_out(format!("the folder lies deeper than {depth}"));
                return;
            }
            match dir.open_dir(name) {
                Ok(inner) => self.visit(&inner),
                Err(error) => self.leave_out(format!("the folder cannot be read: {error}")),
            }
        } else if metadata.is_file() {
            self.found(metadata);
        } else if metadata.is_symlink() {
            // From the root, because a link may lead up as long as it stays inside.
            let path: PathBuf = self.at.iter().collect();
            match self.root.metadata(path) {
                Ok(target) if target.is_file() => self.found(target),
                _ => self.walk.dead_links.push(self.at.join("/")),
            }
        }
    }

    fn found(&mut self, metadata: Metadata) {
        let names = self.at.clone();
        self.walk.files.push(Found { names, metadata });
    }

    fn leave_out(&mut self, why: String) {
        let left_out = &mut self.walk.left_out;
        if left_out.len() < MAX_LEFT_OUT {
            left_out.push(format!("{}: {why}", self.at.join("/")));
        }
    }
}
