//! The one table from what went wrong to a JSON-RPC code and an HTTP status.

use std::borrow::Cow;

use serde_json::Value;

use super::{Era, RequestId};

/// What went wrong with a message, as far as the protocol is concerned.
///
/// [`ErrorKind::row`] has the code and the statuses. Codes below -32000 are the
/// specification's; conditions of this server use codes of their own, outside the range
/// that JSON-RPC reserves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The message is not JSON.
    Parse,
    /// JSON, but no JSON-RPC message that this revision allows.
    InvalidRequest,
    /// No such method in this revision, or none that this server serves.
    MethodNotFound,
    /// Parameters that do not fit the method: an unknown tool, a missing name.
    InvalidParams,
    /// A modern request whose `_meta` is missing or lacks a required field.
    InvalidMeta,
    /// A handler failed in a way that its author did not foresee.
    Internal,
    /// Header fields and body disagree, or a required header field is missing.
    HeaderMismatch,
    /// The handler needs something that the client has not declared.
    MissingCapability,
    /// A modern request for a revision that this server does not serve that way.
    UnsupportedVersion,
    /// A legacy request whose `MCP-Protocol-Version` names no legacy revision.
    UnsupportedLegacyVersion,
    /// The tool did not finish within its time.
    CallTimeout,
    /// Too much work is waiting.
    Busy,
    /// A legacy request that needs a session came without one.
    SessionRequired,
    /// The session named does not exist, or no longer does.
    SessionUnknown,
    /// No room for another session.
    TooManySessions,
    /// No room for another stream in this session.
    TooManyStreams,
    /// The `Host` header names a host that this server does not serve.
    HostNotAllowed,
    /// The `Origin` header names an origin that is not allowed.
    OriginNotAllowed,
    /// The body or line is larger than the limit.
    TooLarge,
    /// The body ended early, took too long or could not be read.
    BodyUnreadable,
    /// The content type is not JSON.
    UnsupportedMediaType,
    /// The client accepts neither JSON nor an event stream.
    NotAcceptable,
    /// The endpoint does not serve this HTTP method in this era.
    HttpMethodNotAllowed,
    /// There is no endpoint at this path.
    NoSuchPath,
    /// There is no such resource, for a modern client.
    ResourceNotFound,
    /// There is no such resource, for a legacy client.
    LegacyResourceNotFound,
    /// The stream that is to go on does not exist, or has lost events.
    StreamUnknown,
    /// The client cancelled the request and waits for an answer all the same.
    Cancelled,
    /// No room for another subscription.
    TooManySubscriptions,
    /// The user must open a page before the request can be served, for a client of revision
    /// 2025-11-25.
    UrlElicitationRequired,
    /// The caller may not do this: it needs scopes that the caller's token does not have.
    InsufficientScope,
    /// The answer is larger than the limit.
    ResponseTooLarge,
    /// The caller sends more requests than it may.
    TooManyRequests,
    /// The address has more connections than it may.
    TooManyConnections,
    /// There is no room for another connection.
    Full,
    /// The request says not who asks, or nothing that is good here.
    Unauthorized,
    /// What says who asks cannot be read, or is there twice.
    CredentialsUnreadable,
    /// Whether what says who asks is good cannot be told now.
    CannotAuthorize,
    /// The log in which every call is recorded cannot be written.
    AuditUnavailable,
    /// What is kept of sessions cannot be reached now.
    StoreUnavailable,
    /// There is no such tenant, or it is not the caller's.
    TenantUnknown,
    /// The server ended while it worked on the request.
    Interrupted,
}

/// One row of the error table.
#[derive(Clone, Copy, Debug)]
pub struct ErrorRow {
    /// What it is.
    pub kind: ErrorKind,
    /// What it is called in logs and metrics.
    pub name: &'static str,
    /// The JSON-RPC code.
    pub code: i64,
    /// The HTTP status in the legacy era.
    pub legacy_status: u16,
    /// The HTTP status in the modern era.
    pub modern_status: u16,
    /// What it means, for people.
    pub meaning: &'static str,
}

const fn row(
    kind: ErrorKind,
    name: &'static str,
    code: i64,
    statuses: (u16, u16),
    meaning: &'static str,
) -> ErrorRow {
    ErrorRow {
        kind,
        name,
        code,
        legacy_status: statuses.0,
        modern_status: statuses.1,
        meaning,
    }
}

impl ErrorKind {
    /// Every row, in the order of the enum.
    #[rustfmt::skip]
    pub const TABLE: [ErrorRow; 42] = [
        row(ErrorKind::Parse, "parse", -32700, (400, 400), "the message is not JSON"),
        row(ErrorKind::InvalidRequest, "invalid_request", -32600, (400, 400), "not a JSON-RPC message that the revision allows"),
        row(ErrorKind::MethodNotFound, "method_not_found", -32601, (200, 404), "no such method"),
        row(ErrorKind::InvalidParams, "invalid_params", -32602, (200, 200), "the parameters do not fit the method"),
        row(ErrorKind::InvalidMeta, "invalid_meta", -32602, (200, 400), "the required `_meta` fields are missing, or `_meta` does not fit"),
        row(ErrorKind::Internal, "internal", -32603, (200, 200), "a handler failed unexpectedly; the log has the details"),
        row(ErrorKind::HeaderMismatch, "header_mismatch", -32020, (400, 400), "header fields and body disagree"),
        row(ErrorKind::MissingCapability, "missing_capability", -32021, (200, 400), "the client lacks a capability that is needed"),
        row(ErrorKind::UnsupportedVersion, "unsupported_version", -32022, (400, 400), "the revision is not served"),
        row(ErrorKind::UnsupportedLegacyVersion, "unsupported_legacy_version", -32600, (400, 400), "the revision is not served"),
        row(ErrorKind::CallTimeout, "call_timeout", -31001, (200, 200), "the tool did not finish within its time"),
        row(ErrorKind::Busy, "busy", -31002, (503, 503), "too much work is waiting"),
        row(ErrorKind::SessionRequired, "session_required", -31003, (400, 400), "the request needs a session"),
        row(ErrorKind::SessionUnknown, "session_unknown", -31004, (404, 404), "the session does not exist"),
        row(ErrorKind::TooManySessions, "too_many_sessions", -31005, (503, 503), "no room for another session"),
        row(ErrorKind::TooManyStreams, "too_many_streams", -31006, (429, 429), "no room for another stream in the session"),
        row(ErrorKind::HostNotAllowed, "host_not_allowed", -31007, (403, 403), "the host is not served here"),
        row(ErrorKind::OriginNotAllowed, "origin_not_allowed", -31008, (403, 403), "the origin is not allowed"),
        row(ErrorKind::TooLarge, "too_large", -31009, (413, 413), "the message is over the size limit"),
        row(ErrorKind::BodyUnreadable, "body_unreadable", -31010, (400, 400), "the body ended early or took too long"),
        row(ErrorKind::UnsupportedMediaType, "unsupported_media_type", -31011, (415, 415), "the content type is not JSON"),
        row(ErrorKind::NotAcceptable, "not_acceptable", -31012, (406, 406), "the client accepts no form that is served"),
        row(ErrorKind::HttpMethodNotAllowed, "http_method_not_allowed", -31013, (405, 405), "the HTTP method is not served"),
        row(ErrorKind::NoSuchPath, "no_such_path", -31014, (404, 404), "no endpoint at this path"),
        row(ErrorKind::ResourceNotFound, "resource_not_found", -32602, (200, 200), "no such resource"),
        row(ErrorKind::LegacyResourceNotFound, "legacy_resource_not_found", -32002, (200, 200), "no such resource"),
        row(ErrorKind::StreamUnknown, "stream_unknown", -31015, (400, 400), "the stream cannot be resumed"),
        row(ErrorKind::Cancelled, "cancelled", -31016, (200, 200), "the client cancelled the request"),
        row(ErrorKind::TooManySubscriptions, "too_many_subscriptions", -31017, (503, 503), "no room for another subscription"),
        row(ErrorKind::UrlElicitationRequired, "url_elicitation_required", -32042, (200, 200), "the user must open a page first"),
        row(ErrorKind::InsufficientScope, "insufficient_scope", -31018, (403, 403), "the caller's token lacks a scope that is needed"),
        row(ErrorKind::ResponseTooLarge, "response_too_large", -31019, (200, 200), "the answer is over the size limit"),
        row(ErrorKind::TooManyRequests, "too_many_requests", -31025, (429, 429), "the caller sends too many requests"),
        row(ErrorKind::TooManyConnections, "too_many_connections", -31020, (429, 429), "the address has too many connections"),
        row(ErrorKind::Full, "full", -31021, (503, 503), "there is no room for more connections"),
        row(ErrorKind::Unauthorized, "unauthorized", -31022, (401, 401), "a token is needed, or the one that came is not good"),
        row(ErrorKind::CredentialsUnreadable, "credentials_unreadable", -31023, (400, 400), "the credentials cannot be read, or there are two"),
        row(ErrorKind::CannotAuthorize, "cannot_authorize", -31024, (503, 503), "whether the token is good cannot be told now"),
        row(ErrorKind::AuditUnavailable, "audit_unavailable", -31026, (503, 503), "calls are to be recorded, and cannot be"),
        row(ErrorKind::StoreUnavailable, "store_unavailable", -31027, (503, 503), "what is kept of sessions cannot be reached now"),
        row(ErrorKind::TenantUnknown, "tenant_unknown", -31028, (404, 404), "there is no such tenant, or it is not the caller's"),
        row(ErrorKind::Interrupted, "interrupted", -31029, (200, 200), "the server ended while it worked on the request"),
    ];

    /// The row of the table for this kind.
    pub const fn row(self) -> &'static ErrorRow {
        const TABLE: [ErrorRow; 42] = ErrorKind::TABLE;
        const ROWS: &[ErrorRow; 42] = &TABLE;
        &ROWS[self as usize]
    }

    /// The kind of a name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let mut rows = Self::TABLE.iter();
        rows.find(|row| row.name == name).map(|row| row.kind)
    }

    /// What it is called in logs and metrics, such as `call_timeout`.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// The JSON-RPC code.
    pub const fn code(self) -> i64 {
        self.row().code
    }

    /// The HTTP status in an era.
    pub const fn status(self, era: Era) -> u16 {
        match era {
            Era::Legacy => self.row().legacy_status,
            Era::Modern => self.row().modern_status,
        }
    }
}

/// An error of the protocol: a kind, one line for a reader, and data where the
/// specification defines some.
#[derive(Clone, Debug)]
pub struct ProtocolError {
    /// What it is.
    pub kind: ErrorKind,
    /// One line that says what was wrong and, where that is known, what to do.
    pub message: Cow<'static, str>,
    /// The `data` member.
    pub data: Option<Box<Value>>,
}

impl ProtocolError {
    /// An error without data.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            message: message.into(),
            data: None,
        }
    }

    /// The refusal of a batch where the revision has none.
    pub fn no_batches() -> Self {
        Self::new(
            ErrorKind::InvalidRequest,
            "this revision has no batches; send each message by itself",
        )
    }

    /// The refusal of a request whose id another one has that is not answered yet.
    ///
    /// Implements "Requests" of `basic`: a client uses an id once in a session.
    pub fn id_in_use(id: &RequestId) -> Self {
        Self::new(
            ErrorKind::InvalidRequest,
            format!(
                "the request id {id} is that of a request which is not answered yet; give each request an id of its own"
            ),
        )
    }

    /// The refusal to read a resource that is not there, in the words of an era.
    ///
    /// Implements "Error Handling" of `server/resources` of every revision.
    pub fn resource_not_found(uri: &str, era: Era) -> Self {
        let kind = match era {
            Era::Legacy => ErrorKind::LegacyResourceNotFound,
            Era::Modern => ErrorKind::ResourceNotFound,
        };
        let uri: String = uri.chars().take(1000).collect();
        Self::new(kind, "Resource not found").with_data(serde_json::json!({"uri": uri}))
    }

    /// The refusal to serve a request until the user has been at these pages.
    ///
    /// Implements "URL Elicitation Required Error" of revision 2025-11-25,
    /// `client/elicitation`.
    pub fn url_elicitation_required(elicitations: Vec<Value>) -> Self {
        let message = "the user must open a page first; send the request again when that is done";
        Self::new(ErrorKind::UrlElicitationRequired, message)
            .with_data(serde_json::json!({"elicitations": elicitations}))
    }

    /// The refusal to do for a caller what its token does not allow: `what` needs scopes of
    /// which some are missing. The `data` has both, as `requiredScopes` and `missingScopes`.
    ///
    /// ```
    /// use toolsmith_core::protocol::ProtocolError;
    ///
    /// let error = ProtocolError::insufficient_scope("the tool `rm`", &["read", "write"], &["write"]);
    /// assert!(error.message.starts_with("the tool `rm` needs the scope `write`"));
    /// assert_eq!(error.data.unwrap()["requiredScopes"][0], "read");
    /// ```
    pub fn insufficient_scope(what: &str, required: &[&str], missing: &[&str]) -> Self {
        let (scopes, them) = match missing {
            [_] => ("scope", "it"),
            _ => ("scopes", "them"),
        };
        let message = format!(
            "{what} needs the {scopes} `{}`, and the token of this request is without {them}; ask for a token that has {them}",
            missing.join("`, `")
        );
        let data = serde_json::json!({"requiredScopes": required, "missingScopes": missing});
        Self::new(ErrorKind::InsufficientScope, message).with_data(data)
    }

    /// The same error with a `data` member.
    #[must_use]
    pub fn with_data(mut self, data: Value) -> Self {
        self.data = Some(Box::new(data));
        self
    }

    /// The same error, as the refusal of the message with this id.
    pub fn refuse(self, id: Option<RequestId>, era: Era) -> Refusal {
        Refusal {
            id,
            error: self,
            era,
        }
    }
}

/// A message that is answered with an error before it reaches a handler.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The id of the request, where one could be read.
    pub id: Option<RequestId>,
    /// Why.
    pub error: ProtocolError,
    /// Whose rules the answer follows.
    pub era: Era,
}

impl Refusal {
    /// The HTTP status of the answer.
    pub fn status(&self) -> u16 {
        self.error.kind.status(self.era)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_the_enum() {
        for (index, row) in ErrorKind::TABLE.iter().enumerate() {
            assert_eq!(row.kind as usize, index, "{:?}", row.kind);
            assert_eq!(row.kind.code(), row.code);
        }
    }

    #[test]
    fn own_conditions_stay_out_of_the_reserved_range() {
        for row in ErrorKind::TABLE {
            let specified =
                matches!(row.code, -32700 | -32603..=-32600 | -32042 | -32022..=-32020 | -32002);
            assert!(
                specified || !(-32768..=-32000).contains(&row.code),
                "{row:?}"
            );
        }
    }
}
