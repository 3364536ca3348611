//! Bytes and header fields in, a typed message or a typed error out; and back again.
//!
//! Nothing here awaits, allocates a socket or reads a clock. The era is decided once, in
//! [`decode`], and is a type from there on: nobody downstream compares version strings.

mod capabilities;
mod content;
mod decode;
mod encode;
mod error;
mod headers;
mod id;
mod implementation;
mod message;
mod meta;
mod method;
mod nesting;
mod outcome;
mod params;
mod plain;
mod revision;
mod tool;

pub use capabilities::{ClientCapabilities, ClientCapability};
pub use content::{Annotations, Audience, Content, EmbeddedResource};
pub use decode::{Decoded, decode, decode_bodiless};
pub use encode::{encode, encode_error, encode_progress, missing_capability};
pub use error::{ErrorKind, ErrorRow, ProtocolError, Refusal};
pub use headers::{HeaderField, RequestHeaders};
pub use id::{ProgressToken, RequestId};
pub use implementation::{Icon, IconTheme, Implementation};
pub use message::{Message, Notification, Request};
pub use meta::{ClientInfo, ModernMeta};
pub use method::Method;
pub use outcome::{Outcome, ServerIdentity, ToolList, ToolOutput};
pub use params::{CallParams, InitializeParams, Params};
pub(crate) use plain::plain;
pub use revision::{Era, Revision};
pub use tool::{ToolAnnotations, ToolDefinition};
