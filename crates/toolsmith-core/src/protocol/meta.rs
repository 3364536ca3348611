//! The `_meta` of a modern request: revision, capabilities and identity of the client.

use std::fmt;

use bytes::Bytes;
use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, Serialize, de};
use serde_json::value::RawValue;

use super::message::once;
use super::scan::Scanner;
use super::{
    ClientCapabilities, ErrorKind, LogLevel, ProtocolError, Revision, TraceContext, plain,
};

/// The fields that every modern request has, or may have.
pub(super) const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

impl From<&str> for NamedRevision {
    fn from(name: &str) -> Self {
        let known = Revision::parse(name).map(NamedRevision::Known);
        known.unwrap_or_else(|| NamedRevision::Other(name.into()))
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
                Ok(name.into())
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
    client: Client<Bytes>,
    /// `traceparent`, `tracestate` and `baggage` as JSON, where there is the first.
    trace: Option<Box<[Option<Bytes>; 3]>>,
}

/// What a modern request says of its client.
#[derive(Clone, Debug)]
enum Client<J> {
    Read(Said<ClientCapabilities, ClientInfo, LogLevel>),
    /// As JSON. Something of it need not fit.
    Unread(Box<Said<J, J, J>>),
}

impl<J> Default for Client<J> {
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

/// `_meta` as it was found in a message: the progress token as JSON, and the rest.
#[derive(Debug, Default)]
pub(super) struct FoundMeta<'a> {
    pub(super) progress_token: Option<&'a str>,
    version: Option<NamedRevision>,
    client: Client<&'a str>,
    /// `traceparent`, `tracestate` and `baggage`.
    trace: [Option<&'a str>; 3],
}

impl<'a> FoundMeta<'a> {
    /// Finds it at a place in a message: an object of which all that is ours fits, or
    /// `null`.
    pub(super) fn scan(scanner: &mut Scanner<'a>) -> Option<Self> {
        let (mut token, mut version) = (None, None);
        let (mut info, mut capabilities, mut log_level) = (None, None, None);
        let (mut parent, mut state, mut baggage) = (None, None, None);
        scanner.object(|scanner, name| match name {
            "progressToken" => once(&mut token, scanner.value_or_null()?),
            VERSION => once(&mut version, scanner.string_or_null()?),
            CLIENT_INFO => once(&mut info, typed(scanner)?),
            CAPABILITIES => once(&mut capabilities, typed(scanner)?),
            LOG_LEVEL => once(&mut log_level, typed(scanner)?),
            "traceparent" => once(&mut parent, scanner.value_or_null()?),
            "tracestate" => once(&mut state, scanner.value_or_null()?),
            "baggage" => once(&mut baggage, scanner.value_or_null()?),
            _ => scanner.value().map(|_| ()),
        })?;
        Some(Self {
            progress_token: token.flatten(),
            version: version.flatten().map(NamedRevision::from),
            client: Client::Read(Said {
                capabilities: capabilities.flatten(),
                info: info.flatten(),
                log_level: log_level.flatten(),
            }),
            trace: [parent, state, baggage].map(Option::flatten),
        })
    }

    /// What is kept of it. `slice` makes of a part of the message one that can be kept.
    pub(super) fn keep(self, slice: impl Fn(&'a str) -> Bytes) -> MetaFields {
        let trace = self.trace[0].is_some();
        MetaFields {
            version: self.version,
            client: match self.client {
                Client::Read(said) => Client::Read(said),
                Client::Unread(said) => Client::Unread(Box::new(Said {
                    capabilities: said.capabilities.map(&slice),
                    info: said.info.map(&slice),
                    log_level: said.log_level.map(&slice),
                })),
            },
            trace: trace.then(|| Box::new(self.trace.map(|it| it.map(&slice)))),
        }
    }
}

impl<'a> From<RawMeta<'a>> for FoundMeta<'a> {
    fn from(raw: RawMeta<'a>) -> Self {
        let json = |raw: Option<&'a RawValue>| raw.map(RawValue::get);
        let version = raw.protocol_version;
        Self {
            progress_token: json(raw.progress_token),
            version: version.and_then(|raw| serde_json::from_str(raw.get()).ok()),
            client: Client::Unread(Box::new(Said {
                capabilities: json(raw.client_capabilities),
                info: json(raw.client_info),
                log_level: json(raw.log_level),
            })),
            trace: [raw.traceparent, raw.tracestate, raw.baggage].map(json),
        }
    }
}

/// A value that fits a type, or `null`.
fn typed<'a, T: Deserialize<'a>>(scanner: &mut Scanner<'a>) -> Option<Option<T>> {
    match scanner.value_or_null()? {
        None => Some(None),
        Some(json) => serde_json::from_str(json).ok().map(Some),
    }
}

impl MetaFields {
    /// Takes out what a modern request must say, for a revision that was agreed on.
    pub(super) fn take_modern(&mut self, revision: Revision) -> Result<ModernMeta, ProtocolError> {
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
                    Some(raw) => Some(read(&raw, CLIENT_INFO)?),
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
            format!("`_meta` field `{LOG_LEVEL}` does not fit: {why}"),
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
