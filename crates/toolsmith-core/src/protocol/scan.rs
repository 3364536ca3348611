//! Where the parts of JSON text are, found in one pass.
//!
//! A message is read by this for as long as it is what clients send. What is not taken, be
//! it wrong or only rare (an escape in a name), is `None`, and is left to a general reader,
//! which says what is the matter. So nothing here has to.

use super::nesting::MAX_DEPTH;
use super::special::plain_len;

/// Reads on from a place in a text.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    /// From the beginning.
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Enters an object and gives each of its members to `member`, which reads the value.
    pub(super) fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, &'a str) -> Option<()>,
    ) -> Option<()> {
        self.token(b'{')?;
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            let name = self.string()?;
            self.token(b':')?;
            member(self, name)?;
            match self.next()? {
                b',' => {}
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    /// A string without escapes.
    pub(super) fn string(&mut self) -> Option<&'a str> {
        self.token(b'"')?;
        let begin = self.at;
        match self.skip_to_special()? {
            b'"' => self.text.get(begin..self.at - 1),
            _ => None,
        }
    }

    /// Whether the next value is `null`, or nothing that is known.
    pub(super) fn is_null(&mut self) -> bool {
        self.peek() == Some(b'n')
    }

    /// A string without escapes, or `null`.
    pub(super) fn string_or_null(&mut self) -> Option<Option<&'a str>> {
        match self.peek()? {
            b'n' => self.literal("null").map(|()| None),
            _ => self.string().map(Some),
        }
    }

    /// Any value, as it stands in the text; `None` inside for `null`.
    pub(super) fn value_or_null(&mut self) -> Option<Option<&'a str>> {
        let value = self.value()?;
        Some((value != "null").then_some(value))
    }

    /// Any value, as it stands in the text.
    pub(super) fn value(&mut self) -> Option<&'a str> {
        self.peek()?;
        let begin = self.at;
        self.skip()?;
        self.text.get(begin..self.at)
    }

    /// Nothing but white space is left.
    pub(super) fn end(mut self) -> Option<()> {
        match self.peek() {
            None => Some(()),
            Some(_) => None,
        }
    }

    /// Passes a value by.
    fn skip(&mut self) -> Option<()> {
        // Which of the values that are open are objects, the innermost in the lowest bit.
        let (mut objects, mut depth) = (0u128, 0usize);
        loop {
            match self.next()? {
                open @ (b'{' | b'[') => {
                    depth += 1;
                    if depth > MAX_DEPTH {
                        return None;
                    }
                    let is_object = open == b'{';
                    objects = objects << 1 | u128::from(is_object);
                    if self.peek()? == open + 2 {
                        self.at += 1;
                        depth -= 1;
                        objects >>= 1;
                    } else {
                        if is_object {
                            self.name()?;
                        }
                        continue;
                    }
                }
                b'"' => self.rest_of_string()?,
                b't' => self.rest("rue")?,
                b'f' => self.rest("alse")?,
                b'n' => self.rest("ull")?,
                first => self.rest_of_number(first)?,
            }
            // Behind a value.
            loop {
                if depth == 0 {
                    return Some(());
                }
                match (self.next()?, objects & 1 == 1) {
                    (b',', false) => break,
                    (b',', true) => {
                        self.name()?;
                        break;
                    }
                    (b'}', true) | (b']', false) => {
                        depth -= 1;
                        objects >>= 1;
                    }
                    _ => return None,
                }
            }
        }
    }

    /// The name of a member, and the colon.
    fn name(&mut self) -> Option<()> {
        self.token(b'"')?;
        self.rest_of_string()?;
        self.token(b':')
    }

    fn literal(&mut self, text: &str) -> Option<()> {
        self.peek()?;
        self.rest(text)
    }

    fn rest(&mut self, text: &str) -> Option<()> {
        let rest = self.text.as_bytes().get(self.at..)?;
        rest.starts_with(text.as_bytes()).then_some(())?;
        self.at += text.len();
        Some(())
    }

    fn rest_of_string(&mut self) -> Option<()> {
        loop {
            if self.skip_to_special()? == b'"' {
                return Some(());
            }
            // A backslash.
            let bytes = self.text.as_bytes();
            match bytes.get(self.at)? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 1,
                b'u' => {
                    let digits = bytes.get(self.at + 1..self.at + 5)?;
                    digits.iter().all(u8::is_ascii_hexdigit).then_some(())?;
                    self.at += 5;
                }
                _ => return None,
            }
        }
    }

    fn rest_of_number(&mut self, first: u8) -> Option<()> {
        let first = if first == b'-' { self.byte()? } else { first };
        match first {
            b'0' => {}
            b'1'..=b'9' => self.digits(),
            _ => return None,
        }
        let rest = &self.text.as_bytes()[self.at..];
        if rest.first() == Some(&b'.') {
            self.at += 1;
            self.digit()?;
        }
        let rest = &self.text.as_bytes()[self.at..];
        if let Some(b'e' | b'E') = rest.first() {
            let signed = matches!(rest.get(1), Some(b'+' | b'-'));
            self.at += 1 + usize::from(signed);
            self.digit()?;
        }
        Some(())
    }

    /// At least one digit.
    fn digit(&mut self) -> Option<()> {
        self.byte()?.is_ascii_digit().then_some(())?;
        self.digits();
        Some(())
    }

    fn digits(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    }

    /// Goes on behind the next quote or backslash of a string, which it gives. A control
    /// character must not stand in one.
    fn skip_to_special(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        self.at += plain_len(bytes.get(self.at..)?);
        match self.byte()? {
            special @ (b'"' | b'\\') => Some(special),
            _ => None,
        }
    }

    fn token(&mut self, token: u8) -> Option<()> {
        (self.next()? == token).then_some(())
    }

    /// The next byte that is no white space.
    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    pub(super) fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        loop {
            match *bytes.get(self.at)? {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.text.as_bytes().get(self.at)?;
        self.at += 1;
        Some(byte)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::*;

    fn value(text: &str) -> Option<&str> {
        let mut scanner = Scanner::new(text);
        let value = scanner.value()?;
        scanner.end()?;
        Some(value)
    }

    fn is_json(text: &str) -> bool {
        serde_json::from_str::<&RawValue>(text).is_ok()
    }

    #[test]
    fn what_is_json_is_taken_and_nothing_else_is() {
        for json in [
            "null",
            "true",
            "false",
            "0",
            "-0",
            "12",
            "-1.50",
            "1e9",
            "1E+9",
            "0.1e-9",
            "\"\"",
            "\"a\\\"b\\\\\\u00e9\\n\"",
            "[]",
            "{}",
            "[1, [2], {\"a\": []}]",
            " {\"a\" : 1 , \"b\":{}} ",
            "\"longer than eight bytes, with a quote \\\" in it\"",
            "\"\u{7f}é\u{2028}\"",
        ] {
            assert!(is_json(json), "{json}");
            assert_eq!(value(json), Some(json.trim()), "{json}");
        }
        for wrong in [
            "",
            "nul",
            "nulll",
            "01",
            "1.",
            ".5",
            "+1",
            "1e",
            "-",
            "1 2",
            "[1,]",
            "[,1]",
            "{,}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{1:2}",
            "[1}",
            "{\"a\":1]",
            "\"",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"\n\"",
            "\"eight by\u{1}tes\"",
            "[",
            "{",
            "]",
            "'a'",
            "\u{a0}1",
        ] {
            assert!(!is_json(wrong), "{wrong}");
            assert_eq!(value(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(value(&nested(128)).is_some());
        assert!(value(&nested(129)).is_none());
        assert!(value(&"{\"a\":".repeat(100_000)).is_none());
    }

    #[test]
    fn members_come_one_by_one() {
        let mut scanner = Scanner::new(r#" { "a": 1, "b" : "text", "c": null,"d":[ {} ] } "#);
        let mut seen = Vec::new();
        let read = scanner.object(|scanner, name| {
            let value = match name {
                "b" => scanner.string_or_null()?,
                _ => scanner.value_or_null()?,
            };
            seen.push((name, value));
            Some(())
        });
        assert_eq!(read.and_then(|()| scanner.end()), Some(()));
        let expected = [
            ("a", Some("1")),
            ("b", Some("text")),
            ("c", None),
            ("d", Some("[ {} ]")),
        ];
        assert_eq!(seen, expected);
    }

    proptest! {
        /// Texts that are nearly JSON: made of its pieces, in any order.
        #[test]
        fn it_agrees_with_a_library(pieces in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"", "\"a\"", "\"b\":", "\\", "\\u", "00e9", "1", "0", "-",
            ".", "e", "+", "true", "null", "false", " ", "\n", "é", "\u{1}", "12345678",
        ]), 0..24)) {
            let text = pieces.concat();
            prop_assert_eq!(value(&text).is_some(), is_json(&text), "{:?}", text);
        }

        #[test]
        fn it_takes_every_value(value_of in any_json()) {
            let text = value_of.to_string();
            prop_assert_eq!(value(&text), Some(&*text));
            let pretty = serde_json::to_string_pretty(&value_of).unwrap();
            prop_assert_eq!(value(&pretty), Some(&*pretty));
        }
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            ".*".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::hash_map(".*", inner, 0..6)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }
}
