//! Where an issuer has its keys: its metadata, as RFC 8414 and OpenID Connect Discovery
//! place it, in the order of "Authorization Server Metadata Discovery" of revision
//! 2026-07-28.

use http::Uri;
use serde::Deserialize;

use crate::auth::address;

/// The addresses where the metadata of an issuer may be.
///
/// # Errors
///
/// When the issuer is not one that can be trusted.
pub(super) fn candidates(issuer: &str) -> Result<Vec<Uri>, String> {
    let uri = address::issuer(issuer)?;
    let scheme = uri.scheme_str().unwrap_or_default();
    let authority = uri.authority().map_or("", |it| it.as_str());
    let path = uri.path().trim_end_matches('/');
    let origin = format!("{scheme}://{authority}");
    let mut places = vec![
        format!("{origin}/.well-known/oauth-authorization-server{path}"),
        format!("{origin}/.well-known/openid-configuration{path}"),
    ];
    if !path.is_empty() {
        places.push(format!("{origin}{path}/.well-known/openid-configuration"));
    }
    let parse = |place: &String| place.parse().map_err(|_| format!("'{place}' is no URL"));
    places.iter().map(parse).collect()
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: Option<String>,
}

/// The address of the keys, out of the metadata of this issuer and of no other.
///
/// # Errors
///
/// When it is another's ("MUST NOT use the metadata"), or names no keys.
pub(super) fn jwks_uri(document: &[u8], issuer: &str) -> Result<Uri, String> {
    let metadata: Metadata = serde_json::from_slice(document)
        .map_err(|error| format!("the metadata cannot be read: {error}"))?;
    if metadata.issuer != issuer {
        let other = address::shown(&metadata.issuer);
        return Err(format!("the metadata is that of another issuer, '{other}'"));
    }
    let place = metadata
        .jwks_uri
        .ok_or("the metadata names no `jwks_uri`")?;
    address::trusted(&place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_path_forms_are_tried_in_order() {
        let places = |issuer| -> Vec<String> {
            let uris = candidates(issuer).unwrap();
            uris.iter().map(ToString::to_string).collect()
        };
        assert_eq!(
            places("https://auth.example.com/realms/a"),
            [
                "https://auth.example.com/.well-known/oauth-authorization-server/realms/a",
                "https://auth.example.com/.well-known/openid-configuration/realms/a",
                "https://auth.example.com/realms/a/.well-known/openid-configuration",
            ]
        );
        assert_eq!(
            places("https://auth.example.com/"),
            [
                "https://auth.example.com/.well-known/oauth-authorization-server",
                "https://auth.example.com/.well-known/openid-configuration",
            ]
        );
        assert!(candidates("http://auth.example.com").is_err());
    }

    #[test]
    fn metadata_of_another_issuer_is_not_used() {
        let document = br#"{"issuer": "https://a.example", "jwks_uri": "https://a.example/k"}"#;
        let uri = jwks_uri(document, "https://a.example").unwrap();
        assert_eq!(uri, "https://a.example/k");
        for (document, says) in [
            (&document[..], "another issuer"),
            (br#"{"issuer": "https://b.example"}"#, "no `jwks_uri`"),
            (
                br#"{"issuer": "https://b.example", "jwks_uri": "http://b.example"}"#,
                "not https",
            ),
            (b"[]", "cannot be read"),
            (b"", "cannot be read"),
        ] {
            let error = jwks_uri(document, "https://b.example").unwrap_err();
            assert!(error.contains(says), "{error}");
        }
        // No slash is added or taken away.
        assert!(jwks_uri(br#"{"issuer": "https://b.example/"}"#, "https://b.example").is_err());
    }
}
