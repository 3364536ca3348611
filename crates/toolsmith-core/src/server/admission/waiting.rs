//! A call that waits for a place.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::{Admission, Place};
use crate::protocol::{ErrorKind, ProtocolError};

/// A call that waits for a place. Dropped, it leaves the queue.
pub(in crate::server) struct Waiting(State);

enum State {
    /// There was room after all.
    Over(Place),
    Queued(Queued),
}

struct Queued {
    admission: Arc<Admission>,
    ticket: u64,
    /// Dropped with a place in it, it gives that back.
    coming: oneshot::Receiver<Place>,
}

impl Waiting {
    pub(super) fn over(place: Place) -> Self {
        Self(State::Over(place))
    }

    pub(super) fn new(
        admission: &Arc<Admission>,
        ticket: u64,
        coming: oneshot::Receiver<Place>,
    ) -> Self {
        Self(State::Queued(Queued {
            admission: Arc::clone(admission),
            ticket,
            coming,
        }))
    }

    /// Waits for a place.
    ///
    /// # Errors
    ///
    /// When it takes too long.
    pub(in crate::server) async fn place(self) -> Result<Place, ProtocolError> {
        let mut queued = match self.0 {
            State::Over(place) => return Ok(place),
            State::Queued(queued) => queued,
        };
        let patience = queued.admission.limits().patience;
        if let Ok(Ok(place)) = tokio::time::timeout(patience, &mut queued.coming).await {
            return Ok(place);
        }
        // It may have come at the last moment.
        match queued.coming.try_recv() {
            Ok(place) => Ok(place),
            Err(_) => Err(queued.too_late(patience)),
        }
    }
}

impl Queued {
    fn too_late(&self, patience: Duration) -> ProtocolError {
        let places = self.admission.limits().places;
        ProtocolError::new(
            ErrorKind::Busy,
            format!(
                "the call waited for {patience:?} while the server worked on {places} others, and there is no time for more; try again later"
            ),
        )
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.admission.give_up(self.ticket);
    }
}
