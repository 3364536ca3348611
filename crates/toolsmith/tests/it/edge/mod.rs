//! What stands between the socket and the protocol.

#[cfg(all(feature = "auth", feature = "axum"))]
mod authorization;
mod browsers;
mod health;
mod limits;
mod mirrored;
mod proxies;
#[cfg(feature = "auth")]
mod security;
#[cfg(unix)]
mod signals;
#[cfg(unix)]
mod sockets;
mod tenants;
#[cfg(all(unix, feature = "auth"))]
mod unix_tokens;

use serde_json::json;

use crate::wire::{Ask, Connection, Endpoint, call, modern};

/// A good call.
fn sum() -> Ask {
    modern(1, "tools/call", call("add", json!({"a": 2, "b": 3})))
}

/// Asks for something that is no message of the protocol; gives status, fields and body.
pub(crate) async fn get(endpoint: &Endpoint, ask: &Ask) -> (u16, Vec<(String, String)>, String) {
    let mut connection = Connection::open(endpoint.address).await;
    connection.write(&endpoint.bytes(ask)).await.unwrap();
    let head = connection.head().await;
    let body = match ask.method.as_str() {
        "HEAD" => Vec::new(),
        _ => connection.body(&head).await,
    };
    (head.status, head.fields, String::from_utf8(body).unwrap())
}

/// The value of a header field, in small letters.
fn field(fields: &[(String, String)], name: &str) -> Option<String> {
    let mut fields = fields.iter();
    let found = fields.find(|(n, _)| n.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.to_ascii_lowercase())
}
