//! Which folders matter to the client.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Map;

use super::Context;
use super::ask::Terms;
use crate::protocol::{Question, QuestionKind};
use crate::server::handler::ToolError;

/// A folder or file that matters to the client.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Root {
    /// Where it is: a `file://` URI.
    pub uri: String,
    /// Its name for people.
    #[serde(default)]
    pub name: Option<String>,
}

/// The question which folders matter to the client, not asked yet. Await it.
#[derive(Clone, Debug)]
#[must_use = "a question is asked when it is awaited"]
pub struct ListRoots {
    context: Context,
    terms: Terms,
}

impl Context {
    /// Asks which folders matter to the client. They are advice, not a limit.
    ///
    /// ```
    /// use toolsmith_core::server::Context;
    /// use toolsmith_core::server::handler::ToolError;
    ///
    /// async fn first_root(ctx: Context) -> Result<String, ToolError> {
    ///     let roots = ctx.list_roots().await?;
    ///     let first = roots.first().ok_or_else(|| ToolError::user("open a folder first"))?;
    ///     Ok(first.uri.clone())
    /// }
    /// ```
    pub fn list_roots(&self) -> ListRoots {
        ListRoots {
            context: self.clone(),
            terms: Terms::default(),
        }
    }
}

impl ListRoots {
    /// Under a key of the author's own, see [`Elicit::key`](super::Elicit::key).
    pub fn key(mut self, key: impl Into<Box<str>>) -> Self {
        self.terms.key = Some(key.into());
        self
    }

    /// For so long at most, see [`Elicit::timeout`](super::Elicit::timeout).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.terms.timeout = Some(timeout);
        self
    }
}

impl IntoFuture for ListRoots {
    type Output = Result<Vec<Root>, ToolError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        #[derive(Deserialize)]
        struct Answer {
            roots: Vec<Root>,
        }
        Box::pin(async move {
            let question = Question {
                kind: QuestionKind::Roots,
                params: Map::new(),
            };
            let answer = self.context.ask(self.terms, question).await?;
            let answer: Answer = self.context.read(&answer, "list of roots")?;
            Ok(answer.roots)
        })
    }
}
