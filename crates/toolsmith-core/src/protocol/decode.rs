//! From a body, and its header fields where there are any, to messages of one era.
//!
//! This is the one place where the era is decided. A request, by what its header and its
//! `_meta` name as the revision:
//!
//! | header | `_meta` | the request is |
//! |---|---|---|
//! | none | none | legacy |
//! | none | a legacy revision | legacy |
//! | none | any other | refused, the header is missing |
//! | legacy | none, or a legacy revision | legacy |
//! | legacy | any other | refused, they disagree |
//! | modern | the same | modern |
//! | modern | none | refused, `_meta` is missing |
//! | modern | another | refused, they disagree |
//! | unknown | the same | refused, the revision is not served |
//! | unknown | none | refused, the revision is not served |
//! | unknown | another | refused, they disagree |
//!
//! Without header fields (stdio) `_meta` decides alone. A revision in `_meta` that is not
//! text counts as none. A notification is modern by its header, or by `_meta` where there
//! is no header, and is not refused for what it leaves out: revision 2026-07-28 defines no
//! header fields for notifications.

use bytes::Bytes;
use serde_json::json;

use super::{
    Era, ErrorKind, HeaderField, Message, ModernMeta, ParamHeaders, ProtocolError, Refusal,
    Request, RequestHeaders, RequestId, Revision,
    message::{self, Body, Invalid},
    meta::{self, NamedRevision},
    method::{Method, NameParameter},
};

const VERSION_HEADER: &str = "MCP-Protocol-Version";

/// What a body turned out to be.
#[derive(Clone, Debug)]
pub enum Decoded {
    /// A modern request, with what it says of its client.
    Modern(Request, ModernMeta),
    /// A modern notification. The revision defines none over HTTP and one over stdio.
    ModernNotification(super::Notification),
    /// A legacy message. Which revision it is of, the session knows.
    Legacy(Message),
    /// A batch, which only one legacy revision has.
    Batch(Vec<Result<Message, Refusal>>),
}

/// Decodes a body with its header fields (`None` where the transport has none).
///
/// # Errors
///
/// A [`Refusal`], with the id of the request where one could be read.
pub fn decode(body: &Bytes, headers: Option<&RequestHeaders<'_>>) -> Result<Decoded, Refusal> {
    let named = Named::read(headers);
    let era = named.era();
    match message::read(body).map_err(|invalid| refused(invalid.error, invalid.id, era))? {
        Body::Batch(items) => match named {
            Named::Unknown(v) => Err(refused(unsupported_legacy(v), None, Era::Legacy)),
            Named::Unreadable(error) => Err(unreadable(error, None, None)),
            Named::Modern(_) => Err(refused(ProtocolError::no_batches(), None, era)),
            Named::Nothing | Named::Legacy(_) => {
                Ok(Decoded::Batch(items.into_iter().map(in_batch).collect()))
            }
        },
        Body::One(Message::Request(request)) => request_of(request, named, headers),
        Body::One(Message::Notification(it)) => match (named, &it.params.meta.version) {
            (Named::Modern(_), _) => Ok(Decoded::ModernNotification(it)),
            (Named::Nothing, Some(v)) if !v.is_legacy() => Ok(Decoded::ModernNotification(it)),
            (Named::Unknown(v), _) => Err(refused(unsupported_legacy(v), None, Era::Legacy)),
            (Named::Unreadable(error), v) => Err(unreadable(error, v.as_ref(), None)),
            _ => Ok(Decoded::Legacy(Message::Notification(it))),
        },
        Body::One(Message::Response(it)) => match named {
            Named::Modern(_) => Err(refused(no_responses(), None, Era::Modern)),
            Named::Unknown(v) => Err(refused(unsupported_legacy(v), None, Era::Legacy)),
            Named::Unreadable(error) => Err(unreadable(error, None, None)),
            _ => Ok(Decoded::Legacy(Message::Response(it))),
        },
    }
}

/// The era of a request that has header fields and no body.
///
/// # Errors
///
/// A [`Refusal`] when the revision named is none that is served.
pub fn decode_bodiless(headers: &RequestHeaders<'_>) -> Result<Era, Refusal> {
    match Named::read(Some(headers)) {
        Named::Unknown(version) => Err(refused(unsupported_legacy(version), None, Era::Legacy)),
        Named::Unreadable(error) => Err(unreadable(error, None, None)),
        named => Ok(named.era()),
    }
}

/// What `MCP-Protocol-Version` names.
#[derive(Debug)]
enum Named<'a> {
    /// The transport has no header fields, or this one is missing.
    Nothing,
    Legacy(Revision),
    Modern(Revision),
    Unknown(&'a str),
    /// Given more than once, or no text.
    Unreadable(ProtocolError),
}

impl<'a> Named<'a> {
    fn read(headers: Option<&RequestHeaders<'a>>) -> Self {
        let Some(headers) = headers else {
            return Named::Nothing;
        };
        let mut served = Revision::ALL.into_iter();
        if let Some(revision) = served.find(|it| headers.protocol_version.is(it.as_str())) {
            return Named::of(revision);
        }
        let text = match headers.protocol_version.text(VERSION_HEADER) {
            Ok(Some(text)) => text,
            Ok(None) => return Named::Nothing,
            Err(error) => return Named::Unreadable(error),
        };
        match Revision::parse(text) {
            Some(revision) => Named::of(revision),
            None => Named::Unknown(text),
        }
    }

    fn of(revision: Revision) -> Self {
        match revision.is_modern() {
            true => Named::Modern(revision),
            false => Named::Legacy(revision),
        }
    }

    fn era(&self) -> Era {
        match self {
            Named::Modern(_) => Era::Modern,
            _ => Era::Legacy,
        }
    }

    fn text(&self) -> Option<&'a str> {
        match self {
            Named::Nothing | Named::Unreadable(_) => None,
            Named::Legacy(revision) | Named::Modern(revision) => Some(revision.as_str()),
            Named::Unknown(text) => Some(text),
        }
    }
}

fn request_of(
    request: Request,
    named: Named<'_>,
    headers: Option<&RequestHeaders<'_>>,
) -> Result<Decoded, Refusal> {
    let id = || Some(request.id.clone());
    match (named, &request.params.meta.version) {
        (Named::Nothing, None) if request.method == Method::Discover && headers.is_none() => {
            Err(refused(meta::missing(meta::VERSION), id(), Era::Modern))
        }
        (Named::Nothing | Named::Legacy(_), None) => Ok(Decoded::Legacy(Message::Request(request))),
        (Named::Nothing | Named::Legacy(_), Some(v)) if v.is_legacy() => {
            Ok(Decoded::Legacy(Message::Request(request)))
        }
        (Named::Nothing, Some(_)) if headers.is_some() => Err(refused(
            ProtocolError::new(
                ErrorKind::HeaderMismatch,
                format!("`{VERSION_HEADER}` is missing and `_meta` names a revision"),
            ),
            id(),
            Era::Modern,
        )),
        (Named::Unreadable(error), in_meta) => Err(unreadable(error, in_meta.as_ref(), id())),
        (Named::Unknown(v), None) => Err(refused(unsupported_legacy(v), id(), Era::Legacy)),
        (named, _) => modern(request, &named, headers),
    }
}

/// A request that is modern by its header, its `_meta` or both.
fn modern(
    mut request: Request,
    named: &Named<'_>,
    headers: Option<&RequestHeaders<'_>>,
) -> Result<Decoded, Refusal> {
    match modern_meta(&mut request, named, headers) {
        Ok(meta) => Ok(Decoded::Modern(request, meta)),
        Err(error) => Err(refused(error, Some(request.id), Era::Modern)),
    }
}

fn modern_meta(
    request: &mut Request,
    named: &Named<'_>,
    headers: Option<&RequestHeaders<'_>>,
) -> Result<ModernMeta, ProtocolError> {
    let in_meta = request.params.meta.version.as_ref();
    let in_meta = in_meta.map(NamedRevision::as_str);
    if let (Some(header), Some(body)) = (named.text(), in_meta)
        && header != body
    {
        return Err(ProtocolError::new(
            ErrorKind::HeaderMismatch,
            format!(
                "`{VERSION_HEADER}` is '{header}' and `_meta` names '{}'",
                body.chars().take(40).collect::<String>()
            ),
        ));
    }
    let version = named.text().or(in_meta).unwrap_or_default();
    let revision = Revision::parse(version).filter(|r| r.is_modern());
    let revision = revision.ok_or_else(|| unsupported(version))?;
    if let Some(headers) = headers {
        agreement(request, headers)?;
    }
    if in_meta.is_none() {
        return Err(meta::missing(meta::VERSION));
    }
    let params = &mut request.params;
    params.headers = headers.map(|headers| ParamHeaders::read(headers.others.iter().copied()));
    params.meta.take_modern(revision)
}

/// Whether the header fields repeat the body.
///
/// Implements "Server Validation" of revision 2026-07-28,
/// `basic/transports/streamable-http`.
fn agreement(request: &Request, headers: &RequestHeaders<'_>) -> Result<(), ProtocolError> {
    headers
        .method
        .agrees("Mcp-Method", request.method.as_str())?;
    match request.method.name_parameter() {
        Some(parameter) => match request.params.named(parameter) {
            // The revision refuses a request without it for its own methods alone. That of a
            // task is for whoever routes between, and some clients leave it out.
            Some(_) if parameter == NameParameter::Task && headers.name == HeaderField::Missing => {
                Ok(())
            }
            Some(name) => headers.name.agrees_decoded("Mcp-Name", name),
            None => Err(ProtocolError::new(
                ErrorKind::InvalidParams,
                "`params` does not name what the request is about",
            )),
        },
        None => Ok(()),
    }
}

fn in_batch(item: Result<Message, Invalid>) -> Result<Message, Refusal> {
    match item {
        Ok(Message::Request(request)) if request.method == Method::Initialize => Err(refused(
            ProtocolError::new(
                ErrorKind::InvalidRequest,
                "`initialize` must not be part of a batch",
            ),
            Some(request.id),
            Era::Legacy,
        )),
        Ok(message) => Ok(message),
        Err(invalid) => Err(refused(invalid.error, invalid.id, Era::Legacy)),
    }
}

fn refused(error: ProtocolError, id: Option<RequestId>, era: Era) -> Refusal {
    error.refuse(id, era)
}

fn no_responses() -> ProtocolError {
    ProtocolError::new(
        ErrorKind::InvalidRequest,
        "clients of this revision send requests and notifications, not responses",
    )
}

/// The refusal of a version header that cannot be read. Only a request that is modern by
/// its `_meta` is told in the words of the modern revision.
fn unreadable(
    error: ProtocolError,
    in_meta: Option<&NamedRevision>,
    id: Option<RequestId>,
) -> Refusal {
    match in_meta {
        Some(version) if !version.is_legacy() => refused(error, id, Era::Modern),
        _ => {
            let error = ProtocolError::new(ErrorKind::InvalidRequest, error.message);
            refused(error, id, Era::Legacy)
        }
    }
}

fn unsupported_legacy(version: &str) -> ProtocolError {
    let names: Vec<_> = Revision::supported_names().collect();
    ProtocolError::new(
        ErrorKind::UnsupportedLegacyVersion,
        format!(
            "`{VERSION_HEADER}` '{}' is not served; served are {}",
            version.chars().take(40).collect::<String>(),
            names.join(", ")
        ),
    )
}

fn unsupported(requested: &str) -> ProtocolError {
    let supported: Vec<_> = Revision::supported_names().collect();
    ProtocolError::new(ErrorKind::UnsupportedVersion, "Unsupported protocol version").with_data(
        json!({"supported": supported, "requested": requested.chars().take(100).collect::<String>()}),
    )
}
