//! The metadata of this protected resource (RFC 9728), by which clients find who gives out
//! tokens for it.

use http::Uri;
use serde::Serialize;

use super::challenge::OFFLINE_ACCESS;

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// What a protected resource says of itself (RFC 9728, section 2).
///
/// ```
/// use toolsmith::auth::ResourceMetadata;
///
/// let metadata = ResourceMetadata::new("https://mcp.example.com/mcp")
///     .authorization_servers(["https://auth.example.com"])
///     .scopes(["files:read"])
///     .name("Files");
/// let json = serde_json::to_value(&metadata).unwrap();
/// assert_eq!(json["resource"], "https://mcp.example.com/mcp");
/// assert_eq!(json["authorization_servers"][0], "https://auth.example.com");
/// assert_eq!(json["bearer_methods_supported"][0], "header");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResourceMetadata {
    resource: String,
    authorization_servers: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scopes_supported: Vec<String>,
    bearer_methods_supported: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_documentation: Option<String>,
}

impl ResourceMetadata {
    /// Of the resource at this public URL, as clients know it.
    pub fn new(resource: impl Into<String>) -> Self {
        Self {
            resource: resource.into(),
            authorization_servers: Vec::new(),
            scopes_supported: Vec::new(),
            bearer_methods_supported: ["header"],
            resource_name: None,
            resource_documentation: None,
        }
    }

    /// The same of another resource.
    #[must_use]
    pub fn of(&self, resource: impl Into<String>) -> Self {
        Self {
            resource: resource.into(),
            ..self.clone()
        }
    }

    /// The issuers of the tokens that are good here. Clients need at least one.
    #[must_use]
    pub fn authorization_servers<S: Into<String>>(
        mut self,
        issuers: impl IntoIterator<Item = S>,
    ) -> Self {
        self.authorization_servers = issuers.into_iter().map(Into::into).collect();
        self
    }

    /// The scopes that a client asks for to begin with.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        let scopes = scopes.into_iter().map(Into::into);
        self.scopes_supported = scopes.filter(|it| it != OFFLINE_ACCESS).collect();
        self
    }

    /// What people call it.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.resource_name = Some(name.into());
        self
    }

    /// Where people read about it.
    #[must_use]
    pub fn documentation(mut self, url: impl Into<String>) -> Self {
        self.resource_documentation = Some(url.into());
        self
    }
}

/// Where the metadata of a resource is: the well-known path stands before the path of the
/// resource (RFC 9728, section 3.1). `None` where the resource is no URL.
///
/// ```
/// use toolsmith::auth::metadata_url;
///
/// assert_eq!(
///     metadata_url("https://mcp.example.com/public/mcp").unwrap(),
///     "https://mcp.example.com/.well-known/oauth-protected-resource/public/mcp",
/// );
/// assert_eq!(
///     metadata_url("https://mcp.example.com/").unwrap(),
///     "https://mcp.example.com/.well-known/oauth-protected-resource",
/// );
/// ```
pub fn metadata_url(resource: &str) -> Option<String> {
    let uri: Uri = resource.parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
    let query = uri.query().map(|it| format!("?{it}")).unwrap_or_default();
    let path = metadata_path(uri.path());
    Some(format!("{scheme}://{authority}{path}{query}"))
}

/// The same for a path alone: where the server answers with the metadata of the endpoint
/// that it has at this path. It answers with it at the well-known path itself, too.
///
/// ```
/// use toolsmith::auth::metadata_path;
///
/// assert_eq!(metadata_path("/mcp"), "/.well-known/oauth-protected-resource/mcp");
/// assert_eq!(metadata_path("/"), "/.well-known/oauth-protected-resource");
/// ```
pub fn metadata_path(path: &str) -> String {
    let path = if path == "/" { "" } else { path };
    format!("{WELL_KNOWN}{path}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_known_is_not_there() {
        let metadata = ResourceMetadata::new("https://a.example")
            .authorization_servers(["https://b.example"])
            .scopes(["offline_access"]);
        let expected = json!({
            "resource": "https://a.example",
            "authorization_servers": ["https://b.example"],
            "bearer_methods_supported": ["header"],
        });
        assert_eq!(serde_json::to_value(&metadata).unwrap(), expected);
        let whole = metadata.scopes(["a"]).documentation("https://docs.example");
        let whole = serde_json::to_value(whole.name("A")).unwrap();
        assert_eq!(whole["scopes_supported"], json!(["a"]));
        assert_eq!(whole["resource_name"], "A");
        assert_eq!(whole["resource_documentation"], "https://docs.example");
    }

    #[test]
    fn a_query_stays_behind_and_what_is_no_url_has_none() {
        let url = metadata_url("https://a.example:8443/mcp?tenant=1").unwrap();
        assert_eq!(
            url,
            "https://a.example:8443/.well-known/oauth-protected-resource/mcp?tenant=1"
        );
        assert_eq!(metadata_url("/mcp"), None);
    }
}
