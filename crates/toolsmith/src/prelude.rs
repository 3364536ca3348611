//! What a file with tools in it needs: `use toolsmith::prelude::*;`.

#[cfg(feature = "files")]
pub use crate::files::{Directory, ServerFilesExt};
#[cfg(feature = "axum")]
pub use crate::http::ServerAxumExt;
#[cfg(feature = "http")]
pub use crate::http::{Http, ServerHttpExt};
pub use crate::protocol::{
    Annotations, Audience, Caching, ClientCapability, Completions, Content, EmbeddedResource, Icon,
    IconTheme, LogLevel, PromptMessage, PromptOutput, ResourceContents, ResourceOutput, Role,
    ToolOutput,
};
pub use crate::server::completion::Completion;
pub use crate::server::handler::{FromContext, IntoToolError, ToolError, ToolResultExt};
pub use crate::server::prompt::{DynamicPrompt, IntoPromptOutput};
pub use crate::server::resource::{DynamicResource, IntoResourceOutput};
pub use crate::server::tool::{DynamicTool, IntoToolOutput, Json};
pub use crate::server::{
    Caller, Cancellation, Context, Elicited, LogMessage, Progress, Registry, Sampling, Server,
    State,
};
pub use crate::settings::Args;
#[cfg(feature = "skills")]
pub use crate::skills::{ServerSkillsExt, Skill, Skills};
#[cfg(feature = "stdio")]
pub use crate::stdio::Stdio;
#[cfg(feature = "store")]
pub use crate::store::{Db, Kv};
pub use crate::tenant::Tenant;
pub use crate::transport::ServerExt;
pub use crate::{prompt, resource, tool};
