//! Methods of extensions, which the core of the protocol does not have.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::Context;
use super::handler::{ToolError, Verdict};
use super::registry::Home;
use crate::protocol::{ErrorKind, Outcome, Params};

type Handling = Pin<Box<dyn Future<Output = Result<Map<String, Value>, ToolError>> + Send>>;

/// A method of an extension: what is to be done for its requests.
#[derive(Clone)]
pub(super) struct CustomMethod {
    home: Arc<Home>,
    handler: Arc<dyn Fn(Params, Context) -> Handling + Send + Sync>,
}

impl fmt::Debug for CustomMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomMethod")
    }
}

impl CustomMethod {
    pub(super) fn new<H, F>(home: Arc<Home>, handler: H) -> Self
    where
        H: Fn(Params, Context) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Map<String, Value>, ToolError>> + Send + 'static,
    {
        Self {
            home,
            handler: Arc::new(move |params, context| Box::pin(handler(params, context))),
        }
    }

    /// The server that it is a method of.
    pub(super) fn home(&self) -> &Arc<Home> {
        &self.home
    }

    /// What a request for it comes to.
    pub(super) async fn handle(self, name: &str, params: Params, context: Context) -> Outcome {
        match (self.handler)(params, context).await {
            Ok(members) => Outcome::Custom(members),
            Err(error) => refused(name, &error),
        }
    }
}

/// What is wrong with an extension that the server says it has.
///
/// Implements the key names of `_meta`, revision 2026-07-28, `basic/index`.
pub(super) fn unfit(identifier: &str, settings: &Value) -> Option<String> {
    if !is_identifier(identifier) {
        return Some(format!(
            "`{identifier}` cannot be the identifier of an extension; it is a prefix of your own and a name, such as `com.example/search`"
        ));
    }
    (!settings.is_object()).then(|| {
        format!("the settings of the extension `{identifier}` are {settings}, and not an object; without settings, give `{{}}`")
    })
}

fn is_identifier(text: &str) -> bool {
    let is_word = |text: &str, between: &[char]| {
        let ends = |c: char| c.is_ascii_alphanumeric();
        text.starts_with(ends)
            && text.ends_with(ends)
            && text.chars().all(|c| ends(c) || between.contains(&c))
    };
    let is_label =
        |text: &str| is_word(text, &['-']) && text.starts_with(|c: char| c.is_ascii_alphabetic());
    text.split_once('/').is_some_and(|(prefix, name)| {
        prefix.split('.').all(is_label) && is_word(name, &['-', '_', '.'])
    })
}

fn refused(name: &str, error: &ToolError) -> Outcome {
    match error.verdict() {
        Verdict::Refuse(error) => Outcome::Error(error.clone()),
        Verdict::Tell(message) => Outcome::failed(ErrorKind::InvalidParams, message.to_owned()),
        Verdict::Missing => Outcome::failed(ErrorKind::InvalidParams, "there is no such thing"),
        Verdict::Mask => {
            tracing::error!(name, error = error.chain().as_str(), "a method failed");
            Outcome::failed(
                ErrorKind::Internal,
                "the method failed; the server's log says more",
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::server::Server;
    use crate::testing::TestClient;

    const LETTERS: [&str; 5] = ["a", "b", "c", "d", "e"];

    /// A server with a list of its own, two to a page.
    fn letters() -> Server {
        Server::new("letters")
            .page_size(2)
            .method("letters/list", |params, context| async move {
                let params: Value = params.typed().map_err(ToolError::protocol)?;
                let cursor = params["cursor"].as_str();
                let list = params["list"].as_str().unwrap_or("letters");
                let (range, next) = context.page(list, &LETTERS, cursor, |it| it)?;
                let mut members = Map::new();
                members.insert("letters".to_owned(), json!(LETTERS[range]));
                members.extend(next.map(|next| ("nextCursor".to_owned(), json!(next))));
                Ok(members)
            })
    }

    #[tokio::test]
    async fn a_list_of_an_extension_has_pages_like_any_other() {
        let client = TestClient::new(letters()).unwrap();
        let mut seen = Vec::new();
        let mut params = json!({});
        let first = loop {
            let page = client.request("letters/list", params).await.unwrap();
            seen.extend(page["letters"].as_array().unwrap().clone());
            match page.get("nextCursor") {
                Some(next) => params = json!({"cursor": next}),
                None => break page,
            }
        };
        assert_eq!(json!(seen), json!(LETTERS));
        assert_eq!(first["letters"], json!(["e"]), "the last page: {first}");

        let page = client.request("letters/list", json!({})).await.unwrap();
        let other = json!({"cursor": page["nextCursor"], "list": "numbers"});
        let refused = client.request("letters/list", other).await.unwrap_err();
        assert_eq!(refused.code, -32602, "{refused}");
    }

    #[tokio::test]
    async fn what_blocks_runs_on_the_pool() {
        let server = Server::new("blocking").method("thread", |_, context| async move {
            let name = || std::thread::current().id();
            let here = name();
            let there = context.blocking(name).await?;
            Ok(Map::from_iter([(
                "elsewhere".to_owned(),
                json!(here != there),
            )]))
        });
        let client = TestClient::new(server).unwrap();
        let answer = client.request("thread", json!({})).await.unwrap();
        assert_eq!(answer["elsewhere"], true, "{answer}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_method_has_the_time_of_a_call_and_no_more() {
        let server = Server::new("slow")
            .call_timeout(Duration::from_secs(10))
            .method("sleep", |params, _| async move {
                let params: Value = params.typed().map_err(ToolError::protocol)?;
                let seconds = params["seconds"].as_u64().unwrap();
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                Ok(Map::new())
            });
        let client = TestClient::new(server).unwrap();
        let enough = client.request("sleep", json!({"seconds": 9})).await;
        assert!(enough.is_ok(), "{enough:?}");
        let refused = client.request("sleep", json!({"seconds": 11})).await;
        let refused = refused.unwrap_err();
        assert_eq!(refused.code, -31001, "{refused}");
        let said = "the method `sleep` did not finish within 10s";
        assert_eq!(refused.message, said);
    }

    /// Guards against methods that are never called.
    #[test]
    fn a_method_that_would_never_be_called_stops_the_server_from_starting() {
        let nothing = |_, _| async { Ok(Map::new()) };
        for (names, told) in [
            (
                ["tools/call", "x"],
                "`tools/call` is a method of the protocol",
            ),
            (["x", "x"], "two methods `x`"),
        ] {
            let server = Server::new("s").method(names[0], nothing);
            let problem = server.method(names[1], nothing).build().expect_err(told);
            assert!(problem.to_string().contains(told), "{problem}");
        }
    }

    #[test]
    fn an_extension_has_a_prefix_and_settings() {
        for name in [
            "com.example/x",
            "io.modelcontextprotocol/ui",
            "a-b.c1/x_y.z",
        ] {
            assert_eq!(super::unfit(name, &json!({})), None, "{name}");
        }
        for name in [
            "ui", "/x", "a/", "1a/x", "a..b/x", "a.b-/x", "a/x y", "a/b/c", "é/x",
        ] {
            let server = Server::new("s").extension(name, json!({}));
            let problem = server.build().expect_err(name).to_string();
            assert!(
                problem.contains(name) && problem.contains("com.example/"),
                "{problem}"
            );
        }
        let server = Server::new("s").extension("com.example/x", json!(null));
        let problem = server.build().unwrap_err().to_string();
        assert!(problem.contains("not an object"), "{problem}");
    }
}
