//! The identifiers of this server, one of which a token must be made for (RFC 8707).

use std::collections::HashSet;

use http::Uri;
use serde_json::Value;

/// What this server is called in tokens.
#[derive(Clone, Debug, Default)]
pub(super) struct Resources(HashSet<String>);

impl Resources {
    pub(super) fn new<'a>(identifiers: impl IntoIterator<Item = &'a str>) -> Self {
        Self(identifiers.into_iter().map(canonical).collect())
    }

    /// Whether an `aud` names this server: a string or a list of them (RFC 7519, section
    /// 4.1.3).
    pub(super) fn are_named_in(&self, audience: &Value) -> bool {
        match audience {
            Value::String(one) => self.is_one(one),
            Value::Array(list) => list
                .iter()
                .filter_map(Value::as_str)
                .any(|it| self.is_one(it)),
            _ => false,
        }
    }

    fn is_one(&self, identifier: &str) -> bool {
        self.0.contains(identifier) || self.0.contains(&canonical(identifier))
    }
}

/// A URL as the specification recommends to write it ("Canonical Server URI"): scheme and
/// host in small letters, no slash at the end, no port that goes without saying. Anything
/// else stays as it is.
fn canonical(identifier: &str) -> String {
    let plain = || identifier.to_owned();
    if identifier.contains('#') {
        return plain();
    }
    let Ok(uri) = identifier.parse::<Uri>() else {
        return plain();
    };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return plain();
    };
    let scheme = scheme.to_ascii_lowercase();
    let authority = authority.as_str().to_ascii_lowercase();
    let port = if scheme == "https" { ":443" } else { ":80" };
    let authority = authority.strip_suffix(port).unwrap_or(&authority);
    let path = uri.path();
    let path = path.strip_suffix('/').unwrap_or(path);
    let query = uri.query().map(|it| format!("?{it}")).unwrap_or_default();
    format!("{scheme}://{authority}{path}{query}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_url_is_the_same_however_it_is_written_and_another_is_not() {
        let ours = Resources::new(["https://MCP.example.com/mcp", "api://files"]);
        for good in [
            json!("https://mcp.example.com/mcp"),
            json!("HTTPS://mcp.Example.com:443/mcp/"),
            json!(["https://other.example", "https://mcp.example.com/mcp"]),
            json!("api://files"),
        ] {
            assert!(ours.are_named_in(&good), "{good}");
        }
        for bad in [
            json!("https://mcp.example.com"),
            json!("https://mcp.example.com/MCP"),
            json!("https://mcp.example.com/mcp//"),
            json!("https://mcp.example.com/mcp/admin"),
            json!("https://mcp.example.com/mcp?x"),
            json!("https://mcp.example.com/mcp#x"),
            json!("https://mcp.example.com.evil.example/mcp"),
            json!("http://mcp.example.com/mcp"),
            json!("https://mcp.example.com:8443/mcp"),
            json!(["https://other.example"]),
            json!([]),
            json!(7),
            json!({"https://mcp.example.com/mcp": 1}),
            json!(null),
        ] {
            assert!(!ours.are_named_in(&bad), "{bad}");
        }
    }
}
