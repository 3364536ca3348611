//! Skills that are made in code.

use std::fmt;

use bytes::Bytes;
use serde_json::Value;

use super::catalog::Catalog;
use super::{MANIFEST, frontmatter};
use crate::files::is_name;

/// A skill that is made in code.
///
/// ```
/// use toolsmith::skills::Skill;
///
/// let refunds = Skill::new("refunds", "Give money back.", "Ask for the order number first.")
///     .prefix("acme/billing")
///     .field("license", "MIT")
///     .file("examples/email.md", "Dear customer, …");
///
/// // With `include_str!("…/SKILL.md")`, of a file that holds all of it:
/// let same = Skill::from_text("---\nname: refunds\ndescription: Give money back.\n---\nAsk.");
/// # let _ = (refunds, same);
/// ```
#[derive(Clone)]
pub struct Skill {
    manifest: Manifest,
    prefix: String,
    files: Vec<(String, Bytes)>,
}

/// What becomes the `SKILL.md`.
#[derive(Clone)]
enum Manifest {
    Whole(String),
    Parts {
        fields: Vec<(String, Value)>,
        body: String,
    },
}

impl fmt::Debug for Skill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Skill")
            .field("prefix", &self.prefix)
            .field("files", &self.files.len())
            .finish_non_exhaustive()
    }
}

impl Skill {
    /// A skill: its name, when to use it, and what to do then.
    pub fn new(
        name: impl Into<String>,
        description: impl Into<String>,
        instructions: impl Into<String>,
    ) -> Self {
        let name = ("name".to_owned(), Value::String(name.into()));
        let description = ("description".to_owned(), Value::String(description.into()));
        Self::of(Manifest::Parts {
            fields: vec![name, description],
            body: instructions.into(),
        })
    }

    /// The skill that the text of a `SKILL.md` describes.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self::of(Manifest::Whole(text.into()))
    }

    fn of(manifest: Manifest) -> Self {
        Self {
            manifest,
            prefix: String::new(),
            files: Vec::new(),
        }
    }

    /// Below other names, such as `acme/billing`.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// With one more field in the frontmatter, such as `license`. A skill from a text has
    /// those of the text, and this does nothing.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>, value: impl Into<Value>) -> Self {
        if let Manifest::Parts { fields, .. } = &mut self.manifest {
            fields.push((field.into(), value.into()));
        }
        self
    }

    /// With a file, at a path such as `references/forms.md`.
    #[must_use]
    pub fn file(mut self, path: impl Into<String>, content: impl Into<Bytes>) -> Self {
        self.files.push((path.into(), content.into()));
        self
    }

    pub(super) fn add_to(self, catalog: &mut Catalog) {
        let text = match self.manifest {
            Manifest::Whole(text) => text,
            Manifest::Parts { fields, body } => written(&fields, &body),
        };
        let name = match frontmatter::parse(&text) {
            Ok(fields) => fields["name"].as_str().unwrap_or_default().to_owned(),
            Err(problem) => {
                let first = text.lines().nth(1).unwrap_or_default();
                let shown: String = first.chars().take(80).collect();
                let problem = format!("a skill in code (`{shown}`): as SKILL.md, {problem}");
                catalog.problems.push(problem);
                return;
            }
        };
        let prefix = self.prefix.trim_matches('/');
        let path = match prefix {
            "" => name,
            prefix => format!("{prefix}/{name}"),
        };
        if let Some(odd) = path.split('/').find(|name| !is_name(name, true)) {
            let problem = format!(
                "the skill `{path}` cannot be served, because of `{odd}`; write a prefix as acme/billing"
            );
            catalog.problems.push(problem);
            return;
        }
        if catalog.has_skill(&path) {
            let problem = format!("there are two skills at `{path}`; give one of them a prefix");
            catalog.problems.push(problem);
            return;
        }
        let bytes = Bytes::from(text);
        if let Err(problem) = catalog.add_skill(&path, &bytes) {
            catalog
                .problems
                .push(format!("the skill `{path}`: {problem}"));
        }
        let manifest = (MANIFEST.to_owned(), bytes);
        for (file, bytes) in std::iter::once(manifest).chain(self.files) {
            let fits = file.split('/').all(|name| is_name(name, true));
            if !fits || !catalog.add_file(format!("{path}/{file}"), bytes) {
                let problem = format!(
                    "the skill `{path}` cannot have a file `{file}`; write each path once, as references/forms.md"
                );
                catalog.problems.push(problem);
            }
        }
    }
}

/// Writes a `SKILL.md`. What is JSON is YAML, too.
fn written(fields: &[(String, Value)], body: &str) -> String {
    let mut text = "---\n".to_owned();
    for (field, value) in fields {
        let field = Value::from(field.as_str());
        text.push_str(&format!("{field}: {value}\n"));
    }
    text.push_str("---\n\n");
    text.push_str(body);
    text
}
