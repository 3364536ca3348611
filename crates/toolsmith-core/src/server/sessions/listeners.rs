//! Who listens to what a session is told unasked: of several, the newest alone is told.
//!
//! A connection that has broken looks like an open one for minutes. The client is where it
//! came from last.

use tokio::sync::watch;

use super::{SessionRef, Using};
use crate::ports::StreamNo;

/// Who listens in a session.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    /// The serial number of the last one that came.
    last: u64,
    /// Newest last.
    open: Vec<Listener>,
}

#[derive(Debug)]
struct Listener {
    serial: u64,
    /// The stream that it serves, once that is known.
    serves: Option<StreamNo>,
}

/// What a listener is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is the newest.
    Told,
    /// A newer one is told.
    Waits,
    /// Somebody has gone on with its stream, or the streams were ended.
    Over,
}

impl Listeners {
    pub(super) fn clear(&mut self) {
        self.open.clear();
    }

    pub(super) fn standing(&self, serial: u64) -> Standing {
        let place = self.open.iter().position(|it| it.serial == serial);
        match place {
            None => Standing::Over,
            Some(place) if place + 1 == self.open.len() => Standing::Told,
            Some(_) => Standing::Waits,
        }
    }

    /// Lets one more in, in the place of whoever serves the same stream. `None` when there
    /// are as many as there may be.
    fn join(&mut self, serves: Option<StreamNo>, most: usize) -> Option<u64> {
        let stays = |it: &Listener| serves.is_none() || it.serves != serves;
        if self.open.iter().filter(|it| stays(it)).count() >= most {
            return None;
        }
        self.open.retain(stays);
        self.last += 1;
        self.open.push(Listener {
            serial: self.last,
            serves,
        });
        Some(self.last)
    }
}

/// The place of one listener. Dropping it makes room, and the next newest is told.
pub(super) struct Place {
    live: Using,
    pub(super) serial: u64,
}

impl Place {
    /// `None` when the session has as many listeners as it may.
    pub(super) fn take(
        session: &SessionRef,
        serves: Option<StreamNo>,
        most: usize,
    ) -> Option<Self> {
        let live = session.live();
        let mut joined = None;
        live.listeners().send_if_modified(|listeners| {
            joined = listeners.join(serves, most);
            joined.is_some()
        });
        joined.map(|serial| Self { live, serial })
    }

    pub(super) fn session(&self) -> &SessionRef {
        self.live.session()
    }

    /// Says which stream is served from here on.
    pub(super) fn serve(&self, stream: StreamNo) {
        self.live.listeners().send_if_modified(|listeners| {
            let mut open = listeners.open.iter_mut();
            if let Some(own) = open.find(|it| it.serial == self.serial) {
                own.serves = Some(stream);
            }
            // Nobody's standing is another one now.
            false
        });
    }

    /// Rings when anybody comes or goes.
    pub(super) fn moves(&self) -> watch::Receiver<Listeners> {
        self.live.listeners().subscribe()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.live.listeners().send_if_modified(|listeners| {
            let before = listeners.open.len();
            listeners.open.retain(|it| it.serial != self.serial);
            listeners.open.len() < before
        });
    }
}
