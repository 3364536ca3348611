//! From the JSON of the arguments to the slots: one pass when all is well, a second look
//! that names everything that is wrong when it is not.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer as _, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::ToolError;
use super::slots::Slots;

/// The most problems that one answer names.
const MAX_PROBLEMS: usize = 10;
/// The longest name of an unknown argument that is repeated to the client.
const MAX_NAME: usize = 64;

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
    let problems = Problems::find(json, names, slots);
    Err(ToolError::user(problems.to_string()))
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

/// Everything that is wrong with a call's arguments.
struct Problems {
    found: Vec<String>,
    more: usize,
}

impl Problems {
    fn find<S: Slots>(json: &[u8], names: &[&str], slots: &S) -> Self {
        let mut problems = Problems {
            found: Vec::new(),
            more: 0,
        };
        let entries = match serde_json::from_slice::<Entries<'_>>(json) {
            Ok(Entries(entries)) => entries,
            Err(error) => {
                problems.add(format!("the arguments are no JSON object: {error}"));
                return problems;
            }
        };
        let mut seen = vec![false; names.len()];
        for (key, raw) in &entries {
            let index = names
                .iter()
                .position(|name| name == key)
                .filter(|i| slots.is_argument(*i));
            match index {
                None => problems.add(unknown(key, names, slots)),
                Some(index) if seen[index] => problems.add(format!("`{key}` is given twice")),
                Some(index) => {
                    seen[index] = true;
                    if let Some((place, what)) = slots.explain(index, raw) {
                        problems.add(format!("`{key}{place}`: {what}"));
                    }
                }
            }
        }
        for (index, name) in names.iter().enumerate() {
            if !seen[index] && slots.is_missing(index) {
                problems.add(format!("`{name}` is missing"));
            }
        }
        problems
    }

    fn add(&mut self, problem: String) {
        if self.found.len() < MAX_PROBLEMS {
            self.found.push(problem);
        } else {
            self.more += 1;
        }
    }
}

fn unknown<S: Slots>(key: &str, names: &[&str], slots: &S) -> String {
    let known: Vec<String> = (names.iter().enumerate())
        .filter(|(index, _)| slots.is_argument(*index))
        .map(|(_, name)| format!("`{name}`"))
        .collect();
    let key: String = key.chars().take(MAX_NAME).collect();
    match known.as_slice() {
        [] => format!("`{key}` is unknown; the tool takes no arguments"),
        known => format!("`{key}` is unknown; the tool takes {}", known.join(", ")),
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.found.is_empty() {
            return f.write_str("Invalid arguments.");
        }
        write!(f, "Invalid arguments: {}", self.found.join("; "))?;
        match self.more {
            0 => f.write_str("."),
            more => write!(f, "; and {more} more."),
        }
    }
}

/// The entries of an object in their order, repeated keys and all.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de> serde::Deserialize<'de> for Entries<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(de: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Entries<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<'de>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        de.deserialize_map(Collect)
    }
}
