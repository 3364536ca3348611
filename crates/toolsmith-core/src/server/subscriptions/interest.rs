//! What a subscriber asks for.

use std::collections::HashSet;
use std::sync::Arc;

use super::Change;

/// What a subscriber asks to be told of. The default is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// The list of tools.
    pub tools: bool,
    /// The list of prompts.
    pub prompts: bool,
    /// The list of resources.
    pub resources: bool,
    /// Resources by their URIs; at most [`Interest::MAX`].
    pub uris: HashSet<Arc<str>>,
    /// Tasks by their ids; at most [`Interest::MAX`].
    pub tasks: HashSet<Arc<str>>,
}

impl Interest {
    /// How many resources, and how many tasks, one subscription may name.
    pub const MAX: usize = 1_000;

    pub(super) fn is_within_bounds(&self) -> bool {
        self.uris.len() <= Self::MAX && self.tasks.len() <= Self::MAX
    }

    /// Each change that is asked for, once.
    pub(super) fn into_changes(self) -> impl Iterator<Item = Change> {
        let lists = [
            (self.tools, Change::ToolsChanged),
            (self.prompts, Change::PromptsChanged),
            (self.resources, Change::ResourcesChanged),
        ];
        lists
            .into_iter()
            .filter_map(|(asked, change)| asked.then_some(change))
            .chain(self.uris.into_iter().map(Change::ResourceUpdated))
            .chain(self.tasks.into_iter().map(Change::TaskChanged))
    }
}
