//! What each type makes of a text.

use serde::de::value::SeqDeserializer;
use serde::de::{Deserializer, Error as _, Expected, IntoDeserializer, Unexpected, Visitor};
use serde_json::de::StrRead;
use serde_path_to_error::Track;

use super::variant::NamedVariant;
use super::{TextError, TextValue};
use crate::server::handler::Misfit;

/// Reads JSON, and knows where it is.
type Json<'r, 't, 'de> =
    serde_path_to_error::Deserializer<'r, 't, &'r mut serde_json::Deserializer<StrRead<'de>>>;

impl<'de> TextValue<'de> {
    fn text(self) -> Result<&'de str, TextError> {
        match self {
            TextValue::One(text) => Ok(text),
            TextValue::Many([text]) => Ok(text),
            TextValue::Many([]) => Err(TextError::new("expected one value, got none".to_owned())),
            TextValue::Many(texts) => {
                let count = texts.len();
                Err(TextError::new(format!("expected one value, got {count}")))
            }
        }
    }

    fn integer<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
        let text = self.text()?;
        let digits = text.trim();
        if let Ok(integer) = digits.parse() {
            return visitor.visit_i64(integer);
        }
        if let Ok(integer) = digits.parse() {
            return visitor.visit_u64(integer);
        }
        Err(no_integer(text, &visitor))
    }

    /// The text is JSON, when a type wants more than text can be.
    fn json<T>(
        self,
        read: impl FnOnce(Json<'_, '_, 'de>) -> Result<T, serde_json::Error>,
    ) -> Result<T, TextError> {
        let text = self.text()?;
        if !is_object(text) {
            let got = Unexpected::Str(text);
            return Err(TextError::invalid_type(got, &"an object as JSON"));
        }
        let mut reader = serde_json::Deserializer::from_str(text);
        let mut track = Track::new();
        let value = read(Json::new(&mut reader, &mut track));
        let value = value.and_then(|value| reader.end().map(|()| value));
        value.map_err(|error| match error.is_data() {
            true => TextError(Misfit::at(&track.path(), &error.to_string())),
            false => TextError::new(format!("the JSON cannot be read: {error}")),
        })
    }
}

fn is_object(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// Says what a text is that is no integer of the kind that is wanted.
fn no_integer(text: &str, wanted: &dyn Expected) -> TextError {
    let digits = text.trim();
    let unsigned = digits.strip_prefix(['-', '+']).unwrap_or(digits);
    if !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        let got = format!("the integer {digits}");
        return TextError::invalid_value(Unexpected::Other(&got), wanted);
    }
    match digits.parse::<f64>() {
        Ok(number) if number.is_finite() => {
            TextError::invalid_type(Unexpected::Float(number), wanted)
        }
        _ => TextError::invalid_type(Unexpected::Str(text), wanted),
    }
}

macro_rules! integers {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
            self.integer(visitor)
        })*
    };
}

macro_rules! parsed {
    ($($method:ident $visit:ident $fits:expr;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
            let text = self.text()?;
            match text.trim().parse().ok().filter($fits) {
                Some(value) => visitor.$visit(value),
                None => Err(TextError::invalid_type(Unexpected::Str(text), &visitor)),
            }
        })*
    };
}

macro_rules! texts {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
            visitor.visit_borrowed_str(self.text()?)
        })*
    };
}

impl<'de> Deserializer<'de> for TextValue<'de> {
    type Error = TextError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
        match self {
            TextValue::One(text) => visitor.visit_borrowed_str(text),
            TextValue::Many(_) => self.deserialize_seq(visitor),
        }
    }

    integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
        let text = self.text()?;
        match text.trim().parse() {
            Ok(integer) => visitor.visit_i128(integer),
            Err(_) => Err(no_integer(text, &visitor)),
        }
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
        let text = self.text()?;
        match text.trim().parse() {
            Ok(integer) => visitor.visit_u128(integer),
            Err(_) => Err(no_integer(text, &visitor)),
        }
    }

    parsed! {
        deserialize_bool visit_bool |_| true;
        deserialize_f32 visit_f32 |number: &f32| number.is_finite();
        deserialize_f64 visit_f64 |number: &f64| number.is_finite();
    }

    texts! { deserialize_char deserialize_str deserialize_string deserialize_identifier }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
        visitor.visit_borrowed_bytes(self.text()?.as_bytes())
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
        visitor.visit_some(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
        match self.text()? {
            "" => visitor.visit_unit(),
            text => {
                let got = Unexpected::Str(text);
                Err(TextError::invalid_type(got, &"an empty text"))
            }
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, TextError> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, TextError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
        match self {
            TextValue::Many(texts) => seq(texts.iter().map(String::as_str), visitor),
            TextValue::One("") => seq(std::iter::empty(), visitor),
            TextValue::One(text) => seq(text.split(','), visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, TextError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, TextError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
        self.json(|reader| reader.deserialize_map(visitor))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TextError> {
        self.json(|reader| reader.deserialize_struct(name, fields, visitor))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TextError> {
        match self.text()? {
            text if is_object(text) => {
                self.json(|reader| reader.deserialize_enum(name, variants, visitor))
            }
            text => visitor.visit_enum(NamedVariant(text)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
        visitor.visit_unit()
    }
}

impl<'de> IntoDeserializer<'de, TextError> for TextValue<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// Reads a list, all of it.
fn seq<'de, V: Visitor<'de>>(
    texts: impl Iterator<Item = &'de str>,
    visitor: V,
) -> Result<V::Value, TextError> {
    let mut items = SeqDeserializer::new(texts.map(TextValue::One));
    let value = visitor.visit_seq(&mut items)?;
    items.end()?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde::de::{DeserializeOwned, IgnoredAny};
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Wrapped(i64);

    #[derive(Debug, PartialEq, Deserialize)]
    struct Nothing;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Point {
        x: i64,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Shape {
        Dot,
        Circle(f64),
        Box { side: u8 },
    }

    fn one<T: DeserializeOwned>(text: &str) -> Result<T, String> {
        T::deserialize(TextValue::One(text)).map_err(|error| error.to_string())
    }

    fn many<T: DeserializeOwned>(texts: &[&str]) -> Result<T, String> {
        let texts: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
        T::deserialize(TextValue::Many(&texts)).map_err(|error| error.to_string())
    }

    fn refused<T: DeserializeOwned + std::fmt::Debug>(text: &str) -> String {
        one::<T>(text).unwrap_err()
    }

    #[test]
    fn a_type_reads_the_text_as_what_it_is() {
        assert_eq!(one("-7"), Ok(-7i64));
        assert_eq!(one(" 255 "), Ok(255u8));
        assert_eq!(one("18446744073709551615"), Ok(u64::MAX));
        assert_eq!(one(&i128::MIN.to_string()), Ok(i128::MIN));
        assert_eq!(one(&u128::MAX.to_string()), Ok(u128::MAX));
        assert_eq!(one("0.1"), Ok(0.1f64));
        assert_eq!(one("1e3"), Ok(1000f32));
        assert_eq!(one("true"), Ok(true));
        assert_eq!(one("false"), Ok(false));
        assert_eq!(one("é"), Ok('é'));
        assert_eq!(one(" 7 "), Ok(" 7 ".to_owned()));
        assert_eq!(one(""), Ok(String::new()));
        assert_eq!(one("7"), Ok(json!("7")));
        assert_eq!(one("7"), Ok(Some(7)));
        assert_eq!(one(""), Ok(Some(String::new())));
        assert_eq!(one("7"), Ok(Wrapped(7)));
        assert_eq!(one(""), Ok(()));
        assert_eq!(one(""), Ok(Nothing));
        assert_eq!(one("dot"), Ok(Shape::Dot));
        assert!(one::<IgnoredAny>("x").is_ok());
        assert_eq!(<&str>::deserialize(TextValue::One("a")), Ok("a"));
    }

    #[test]
    fn a_list_is_several_texts_or_one_with_commas() {
        assert_eq!(one("1, 2,3"), Ok(vec![1, 2, 3]));
        assert_eq!(one("a"), Ok(vec!["a".to_owned()]));
        assert_eq!(one(""), Ok(Vec::<String>::new()));
        assert_eq!(one("a,"), Ok(vec!["a".to_owned(), String::new()]));
        assert_eq!(one("7,x"), Ok((7, "x".to_owned())));
        assert_eq!(many(&["a,b", "c"]), Ok(vec!["a,b".to_owned(), "c".into()]));
        assert_eq!(many(&["1", "2"]), Ok(Some([1, 2])));
        assert_eq!(many(&[]), Ok(Vec::<i64>::new()));
        assert_eq!(many(&["a", "b"]), Ok(json!(["a", "b"])));
        assert_eq!(many(&["a"]), Ok(json!(["a"])));
    }

    #[test]
    fn several_texts_are_one_value_only_where_there_is_one() {
        assert_eq!(many(&["7"]), Ok(7));
        assert_eq!(many(&["7"]), Ok("7".to_owned()));
        assert_eq!(many(&["dot"]), Ok(Shape::Dot));
        assert_eq!(many(&[r#"{"x":1}"#]), Ok(Point { x: 1 }));
        let texts = ["1", "2", "3"];
        for error in [
            many::<i64>(&texts).unwrap_err(),
            many::<String>(&texts).unwrap_err(),
            many::<Option<bool>>(&texts).unwrap_err(),
            many::<Shape>(&texts).unwrap_err(),
            many::<Point>(&texts).unwrap_err(),
        ] {
            assert_eq!(error, "expected one value, got 3");
        }
        let error = Err("expected one value, got none".to_owned());
        assert_eq!(many::<i64>(&[]), error);
    }

    #[test]
    fn an_object_is_json() {
        let text = r#" {"x": 1} "#;
        assert_eq!(one(text), Ok(Point { x: 1 }));
        assert_eq!(one(text), Ok(BTreeMap::from([("x".to_owned(), 1)])));
        assert_eq!(one(r#"{"circle": 1.5}"#), Ok(Shape::Circle(1.5)));
        assert_eq!(one(r#"{"box": {"side": 2}}"#), Ok(Shape::Box { side: 2 }));
    }

    #[test]
    fn plain_words_for_what_does_not_fit() {
        let long = "9".repeat(40);
        for (error, expected) in [
            (refused::<i64>("x"), "an integer, got the string \"x\""),
            (refused::<i64>(""), "an integer, got the string \"\""),
            (refused::<i64>("--1"), "an integer, got the string \"--1\""),
            (refused::<i64>("1.5"), "an integer, got the number 1.5"),
            (refused::<i64>("NaN"), "an integer, got the string \"NaN\""),
            (
                refused::<i64>("1 at line 2, expected"),
                "an integer, got the string \"1 at line 2, expected\"",
            ),
            (
                refused::<u8>("300"),
                "an integer from 0 to 255, got the integer 300",
            ),
            (
                refused::<u64>("-1"),
                "an integer that is not negative, got the integer -1",
            ),
            (
                refused::<u64>(&long),
                &format!("an integer that is not negative, got the integer {long}"),
            ),
            (
                refused::<u128>("-1"),
                "an integer that is not negative, got the integer -1",
            ),
            (refused::<f64>("x"), "a number, got the string \"x\""),
            (refused::<f64>("inf"), "a number, got the string \"inf\""),
            (refused::<f32>("1e99"), "a number, got the string \"1e99\""),
            (refused::<bool>("yes"), "a boolean, got the string \"yes\""),
            (
                refused::<bool>("True"),
                "a boolean, got the string \"True\"",
            ),
            (refused::<char>("ab"), "a character, got the string \"ab\""),
            (refused::<()>("x"), "an empty text, got the string \"x\""),
            (
                refused::<Vec<i64>>("1,,2"),
                "an integer, got the string \"\"",
            ),
            (
                refused::<Point>("x"),
                "an object as JSON, got the string \"x\"",
            ),
        ] {
            assert_eq!(error, format!("expected {expected}"));
        }
        assert_eq!(
            refused::<Point>(r#"{"x":"y"}"#),
            "`x`: expected an integer, got the string \"y\""
        );
        assert_eq!(refused::<Point>("{}"), "`x` is missing");
        for broken in [r#"{"x":1"#, r#"{"x":1} x"#] {
            let error = refused::<Point>(broken);
            assert!(error.starts_with("the JSON cannot be read: "), "{error}");
            assert!(error.contains(" at line 1 column "), "{error}");
        }
        let error = refused::<Shape>("line");
        assert!(
            error.contains("`line`") && error.contains("`dot`"),
            "{error}"
        );
        let error = refused::<Shape>("circle");
        assert_eq!(
            error,
            "`circle` needs more than its name: give an object as JSON"
        );
        let error = refused::<(i64, i64)>("1,2,3");
        assert_eq!(error, "expected an array of length 2, got a length of 3");
    }
}
