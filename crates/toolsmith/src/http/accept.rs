//! What a client accepts, and what it sends.

use super::fields::{Fields, text};
use crate::protocol::HeaderField;

/// What the protocol asks clients to send, which nearly all of them do word for word.
const COMMON: &[u8] = b"application/json, text/event-stream";
const JSON: &str = "application/json";
const SSE: &str = "text/event-stream";

/// The forms that a client accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Accepts {
    pub(super) json: bool,
    pub(super) sse: bool,
    /// It would rather read events: it gives them more weight, or the same and names them
    /// first.
    pub(super) rather_sse: bool,
}

impl Accepts {
    /// Reads `Accept`. A client that says nothing, or names nothing, accepts
    /// everything.
    pub(super) fn read(fields: &Fields<'_>) -> Self {
        if fields.accept().eq([COMMON]) {
            return Self {
                json: true,
                sse: true,
                rather_sse: false,
            };
        }
        // A field that cannot be read says something, and names nothing.
        let text = |field| std::str::from_utf8(field).unwrap_or("unreadable");
        let ranges = fields.accept().flat_map(|field| text(field).split(','));
        let mut ranges = ranges.filter(|r| !r.trim().is_empty()).peekable();
        let unsaid = if ranges.peek().is_none() {
            WIDEST
        } else {
            None
        };
        let (mut json, mut sse) = (unsaid, unsaid);
        for (place, range) in ranges.enumerate() {
            let range = Range::read(range, place);
            range.narrow(&mut json, "application", JSON);
            range.narrow(&mut sse, "text", SSE);
        }
        let rank = |said: Said| said.filter(|it| it.weight > 0.0);
        Self {
            json: rank(json).is_some(),
            sse: rank(sse).is_some(),
            rather_sse: match (rank(json), rank(sse)) {
                (Some(json), Some(sse)) => {
                    sse.weight > json.weight
                        || (sse.weight == json.weight && sse.place < json.place)
                }
                (json, sse) => json.is_none() && sse.is_some(),
            },
        }
    }

    /// Whether nothing that is served is accepted.
    pub(super) fn nothing(self) -> bool {
        !self.json && !self.sse
    }
}

/// What was said of a form so far.
type Said = Option<Word>;
/// What a client says that says nothing.
const WIDEST: Said = Some(Word {
    narrowness: 0,
    weight: 1.0,
    place: 0,
});

/// What one range says of a form.
#[derive(Clone, Copy)]
struct Word {
    narrowness: u8,
    /// From 0, which refuses it, to 1.
    weight: f32,
    /// Which of the ranges it was.
    place: usize,
}

/// One range of `Accept`.
struct Range<'a> {
    media: &'a str,
    weight: f32,
    place: usize,
}

impl<'a> Range<'a> {
    fn read(range: &'a str, place: usize) -> Self {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default();
        let weight = parts.find_map(|p| p.strip_prefix("q=").or_else(|| p.strip_prefix("Q=")));
        // A weight that cannot be read refuses nothing.
        let weight = weight.and_then(|q| q.parse().ok()).unwrap_or(1.0);
        Self {
            media,
            weight,
            place,
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
        if said.is_none_or(|before| narrowness >= before.narrowness) {
            *said = Some(Word {
                narrowness,
                weight: self.weight,
                place: self.place,
            });
        }
    }
}

/// Whether a body says that it is JSON.
pub(super) fn is_json(content_type: HeaderField<'_>) -> bool {
    if content_type == HeaderField::One(JSON.as_bytes()) {
        return true;
    }
    let media = text(content_type).and_then(|media| media.split(';').next());
    media.is_some_and(|media| media.trim().eq_ignore_ascii_case(JSON))
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http::header::ACCEPT;

    use super::*;

    fn read(value: Option<&'static str>) -> Accepts {
        let mut headers = HeaderMap::new();
        if let Some(value) = value {
            headers.insert(ACCEPT, value.parse().unwrap());
        }
        Accepts::read(&Fields::read(&headers))
    }

    fn accepts(value: Option<&'static str>) -> (bool, bool) {
        let it = read(value);
        (it.json, it.sse)
    }

    #[test]
    fn of_two_forms_the_client_says_which_it_would_rather_read() {
        for (value, rather_sse) in [
            (None, false),
            (Some("*/*"), false),
            (Some("application/json, text/event-stream"), false),
            (Some("text/event-stream, application/json"), true),
            (Some("text/event-stream;q=0.5, application/json"), false),
            (Some("application/json;q=0.5, text/event-stream"), true),
            (Some("text/event-stream, */*"), true),
            (Some("text/event-stream"), true),
            (Some("text/event-stream;q=0, application/json"), false),
            (Some("text/event-stream;q=much, application/json"), true),
        ] {
            assert_eq!(read(value).rather_sse, rather_sse, "{value:?}");
        }
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
