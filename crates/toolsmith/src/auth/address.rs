//! The addresses of authorization servers: which are good enough to trust.

use http::Uri;

/// Reads an address that tokens or keys are trusted by: `https`, or `http` to this machine.
/// Implements "Communication Security" of revision 2026-07-28,
/// `basic/authorization/security-considerations`.
///
/// # Errors
///
/// What is wrong with it, in words that follow its name.
pub(super) fn trusted(text: &str) -> Result<Uri, String> {
    let refuse = |why: &str| Err(format!("'{}' {why}", shown(text)));
    if text.contains('#') {
        return refuse("has a fragment, which no server sees");
    }
    let uri: Uri = match text.parse() {
        Ok(uri) => uri,
        Err(_) => return refuse("is no URL"),
    };
    let Some(authority) = uri.authority() else {
        return refuse("has no host");
    };
    if authority.as_str().contains('@') {
        return refuse("has a user name in it");
    }
    match uri.scheme_str() {
        Some("https") => Ok(uri),
        Some("http") if is_loopback(authority.host()) => Ok(uri),
        Some("http") => refuse("is not https; http is for addresses of this machine alone"),
        _ => refuse("is not an https URL; write https://host/path"),
    }
}

/// An issuer: an address without a query (RFC 8414, section 2). It has no fragment either,
/// so that `issuer#subject` names one subject of one issuer and nothing else.
pub(super) fn issuer(text: &str) -> Result<Uri, String> {
    let uri = trusted(text)?;
    match uri.query() {
        None => Ok(uri),
        Some(_) => Err(format!("'{}' has a query, as no issuer has", shown(text))),
    }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

/// Foreign text for a log or a message: short, and without control characters.
pub(super) fn shown(text: &str) -> String {
    const MAX_SHOWN: usize = 200;
    let clean = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().take(MAX_SHOWN).map(clean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_read_on_the_way_is_not_trusted() {
        for good in [
            "https://auth.example.com",
            "https://auth.example.com:8443/realms/a?x=y",
            "http://127.0.0.1:9000/keys",
            "http://localhost",
            "http://[::1]:80/",
        ] {
            assert!(trusted(good).is_ok(), "{good}");
        }
        for (bad, says) in [
            ("http://auth.example.com", "is not https"),
            ("http://127.0.0.1.example.com", "is not https"),
            ("ftp://auth.example.com", "not an https"),
            ("auth.example.com", "not an https URL; write"),
            ("/keys", "has no host"),
            ("https://me@auth.example.com", "user name"),
            ("https://auth.example.com/#a", "fragment"),
            ("https://auth example.com", "no URL"),
            ("", "no URL"),
        ] {
            let error = trusted(bad).unwrap_err();
            assert!(error.contains(says), "{bad}: {error}");
        }
        assert!(issuer("https://auth.example.com/?a").is_err());
        assert!(issuer("https://auth.example.com/a").is_ok());
    }
}
