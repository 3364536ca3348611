//! Who asks, and how the request came.

use std::sync::Arc;

use crate::server::{Arrival, Caller};

/// Who asks, and how the request came where somebody looks on.
#[derive(Clone, Debug, Default)]
pub(super) struct Asker {
    pub(super) caller: Caller,
    pub(super) arrival: Option<Arc<Arrival>>,
}
