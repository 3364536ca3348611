//! The `_meta` of a modern request: revision, capabilities and identity of the client.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    ClientCapabilities, ErrorKind, LogLevel, ProtocolError, Revision, params::MetaFields, plain,
};

/// The longest client name or version that is kept, in bytes.
const MAX_CLIENT_TEXT: usize = 128;

/// The `_meta` member of `params`, unread where only a modern request needs it.
#[derive(Deserialize, Default)]
pub(super) struct RawMeta<'a> {
    #[serde(borrow, default, rename = "progressToken")]
    pub(super) progress_token: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "io.modelcontextprotocol/protocolVersion")]
    pub(super) protocol_version: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "io.modelcontextprotocol/clientInfo")]
    pub(super) client_info: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "io.modelcontextprotocol/clientCapabilities")]
    pub(super) client_capabilities: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "io.modelcontextprotocol/logLevel")]
    pub(super) log_level: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) traceparent: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) tracestate: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) baggage: Option<&'a RawValue>,
}

/// What every modern request says of itself.
///
/// Implements the per-request protocol fields of revision 2026-07-28, `basic/index`.
#[derive(Clone, Debug)]
pub struct ModernMeta {
    /// The revision.
    pub revision: Revision,
    /// What the client can do.
    pub capabilities: ClientCapabilities,
    /// Who the client says it is.
    pub client: Option<ClientInfo>,
    /// The least severe log message that it wants of this request; nothing unless set.
    pub log_level: Option<LogLevel>,
}

/// Who a client says it is. Not verified; for logs and display.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ClientInfo {
    /// Its name, cut off after 128 bytes.
    #[serde(deserialize_with = "short")]
    pub name: Box<str>,
    /// Its version, cut off after 128 bytes.
    #[serde(default, deserialize_with = "short")]
    pub version: Box<str>,
}

fn short<'de, D: serde::Deserializer<'de>>(de: D) -> Result<Box<str>, D::Error> {
    let mut text = String::deserialize(de)?;
    let end = text
        .char_indices()
        .map(|(at, c)| at + c.len_utf8())
        .take_while(|end| *end <= MAX_CLIENT_TEXT)
        .last();
    text.truncate(end.unwrap_or(0));
    Ok(text.into())
}

impl MetaFields {
    /// The revision that the request names, as it spelled it.
    pub(super) fn version(&self) -> Option<String> {
        self.protocol_version
            .as_ref()
            .and_then(|raw| serde_json::from_slice(raw).ok())
    }

    /// Reads what a modern request must say, for a revision that was agreed on.
    pub(super) fn modern(&self, revision: Revision) -> Result<ModernMeta, ProtocolError> {
        let capabilities = self
            .client_capabilities
            .as_ref()
            .ok_or_else(|| missing("io.modelcontextprotocol/clientCapabilities"))?;
        Ok(ModernMeta {
            revision,
            capabilities: read(capabilities, "io.modelcontextprotocol/clientCapabilities")?,
            client: match &self.client_info {
                None => None,
                Some(raw) => Some(read(raw, "io.modelcontextprotocol/clientInfo")?),
            },
            log_level: match &self.log_level {
                None => None,
                Some(raw) => Some(level(raw)?),
            },
        })
    }
}

fn read<T: serde::de::DeserializeOwned>(raw: &Bytes, field: &str) -> Result<T, ProtocolError> {
    plain::read(raw).map_err(|why| {
        ProtocolError::new(
            ErrorKind::InvalidMeta,
            format!("`_meta` field `{field}` does not fit: {why}"),
        )
    })
}

/// A level that is none is wrong in a parameter, not in what every request must carry.
fn level(raw: &Bytes) -> Result<LogLevel, ProtocolError> {
    plain::read(raw).map_err(|why| {
        ProtocolError::new(
            ErrorKind::InvalidParams,
            format!("`_meta` field `io.modelcontextprotocol/logLevel` does not fit: {why}"),
        )
    })
}

/// The refusal of a request whose `_meta` lacks a required field.
pub(super) fn missing(field: &str) -> ProtocolError {
    ProtocolError::new(
        ErrorKind::InvalidMeta,
        format!("`params._meta` lacks `{field}`, which every request of this revision carries"),
    )
}
