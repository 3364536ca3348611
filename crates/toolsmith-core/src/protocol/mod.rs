//! Bytes and header fields in, a typed message or a typed error out; and back again.
//!
//! Nothing here awaits, allocates a socket or reads a clock. The era is decided once, in
//! [`decode`], and is a type from there on: nobody downstream compares version strings.

mod begun;
mod caching;
mod capabilities;
mod completion;
mod content;
mod cursor;
mod decode;
mod encode;
mod error;
mod headers;
mod id;
mod implementation;
mod known;
mod listing;
mod logging;
mod message;
mod meta;
mod method;
mod mirrored;
mod nesting;
mod outcome;
mod params;
mod plain;
mod prompt;
mod question;
mod resource;
mod revision;
mod scan;
mod server_capabilities;
mod special;
mod structured;
mod subscription;
mod task;
mod tool;
mod trace;
mod uri_template;

pub use begun::id_in;
pub use caching::Caching;
pub use capabilities::{ClientCapabilities, ClientCapability};
pub use completion::{
    CompleteParams, CompletionArgument, CompletionContext, CompletionReference, Completions,
    MAX_COMPLETIONS,
};
pub use content::{Annotations, Audience, Content, EmbeddedResource};
pub use cursor::{Cursor, CursorScope};
pub use decode::{Decoded, decode, decode_bodiless};
pub use encode::{
    Notice, encode, encode_acknowledged, encode_cancelled, encode_error, encode_log, encode_notice,
    encode_progress, encode_unsubscribed, missing_capability, missing_extension,
};
pub use error::{ErrorKind, ErrorRow, ProtocolError, Refusal};
pub use headers::{HeaderField, RequestHeaders};
pub use id::{ProgressToken, RequestId};
pub use implementation::{Icon, IconTheme, Implementation};
pub use listing::{Definition, ListKind, Listed, Listing, Page};
pub use logging::LogLevel;
pub use message::{ClientError, Message, Notification, Request, Response};
pub use meta::{ClientInfo, ModernMeta};
pub use method::Method;
pub(crate) use mirrored::agree;
pub use mirrored::{MirroredParameter, ParamHeaders};
pub use outcome::{InputRequired, Outcome, ServerIdentity, ToolOutput};
pub(crate) use params::meta_of;
pub use params::{CallParams, InitializeParams, Params};
pub(crate) use plain::plain;
pub use prompt::{PromptArgument, PromptDefinition, PromptMessage, PromptOutput, Role};
pub use question::{Question, QuestionKind, encode_question};
pub use resource::{
    ReadOutcome, ResourceContents, ResourceData, ResourceDefinition, ResourceOutput,
};
pub use revision::{Era, Revision};
pub use server_capabilities::ServerCapabilities;
pub use structured::Structured;
pub(crate) use structured::{as_objects, is_wrapped};
pub use subscription::{ListenParams, MAX_SUBSCRIBED, SubscriptionFilter};
pub use task::{TASKS_EXTENSION, TaskOutcome, TaskStatus, TaskView};
pub use tool::{TaskSupport, ToolAnnotations, ToolDefinition};
pub use trace::TraceContext;
pub use uri_template::{Captured, Captures, TemplateError, UriTemplate, Variable};
