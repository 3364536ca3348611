//! Who uses what goes on in a session.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::{Live, SessionRef, lock};
use crate::ports::BySession;

/// Sessions in which something goes on.
pub(super) type Shard = BySession<Slot>;

/// What goes on in a session, and how many use it.
#[derive(Default)]
pub(super) struct Slot {
    live: Arc<Live>,
    users: usize,
}

impl Slot {
    pub(super) fn live(&self) -> Arc<Live> {
        Arc::clone(&self.live)
    }
}

/// Somebody who uses what goes on in a session, and may put something in.
///
/// Users are counted under the lock under which it is found and let go of, so that it is
/// never let go of while somebody is about to put something in. Whatever stands in it
/// belongs to something that holds one of these.
pub(super) struct Using {
    session: SessionRef,
    live: Arc<Live>,
}

impl SessionRef {
    /// What goes on in it, for somebody who puts something in.
    pub(super) fn live(&self) -> Using {
        let mut shard = lock(self.sessions.shard(self.id));
        let slot = shard.entry(self.id).or_default();
        slot.users += 1;
        Using {
            session: self.clone(),
            live: Arc::clone(&slot.live),
        }
    }
}

impl Using {
    pub(super) fn session(&self) -> &SessionRef {
        &self.session
    }
}

impl Deref for Using {
    type Target = Live;

    fn deref(&self) -> &Live {
        &self.live
    }
}

impl fmt::Debug for Using {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Using").field(&self.session).finish()
    }
}

impl Drop for Using {
    fn drop(&mut self) {
        let SessionRef { sessions, id, .. } = &self.session;
        let mut shard = lock(sessions.shard(*id));
        // A session that has ended meanwhile has none, or a newer one.
        let slot = shard.get_mut(id);
        let Some(slot) = slot.filter(|it| Arc::ptr_eq(&it.live, &self.live)) else {
            return;
        };
        slot.users -= 1;
        if slot.users == 0 && !slot.live.is_kept() {
            // Not the last one to hold it: it is dropped after the lock was let go.
            shard.remove(id);
        }
    }
}
