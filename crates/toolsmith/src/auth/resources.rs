//! The identifiers of this server, one of which a token must be made for (RFC 8707).

use std::collections::HashSet;

use http::Uri;
use serde_json::Value;

use super::TenantResource;

/// What this server is called in tokens.
#[derive(Clone, Debug, Default)]
pub(super) struct Resources {
    known: HashSet<String>,
    of_tenants: Vec<TenantResource>,
}

impl Resources {
    pub(super) fn new<'a>(identifiers: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            known: identifiers.into_iter().map(canonical).collect(),
            of_tenants: Vec::new(),
        }
    }

    /// The endpoints of tenants, too.
    pub(super) fn with_tenants(mut self, all: &[TenantResource]) -> Self {
        self.of_tenants = all.to_vec();
        self
    }

    /// Whether an `aud` names this server: a string or a list of them (RFC 7519, section
    /// 4.1.3).
    pub(super) fn are_named_in(&self, audience: &Value) -> bool {
        any_named(audience, |it| self.is_one(it))
    }

    fn is_one(&self, identifier: &str) -> bool {
        let canonical = canonical(identifier);
        self.known.contains(identifier)
            || self.known.contains(&canonical)
            || self.of_tenants.iter().any(|it| it.fits(&canonical))
    }
}

impl TenantResource {
    /// Whether an identifier may be that of a tenant's endpoint.
    fn fits(&self, identifier: &str) -> bool {
        let rest = identifier.strip_prefix(self.before.as_str());
        let tenant = rest.and_then(|it| it.strip_suffix(self.after.as_str()));
        tenant.is_some_and(|it| !it.is_empty() && !it.contains('/'))
    }
}

/// Whether an `aud` names a resource.
pub(super) fn names(audience: &Value, resource: &str) -> bool {
    let resource = canonical(resource);
    any_named(audience, |it| canonical(it) == resource)
}

fn any_named(audience: &Value, is_one: impl Fn(&str) -> bool) -> bool {
    match audience {
        Value::String(one) => is_one(one),
        Value::Array(list) => list.iter().filter_map(Value::as_str).any(is_one),
        _ => false,
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

    #[test]
    fn the_endpoint_of_a_tenant_is_ours_and_is_that_tenants_alone() {
        let ours =
            Resources::new(["https://mcp.example.com/mcp"]).with_tenants(&[TenantResource {
                before: "https://mcp.example.com/t/".to_owned(),
                after: "/mcp".to_owned(),
            }]);
        let acme = "https://mcp.example.com/t/acme/mcp";
        for audience in [
            json!(acme),
            json!(["x", acme]),
            json!("https://MCP.example.com:443/t/acme/mcp/"),
        ] {
            assert!(
                ours.are_named_in(&audience) && names(&audience, acme),
                "{audience}"
            );
            assert!(
                !names(&audience, "https://mcp.example.com/t/globex/mcp"),
                "{audience}"
            );
            assert!(
                !names(&audience, "https://mcp.example.com/mcp"),
                "{audience}"
            );
        }
        for bad in [
            "https://mcp.example.com/t//mcp",
            "https://mcp.example.com/t/a/b/mcp",
            "https://evil.example/t/acme/mcp",
        ] {
            assert!(!ours.are_named_in(&json!(bad)), "{bad}");
        }
    }

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
