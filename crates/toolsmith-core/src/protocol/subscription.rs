//! Which changes a modern client wants to be told of.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The most resources, and the most tasks, that one subscription may name.
pub const MAX_SUBSCRIBED: usize = 1000;

/// What a `subscriptions/listen` asks for, and what its acknowledgement grants.
///
/// Implements "Notification Filter" of revision 2026-07-28, `basic/patterns/subscriptions`,
/// with the `taskIds` of the tasks extension.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SubscriptionFilter {
    /// Changes of the list of tools.
    #[serde(skip_serializing_if = "is_false")]
    pub tools_list_changed: bool,
    /// Changes of the list of prompts.
    #[serde(skip_serializing_if = "is_false")]
    pub prompts_list_changed: bool,
    /// Changes of the list of resources.
    #[serde(skip_serializing_if = "is_false")]
    pub resources_list_changed: bool,
    /// Changes of these resources.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub resource_subscriptions: BTreeSet<Box<str>>,
    /// Changes of these tasks.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub task_ids: BTreeSet<Box<str>>,
}

/// The parameters of `subscriptions/listen`.
#[derive(Clone, Debug, Deserialize)]
pub struct ListenParams {
    /// What to be told of.
    pub notifications: SubscriptionFilter,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_false(flag: &bool) -> bool {
    !*flag
}
