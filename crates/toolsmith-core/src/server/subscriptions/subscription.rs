//! One subscriber's end of the hub.

use std::fmt;
use std::sync::Arc;

use super::mailbox::Mailbox;
use super::{Change, Hub, SubscriptionsFull};

/// What one subscriber asked for and has not read yet. Dropping it ends it.
///
/// Changes of a list come first, then updates in the order in which they were first heard
/// of. What is heard of again before it is read is read once.
pub struct Subscription {
    hub: Arc<Hub>,
    tenant: Arc<str>,
    number: u64,
    mailbox: Arc<Mailbox>,
}

impl Subscription {
    pub(super) fn new(hub: Arc<Hub>, tenant: Arc<str>, number: u64, mailbox: Arc<Mailbox>) -> Self {
        Self {
            hub,
            tenant,
            number,
            mailbox,
        }
    }

    /// Asks for updates of one more resource, as `resources/subscribe` of the legacy era
    /// does. Asking twice is the same as asking once.
    ///
    /// # Errors
    ///
    /// [`SubscriptionsFull::Interest`] when it asks for [`Interest::MAX`] already.
    ///
    /// [`Interest::MAX`]: super::Interest::MAX
    pub fn add_uri(&self, uri: Arc<str>) -> Result<(), SubscriptionsFull> {
        let change = Change::ResourceUpdated(uri);
        self.hub
            .ask(&self.tenant, self.number, &self.mailbox, change)
    }

    /// Asks for changes of one more task.
    ///
    /// # Errors
    ///
    /// When it asks for [`Interest::MAX`] already.
    ///
    /// [`Interest::MAX`]: super::Interest::MAX
    pub fn add_task(&self, id: Arc<str>) -> Result<(), SubscriptionsFull> {
        let change = Change::TaskChanged(id);
        self.hub
            .ask(&self.tenant, self.number, &self.mailbox, change)
    }

    /// Asks for changes of a task no more.
    pub fn remove_task(&self, id: &str) -> bool {
        let change = Change::TaskChanged(id.into());
        self.hub
            .unask(&self.tenant, self.number, &self.mailbox, change)
    }

    /// Asks to be told when all is done at a page; `false` when there is no room for another
    /// one. Nobody else hears of it, so the hub need not know.
    pub(in crate::server) fn add_page(&self, id: Arc<str>) -> bool {
        let change = Change::ElicitationCompleted(id);
        self.mailbox.ask(change).is_ok()
    }

    /// Asks of a page no more. `false` when it was not asked of.
    pub(in crate::server) fn remove_page(&self, id: &str) -> bool {
        self.mailbox.unask(&Change::ElicitationCompleted(id.into()))
    }

    /// Tells that all is done at a page.
    pub(in crate::server) fn post_page(&self, id: &str) {
        self.mailbox.post(&Change::ElicitationCompleted(id.into()));
    }

    /// Tells of the lists that are asked for, as if they had changed just now.
    pub(in crate::server) fn post_lists(&self) {
        for change in [
            Change::ToolsChanged,
            Change::PromptsChanged,
            Change::ResourcesChanged,
        ] {
            self.mailbox.post(&change);
        }
    }

    /// Puts back a change that was taken and not told, unless it is asked for no more.
    pub(in crate::server) fn put_back(&self, change: &Change) {
        self.mailbox.post(change);
    }

    /// Asks for updates of a resource no more. One that was not read yet is not read any
    /// more. `false` when the resource was not asked for.
    pub fn remove_uri(&self, uri: &str) -> bool {
        let change = Change::ResourceUpdated(uri.into());
        self.hub
            .unask(&self.tenant, self.number, &self.mailbox, change)
    }

    /// The next change; waits for one when there is none.
    ///
    /// Several may wait at once: each change goes to exactly one of them. Dropping the
    /// future loses nothing.
    pub async fn next(&self) -> Change {
        self.mailbox.next().await
    }

    /// The next change, if one is there.
    pub fn try_next(&self) -> Option<Change> {
        self.mailbox.try_next()
    }

    #[cfg(test)]
    pub(super) fn sizes(&self) -> (usize, usize) {
        self.mailbox.sizes()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let asked = self.mailbox.close();
        self.hub.leave(&self.tenant, self.number, asked);
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("tenant", &self.tenant)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}
