//! A place among the calls that are worked on.

use std::fmt;
use std::sync::Arc;

use super::Admission;

/// A place among the calls that are worked on, given back when it is dropped.
pub(in crate::server) struct Place(Arc<Admission>);

impl Place {
    /// One that was taken.
    pub(super) fn new(admission: &Arc<Admission>) -> Self {
        Self(Arc::clone(admission))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.leave();
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Place")
    }
}
