//! A URI as characters, with a mark on those that were percent-encoded.

/// A character of a URI.
///
/// Whoever splits a URI between units splits no percent-encoding and no character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) ch: char,
    pub(super) encoded: bool,
}

impl Unit {
    /// Whether it is this delimiter. An encoded character delimits nothing.
    pub(super) fn is(self, delimiter: char) -> bool {
        !self.encoded && self.ch == delimiter
    }

    /// Whether it is a delimiter of any kind.
    pub(super) fn is_delimiter(self) -> bool {
        !self.encoded && is_reserved(self.ch)
    }

    /// Whether it is any of these delimiters.
    pub(super) fn is_any(self, delimiters: &str) -> bool {
        !self.encoded && delimiters.contains(self.ch)
    }

    /// Whether it means the same in a URI: encoding makes a difference to reserved
    /// characters only.
    pub(super) fn means(self, other: Unit) -> bool {
        self.ch == other.ch && (self.encoded == other.encoded || !is_reserved(self.ch))
    }
}

/// The text of units.
pub(super) fn text(units: &[Unit]) -> String {
    units.iter().map(|unit| unit.ch).collect()
}

/// Reads the characters, or says at which byte there is an encoding that is broken, that
/// is not UTF-8, or a NUL.
pub(super) fn read(text: &str) -> Result<Vec<Unit>, usize> {
    let mut units = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(ch) = text[at..].chars().next() {
        let (ch, len) = match ch {
            '%' => decoded(&text.as_bytes()[at..]).ok_or(at)?,
            ch => (ch, ch.len_utf8()),
        };
        if ch == '\0' {
            return Err(at);
        }
        // A raw character has at most four bytes, an encoded one three for each of its own.
        let encoded = len > ch.len_utf8();
        units.push(Unit { ch, encoded });
        at += len;
    }
    Ok(units)
}

/// The character that bytes begin with in percent-encoding, and how many bytes that takes.
fn decoded(bytes: &[u8]) -> Option<(char, usize)> {
    let len = match octet(bytes)? {
        0x00..=0x7f => 1,
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf7 => 4,
        _ => return None,
    };
    let mut octets = [0; 4];
    for (index, into) in octets.iter_mut().take(len).enumerate() {
        *into = octet(bytes.get(index * 3..)?)?;
    }
    let ch = std::str::from_utf8(&octets[..len]).ok()?.chars().next()?;
    Some((ch, len * 3))
}

/// The octet that bytes begin with, if they begin with `%` and two hexadecimal digits.
pub(super) fn octet(bytes: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = bytes else {
        return None;
    };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
}

/// The characters that may delimit something in a URI. RFC 3986, section 2.2.
pub(super) fn is_reserved(ch: char) -> bool {
    ":/?#[]@!$&'()*+,;=".contains(ch)
}

/// The characters that never do. RFC 3986, section 2.3.
pub(super) fn is_unreserved(ch: char) -> bool {
    ch.is_ascii_alphanumeric() || "-._~".contains(ch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_read_whole_however_they_are_encoded() {
        let units = read("aé%C3%A9%e2%82%ac%F0%9F%A6%80/%2f").unwrap();
        assert_eq!(text(&units), "aéé€🦀//");
        let encoded: Vec<bool> = units.iter().map(|unit| unit.encoded).collect();
        assert_eq!(encoded, [false, false, true, true, true, false, true]);
        assert!(units[1].means(units[2]) && !units[5].means(units[6]));
    }

    #[test]
    fn what_is_no_utf_8_has_a_place() {
        for (bad, at) in [
            ("%", 0),
            ("ab%4", 2),
            ("%zz", 0),
            ("%+1", 0),
            ("a%C3", 1),
            ("a%C3x%A9", 1),
            ("%C3é", 0),
            ("%A9", 0),
            ("%C0%80", 0),
            ("%ED%A0%80", 0),
            ("%F8%88%80%80%80", 0),
            ("a%00", 1),
            ("ab\0", 2),
        ] {
            assert_eq!(read(bad), Err(at), "{bad:?}");
        }
    }
}
