//! The header fields that have a meaning here, read in one pass.

use http::header::ACCEPT;
use http::{HeaderMap, HeaderName};

use crate::protocol::{HeaderField, RequestHeaders};

/// What the fields begin with that repeat arguments.
const PARAM: &str = "mcp-param-";

/// The fields of one request.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    pub(super) host: HeaderField<'a>,
    pub(super) origin: HeaderField<'a>,
    pub(super) content_type: HeaderField<'a>,
    pub(super) session_id: HeaderField<'a>,
    content_encoding: HeaderField<'a>,
    accept: HeaderField<'a>,
    protocol_version: HeaderField<'a>,
    method: HeaderField<'a>,
    name: HeaderField<'a>,
    params: Vec<(&'a str, &'a [u8])>,
    all: &'a HeaderMap,
}

impl<'a> Fields<'a> {
    /// Reads them.
    pub(super) fn read(all: &'a HeaderMap) -> Self {
        let none = HeaderField::Missing;
        let mut fields = Self {
            host: none,
            origin: none,
            content_type: none,
            session_id: none,
            content_encoding: none,
            accept: none,
            protocol_version: none,
            method: none,
            name: none,
            params: Vec::new(),
            all,
        };
        for (name, value) in all {
            fields.add(name.as_str(), value.as_bytes());
        }
        fields
    }

    /// Takes in one field. Names are in small letters.
    fn add(&mut self, name: &'a str, value: &'a [u8]) {
        let field = match name {
            "host" => &mut self.host,
            "origin" => &mut self.origin,
            "accept" => &mut self.accept,
            "content-type" => &mut self.content_type,
            "content-encoding" => &mut self.content_encoding,
            "mcp-session-id" => &mut self.session_id,
            "mcp-protocol-version" => &mut self.protocol_version,
            "mcp-method" => &mut self.method,
            "mcp-name" => &mut self.name,
            name if name.starts_with(PARAM) => return self.params.push((name, value)),
            _ => return,
        };
        *field = match field {
            HeaderField::Missing => HeaderField::One(value),
            _ => HeaderField::Repeated,
        };
    }

    /// Whether the body is something else than what it says of itself. One that is taken apart
    /// here could become any size.
    pub(super) fn is_compressed(&self) -> bool {
        !matches!(
            self.content_encoding,
            HeaderField::Missing | HeaderField::One(b"" | b"identity")
        )
    }

    /// A field that is looked at in few requests.
    pub(super) fn rare(&self, name: &HeaderName) -> HeaderField<'a> {
        let mut values = self.all.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => HeaderField::Missing,
            (Some(value), None) => HeaderField::One(value.as_bytes()),
            (Some(_), Some(_)) => HeaderField::Repeated,
        }
    }

    /// What the client accepts, field by field: a list may be spread over several.
    pub(super) fn accept(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let (one, all) = match self.accept {
            HeaderField::Missing => (None, None),
            HeaderField::One(value) => (Some(value), None),
            HeaderField::Repeated => (None, Some(self.all.get_all(ACCEPT))),
        };
        let all = all.into_iter().flatten().map(|value| value.as_bytes());
        one.into_iter().chain(all)
    }

    /// The fields that the protocol gives a meaning.
    pub(super) fn of_protocol(&self) -> RequestHeaders<'_> {
        RequestHeaders {
            protocol_version: self.protocol_version,
            method: self.method,
            name: self.name,
            others: &self.params,
        }
    }
}

/// The text of a field that is there once and can be read.
pub(super) fn text(field: HeaderField<'_>) -> Option<&str> {
    match field {
        HeaderField::One(value) => std::str::from_utf8(value).ok(),
        HeaderField::Missing | HeaderField::Repeated => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn a_field_that_comes_twice_is_told_from_one_that_does_not() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("Mcp-Name", "a"),
            ("Mcp-Name", "b"),
            ("Mcp-Method", "tools/call"),
            ("Accept", "text/html"),
            ("Accept", "application/json"),
            ("Mcp-Param-City", "x"),
            ("Mcp-Param-City", "y"),
            ("X-Other", "z"),
        ] {
            let name: http::HeaderName = name.parse().unwrap();
            headers.append(name, HeaderValue::from_static(value));
        }
        let fields = Fields::read(&headers);
        let of_protocol = fields.of_protocol();
        assert_eq!(of_protocol.name, HeaderField::Repeated);
        assert_eq!(of_protocol.method, HeaderField::One(b"tools/call"));
        assert_eq!(of_protocol.protocol_version, HeaderField::Missing);
        let accepted: Vec<_> = fields.accept().collect();
        assert_eq!(accepted, [&b"text/html"[..], b"application/json"]);
        let params: [(&str, &[u8]); 2] = [("mcp-param-city", b"x"), ("mcp-param-city", b"y")];
        assert_eq!(of_protocol.others, params);
    }
}
