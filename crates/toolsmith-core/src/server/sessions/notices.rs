//! What a legacy client is told unasked: that lists, resources and tasks have changed.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;

use super::listeners::{Listeners, Place, Standing};
use super::{SessionRef, full};
use crate::ports::{Change, SessionRecord, StreamNo};
use crate::protocol::{ErrorKind, Notice, ProtocolError, encode_notice};
use crate::server::{Interest, Peer, Subscription};

/// A stream of what a legacy client is told unasked. Of several in one session, the one
/// that was opened last is told. Dropping it closes it, and loses nothing that was not
/// given out.
pub struct Notices {
    place: Place,
    moves: watch::Receiver<Listeners>,
    peer: Peer,
    subscription: Arc<Subscription>,
    /// What is to be told next.
    taken: Option<Change>,
    /// The message that tells it.
    encoded: Option<Encoded>,
}

struct Encoded {
    message: Bytes,
    /// Nothing more will be told of what it is about.
    is_last: bool,
}

impl Drop for Notices {
    fn drop(&mut self) {
        // Before the place is left, so that whoever is told next finds it.
        self.put_back();
    }
}

impl std::fmt::Debug for Notices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Notices")
            .field(self.place.session())
            .finish()
    }
}

impl SessionRef {
    /// Opens a stream of what the client of the session is told unasked.
    ///
    /// # Errors
    ///
    /// When the session has ended, or has as many streams open as it may.
    pub async fn notices(&self, peer: &Peer, most: usize) -> Result<Notices, ProtocolError> {
        self.notices_on(peer, None, most).await
    }

    /// As [`SessionRef::notices`], on a stream that somebody else may serve still: their
    /// listening ends.
    pub(super) async fn notices_on(
        &self,
        peer: &Peer,
        stream: Option<StreamNo>,
        most: usize,
    ) -> Result<Notices, ProtocolError> {
        let record = self.record().await?.ok_or_else(super::unknown)?;
        let place = Place::take(self, stream, most).ok_or_else(|| {
            ProtocolError::new(
                ErrorKind::TooManyStreams,
                format!("the session has {most} streams open already; close one first"),
            )
        })?;
        let subscription = self.subscription(&record)?;
        self.still_there().await?;
        Ok(Notices {
            moves: place.moves(),
            place,
            peer: peer.clone(),
            subscription,
            taken: None,
            encoded: None,
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

    /// The subscription of the session, made when it is first needed: what changed before is
    /// told as the first.
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
        let subscription = live.subscription_cell().get_or_init(|| subscription);
        if record.seen != self.sessions.engine.list_changes() {
            // Something changed before anybody could hear of it.
            subscription.post_lists();
        }
        Ok(Arc::clone(subscription))
    }
}

impl Notices {
    /// The next message to the client; `None` when the stream is to end.
    ///
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Vec<u8>> {
        let message = self.peek().await?;
        self.given();
        Some(message.into())
    }

    /// The next message, which is the next one again until it was [`Notices::given`] out.
    pub(super) async fn peek(&mut self) -> Option<Bytes> {
        loop {
            let standing = self.moves.borrow_and_update().standing(self.place.serial);
            match (standing, &self.encoded) {
                (Standing::Over, _) => {
                    self.put_back();
                    return None;
                }
                (Standing::Waits, _) => {
                    self.put_back();
                    self.moves.changed().await.ok()?;
                }
                (Standing::Told, Some(encoded)) => return Some(encoded.message.clone()),
                (Standing::Told, None) => self.take().await,
            }
        }
    }

    /// Takes a change and encodes it, until somebody comes or goes.
    async fn take(&mut self) {
        let subscription = &self.subscription;
        let engine = &self.place.session().sessions.engine;
        let (taken, peer) = (&mut self.taken, &self.peer);
        let work = async {
            let change = match taken {
                Some(change) => change,
                None => taken.insert(subscription.next().await),
            };
            engine.notice(change, peer).await
        };
        let notice = tokio::select! {
            biased;
            // Looked at first: who is not the newest any more takes nothing.
            _moved = self.moves.changed() => return,
            notice = work => notice,
        };
        match notice {
            Some(notice) => {
                self.encoded = Some(Encoded {
                    message: encode_notice(&notice, self.peer.revision, None).into(),
                    is_last: is_over(&notice),
                });
            }
            None => self.done(true),
        }
    }

    /// Whether it is the one in the session that is told.
    pub(super) fn is_told(&self) -> bool {
        let listeners = self.moves.borrow();
        listeners.standing(self.place.serial) == Standing::Told
    }

    /// Whether somebody has gone on with the stream, or the streams were ended.
    pub(super) fn is_ended(&self) -> bool {
        let listeners = self.moves.borrow();
        listeners.standing(self.place.serial) == Standing::Over
    }

    /// Says which stream of the session it is.
    pub(super) fn serve(&self, stream: StreamNo) {
        self.place.serve(stream);
    }

    /// The message that was looked at is on its way.
    pub(super) fn given(&mut self) {
        let encoded = self.encoded.take();
        self.done(encoded.is_some_and(|it| it.is_last));
    }

    /// Nothing is to be told of the change that was taken, and perhaps nothing ever again.
    fn done(&mut self, is_last: bool) {
        match self.taken.take() {
            Some(Change::TaskChanged(id)) if is_last => {
                self.subscription.remove_task(&id);
            }
            Some(Change::ElicitationCompleted(id)) => {
                self.subscription.remove_page(&id);
            }
            _ => {}
        }
    }

    /// Leaves what was taken to whoever is told next.
    fn put_back(&mut self) {
        self.encoded = None;
        if let Some(change) = self.taken.take() {
            self.subscription.put_back(&change);
        }
    }

    /// The session that it is a stream of.
    pub fn session(&self) -> &SessionRef {
        self.place.session()
    }
}

/// Whether nothing more will be told of what a notice is about.
fn is_over(notice: &Notice) -> bool {
    matches!(notice, Notice::Task(task) if task.status.is_terminal())
}
