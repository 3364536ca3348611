//! What rmcp's errors mean to whoever typed the command.

use std::error::Error as StdError;
use std::ffi::OsStr;
use std::io;

use rmcp::ServiceError;
use rmcp::model::{ErrorCode, ErrorData};
use rmcp::service::ClientInitializeError;
use rmcp::transport::DynamicTransportError;
use rmcp::transport::streamable_http_client::StreamableHttpError;

use crate::args::{CommonArgs, Era};
use crate::error::{Exit, Failure};

/// A program that could not be started.
pub(crate) fn of_program(error: &io::Error, program: &OsStr) -> Failure {
    let program = program.to_string_lossy();
    let failure = Failure::new(Exit::Connect, format!("cannot start {program}: {error}"));
    match error.kind() {
        io::ErrorKind::NotFound => failure.hint("check the spelling, or give the path to it"),
        io::ErrorKind::PermissionDenied => failure.hint("is it a file that may be executed?"),
        _ => failure,
    }
}

/// A started program that did not become a connection.
pub(crate) fn of_command(error: &ClientInitializeError, program: &OsStr, era: Era) -> Failure {
    let program = program.to_string_lossy();
    let (reason, hint) = reason(error, era);
    let failure = Failure::new(
        Exit::Connect,
        format!("{program} is no MCP server for us: {reason}"),
    );
    let hint = hint.unwrap_or(
        "does the program speak MCP over stdin and stdout, and print nothing else there?",
    );
    failure.hint(hint)
}

/// What did not come in time.
pub(crate) fn of_time(options: &CommonArgs, what: &str) -> Failure {
    let seconds = options.timeout.as_secs_f64();
    Failure::new(Exit::Timeout, format!("{what} within {seconds} seconds"))
        .hint("--timeout SECONDS waits longer")
}

/// An address that did not become a connection.
pub(crate) fn of_http(error: &ClientInitializeError, url: &str, era: Era) -> Failure {
    let (reason, hint) = reason(error, era);
    let failure = Failure::new(Exit::Connect, format!("cannot connect to {url}: {reason}"));
    let wants_token = error.is_authorization_required() || error.auth_challenge().is_some();
    match hint.or_else(|| http_hint(&reason, wants_token)) {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

fn http_hint(reason: &str, wants_token: bool) -> Option<&'static str> {
    let says = |text| reason.contains(text);
    if wants_token || says("HTTP 401") {
        Some("send a token: --header 'Authorization: Bearer TOKEN'")
    } else if says("Connection refused") {
        Some("is the server running, and is the port right?")
    } else if says("lookup") {
        Some("is the name of the host right?")
    } else if says("HTTP 404") || says("HTTP 405") || says("not with JSON") {
        Some("is the path right? Most servers answer at /mcp")
    } else {
        None
    }
}

/// A request that was not answered by its result.
pub(crate) fn of_request(error: &ServiceError) -> Failure {
    match error {
        ServiceError::McpError(error) => {
            let failure = Failure::new(Exit::Protocol, json_rpc(error));
            match error.code {
                ErrorCode::INVALID_PARAMS => {
                    failure.hint("`toolsmith list` shows the tools and their arguments")
                }
                ErrorCode::MISSING_REQUIRED_CLIENT_CAPABILITY => {
                    failure.hint("this command cannot answer a server's questions")
                }
                _ => failure,
            }
        }
        ServiceError::TransportSend(error) => Failure::new(
            Exit::Connect,
            format!("the connection failed: {}", transport(error)),
        ),
        ServiceError::TransportClosed => Failure::new(
            Exit::Connect,
            "the server closed the connection before it had answered",
        ),
        ServiceError::UnexpectedResponse => Failure::new(
            Exit::Protocol,
            "the server answered with something else than the result of the request",
        ),
        other => Failure::new(Exit::Protocol, other.to_string()),
    }
}

/// Why a connection was not opened, and what to do about it where that is known.
fn reason(error: &ClientInitializeError, era: Era) -> (String, Option<&'static str>) {
    use ClientInitializeError as E;
    let other_era = (era != Era::Auto)
        .then_some("it may not speak that era: leave --era out, or try the other");
    match error {
        E::JsonRpcError(error) => (json_rpc(error), other_era),
        E::NoCompatibleProtocolVersion {
            server_supported, ..
        } => {
            let theirs: Vec<&str> = server_supported.iter().map(|v| v.as_str()).collect();
            (format!("it speaks only {}", theirs.join(", ")), other_era)
        }
        E::ConnectionClosed(_) => (ENDED.to_owned(), None),
        E::TransportError { error, .. } => (transport(error), None),
        E::LegacyFallbackFailed { discover, fallback } => {
            let (discover, _) = reason(discover, era);
            let (fallback, hint) = reason(fallback, era);
            if discover.contains(&fallback) {
                return (fallback, hint);
            }
            (
                format!("{fallback} (and before that, in the modern era: {discover})"),
                hint,
            )
        }
        other => (other.to_string(), None),
    }
}

fn json_rpc(error: &ErrorData) -> String {
    format!(
        "the server answered {} (code {})",
        error.message, error.code.0
    )
}

const ENDED: &str = "it ended before it had answered";

/// The innermost reason: the outer ones only repeat which layer passed it on.
fn transport(error: &DynamicTransportError) -> String {
    let error: &(dyn StdError + 'static) = error.error.as_ref();
    match error.downcast_ref::<StreamableHttpError<reqwest::Error>>() {
        Some(StreamableHttpError::Client(error)) => innermost(error),
        Some(StreamableHttpError::UnexpectedServerResponse(text)) => text.trim().to_owned(),
        Some(StreamableHttpError::UnexpectedContentType(found)) => format!(
            "it answered with {}, not with JSON or an event stream",
            found.as_deref().unwrap_or("no content type")
        ),
        _ => innermost(error),
    }
}

fn innermost<'a>(mut error: &'a (dyn StdError + 'static)) -> String {
    while let Some(source) = error.source() {
        error = source;
    }
    match error.downcast_ref::<io::Error>() {
        // Writing to a program that has ended; that it has ended is the news.
        Some(error) if error.kind() == io::ErrorKind::BrokenPipe => ENDED.to_owned(),
        _ => error.to_string(),
    }
}
