//! How an event is named to the client.

use std::fmt;
use std::num::NonZeroU32;

/// The number of a stream within its session, from 1 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamNo(NonZeroU32);

impl StreamNo {
    /// The first stream.
    pub const FIRST: Self = Self(NonZeroU32::MIN);

    /// The last number. A session that comes to it has had four thousand million streams.
    pub const LAST: Self = Self(NonZeroU32::MAX);

    /// The stream of this number. `None` for 0.
    pub fn new(number: u32) -> Option<Self> {
        NonZeroU32::new(number).map(Self)
    }

    /// The number after this one; the last one again after the last.
    pub(super) fn after(number: u32) -> Self {
        Self(NonZeroU32::MIN.saturating_add(number))
    }

    /// The number.
    pub fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for StreamNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The `id` of an event: its stream and its number there, such as `3-17`.
///
/// It names an event within one session and says nothing to anybody else's. `3-0` is the
/// start of a stream, before its first event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventId {
    /// The stream.
    pub stream: StreamNo,
    /// The sequence number, from 1 on; 0 before the first event.
    pub seq: u64,
}

impl EventId {
    /// Reads an id as this server writes it; anything else names no event.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (stream, seq) = std::str::from_utf8(text).ok()?.split_once('-')?;
        Some(Self {
            stream: StreamNo::new(number(stream)?.try_into().ok()?)?,
            seq: number(seq)?,
        })
    }
}

/// Reads a number in the one way in which it is written: digits, and no zero before others.
fn number(text: &str) -> Option<u64> {
    let is_plain = match text.as_bytes() {
        b"0" => true,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if is_plain { text.parse().ok() } else { None }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.stream, self.seq)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_nearly_an_id_is_none() {
        for good in ["1-0", "3-17", "4294967295-18446744073709551615"] {
            assert!(EventId::parse(good.as_bytes()).is_some(), "{good}");
        }
        for bad in [
            "",
            "-",
            "1",
            "1-",
            "-1",
            "0-1",
            "01-1",
            "1-01",
            "1-00",
            "+1-1",
            "1-+1",
            "1--1",
            " 1-1",
            "1-1 ",
            "1-1\n",
            "1-1-1",
            "1_1",
            "0x1-1",
            "١-١",
            "4294967296-1",
            "1-18446744073709551616",
        ] {
            assert_eq!(EventId::parse(bad.as_bytes()), None, "{bad:?}");
        }
        assert_eq!(EventId::parse(b"1-\xff"), None);
    }

    proptest! {
        #[test]
        fn an_id_is_read_back_as_it_was_written(stream in 1..=u32::MAX, seq: u64) {
            let id = EventId { stream: StreamNo::new(stream).unwrap(), seq };
            let text = id.to_string();
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{}", text);
            prop_assert_eq!(EventId::parse(text.as_bytes()), Some(id));
        }

        #[test]
        fn what_is_read_would_be_written_so(text in "[-+0-9 ]{0,24}") {
            if let Some(id) = EventId::parse(text.as_bytes()) {
                prop_assert_eq!(id.to_string(), text);
            }
        }

        #[test]
        fn any_bytes_are_read_without_harm(bytes: Vec<u8>) {
            if let Some(id) = EventId::parse(&bytes) {
                let text = id.to_string();
                prop_assert_eq!(text.as_bytes(), bytes);
            }
        }
    }
}
