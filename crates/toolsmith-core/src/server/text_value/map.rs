//! Texts with names, read as the fields of an object.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};

use super::{TextError, TextValue};

/// Names with texts, in order, read as a map.
#[derive(Clone, Debug)]
pub(crate) struct TextMap<'a, I> {
    entries: I,
    /// The value of the key that was read last.
    value: Option<TextValue<'a>>,
}

impl<'a, I: Iterator<Item = (&'a str, TextValue<'a>)>> TextMap<'a, I> {
    pub(crate) fn new(entries: impl IntoIterator<IntoIter = I>) -> Self {
        Self {
            entries: entries.into_iter(),
            value: None,
        }
    }
}

impl<'de, I: Iterator<Item = (&'de str, TextValue<'de>)>> MapAccess<'de> for TextMap<'de, I> {
    type Error = TextError;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, TextError> {
        let Some((name, value)) = self.entries.next() else {
            return Ok(None);
        };
        self.value = Some(value);
        seed.deserialize(BorrowedStrDeserializer::new(name))
            .map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, TextError> {
        let value = self.value.take();
        seed.deserialize(value.ok_or_else(|| TextError::custom("a value was read before its key"))?)
    }

    fn size_hint(&self) -> Option<usize> {
        match self.entries.size_hint() {
            (low, Some(high)) if low == high => Some(high),
            _ => None,
        }
    }
}

impl<'de, I: Iterator<Item = (&'de str, TextValue<'de>)>> Deserializer<'de> for TextMap<'de, I> {
    type Error = TextError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
        visitor.visit_map(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        option unit unit_struct newtype_struct seq tuple tuple_struct map struct enum
        identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::super::TextMap;
    use super::*;
    use crate::protocol::UriTemplate;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Note {
        id: u64,
        path: Vec<String>,
        draft: Option<bool>,
    }

    fn read(uri: &str) -> Result<Note, String> {
        let template = UriTemplate::parse("n://{id}{/path*}{?draft,more}").unwrap();
        let found = template.matches(uri).unwrap();
        let map = TextMap::new(found.iter().map(|(name, value)| (name, value.into())));
        Note::deserialize(map).map_err(|error| error.to_string())
    }

    #[test]
    fn variables_of_a_uri_are_fields() {
        let path = vec!["a".to_owned(), "b,c".to_owned()];
        let (id, draft) = (7, Some(true));
        assert_eq!(
            read("n://7/a/b%2Cc?draft=true"),
            Ok(Note { id, path, draft })
        );
        let error = read("n://x/a").unwrap_err();
        assert_eq!(
            error,
            "expected an integer that is not negative, got the string \"x\""
        );
        assert_eq!(read("n://7").unwrap_err(), "`path` is missing");
        let error = read("n://7/a?draft=true&draft=false").unwrap_err();
        assert_eq!(error, "expected one value, got 2");
        let error = read("n://7/a?more=1").unwrap_err();
        assert!(error.contains("unknown field `more`"), "{error}");
    }

    #[test]
    fn a_map_has_names_in_order_and_says_how_many() {
        let entries = [("b", TextValue::One("1")), ("a", TextValue::One("2"))];
        let mut map = TextMap::new(entries);
        assert_eq!(map.size_hint(), Some(2));
        assert_eq!(map.next_entry::<&str, u8>(), Ok(Some(("b", 1))));
        assert_eq!(map.next_entry::<String, f64>(), Ok(Some(("a".into(), 2.0))));
        assert_eq!(map.next_key::<&str>(), Ok(None));
        assert!(map.next_value::<&str>().is_err());
    }
}
