//! What callers need to be allowed to do.

use super::Server;
use crate::caller::Scopes;

impl Server {
    /// The scopes that a caller needs for this server at all, all of them, beside those that
    /// a primitive needs: for every request but `initialize`, `server/discover` and `ping`.
    /// Of a server that is mounted in another one, they hold for its primitives there.
    ///
    /// A caller that nobody limits, as on stdio, needs none; see
    /// [`Caller::with_scopes`](crate::Caller::with_scopes). One that lacks some is refused
    /// with code -31018 and status 403, and told which.
    ///
    /// ```
    /// use serde_json::json;
    /// use toolsmith_core::server::{Caller, Context, Server};
    /// use toolsmith_core::server::tool::DynamicTool;
    /// use toolsmith_core::testing::TestClient;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let schema = json!({"type": "object"});
    /// let wipe = DynamicTool::new("wipe", schema, |_, _: Context| async { "gone" });
    /// let server = Server::new("disk")
    ///     .scopes(["disk"])
    ///     .dynamic_tool(wipe.scopes(["disk:write"]));
    /// let reader = Caller::new("acme").with_scopes(["disk"]);
    /// let client = TestClient::new(server).unwrap().caller(reader);
    ///
    /// assert!(client.tools().await.unwrap().is_empty());
    /// let refused = client.call("wipe", json!({})).await.unwrap_err();
    /// assert_eq!(refused.data.unwrap(), json!({
    ///     "requiredScopes": ["disk", "disk:write"],
    ///     "missingScopes": ["disk:write"],
    /// }));
    /// # }
    /// ```
    #[must_use]
    pub fn scopes<S: AsRef<str>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = self.scopes.and(&scopes.into_iter().collect());
        self
    }

    /// Whether lists show what their caller may not use, too, so that a client sees what it
    /// could get a token for. Without it, they do not.
    #[must_use]
    pub fn list_out_of_scope(mut self, lists: bool) -> Self {
        self.list_out_of_scope = lists;
        self
    }

    /// What cannot be a scope of those that the server needs.
    pub(super) fn scope_problems(&self) -> impl Iterator<Item = String> {
        let wrong = self.scopes.iter().filter(|it| !Scopes::is_scope(it));
        let wrong = wrong.map(|scope| {
            format!(
                "`{scope}` cannot be a scope of the server `{}`; a scope is of visible ASCII, without spaces, `\"` and `\\`",
                self.name()
            )
        });
        wrong.collect::<Vec<_>>().into_iter()
    }
}
