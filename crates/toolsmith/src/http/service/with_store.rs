//! Where legacy sessions are kept: in the stores of their tenants, where those are on disk.

use std::sync::Arc;

use crate::http::options::Options;
use crate::ports::{EventLimits, EventLog, SessionStore};
use crate::server::Engine;
use crate::store::{StoredEvents, StoredSessions, Stores};

/// The store of sessions and the log of their streams; none where they are in memory.
pub(super) fn kept(
    engine: &Engine,
    options: &Options,
) -> Option<(Arc<dyn SessionStore>, Arc<dyn EventLog>)> {
    let stores = engine.states().get::<Stores>().ok()?;
    if !stores.are_on_disk() {
        return None;
    }
    let stores = Stores::clone(&stores);
    let most = options.max_sessions;
    let sessions = StoredSessions::new(stores.clone(), options.session_idle, most, most);
    let events = StoredEvents::new(stores, EventLimits::default());
    Some((Arc::new(sessions), Arc::new(events)))
}
