//! From the JSON of the arguments to the slots: one pass when all is well. When it is not,
//! each argument is read by itself, and everything that is wrong is named.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer as _, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::ToolError;
use super::problems::Problems;
use super::slots::Slots;
use crate::server::text_value::{TextError, TextMap, TextValue};

/// Fills the slots.
pub(super) fn fill<S: Slots>(
    json: &[u8],
    names: &'static [&'static str],
    slots: &mut S,
) -> Result<(), ToolError> {
    let json = if json.is_empty() { b"{}" } else { json };
    let mut reader = serde_json::Deserializer::from_slice(json);
    let read = reader.deserialize_map(Filling { names, slots });
    let complete = read.is_ok() && !(0..names.len()).any(|i| slots.is_missing(i));
    if complete {
        return Ok(());
    }
    let problems = read_again(json, names, slots);
    if problems.is_empty() {
        return Ok(());
    }
    Err(ToolError::user(problems.to_string()))
}

/// Fills the slots from texts: the arguments of a prompt, the variables of a URI.
pub(super) fn fill_texts<S: Slots>(
    texts: Vec<(&str, TextValue<'_>)>,
    names: &'static [&'static str],
    slots: &mut S,
) -> Result<(), ToolError> {
    let mut problems = Problems::default();
    for (key, value) in &texts {
        let known = names.iter().position(|name| name == key);
        match known.filter(|index| slots.is_argument(*index)) {
            None => problems.unknown(key, "it", known_to(names, slots)),
            Some(index) => {
                if let Err(error) = read_text(index, key, *value, slots) {
                    problems.add(|| error.said_of(key));
                }
            }
        }
    }
    for (index, name) in names.iter().enumerate() {
        let given = texts.iter().any(|(key, _)| key == name);
        // A list of which there is nothing is empty.
        let none = TextValue::Many(&[]);
        if !given && slots.is_missing(index) && read_text(index, name, none, slots).is_err() {
            problems.missing(name);
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(ToolError::invalid(problems.to_string()))
}

fn read_text<'de, S: Slots>(
    index: usize,
    key: &'de str,
    value: TextValue<'de>,
    slots: &mut S,
) -> Result<(), TextError> {
    let mut map = TextMap::new([(key, value)]);
    let read = map.next_key::<serde::de::IgnoredAny>();
    read.and_then(|_| slots.read(index, &mut map))
}

/// Visits the object once.
struct Filling<'s, S> {
    names: &'static [&'static str],
    slots: &'s mut S,
}

impl<'de, S: Slots> Visitor<'de> for Filling<'_, S> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of arguments")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let name = Name { names: self.names };
        while let Some(index) = map.next_key_seed(name)? {
            match index {
                Some(index) if self.slots.is_argument(index) => self.slots.read(index, &mut map)?,
                _ => return Err(Error::custom("unknown argument")),
            }
        }
        Ok(())
    }
}

/// Reads a key as the index of its name.
#[derive(Clone, Copy)]
struct Name {
    names: &'static [&'static str],
}

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<usize>;

    fn deserialize<D: serde::Deserializer<'de>>(self, de: D) -> Result<Option<usize>, D::Error> {
        de.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of an argument")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Option<usize>, E> {
        Ok(self.names.iter().position(|name| *name == key))
    }
}

/// Reads every argument by itself, and says what is wrong.
fn read_again<S: Slots>(json: &[u8], names: &[&str], slots: &mut S) -> Problems {
    let mut looking = Looking {
        names,
        slots,
        seen: vec![false; names.len()],
        problems: Problems::default(),
    };
    // What stands behind the object was looked at when the message was decoded.
    let read = serde_json::Deserializer::from_slice(json).deserialize_map(&mut looking);
    let Looking {
        slots,
        seen,
        mut problems,
        ..
    } = looking;
    match read {
        // What comes after the place is not known, so nothing is said of it.
        Err(error) if !problems.is_full() => {
            problems.add(|| format!("they cannot be read: {error}"));
            return problems;
        }
        _ => {}
    }
    for (index, name) in names.iter().enumerate() {
        if !seen[index] && slots.is_missing(index) {
            problems.missing(name);
        }
    }
    problems
}

/// Looks at each argument until there is enough to say.
struct Looking<'s, S> {
    names: &'s [&'s str],
    slots: &'s mut S,
    seen: Vec<bool>,
    problems: Problems,
}

impl<S: Slots> Looking<'_, S> {
    fn look(&mut self, key: &str, raw: &RawValue) {
        let Self {
            names,
            slots,
            seen,
            problems,
        } = self;
        let known = names.iter().position(|name| *name == key);
        match known.filter(|index| slots.is_argument(*index)) {
            None => problems.unknown(key, "the tool", known_to(names, &**slots)),
            Some(index) if seen[index] => problems.add(|| format!("`{key}` is given twice")),
            Some(index) => {
                seen[index] = true;
                for misfit in slots.read_again(index, raw).err().into_iter().flatten() {
                    problems.add(|| misfit.said_of(key));
                }
            }
        }
    }
}

impl<'de, S: Slots> Visitor<'de> for &mut Looking<'_, S> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((key, raw)) = map.next_entry::<Cow<'de, str>, &RawValue>()? {
            self.look(&key, raw);
            if self.problems.is_full() {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// The names of the arguments.
fn known_to<'a, S: Slots>(names: &'a [&'a str], slots: &'a S) -> impl Iterator<Item = &'a str> {
    let names = names.iter().enumerate();
    names
        .filter(|(index, _)| slots.is_argument(*index))
        .map(|(_, name)| *name)
}
