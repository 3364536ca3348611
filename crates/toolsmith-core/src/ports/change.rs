//! What changed, and for whom.

use std::sync::Arc;

/// What changed.
///
/// It says where to look and not what is there now, so that many of one kind can be merged
/// into one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Change {
    /// The list of tools.
    ToolsChanged,
    /// The list of prompts.
    PromptsChanged,
    /// The list of resources.
    ResourcesChanged,
    /// The content of the resource with this URI.
    ResourceUpdated(Arc<str>),
    /// The state of the task with this id.
    TaskChanged(Arc<str>),
    /// What a user was sent to a page for, by the id of the page, which is done. It is told in
    /// the session that the page was named in, and on no bus.
    ElicitationCompleted(Arc<str>),
}

/// Whom a change is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Every tenant.
    Everyone,
    /// The tenant of this name, and nobody else.
    Tenant(Arc<str>),
}

/// A change, and whom it is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Event {
    /// Whom it is for.
    pub audience: Audience,
    /// What changed.
    pub change: Change,
}
