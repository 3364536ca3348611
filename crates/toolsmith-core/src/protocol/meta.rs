//! The `_meta` of a modern request: revision, capabilities and identity of the client.

use std::fmt;

use bytes::Bytes;
use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, de};
use serde_json::value::RawValue;

use super::{
    ClientCapabilities, ErrorKind, LogLevel, ProtocolError, Revision, TraceContext, plain,
};

/// The longest client name or version that is kept, in bytes.
const MAX_CLIENT_TEXT: usize = 128;

/// The `_meta` member of `params`, each field of it still to be read: for requests of which
/// one does not fit, and which may be none of its business.
#[derive(Deserialize, Default)]
pub(super) struct RawMeta<'a> {
    #[serde(borrow, default, rename = "progressToken")]
    progress_token: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "io.modelcontextprotocol/protocolVersion")]
    protocol_version: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "io.modelcontextprotocol/clientInfo")]
    client_info: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "io.modelcontextprotocol/clientCapabilities")]
    client_capabilities: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "io.modelcontextprotocol/logLevel")]
    log_level: Option<&'a RawValue>,
    #[serde(borrow, default)]
    traceparent: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tracestate: Option<&'a RawValue>,
    #[serde(borrow, default)]
    baggage: Option<&'a RawValue>,
}

/// The same of a request in which all of it fits: read where it stands.
#[derive(Deserialize)]
pub(super) struct TypedMeta<'a> {
    #[serde(borrow, default, rename = "progressToken")]
    progress_token: Option<&'a RawValue>,
    #[serde(default, rename = "io.modelcontextprotocol/protocolVersion")]
    protocol_version: Option<NamedRevision>,
    #[serde(default, rename = "io.modelcontextprotocol/clientInfo")]
    client_info: Option<ClientInfo>,
    #[serde(default, rename = "io.modelcontextprotocol/clientCapabilities")]
    client_capabilities: Option<ClientCapabilities>,
    #[serde(default, rename = "io.modelcontextprotocol/logLevel")]
    log_level: Option<LogLevel>,
    #[serde(borrow, default)]
    traceparent: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tracestate: Option<&'a RawValue>,
    #[serde(borrow, default)]
    baggage: Option<&'a RawValue>,
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

fn short<'de, D: Deserializer<'de>>(de: D) -> Result<Box<str>, D::Error> {
    struct Short;
    impl Visitor<'_> for Short {
        type Value = Box<str>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<Box<str>, E> {
            let end = (0..=MAX_CLIENT_TEXT.min(text.len())).rev();
            let end = end.into_iter().find(|end| text.is_char_boundary(*end));
            Ok(text[..end.unwrap_or(0)].into())
        }
    }
    de.deserialize_str(Short)
}

/// The revision that a request names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NamedRevision {
    /// One that there is.
    Known(Revision),
    /// Anything else, as it was spelled.
    Other(Box<str>),
}

impl NamedRevision {
    /// As it was spelled.
    pub(super) fn as_str(&self) -> &str {
        match self {
            NamedRevision::Known(revision) => revision.as_str(),
            NamedRevision::Other(text) => text,
        }
    }

    /// Whether it is a revision of the legacy era.
    pub(super) fn is_legacy(&self) -> bool {
        matches!(self, NamedRevision::Known(revision) if !revision.is_modern())
    }
}

impl<'de> Deserialize<'de> for NamedRevision {
    fn deserialize<D: Deserializer<'de>>(de: D) -> Result<Self, D::Error> {
        struct Name;
        impl Visitor<'_> for Name {
            type Value = NamedRevision;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a revision")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<NamedRevision, E> {
                let known = Revision::parse(name).map(NamedRevision::Known);
                Ok(known.unwrap_or_else(|| NamedRevision::Other(name.into())))
            }
        }
        de.deserialize_str(Name)
    }
}

/// What `_meta` says besides the progress token, as far as the era of the request makes
/// it the protocol's.
#[derive(Clone, Debug, Default)]
pub(super) struct MetaFields {
    /// The revision; `None` also where it is no text.
    pub(super) version: Option<NamedRevision>,
    client: Client,
    /// `traceparent`, `tracestate` and `baggage` as JSON, where there is the first.
    trace: Option<Box<[Option<Bytes>; 3]>>,
}

/// What a modern request says of its client.
#[derive(Clone, Debug)]
enum Client {
    Read(Said<ClientCapabilities, ClientInfo, LogLevel>),
    /// As JSON. Something of it need not fit.
    Unread(Box<Said<Bytes, Bytes, Bytes>>),
}

impl Default for Client {
    fn default() -> Self {
        Client::Read(Said {
            capabilities: None,
            info: None,
            log_level: None,
        })
    }
}

#[derive(Clone, Debug)]
struct Said<C, I, L> {
    capabilities: Option<C>,
    info: Option<I>,
    log_level: Option<L>,
}

/// One of the two ways in which `_meta` is read.
pub(super) trait ReadMeta<'a>: Deserialize<'a> {
    /// The progress token as JSON.
    fn progress_token(&self) -> Option<&'a RawValue>;

    /// The rest. `slice` makes of JSON in the message a value that can be kept.
    fn fields(self, slice: impl Fn(&'a RawValue) -> Bytes) -> MetaFields;
}

impl<'a> ReadMeta<'a> for RawMeta<'a> {
    fn progress_token(&self) -> Option<&'a RawValue> {
        self.progress_token
    }

    fn fields(self, slice: impl Fn(&'a RawValue) -> Bytes) -> MetaFields {
        let version = self.protocol_version;
        let said = Said {
            capabilities: self.client_capabilities.map(&slice),
            info: self.client_info.map(&slice),
            log_level: self.log_level.map(&slice),
        };
        MetaFields {
            version: version.and_then(|raw| serde_json::from_str(raw.get()).ok()),
            client: Client::Unread(Box::new(said)),
            trace: trace([self.traceparent, self.tracestate, self.baggage], slice),
        }
    }
}

impl<'a> ReadMeta<'a> for TypedMeta<'a> {
    fn progress_token(&self) -> Option<&'a RawValue> {
        self.progress_token
    }

    fn fields(self, slice: impl Fn(&'a RawValue) -> Bytes) -> MetaFields {
        MetaFields {
            version: self.protocol_version,
            client: Client::Read(Said {
                capabilities: self.client_capabilities,
                info: self.client_info,
                log_level: self.log_level,
            }),
            trace: trace([self.traceparent, self.tracestate, self.baggage], slice),
        }
    }
}

fn trace<'a>(
    fields: [Option<&'a RawValue>; 3],
    slice: impl Fn(&'a RawValue) -> Bytes,
) -> Option<Box<[Option<Bytes>; 3]>> {
    fields[0]?;
    Some(Box::new(fields.map(|it| it.map(&slice))))
}

impl MetaFields {
    /// Takes out what a modern request must say, for a revision that was agreed on.
    pub(super) fn take_modern(&mut self, revision: Revision) -> Result<ModernMeta, ProtocolError> {
        const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
        let lacking = || missing(CAPABILITIES);
        Ok(match std::mem::take(&mut self.client) {
            Client::Read(said) => ModernMeta {
                revision,
                capabilities: said.capabilities.ok_or_else(lacking)?,
                client: said.info,
                log_level: said.log_level,
            },
            Client::Unread(said) => ModernMeta {
                revision,
                capabilities: read(&said.capabilities.ok_or_else(lacking)?, CAPABILITIES)?,
                client: match said.info {
                    None => None,
                    Some(raw) => Some(read(&raw, "io.modelcontextprotocol/clientInfo")?),
                },
                log_level: said.log_level.map(|it| level(&it)).transpose()?,
            },
        })
    }

    /// The trace that the request is a part of, where it can be read.
    pub(super) fn trace(&self) -> Option<TraceContext> {
        let [parent, state, baggage] = &**self.trace.as_ref()?;
        let text =
            |raw: &Option<Bytes>| -> Option<String> { serde_json::from_slice(raw.as_ref()?).ok() };
        let (parent, state, baggage) = (text(parent), text(state), text(baggage));
        TraceContext::read(parent.as_deref(), state.as_deref(), baggage.as_deref())
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
