//! What a file with tools in it needs: `use toolsmith::prelude::*;`.

#[cfg(feature = "http")]
pub use crate::http::{Http, ServerHttpExt};
pub use crate::protocol::{
    Annotations, Audience, ClientCapability, Content, EmbeddedResource, Icon, IconTheme, ToolOutput,
};
pub use crate::server::tool::{
    DynamicTool, FromContext, IntoToolError, IntoToolOutput, Json, ToolError, ToolResultExt,
};
pub use crate::server::{Context, Progress, Server, State};
pub use crate::settings::Args;
#[cfg(feature = "stdio")]
pub use crate::stdio::Stdio;
pub use crate::tool;
pub use crate::transport::ServerExt;
