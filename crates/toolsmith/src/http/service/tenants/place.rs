//! Where tenants are that have an address of their own.

use super::source::{Source, is_plain_name};
use crate::http::service::PublicUrl;

/// What stands before the tenant in a path.
const PREFIX: &str = "/t/";

/// Where each tenant has an endpoint of its own.
#[derive(Clone, Debug)]
pub(in crate::http) enum Place {
    /// Under a path of its own: `/t/{tenant}` and then this.
    Path(String),
    /// At a host of its own: the tenant and then this.
    Host(String),
}

impl Place {
    /// The place that a source names, for an endpoint at a path.
    pub(super) fn of(source: &Source, path: &str) -> Option<Self> {
        match source {
            Source::Path => Some(Self::Path(path.to_owned())),
            Source::Host(suffix) => Some(Self::Host(suffix.clone())),
            Source::Claim(_) | Source::Key | Source::Header(_) => None,
        }
    }

    /// Whether it is the place that a source names.
    pub(super) fn is_of(&self, source: &Source) -> bool {
        match (self, source) {
            (Self::Path(_), Source::Path) => true,
            (Self::Host(one), Source::Host(other)) => one == other,
            _ => false,
        }
    }

    /// The tenant at a host and a path, without its last slash. One that no tenant can have
    /// is [`Found::Malformed`].
    pub(super) fn find<'a>(&self, host: &'a str, path: &'a str) -> Found<'a> {
        let tenant = match self {
            Self::Path(rest) => path
                .strip_prefix(PREFIX)
                .and_then(|it| it.strip_suffix(rest.as_str())),
            Self::Host(suffix) => host.strip_suffix(suffix.as_str()),
        };
        match tenant {
            None => Found::Nothing,
            Some(tenant) if is_plain_name(tenant) && !self.has_dots(tenant) => {
                Found::Tenant(tenant)
            }
            Some(_) => Found::Malformed,
        }
    }

    /// Of a host, a tenant is one label.
    fn has_dots(&self, tenant: &str) -> bool {
        matches!(self, Self::Host(_)) && tenant.contains('.')
    }

    /// The address of a tenant's endpoint, as clients know it.
    pub(in crate::http) fn url(&self, endpoint: &PublicUrl, tenant: &str) -> String {
        match self {
            Self::Path(rest) => {
                let whole = endpoint.whole();
                let base = whole.strip_suffix(rest.as_str()).unwrap_or(&whole);
                format!("{base}{PREFIX}{tenant}{rest}")
            }
            Self::Host(suffix) => endpoint.with_name(&format!("{tenant}{suffix}")).whole(),
        }
    }
}

/// What a host and a path say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// It is no place of a tenant's.
    Nothing,
    /// It is that of a tenant, which there may be.
    Tenant(&'a str),
    /// It would be one, and no tenant can be called so.
    Malformed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_is_found_in_a_path() {
        let place = Place::Path("/mcp".to_owned());
        let find = |path| place.find("example.com", path);
        assert_eq!(find("/t/acme/mcp"), Found::Tenant("acme"));
        for other in ["/mcp", "/t/acme", "/t", "/t/acme/mcp/x", "/x/t/acme/mcp"] {
            assert_eq!(find(other), Found::Nothing, "{other}");
        }
        for bad in [
            "/t//mcp",
            "/t/../mcp",
            "/t/a/b/mcp",
            "/t/a%2f/mcp",
            "/t/mcp",
        ] {
            assert_ne!(find(bad), Found::Tenant("acme"), "{bad}");
        }
        assert_eq!(find("/t/../mcp"), Found::Malformed);
        let url = PublicUrl::at("https://example.com", "/mcp");
        assert_eq!(place.url(&url, "acme"), "https://example.com/t/acme/mcp");
    }

    #[test]
    fn a_tenant_is_found_before_a_host() {
        let place = Place::Host(".example.com".to_owned());
        let find = |host| place.find(host, "/mcp");
        assert_eq!(find("acme.example.com"), Found::Tenant("acme"));
        assert_eq!(find("a.acme.example.com"), Found::Malformed);
        assert_eq!(find(".example.com"), Found::Malformed);
        assert_eq!(find("example.com"), Found::Nothing);
        assert_eq!(find("acme.example.com.evil.example"), Found::Nothing);
        let url = PublicUrl::at("https://example.com:8443", "/mcp");
        assert_eq!(place.url(&url, "acme"), "https://acme.example.com:8443/mcp");
    }
}
