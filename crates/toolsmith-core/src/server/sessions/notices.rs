//! What a legacy client is told unasked: that lists, resources and tasks have changed.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::watch;

use super::{Live, SessionRef, full};
use crate::ports::{Change, SessionRecord};
use crate::protocol::{ErrorKind, Notice, ProtocolError, encode_notice};
use crate::server::{Interest, Peer, Subscription};

/// A stream of what a legacy client is told unasked. Dropping it closes it, and loses
/// nothing that was not taken from it.
pub struct Notices {
    place: Place,
    peer: Peer,
    subscription: Arc<Subscription>,
    ended: watch::Receiver<u64>,
}

/// One of the streams that a session may have open.
struct Place {
    session: SessionRef,
    live: Arc<Live>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.live.streams.fetch_sub(1, Ordering::Relaxed);
        self.session.sessions.tidy(self.session.id);
    }
}

impl std::fmt::Debug for Notices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Notices").field(&self.place.session).finish()
    }
}

impl SessionRef {
    /// Opens a stream of what the client of the session is told unasked.
    ///
    /// # Errors
    ///
    /// When the session has ended, or has as many streams open as it may.
    pub async fn notices(&self, peer: &Peer, most: usize) -> Result<Notices, ProtocolError> {
        let record = self.sessions.store.find(self.id).await;
        let record = record.ok_or_else(super::unknown)?;
        let live = self.live();
        let before = live.streams.fetch_add(1, Ordering::Relaxed);
        let place = Place {
            session: self.clone(),
            live: Arc::clone(&live),
        };
        if before >= most {
            return Err(ProtocolError::new(
                ErrorKind::TooManyStreams,
                format!("the session has {most} streams open already; close one first"),
            ));
        }
        let is_first = live.subscription().is_none();
        let subscription = self.subscription(&record)?;
        if is_first && record.seen != self.sessions.engine.list_changes() {
            // Something changed before anybody listened.
            subscription.post_lists();
        }
        Ok(Notices {
            ended: live.on_end(),
            place,
            peer: peer.clone(),
            subscription,
        })
    }

    /// Has the client told of a task, if it listens; otherwise it looks by itself.
    pub(in crate::server) fn watch_task(&self, id: Arc<str>) {
        let subscription = self
            .sessions
            .living(self.id)
            .and_then(|live| live.subscription());
        if let Some(subscription) = subscription {
            // One task more than may be watched is looked at by the client itself.
            let _ = subscription.add_task(id);
        }
    }

    /// The subscription of the session, made when it is first needed.
    pub(super) fn subscription(
        &self,
        record: &SessionRecord,
    ) -> Result<Arc<Subscription>, ProtocolError> {
        let live = self.live();
        if let Some(subscription) = live.subscription() {
            return Ok(subscription);
        }
        let interest = Interest {
            tools: true,
            prompts: true,
            resources: true,
            uris: record.resources.iter().cloned().collect(),
            ..Interest::default()
        };
        let tenant = record.caller.tenant().into();
        let hub = self.sessions.engine.hub();
        let subscription = Arc::new(hub.subscribe(tenant, interest).map_err(full)?);
        // Of two that are made at the same time, one is kept and the other one dropped.
        Ok(Arc::clone(
            live.subscription_cell().get_or_init(|| subscription),
        ))
    }
}

impl Notices {
    /// The next message to the client; `None` when the stream is to end.
    ///
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            let change = tokio::select! {
                _ended = self.ended.changed() => return None,
                change = self.subscription.next() => change,
            };
            let engine = &self.place.session.sessions.engine;
            let notice = engine.notice(&change, &self.peer).await;
            if let Change::TaskChanged(id) = &change {
                let over = notice.as_ref().is_none_or(is_over);
                if over {
                    self.subscription.remove_task(id);
                }
            }
            if let Some(notice) = notice {
                return Some(encode_notice(&notice, self.peer.revision, None));
            }
        }
    }

    /// The session that it is a stream of.
    pub fn session(&self) -> &SessionRef {
        &self.place.session
    }
}

/// Whether nothing more will be told of what a notice is about.
fn is_over(notice: &Notice) -> bool {
    matches!(notice, Notice::Task(task) if task.status.is_terminal())
}
