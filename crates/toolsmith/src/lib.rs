#![doc = include_str!("../README.md")]
#![cfg_attr(
    not(all(feature = "http", feature = "auth")),
    expect(
        dead_code,
        reason = "settings and errors of an address that nobody has, or of tokens that nobody reads"
    )
)]

pub mod audit;
#[cfg(feature = "auth")]
pub mod auth;
mod error;
#[cfg(any(feature = "auth", feature = "otel"))]
mod fetch;
#[cfg(feature = "files")]
pub mod files;
#[cfg(feature = "http")]
pub mod http;
mod log;
#[cfg(feature = "metrics")]
pub mod metrics;
#[cfg(all(feature = "http", not(feature = "metrics")))]
#[path = "without_metrics.rs"]
mod metrics;
mod redact;
mod settings;
#[cfg(feature = "skills")]
pub mod skills;
mod startup;
#[cfg(feature = "stdio")]
pub mod stdio;
#[cfg(any(feature = "stdio", feature = "http"))]
mod stop;
#[cfg(feature = "store")]
pub mod store;
#[cfg(feature = "http")]
mod supervisor;
mod tenant;
#[cfg(feature = "otel")]
pub mod traces;
mod transport;
#[cfg(any(feature = "http", feature = "auth", feature = "otel"))]
mod warnings;

pub mod prelude;

pub use error::{Error, Result};
#[cfg(feature = "axum")]
pub use http::ServerAxumExt;
#[cfg(feature = "http")]
pub use http::{Http, ServerHttpExt};
pub use log::LogFormat;
pub use settings::Args;
#[cfg(feature = "stdio")]
pub use stdio::Stdio;
pub use tenant::Tenant;
pub use toolsmith_core::server::Server;
pub use toolsmith_core::{Caller, Scopes, ports, protocol, server, testing};
/// ```
/// use toolsmith::prelude::*;
///
/// /// Review code.
/// #[prompt]
/// fn review(code: String) -> String {
///     format!("Please review this code:\n\n{code}")
/// }
///
/// assert!(Server::new("reviewer").prompt::<review>().build().is_ok());
/// ```
pub use toolsmith_macros::prompt;
/// ```
/// use toolsmith::prelude::*;
///
/// /// What there is to do.
/// #[resource("notes://{id}", mime_type = "text/plain")]
/// fn note(id: u32) -> Option<String> {
///     (id == 1).then(|| "Buy milk.".to_owned())
/// }
///
/// assert!(Server::new("notes").resource::<note>().build().is_ok());
/// ```
pub use toolsmith_macros::resource;
/// ```
/// use toolsmith::prelude::*;
///
/// /// Add two integers and return the sum.
/// #[tool(read_only, title = "Add")]
/// fn add(
///     /// The first addend.
///     a: i64,
///     #[default(1)] b: i64,
/// ) -> i64 {
///     a + b
/// }
///
/// assert_eq!(add(2, 3), 5);
/// assert!(Server::new("calculator").tool::<add>().build().is_ok());
/// ```
pub use toolsmith_macros::tool;
pub use transport::{ServerExt, Transport};

/// What the output of the macros names. Not for people, and not stable.
#[doc(hidden)]
pub mod __private {
    pub use serde_json::json;
    pub use toolsmith_core::protocol::{
        Annotations, Audience, Caching, Icon, IconTheme, PromptDefinition, ResourceDefinition,
        TaskSupport, ToolAnnotations, ToolDefinition,
    };
    pub use toolsmith_core::server::completion::Completer;
    pub use toolsmith_core::server::handler::private::*;
    pub use toolsmith_core::server::handler::{Call, UriArgument as Variable};
    pub use toolsmith_core::server::prompt::private::*;
    pub use toolsmith_core::server::prompt::{Prompt, PromptResult};
    pub use toolsmith_core::server::resource::private::*;
    pub use toolsmith_core::server::resource::{Resource, ResourceResult};
    pub use toolsmith_core::server::tool::private::*;
    pub use toolsmith_core::server::tool::{Tool, ToolResult};
    pub use toolsmith_core::server::{MissingState, StateMap};
}
