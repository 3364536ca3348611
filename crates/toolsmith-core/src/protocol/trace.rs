//! The trace that a request is a part of.

/// The length of a `traceparent` of version 00: `00-<trace id>-<parent id>-<flags>`.
const PARENT_LEN: usize = 55;
/// The longest `tracestate` that is kept, in bytes: what W3C asks everyone to carry.
const MAX_STATE: usize = 512;
/// The longest `baggage` that is kept, in bytes: what W3C asks everyone to carry.
const MAX_BAGGAGE: usize = 8192;

/// The trace that a request is a part of, as W3C Trace Context and W3C Baggage write it.
///
/// A client sends it in `_meta` (revision 2026-07-28, `basic/index`). It says how the
/// client's own trace goes on here and is not verified. All its parts are visible ASCII and
/// spaces, so they can be put into header fields and logs as they are.
///
/// ```
/// use toolsmith_core::protocol::TraceContext;
///
/// let parent = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";
/// let trace = TraceContext::read(Some(parent), None, None).unwrap();
/// assert_eq!(trace.trace_id(), "0af7651916cd43dd8448eb211c80319c");
/// assert_eq!(trace.parent_id(), "00f067aa0ba902b7");
/// assert!(trace.is_sampled());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// Always as version 00 writes it.
    traceparent: Box<str>,
    tracestate: Option<Box<str>>,
    baggage: Option<Box<str>>,
}

impl TraceContext {
    /// Reads the three fields as they came.
    ///
    /// `None` without a valid `traceparent`, which is what W3C asks for: the others mean
    /// nothing then, and the request is served as if it had come without a trace. A
    /// `tracestate` over 512 bytes and a `baggage` over 8192 are left out, and so is one
    /// that is empty or holds anything but visible ASCII and spaces.
    pub fn read(
        traceparent: Option<&str>,
        tracestate: Option<&str>,
        baggage: Option<&str>,
    ) -> Option<TraceContext> {
        Some(TraceContext {
            traceparent: parent(traceparent?)?,
            tracestate: kept(tracestate, MAX_STATE),
            baggage: kept(baggage, MAX_BAGGAGE),
        })
    }

    /// The `traceparent`, 55 characters of version 00.
    ///
    /// One of a later version is written as version 00, with what that has of it.
    pub fn traceparent(&self) -> &str {
        &self.traceparent
    }

    /// The `tracestate`.
    pub fn tracestate(&self) -> Option<&str> {
        self.tracestate.as_deref()
    }

    /// The `baggage`. Who sent it can have written anything into it.
    pub fn baggage(&self) -> Option<&str> {
        self.baggage.as_deref()
    }

    /// The id of the whole trace: 32 lower-case hexadecimal digits.
    pub fn trace_id(&self) -> &str {
        &self.traceparent[3..35]
    }

    /// The id of the caller's own step: 16 lower-case hexadecimal digits.
    pub fn parent_id(&self) -> &str {
        &self.traceparent[36..52]
    }

    /// Whether the caller may have recorded its part.
    pub fn is_sampled(&self) -> bool {
        sampled(&self.traceparent)
    }
}

/// A `traceparent` as version 00 writes it, when it is valid.
///
/// Implements "Versioning of traceparent" of W3C Trace Context: of a later version the known
/// fields are taken, and whatever follows them behind a dash is left.
fn parent(text: &str) -> Option<Box<str>> {
    let (known, more) = text.split_at_checked(PARENT_LEN)?;
    let fits = known.bytes().enumerate().all(|(at, byte)| match at {
        2 | 35 | 52 => byte == b'-',
        _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    });
    let nothing = |id: &str| id.bytes().all(|digit| digit == b'0');
    if !fits || nothing(&known[3..35]) || nothing(&known[36..52]) {
        return None;
    }
    match &known[..2] {
        "ff" => None,
        "00" => more.is_empty().then(|| known.into()),
        _ if !more.is_empty() && !more.starts_with('-') => None,
        _ => {
            let flags = if sampled(known) { "01" } else { "00" };
            Some(format!("00{}{flags}", &known[2..53]).into())
        }
    }
}

/// The one flag that all versions have.
fn sampled(parent: &str) -> bool {
    u8::from_str_radix(&parent[53..PARENT_LEN], 16).is_ok_and(|flags| flags & 1 == 1)
}

/// A field that is carried along unread.
fn kept(field: Option<&str>, max: usize) -> Option<Box<str>> {
    field
        .filter(|text| !text.is_empty() && text.len() <= max)
        .filter(|text| text.bytes().all(|byte| matches!(byte, b' '..=b'~')))
        .map(Into::into)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "0af7651916cd43dd8448eb211c80319c";
    const STEP: &str = "00f067aa0ba902b7";

    fn read(parent: &str) -> Option<TraceContext> {
        TraceContext::read(Some(parent), None, None)
    }

    #[test]
    fn valid_parents_are_read() {
        let rows = [
            // What comes, what is kept, whether it is sampled.
            (format!("00-{ID}-{STEP}-01"), "00", "01", true),
            (format!("00-{ID}-{STEP}-00"), "00", "00", false),
            // Unknown flags do not count, and 00 keeps them.
            (format!("00-{ID}-{STEP}-02"), "00", "02", false),
            (format!("00-{ID}-{STEP}-ff"), "00", "ff", true),
            (format!("00-{ID}-{STEP}-0a"), "00", "0a", false),
            (format!("00-{ID}-{STEP}-0b"), "00", "0b", true),
            // Later versions, as long as 00 and longer.
            (format!("01-{ID}-{STEP}-01"), "00", "01", true),
            (
                format!("cc-{ID}-{STEP}-03-what-the-future"),
                "00",
                "01",
                true,
            ),
            (format!("fe-{ID}-{STEP}-02-"), "00", "00", false),
            (format!("01-{ID}-{STEP}-01-äöü"), "00", "01", true),
        ];
        for (text, version, flags, sampled) in rows {
            let Some(trace) = read(&text) else {
                panic!("{text} was not read");
            };
            assert_eq!(trace.trace_id(), ID, "{text}");
            assert_eq!(trace.parent_id(), STEP, "{text}");
            assert_eq!(trace.is_sampled(), sampled, "{text}");
            let kept = format!("{version}-{ID}-{STEP}-{flags}");
            assert_eq!(trace.traceparent(), kept, "{text}");
        }
    }

    #[test]
    fn other_parents_are_ignored() {
        let zeros = "0".repeat(32);
        let rows = [
            ("empty", String::new()),
            ("no trace", format!("00-{zeros}-{STEP}-01")),
            ("no parent", format!("00-{ID}-{}-01", &zeros[..16])),
            ("no trace, later", format!("01-{zeros}-{STEP}-01")),
            ("version ff", format!("ff-{ID}-{STEP}-01")),
            ("version ff, longer", format!("ff-{ID}-{STEP}-01-more")),
            ("longer than 00 is", format!("00-{ID}-{STEP}-01-more")),
            (
                "longer than 00 is, by a dash",
                format!("00-{ID}-{STEP}-01-"),
            ),
            ("flags of three digits", format!("01-{ID}-{STEP}-011")),
            ("too short", format!("00-{ID}-{STEP}-0")),
            ("no flags", format!("00-{ID}-{STEP}")),
            ("capitals", format!("00-{}-{STEP}-01", ID.to_uppercase())),
            ("capitals in the version", format!("0A-{ID}-{STEP}-01")),
            ("capitals in the flags", format!("00-{ID}-{STEP}-0A")),
            ("no digit", format!("00-{}g-{STEP}-01", &ID[1..])),
            ("no digit in the version", format!("0x-{ID}-{STEP}-01")),
            ("a sign in the flags", format!("00-{ID}-{STEP}-+1")),
            ("other dashes", format!("00_{ID}_{STEP}_01")),
            (
                "the dash in another place",
                format!("00-{ID}{}-{}-01", 'a', &STEP[1..]),
            ),
            ("space before", format!(" 00-{ID}-{STEP}-01")),
            ("space after", format!("00-{ID}-{STEP}-01 ")),
            ("a line end after", format!("01-{ID}-{STEP}-01\n")),
            ("not ASCII", format!("00-{ID}-{STEP}-ä")),
            ("not ASCII at the end of 00", format!("00-{ID}-{STEP}-0ä")),
        ];
        for (what, text) in rows {
            assert_eq!(read(&text), None, "{what}: {text}");
        }
        assert_eq!(TraceContext::read(None, Some("a=b"), Some("c=d")), None);
    }

    #[test]
    fn the_other_fields_are_kept_when_they_can_be() {
        let parent = format!("00-{ID}-{STEP}-01");
        let (state, baggage) = ("a".repeat(MAX_STATE), "a".repeat(MAX_BAGGAGE));
        let rows = [
            ("usual", "congo=t61rcWkgMzE,rojo=1", true),
            ("space", "a=1 , b=2;c", true),
            ("the longest", "", true),
            ("one too long", "", false),
            ("empty", "", false),
            ("a line end", "a=1\r\nX-Evil: 1", false),
            ("a tab", "a=1,\tb=2", false),
            ("zero", "a=\0", false),
            ("delete", "a=\x7f", false),
            ("not ASCII", "a=ä", false),
            ("a control character that is not ASCII", "a=\u{85}", false),
        ];
        for (what, text, stays) in rows {
            let (state, baggage) = match what {
                "the longest" => (state.clone(), baggage.clone()),
                "one too long" => (format!("{state}a"), format!("{baggage}a")),
                _ => (text.to_owned(), text.to_owned()),
            };
            let trace = TraceContext::read(Some(&parent), Some(&state), Some(&baggage));
            let Some(trace) = trace else {
                panic!("{what}: a good parent was ignored");
            };
            assert_eq!(trace.tracestate(), stays.then_some(&*state), "{what}");
            assert_eq!(trace.baggage(), stays.then_some(&*baggage), "{what}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_does_not_panic(text: String, near in "[0-9a-f-]{50,60}") {
            let _ = read(&text);
            let _ = read(&near);
            let _ = read(&format!("01-{ID}-{STEP}-{text}"));
        }

        #[test]
        fn what_is_kept_is_read_again_as_the_same(
            parent in "[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-.{0,9})?",
        ) {
            let Some(trace) = read(&parent) else { return Ok(()) };
            prop_assert_eq!(read(trace.traceparent()), Some(trace.clone()));
            prop_assert!(parent.contains(trace.trace_id()) && parent.contains(trace.parent_id()));
        }
    }
}
