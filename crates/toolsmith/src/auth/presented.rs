//! What a request brings: reading it, and taking it away.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};

use crate::ports::CredentialFields;
use crate::protocol::HeaderField;

/// The longest token, in bytes. Nothing is done with a longer one.
pub(super) const MAX_TOKEN: usize = 16 * 1024;

/// The header fields of a request.
#[derive(Debug)]
pub(super) struct Fields<'a>(pub(super) &'a HeaderMap);

impl CredentialFields for Fields<'_> {
    fn field(&self, name: &str) -> HeaderField<'_> {
        let mut values = self.0.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => HeaderField::Missing,
            (Some(value), None) => HeaderField::One(value.as_bytes()),
            (Some(_), Some(_)) => HeaderField::Repeated,
        }
    }
}

/// Why a request cannot be read: 400, `invalid_request`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    Repeated,
    Malformed,
    TooLong,
    Twice,
    InQuery,
}

impl Unreadable {
    pub(super) fn description(self) -> &'static str {
        match self {
            Self::Repeated => "Authorization comes more than once",
            Self::Malformed => "Authorization is not `Bearer` and a token",
            Self::TooLong => "the token is too long",
            Self::Twice => "there are two credentials; send one",
            Self::InQuery => "a token in the query is not accepted; send it in Authorization",
        }
    }
}

/// Finds the bearer token. `None` where there is none: another scheme is no concern of ours,
/// and whoever needs a token says so.
///
/// "Access tokens MUST NOT be included in the URI query string": one there is refused, so
/// that a client learns of it before its tokens are in everybody's logs.
pub(super) fn bearer<'a>(
    headers: &'a HeaderMap,
    key_field: Option<&HeaderName>,
    query: Option<&str>,
) -> Result<Option<&'a str>, Unreadable> {
    if query.is_some_and(has_token) {
        return Err(Unreadable::InQuery);
    }
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (value, more) = (values.next(), values.next());
    if more.is_some() {
        return Err(Unreadable::Repeated);
    }
    let Some(value) = value else { return Ok(None) };
    let value = value.as_bytes();
    let scheme = value.split(|it| *it == b' ').next().unwrap_or_default();
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Ok(None);
    }
    let token = value[scheme.len()..].trim_ascii();
    if token.len() > MAX_TOKEN {
        return Err(Unreadable::TooLong);
    }
    let token = std::str::from_utf8(token).map_err(|_| Unreadable::Malformed)?;
    if !is_token(token) {
        return Err(Unreadable::Malformed);
    }
    if key_field.is_some_and(|name| headers.contains_key(name)) {
        return Err(Unreadable::Twice);
    }
    Ok(Some(token))
}

/// `b64token` of RFC 6750, section 2.1.
fn is_token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    !body.is_empty() && body.bytes().all(fits)
}

fn has_token(query: &str) -> bool {
    form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn headers(values: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
        }
        headers
    }

    #[test]
    fn a_bearer_token_is_found_and_what_is_none_is_told_from_what_is_bad() {
        let long = format!("Bearer {}", "a".repeat(MAX_TOKEN + 1));
        for (values, expected) in [
            (&[][..], Ok(None)),
            (&[&b"Bearer abc"[..]], Ok(Some("abc"))),
            (&[b"bEARER  a.b-c_~+/==  "], Ok(Some("a.b-c_~+/=="))),
            (&[b"Basic YTpi"], Ok(None)),
            (&[b"BearerToken abc"], Ok(None)),
            (&[b"Bearer"], Err(Unreadable::Malformed)),
            (&[b"Bearer "], Err(Unreadable::Malformed)),
            (&[b"Bearer a b"], Err(Unreadable::Malformed)),
            (&[b"Bearer a,b"], Err(Unreadable::Malformed)),
            (&[b"Bearer a=b"], Err(Unreadable::Malformed)),
            (&[b"Bearer \xff"], Err(Unreadable::Malformed)),
            (&[b"Bearer a", b"Bearer b"], Err(Unreadable::Repeated)),
            (&[b"Bearer a", b"Basic b"], Err(Unreadable::Repeated)),
            (&[long.as_bytes()], Err(Unreadable::TooLong)),
        ] {
            let headers = headers(values);
            assert_eq!(bearer(&headers, None, None), expected, "{values:?}");
        }
    }

    #[test]
    fn one_request_has_one_credential_and_has_it_in_a_header() {
        let name = HeaderName::from_static("x-api-key");
        let mut headers = headers(&[b"Bearer a"]);
        assert_eq!(bearer(&headers, Some(&name), None), Ok(Some("a")));
        headers.insert(&name, HeaderValue::from_static("b"));
        assert_eq!(bearer(&headers, None, None), Ok(Some("a")));
        assert_eq!(bearer(&headers, Some(&name), None), Err(Unreadable::Twice));
        let none = HeaderMap::new();
        for bad in ["access_token=a", "a=b&access_token=", "acce%73s_token=a"] {
            assert_eq!(
                bearer(&none, None, Some(bad)),
                Err(Unreadable::InQuery),
                "{bad}"
            );
        }
        for good in ["", "a=access_token", "access_tokens=a", "xaccess_token=1"] {
            assert_eq!(bearer(&none, None, Some(good)), Ok(None), "{good}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(value in proptest::collection::vec(0x20u8..=0xff, 0..64)) {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                let mut headers = HeaderMap::new();
                headers.insert(AUTHORIZATION, value);
                if let Ok(Some(token)) = bearer(&headers, None, None) {
                    prop_assert!(is_token(token));
                }
            }
        }
    }
}
