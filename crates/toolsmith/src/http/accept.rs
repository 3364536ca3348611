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
    /// Reads `Accept`. A client that says nothing, or names nothing, accepts
    /// everything.
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let fields = headers.get_all(ACCEPT).iter();
        // A field that cannot be read says something, and names nothing.
        let ranges = fields.flat_map(|f| f.to_str().unwrap_or("unreadable").split(','));
        let mut ranges = ranges.filter(|r| !r.trim().is_empty()).peekable();
        let unsaid = if ranges.peek().is_none() {
            WIDEST
        } else {
            None
        };
        let (mut json, mut sse) = (unsaid, unsaid);
        for range in ranges.map(Range::read) {
            range.narrow(&mut json, "application", "application/json");
            range.narrow(&mut sse, "text", "text/event-stream");
        }
        let accepted = |said: Said| said.is_some_and(|(_, accepted)| accepted);
        Self {
            json: accepted(json),
            sse: accepted(sse),
        }
    }

    /// Whether nothing that is served is accepted.
    pub(super) fn nothing(self) -> bool {
        !self.json && !self.sse
    }
}

/// What was said of a form so far: by how narrow a range, and whether it is accepted.
type Said = Option<(u8, bool)>;
/// What a client says that says nothing.
const WIDEST: Said = Some((0, true));

/// One range of `Accept`.
struct Range<'a> {
    media: &'a str,
    accepted: bool,
}

impl<'a> Range<'a> {
    fn read(range: &'a str) -> Self {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default();
        let refused = parts.any(|p| {
            let weight = p.strip_prefix("q=").or_else(|| p.strip_prefix("Q="));
            weight.is_some_and(|q| q.parse() == Ok(0.0f32))
        });
        Self {
            media,
            accepted: !refused,
        }
    }

    /// The narrowest range that covers a form decides on it (RFC 9110, 12.5.1).
    fn narrow(&self, said: &mut Said, kind: &str, form: &str) {
        let is = |name: &str| self.media.eq_ignore_ascii_case(name);
        let all_of_kind = self.media.strip_suffix("/*");
        let narrowness = if is(form) {
            2
        } else if all_of_kind.is_some_and(|k| k.eq_ignore_ascii_case(kind)) {
            1
        } else if is("*/*") {
            0
        } else {
            return;
        };
        if said.is_none_or(|(before, _)| narrowness >= before) {
            *said = Some((narrowness, self.accepted));
        }
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
        assert_eq!(accepts(Some("")), (true, true));
        assert_eq!(accepts(Some(" , ")), (true, true));
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
        assert_eq!(
            accepts(Some("application/json;q=0, */*, text/*;q=0")),
            (false, false)
        );
        assert_eq!(
            accepts(Some("text/event-stream, text/*;q=0")),
            (false, true)
        );
    }
}
