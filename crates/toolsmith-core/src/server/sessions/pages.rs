//! The pages that the user of a session is sent to: which have been named to its client, and
//! that all is done there.
//!
//! Implements "Completion Notifications for URL Mode Elicitation" of revision 2025-11-25,
//! `client/elicitation`.

use std::sync::Arc;

use super::SessionRef;
use crate::protocol::{Notice, Revision, encode_notice};
use crate::server::ReplySink;

impl SessionRef {
    /// Notes that the client is told of a page by this id, so that it can be told when all is
    /// done there.
    pub(in crate::server) async fn names_page(&self, id: &str) {
        let Ok(Some(record)) = self.record().await else {
            return;
        };
        match self.subscription(&record) {
            Ok(subscription) => {
                if !subscription.add_page(id.into()) {
                    tracing::debug!("a session has too many pages open to be told of another");
                }
            }
            Err(error) => tracing::debug!(why = %error.message, "nobody can be told of a page"),
        }
    }

    /// Tells the client that all is done at a page: on the stream of a request that goes on,
    /// or where it is told unasked, once it listens. `false` when the page was not named in
    /// this session, or was told of already.
    pub(in crate::server) fn page_is_done(
        &self,
        id: &str,
        revision: Revision,
        sink: Option<&Arc<dyn ReplySink>>,
    ) -> bool {
        let living = self.sessions.living(self.id);
        let Some(subscription) = living.and_then(|live| live.subscription()) else {
            return false;
        };
        if !subscription.remove_page(id) {
            return false;
        }
        let notice = Notice::ElicitationCompleted(id.into());
        if sink.is_some_and(|sink| sink.notify(encode_notice(&notice, revision, None))) {
            return true;
        }
        let has_room = subscription.add_page(id.into());
        subscription.post_page(id);
        has_room
    }
}
