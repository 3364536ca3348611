//! What a client accepts, and what it sends.

use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_TYPE};

/// The forms that a client accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Accepts {
    pub(super) json: bool,
    pub(super) sse: bool,
}

impl Accepts {
    /// Reads `Accept`. A client that says nothing accepts everything.
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let mut fields = headers.get_all(ACCEPT).iter().peekable();
        let nothing_said = fields.peek().is_none();
        let mut accepts = Self {
            json: nothing_said,
            sse: nothing_said,
        };
        for field in fields {
            for range in field.to_str().unwrap_or_default().split(',') {
                accepts.take(range);
            }
        }
        accepts
    }

    fn take(&mut self, range: &str) {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default();
        let refused = parts.any(|p| {
            let weight = p.strip_prefix("q=").or_else(|| p.strip_prefix("Q="));
            weight.is_some_and(|q| q.parse() == Ok(0.0f32))
        });
        if refused {
            return;
        }
        let is = |name: &str| media.eq_ignore_ascii_case(name);
        self.json |= is("*/*") || is("application/*") || is("application/json");
        self.sse |= is("*/*") || is("text/*") || is("text/event-stream");
    }

    /// Whether nothing that is served is accepted.
    pub(super) fn nothing(self) -> bool {
        !self.json && !self.sse
    }
}

/// Whether a body says that it is JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let media = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let media = media.and_then(|v| v.split(';').next()).map(str::trim);
    media.is_some_and(|m| m.eq_ignore_ascii_case("application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(value: Option<&'static str>) -> (bool, bool) {
        let mut headers = HeaderMap::new();
        if let Some(value) = value {
            headers.insert(ACCEPT, value.parse().unwrap());
        }
        let it = Accepts::read(&headers);
        (it.json, it.sse)
    }

    #[test]
    fn every_way_to_say_it() {
        assert_eq!(accepts(None), (true, true));
        assert_eq!(accepts(Some("*/*")), (true, true));
        assert_eq!(
            accepts(Some("application/json, text/event-stream")),
            (true, true)
        );
        assert_eq!(accepts(Some("Application/JSON;q=0.9")), (true, false));
        assert_eq!(
            accepts(Some("text/event-stream, application/json;q=0")),
            (false, true)
        );
        assert_eq!(accepts(Some("text/html, application/xml")), (false, false));
    }
}
