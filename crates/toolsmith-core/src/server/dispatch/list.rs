//! Lists, a page at a time.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;

use crate::ports::TaskPlace;
use crate::protocol::{
    Cursor, CursorScope, Definition, ErrorKind, ListKind, Listed, Outcome, Page, Params,
    ProtocolError,
};
use crate::server::engine::Engine;
use crate::server::middleware::Operation;
use crate::server::{Context, Peer};

/// The list of tasks, as cursors know it.
const TASKS: &str = "tasks";

/// Where a page begins.
#[derive(Deserialize)]
struct From {
    #[serde(default)]
    cursor: Option<String>,
}

impl Engine {
    pub(super) async fn list(self, kind: ListKind, mut operation: Operation) -> Outcome {
        let view = self.registry().view(operation.peer.caller.tenant());
        let own = view.list(kind);
        let page_size = self.page_size();
        // The common list has no cursor, is one page, and is written already.
        let asks_for_more = kind == ListKind::Resources || kind == ListKind::Templates;
        if !operation.request.params.has_cursor()
            && own.items().len() <= page_size
            && !(asks_for_more && view.providers().next().is_some())
        {
            let mut page = Page::new(kind, Arc::clone(own), 0..own.items().len());
            page.caching = self.list_caching(kind, &operation.peer);
            return Outcome::Page(page);
        }
        let from: From = match operation.request.params.typed() {
            Ok(from) => from,
            Err(error) => return Outcome::Error(error),
        };
        let mut items = own.items().to_vec();
        if asks_for_more {
            for (entry, provider) in view.providers() {
                let listed = match kind {
                    ListKind::Templates => provider.templates(),
                    _ => {
                        let name: Arc<str> = "resources/list".into();
                        let scope = self.clone().scope(&entry.home, name, &mut operation);
                        provider.list(&Context::new(scope)).await
                    }
                };
                let of_kind = |it| match kind {
                    ListKind::Templates => Definition::Template(it),
                    _ => Definition::Resource(it),
                };
                items.extend(listed.into_iter().map(|it| Listed::new(of_kind(it))));
            }
        }
        let peer = &operation.peer;
        match self.page(kind.member(), &items, from.cursor.as_deref(), peer, |it| {
            it.definition().key()
        }) {
            Err(error) => Outcome::Error(error),
            Ok((range, next)) => {
                let mut page = Page::of(kind, items.get(range).unwrap_or_default().to_vec());
                page.caching = self.list_caching(kind, peer);
                page.next = next;
                Outcome::Page(page)
            }
        }
    }

    pub(super) async fn list_tasks(&self, params: &Params, peer: &Peer) -> Outcome {
        let from: From = match params.typed() {
            Ok(from) => from,
            Err(error) => return Outcome::Error(error),
        };
        let after = match from.cursor.as_deref().map(|it| self.place(it, peer)) {
            None => None,
            Some(Some(place)) => Some(place),
            Some(None) => return Outcome::Error(no_cursor()),
        };
        let size = self.page_size();
        // One more tells whether there is another page.
        let listed = self
            .tasks()
            .list(peer, after.as_ref(), size.saturating_add(1));
        let mut tasks = match listed.await {
            Ok(tasks) => tasks,
            Err(error) => return Outcome::Error(error),
        };
        let is_last = tasks.len() <= size;
        tasks.truncate(size);
        let last = tasks.last().filter(|_| !is_last);
        let next = last.map(|last| self.cursor_after(&TaskPlace::from(last), peer));
        let now = SystemTime::now();
        tasks.retain(|it| !it.is_expired(now));
        Outcome::Tasks(tasks, next)
    }

    /// The cursor of the tasks after one, which need not be there any more.
    fn cursor_after(&self, place: &TaskPlace, peer: &Peer) -> String {
        let since = place.created.duration_since(UNIX_EPOCH);
        let cursor = Cursor {
            index: 0,
            after: format!("{} {}", since.unwrap_or_default().as_millis(), place.id),
        };
        cursor.encode(&self.cursor_scope(TASKS, peer))
    }

    /// The place that a cursor names.
    fn place(&self, cursor: &str, peer: &Peer) -> Option<TaskPlace> {
        let cursor = Cursor::decode(cursor, &self.cursor_scope(TASKS, peer))?;
        let (since, id) = cursor.after.split_once(' ')?;
        let since = Duration::from_millis(since.parse().ok()?);
        Some(TaskPlace {
            created: UNIX_EPOCH.checked_add(since)?,
            id: id.into(),
        })
    }

    fn cursor_scope<'a>(&'a self, list: &'a str, peer: &'a Peer) -> CursorScope<'a> {
        CursorScope {
            server: &self.identity().implementation.name,
            tenant: peer.caller.tenant(),
            list,
        }
    }

    /// Where a page begins and ends, and the cursor of the next one.
    ///
    /// A cursor says after what it begins. Where that is gone, its place in the list is
    /// good enough.
    ///
    /// Implements `server/utilities/pagination`.
    pub(in crate::server) fn page<T>(
        &self,
        list: &str,
        items: &[T],
        cursor: Option<&str>,
        peer: &Peer,
        key: impl Fn(&T) -> &str,
    ) -> Result<(std::ops::Range<usize>, Option<String>), ProtocolError> {
        let scope = self.cursor_scope(list, peer);
        let start = match cursor {
            None => 0,
            Some(text) => {
                let cursor = Cursor::decode(text, &scope).ok_or_else(no_cursor)?;
                let after = items.iter().position(|it| key(it) == cursor.after);
                after.map_or(cursor.index, |at| at + 1).min(items.len())
            }
        };
        let end = start.saturating_add(self.page_size()).min(items.len());
        let last = items.get(start..end).and_then(<[T]>::last);
        let next = last.filter(|_| end < items.len()).map(|last| {
            let cursor = Cursor {
                index: end,
                after: key(last).to_owned(),
            };
            cursor.encode(&scope)
        });
        Ok((start..end, next))
    }
}

fn no_cursor() -> ProtocolError {
    ProtocolError::new(
        ErrorKind::InvalidParams,
        "`cursor` is not one that was given out for this list; begin again without it",
    )
}
