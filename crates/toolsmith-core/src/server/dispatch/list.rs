//! Lists, a page at a time.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::join_all;
use serde::Deserialize;

use super::failure::Failed;
use super::work::{Work, Worked};
use crate::ports::TaskPlace;
use crate::protocol::{
    Cursor, CursorScope, Definition, ErrorKind, ListKind, Listed, Outcome, Page, Params,
    ProtocolError,
};
use crate::server::engine::Engine;
use crate::server::middleware::Operation;
use crate::server::registry::View;
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
        let may = match self.lists_out_of_scope() {
            true => None,
            false => view.list_for(kind, operation.caller()),
        };
        let page_size = self.page_size();
        // The common list has no cursor, is one page, and is written already.
        let asks_for_more = kind == ListKind::Resources || kind == ListKind::Templates;
        if may.is_none()
            && !operation.request.params.has_cursor()
            && own.items().len() <= page_size
            && !(asks_for_more && view.providers().next().is_some())
        {
            let mut page = Page::new(kind, Arc::clone(own), 0..own.items().len());
            page.caching = self.list_caching(&view);
            return Outcome::Page(page);
        }
        let from: From = match operation.request.params.typed() {
            Ok(from) => from,
            Err(error) => return Outcome::Error(error),
        };
        let mut items = may.unwrap_or_else(|| own.items().to_vec());
        match kind {
            ListKind::Templates => {
                let caller = operation.caller();
                let providers = view.providers().filter(|(it, _)| self.lists(it, caller));
                let templates = providers.flat_map(|(_, it)| it.templates());
                items.extend(templates.map(|it| Listed::new(Definition::Template(it))));
            }
            ListKind::Resources => match Box::pin(self.provided(&view, &mut operation)).await {
                Ok(resources) => items.extend(resources),
                Err(outcome) => return outcome,
            },
            ListKind::Tools | ListKind::Prompts => {}
        }
        once_each(&mut items);
        let peer = &operation.peer;
        match self.page(kind.member(), &items, from.cursor.as_deref(), peer, |it| {
            it.definition().key()
        }) {
            Err(error) => Outcome::Error(error),
            Ok((range, next)) => {
                let mut page = Page::of(kind, items.get(range).unwrap_or_default().to_vec());
                page.caching = self.list_caching(&view);
                page.next = next;
                Outcome::Page(page)
            }
        }
    }

    /// What those list who keep resources of their own, in order. All of them are asked at
    /// once, so that it takes as long as the slowest, and each within the time of a call.
    async fn provided(
        &self,
        view: &View,
        operation: &mut Operation,
    ) -> Result<Vec<Listed>, Outcome> {
        let name: Arc<str> = operation.request.method.as_str().into();
        let caller = operation.caller().clone();
        let providers = view.providers().filter(|(it, _)| self.lists(it, &caller));
        let asked = providers.map(|(entry, provider)| {
            let of_one = operation.clone();
            // The way back to the client is for one of them: progress has one order.
            operation.sink = None;
            let (mut scope, _) = self.clone().scope(&entry.home, Arc::clone(&name), of_one);
            let limit = scope.limit(self.call_timeout());
            let (provider, context) = (Arc::clone(provider), Context::new(*scope));
            let list = move || async move { Ok(provider.list(&context).await) };
            let failed = Failed {
                what: "request",
                name: &name,
                revision: operation.peer.revision,
            };
            Work::new(list, limit, None).go_on(None, None, failed)
        });
        let asked: Vec<_> = asked.collect();
        let mut all = Vec::new();
        for listed in join_all(asked).await {
            match listed {
                Worked::Output(listed) => {
                    all.extend(
                        listed
                            .into_iter()
                            .map(|it| Listed::new(Definition::Resource(it))),
                    );
                }
                Worked::Failed(outcome) => return Err(outcome),
                Worked::Waits(_) | Worked::Becomes(_) => {
                    return Err(Outcome::failed(ErrorKind::Internal, "a list cannot ask"));
                }
            }
        }
        Ok(all)
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

/// Leaves the first of those with one name, which is the one that is served. A page that
/// begins after a name would otherwise begin again after the first of that name.
fn once_each(items: &mut Vec<Listed>) {
    let mut seen = HashSet::new();
    items.retain(|it| seen.insert(it.definition().key().to_owned()));
}

fn no_cursor() -> ProtocolError {
    ProtocolError::new(
        ErrorKind::InvalidParams,
        "`cursor` is not one that was given out for this list; begin again without it",
    )
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::time::Duration;

    use serde_json::json;
    use tokio::time::{Instant, sleep};

    use crate::protocol::ResourceDefinition;
    use crate::server::handler::ToolError;
    use crate::server::resource::{ResourceProvider, ResourceResult};
    use crate::server::{Context, Server};
    use crate::testing::TestClient;

    /// Takes so many seconds to list one resource of this name; none of it when it is `panics`.
    #[derive(Debug)]
    struct Slow(&'static str, u64);

    impl ResourceProvider for Slow {
        fn list<'a>(
            &'a self,
            _: &'a Context,
        ) -> Pin<Box<dyn Future<Output = Vec<ResourceDefinition>> + Send + 'a>> {
            Box::pin(async {
                sleep(Duration::from_secs(self.1)).await;
                assert_ne!(self.0, "panics", "a secret");
                vec![ResourceDefinition::new(format!("slow://{}", self.0))]
            })
        }

        fn templates(&self) -> Vec<ResourceDefinition> {
            Vec::new()
        }

        fn owns(&self, uri: &str) -> bool {
            uri.starts_with("slow://")
        }

        fn read<'a>(
            &'a self,
            _: &'a str,
            _: &'a Context,
        ) -> Pin<Box<dyn Future<Output = ResourceResult> + Send + 'a>> {
            Box::pin(std::future::ready(Err(ToolError::not_found())))
        }
    }

    fn server() -> Server {
        Server::new("slow").call_timeout(Duration::from_secs(10))
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_keep_resources_are_asked_at_once_and_listed_in_order() {
        let slow = server().resources(Slow("a", 9)).resources(Slow("b", 8));
        let client = TestClient::new(slow.resources(Slow("c", 0))).unwrap();
        let begun = Instant::now();
        let listed = client.list("resources/list", "resources").await.unwrap();
        let uris: Vec<_> = listed.iter().map(|it| &it["uri"]).collect();
        assert_eq!(uris, ["slow://a", "slow://b", "slow://c"]);
        assert_eq!(begun.elapsed(), Duration::from_secs(9));
    }

    #[tokio::test(start_paused = true)]
    async fn a_resource_that_two_have_is_listed_once_and_the_pages_end() {
        let server = server().page_size(2);
        let server = server.resources(Slow("a", 0)).resources(Slow("b", 0));
        let server = server.resources(Slow("a", 0)).resources(Slow("c", 0));
        let client = TestClient::new(server).unwrap();
        let (mut uris, mut cursor) = (Vec::new(), None);
        for _ in 0..4 {
            let params = cursor.map_or(json!({}), |it: serde_json::Value| json!({"cursor": it}));
            let page = client.request("resources/list", params).await.unwrap();
            let listed = page["resources"].as_array().unwrap();
            uris.extend(listed.iter().map(|it| it["uri"].clone()));
            cursor = page.get("nextCursor").cloned();
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(cursor, None, "the pages do not end");
        assert_eq!(uris, ["slow://a", "slow://b", "slow://c"]);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_takes_too_long_is_told_like_a_call_and_holds_up_nothing_else() {
        let slow = server().resources(Slow("a", 0)).resources(Slow("b", 3600));
        let client = TestClient::new(slow).unwrap();
        let begun = Instant::now();
        let (listed, other) = tokio::join!(client.request("resources/list", json!({})), async {
            let other = client.request("resources/templates/list", json!({})).await;
            (other, begun.elapsed())
        });
        let refused = listed.unwrap_err();
        assert_eq!(refused.code, -31001, "{refused}");
        let said = "the request `resources/list` did not finish within 10s";
        assert_eq!(refused.message, said);
        assert_eq!(begun.elapsed(), Duration::from_secs(10));
        assert!(other.0.is_ok() && other.1.is_zero(), "{other:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_is_told_without_its_words() {
        let client = TestClient::new(server().resources(Slow("panics", 1))).unwrap();
        let listed = client.request("resources/list", json!({})).await;
        let refused = listed.unwrap_err();
        assert_eq!(refused.code, -32603, "{refused}");
        assert!(!refused.message.contains("secret"), "{refused}");
    }
}
