//! The skills extension, `io.modelcontextprotocol/skills`: instructions for a model, as
//! folders with a `SKILL.md`, served as resources.
//!
//! [`Skills`] collects them, from folders and from code, into a catalog that is complete
//! before the server starts and does not change: what a client was told of a file is what
//! it reads.

mod catalog;
mod frontmatter;
mod load;
mod methods;
mod skill;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use serde_json::json;

pub use skill::Skill;

use crate::protocol::Caching;
use crate::server::Server;
use catalog::Catalog;

/// The identifier of the extension.
const EXTENSION: &str = "io.modelcontextprotocol/skills";
/// What describes a skill, and makes a folder one.
const MANIFEST: &str = "SKILL.md";

/// The skills of a server.
///
/// A skill is a folder with a file `SKILL.md`, which begins with a `name`, that of the
/// folder, and a `description` between two lines of `---`. Other files in the folder belong
/// to it. The skill in `acme/billing/refunds` is served at
/// `skill://acme/billing/refunds/SKILL.md`. A folder in a skill may hold a skill of its own.
///
/// Everything is read when this is made, and served from memory. A skill that is wrong, has
/// more than 512 files or has more than 16 MiB stops the server from starting; a `SKILL.md`
/// inside another skill that is wrong is a file of that one and no skill.
///
/// ```
/// use toolsmith::prelude::*;
/// use toolsmith::skills::{ServerSkillsExt, Skill, Skills};
///
/// let commits = Skill::new("commits", "Write a commit message.", "Begin with a verb.")
///     .file("examples/good.md", "Add a cache for sessions");
/// let server = Server::new("team").skills(Skills::new().skill(commits));
/// assert!(server.build().is_ok());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Skills {
    catalog: Catalog,
}

impl Skills {
    /// No skills yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The skills below a folder.
    pub fn from_directory(path: impl AsRef<Path>) -> Self {
        Self::new().directory(path)
    }

    /// With the skills below one more folder, at any depth. Names that begin with a dot are
    /// left out. A link is served when it leads to a file in the folder; any other in a
    /// skill is refused.
    #[must_use]
    pub fn directory(mut self, path: impl AsRef<Path>) -> Self {
        load::directory(&mut self.catalog, path.as_ref());
        self
    }

    /// With a skill that is made in code.
    #[must_use]
    pub fn skill(mut self, skill: Skill) -> Self {
        skill.add_to(&mut self.catalog);
        self
    }

    /// How long modern clients may keep what they were told of skills and have read of
    /// them, and for whom; for no time unless told otherwise.
    #[must_use]
    pub fn caching(mut self, caching: Caching) -> Self {
        self.catalog.caching = caching;
        self
    }
}

/// Serves skills.
pub trait ServerSkillsExt: Sized {
    /// Serves skills: by the methods of the extension, and as resources. A server has one
    /// such collection.
    #[must_use]
    fn skills(self, skills: Skills) -> Self;
}

impl ServerSkillsExt for Server {
    fn skills(self, skills: Skills) -> Self {
        let mut catalog = skills.catalog;
        catalog.complete();
        let catalog = Arc::new(catalog);
        let [list, get, read] = [(); 3].map(|()| Arc::clone(&catalog));
        self.extension(EXTENSION, json!({"directoryRead": true}))
            .resources(catalog::Served(catalog))
            .method("skills/list", move |params, context| {
                std::future::ready(methods::list(&list, &params, &context))
            })
            .method("skills/get", move |params, _| {
                std::future::ready(methods::get(&get, &params))
            })
            .method("resources/directory/read", move |params, context| {
                std::future::ready(methods::read_directory(&read, &params, &context))
            })
    }
}
