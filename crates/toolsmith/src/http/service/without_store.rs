//! In place of the stores, where this program was built without them: sessions are in memory.

use std::sync::Arc;

use crate::http::options::Options;
use crate::ports::{EventLog, SessionStore};
use crate::server::Engine;

/// None.
pub(super) fn kept(_: &Engine, _: &Options) -> Option<(Arc<dyn SessionStore>, Arc<dyn EventLog>)> {
    None
}
