//! The endpoint as a router of axum.

use super::Http;
use crate::Result;
use crate::server::Server;

/// Mounts a [`Server`] in somebody's own axum application.
pub trait ServerAxumExt: Sized {
    /// The MCP endpoint as an axum router with `/mcp` and `/mcp/`, to be merged into
    /// another.
    ///
    /// Only loopback hosts and origins are let in; see
    /// [`into_router_with`](Self::into_router_with) to allow more. Must be called inside
    /// a runtime's reach: sessions are swept by a task of their own.
    ///
    /// # Errors
    ///
    /// When the server is wrong.
    ///
    /// ```
    /// use toolsmith::prelude::*;
    ///
    /// # fn main() -> toolsmith::Result<()> {
    /// let app: axum::Router = axum::Router::new()
    ///     .route("/", axum::routing::get(|| async { "hello" }))
    ///     .merge(Server::new("hello").into_router()?);
    /// # Ok(())
    /// # }
    /// ```
    fn into_router(self) -> Result<axum::Router> {
        self.into_router_with(Http::new())
    }

    /// The MCP endpoint as an axum router, with settings; the path is theirs.
    ///
    /// # Errors
    ///
    /// When the server or a setting is wrong.
    fn into_router_with(self, settings: Http) -> Result<axum::Router>;
}

impl ServerAxumExt for Server {
    fn into_router_with(self, settings: Http) -> Result<axum::Router> {
        let engine = self.build()?;
        let (service, path) = settings.mounted(engine)?;
        let with_slash = format!("{path}/");
        let mut router = axum::Router::new().route_service(&with_slash, service.clone());
        for path in service.metadata_paths() {
            router = router.route_service(path, service.clone());
        }
        Ok(match path.as_str() {
            "" => router,
            path => router.route_service(path, service),
        })
    }
}
