//! Says in plain words what is wrong with a value, without the words of a library.

use std::collections::HashSet;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use super::schema::part_of_schema;
use crate::protocol::plain;

/// The most that is said of one value.
const MAX_MISFITS: usize = 11;
/// How often a value is read to find out what else is wrong with it.
const MAX_READS: usize = 32;
/// The longest JSON, in bytes, that is read so often. Of a longer one the first is said.
const MAX_READ_AGAIN: usize = 64 * 1024;

/// What is wrong at one place in a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    place: Vec<Step>,
    what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Missing,
    Wrong(String),
}

/// A step on the way to a place in a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

impl Misfit {
    /// Something that is wrong with the whole of a value, in plain words.
    pub(in crate::server) fn of_all(what: String) -> Self {
        Self {
            place: Vec::new(),
            what: What::Wrong(what),
        }
    }

    /// What a reader says of a place in a value.
    pub(in crate::server) fn at(path: &Path, said: &str) -> Self {
        let mut place = steps(path);
        let said = plain(said);
        let what = match missing(&said) {
            Some(field) => {
                place.push(Step::Key(field.to_owned()));
                What::Missing
            }
            None => What::Wrong(said),
        };
        Self { place, what }
    }

    /// In words, for a value of this name, which may be empty: `` `tags[0]`: expected … ``.
    pub(in crate::server) fn said_of(&self, name: &str) -> String {
        let mut place = name.to_owned();
        for step in &self.place {
            match step {
                Step::Key(key) if place.is_empty() => place.push_str(&cut(key)),
                Step::Key(key) => place.push_str(&format!(".{}", cut(key))),
                Step::Index(index) => place.push_str(&format!("[{index}]")),
            }
        }
        match &self.what {
            What::Missing => format!("`{place}` is missing"),
            What::Wrong(what) if place.is_empty() => what.clone(),
            What::Wrong(what) => format!("`{place}`: {what}"),
        }
    }
}

/// Keys are a client's words.
fn cut(key: &str) -> String {
    key.chars().take(64).collect()
}

/// What is wrong with a value that does not fit a type. The type says the first. The rest
/// shows when the part that is wrong is taken away and what is left is read again.
pub(super) fn misfits<T: DeserializeOwned>(
    json: &str,
    schema: impl FnOnce() -> Option<Value>,
) -> Vec<Misfit> {
    let mut looking = Looking::default();
    let tree = Some(json).filter(|it| it.len() <= MAX_READ_AGAIN);
    let tree: Option<Value> = tree.and_then(|it| serde_json::from_str(it).ok());
    looking.is_over = tree.is_none();
    looking.tree = tree.unwrap_or_default();
    looking.schema = schema().unwrap_or_default();
    let mut reader = serde_json::Deserializer::from_str(json);
    if let Err(error) = serde_path_to_error::deserialize::<_, T>(&mut reader)
        // An `i128` reads `5.5` as far as the point, and what is said of the rest is of no use.
        // In the tree it is refused for what it is.
        && (error.inner().is_data() || looking.is_over)
    {
        looking.take(steps(error.path()), &error.inner().to_string());
    }
    for _ in 0..MAX_READS {
        if looking.is_over {
            break;
        }
        let read = serde_path_to_error::deserialize::<_, T>(&looking.tree);
        let Err(error) = read else { break };
        looking.take(steps(error.path()), &error.inner().to_string());
    }
    if looking.found.is_empty() {
        looking.add(Vec::new(), What::Wrong("it does not fit".to_owned()));
    }
    looking.found
}

/// The steps of a path, as far as they are known.
fn steps(path: &Path) -> Vec<Step> {
    let steps = path.iter().map_while(|segment| match segment {
        Segment::Seq { index } => Some(Step::Index(*index)),
        Segment::Map { key } => Some(Step::Key(key.clone())),
        Segment::Enum { variant } => Some(Step::Key(variant.clone())),
        Segment::Unknown => None,
    });
    steps.collect()
}

#[derive(Default)]
struct Looking {
    /// What is left of the value.
    tree: Value,
    schema: Value,
    /// What was taken away.
    gone: HashSet<Vec<Step>>,
    found: Vec<Misfit>,
    is_over: bool,
}

impl Looking {
    /// Takes what a reader says of a place, and takes the place away.
    fn take(&mut self, place: Vec<Step>, said: &str) {
        let said = plain(said);
        if let Some(field) = missing(&said) {
            for name in self.missing_at(&place, field) {
                let mut place = place.clone();
                place.push(Step::Key(name));
                if !self.gone.contains(&place) {
                    self.add(place, What::Missing);
                }
            }
        } else if !self.gone.iter().any(|gone| gone.starts_with(&place)) {
            self.add(place.clone(), What::Wrong(said));
        }
        self.remove(place);
    }

    fn add(&mut self, place: Vec<Step>, what: What) {
        self.found.push(Misfit { place, what });
        self.is_over |= self.found.len() >= MAX_MISFITS;
    }

    /// The fields that an object has not and has to have: the one that its reader says, and
    /// what the schema says of the others.
    fn missing_at(&self, place: &[Step], field: &str) -> Vec<String> {
        let object = place.iter().try_fold(&self.tree, |it, step| match step {
            Step::Key(key) => it.get(key),
            Step::Index(index) => it.get(index),
        });
        let schema = part_of_schema(&self.schema, place);
        let required = schema.and_then(|it| it.get("required")?.as_array());
        let required = required.into_iter().flatten().filter_map(Value::as_str);
        let is_there = |name: &str| object.is_none_or(|it| it.get(name).is_some());
        let mut missing: Vec<String> = required
            .filter(|name| !is_there(name))
            .map(str::to_owned)
            .collect();
        if !missing.iter().any(|name| name == field) {
            missing.insert(0, field.to_owned());
        }
        missing
    }

    /// Takes a place away. Elements of an array cannot be: the others would move.
    fn remove(&mut self, mut place: Vec<Step>) {
        self.gone.insert(place.clone());
        while let Some(Step::Index(_)) = place.last() {
            place.pop();
        }
        self.gone.insert(place.clone());
        let Some(Step::Key(key)) = place.pop() else {
            self.is_over = true;
            return;
        };
        let parent = place
            .iter()
            .try_fold(&mut self.tree, |it, step| match step {
                Step::Key(key) => it.get_mut(key),
                Step::Index(index) => it.get_mut(index),
            });
        let removed = match parent {
            Some(Value::Object(object)) => object.shift_remove(&key),
            _ => None,
        };
        self.is_over |= removed.is_none();
    }
}

/// The field that is missing, when that is what is said.
fn missing(said: &str) -> Option<&str> {
    said.strip_prefix('`')?.strip_suffix("` is missing")
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::Deserialize;

    use super::*;
    use crate::server::handler::schema::schema_of;

    /// What is said of a value that is called `it`.
    fn said<T: DeserializeOwned + JsonSchema>(json: &str) -> String {
        let found = misfits::<T>(json, || Some(schema_of::<T>()));
        let said: Vec<String> = found.iter().map(|it| it.said_of("it")).collect();
        said.join("; ")
    }

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Point {
        x: i64,
        tags: Vec<String>,
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    #[expect(dead_code, reason = "only its shape matters")]
    enum Unit {
        Metre,
        Foot { inches: u8, lines: u8 },
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Trip {
        from: Point,
        to: Option<Point>,
        stops: Vec<Point>,
        unit: Unit,
        seats: u8,
    }

    #[test]
    fn plain_words_for_every_kind_of_mismatch() {
        for (said, expected) in [
            (
                said::<i64>("\"x\""),
                "`it`: expected an integer, got the string \"x\"",
            ),
            (
                said::<u8>("300"),
                "`it`: expected an integer from 0 to 255, got the integer 300",
            ),
            (
                said::<i64>("1.5"),
                "`it`: expected an integer, got the number 1.5",
            ),
            (said::<String>("null"), "`it`: expected a string, got null"),
            (
                said::<Vec<i64>>("{}"),
                "`it`: expected an array, got an object",
            ),
            (said::<bool>("[]"), "`it`: expected a boolean, got an array"),
            (said::<Point>("{\"x\":1}"), "`it.tags` is missing"),
            (
                said::<Point>("{\"x\":1,\"tags\":[true]}"),
                "`it.tags[0]`: expected a string, got true",
            ),
        ] {
            assert_eq!(said, expected);
        }
        assert_eq!(
            said::<i128>("5.5"),
            "`it`: expected an integer, got the number 5.5"
        );
        assert_eq!(
            said::<(i128, bool)>("[5.5, true]"),
            "`it[0]`: expected an integer, got the number 5.5"
        );
        assert_eq!(said::<f64>("1e999"), "`it`: number out of range");
        let unit = said::<Unit>("\"mile\"");
        assert!(
            unit.contains("`mile`") && unit.contains("`metre`"),
            "{unit}"
        );
    }

    #[test]
    fn everything_that_is_wrong_in_a_value_is_named() {
        let json = r#"{
            "from": {"x": "a", "tags": ["t", 1]}, "to": {}, "stops": [{"x": 1.5, "tags": 2}],
            "unit": {"foot": {"inches": 300}}, "wings": 2
        }"#;
        let said = said::<Trip>(json);
        let said: Vec<&str> = said.split("; ").collect();
        let expected = [
            "`it.from.x`: expected an integer, got the string \"a\"",
            "`it.from.tags[1]`: expected a string, got the integer 1",
            "`it.to.x` is missing",
            "`it.to.tags` is missing",
            "`it.stops[0].x`: expected an integer, got the number 1.5",
            "`it.stops[0].tags`: expected an array, got the integer 2",
            "`it.unit.foot.inches`: expected an integer from 0 to 255, got the integer 300",
            "`it.seats` is missing",
        ];
        for one in &expected {
            assert!(said.contains(one), "{one:?} is not in {said:#?}");
        }
        assert_eq!(said.len(), expected.len() + 1, "{said:#?}");
        assert!(said.iter().any(|it| it.contains("`wings`")), "{said:#?}");
    }

    #[test]
    fn what_follows_from_another_mistake_is_not_said() {
        let pair = said::<(Point, bool)>(r#"[{"x": "a", "tags": []}, true]"#);
        assert_eq!(pair, "`it[0].x`: expected an integer, got the string \"a\"");
        let mixed = said::<Point>(r#"{"x": "a"}"#);
        assert_eq!(
            mixed,
            "`it.x`: expected an integer, got the string \"a\"; `it.tags` is missing"
        );
    }

    #[test]
    fn a_long_value_is_cut_and_only_so_much_is_said() {
        let text = said::<i64>(&format!("\"{}\"", "y".repeat(5000)));
        assert!(text.len() < 200, "{text}");

        let wrong: Vec<String> = (0..200).map(|n| format!("\"{n:0>80}\": \"a\"")).collect();
        let wrong = format!("{{{}}}", wrong.join(","));
        type Map = std::collections::BTreeMap<String, u8>;
        let text = said::<Map>(&wrong);
        assert_eq!(text.split("; ").count(), MAX_MISFITS, "{text}");
        assert!(text.len() < MAX_MISFITS * 200, "{text}");

        let long = format!(
            r#"{{"x": "a", "tags": {{}}, "pad": "{}"}}"#,
            "y".repeat(MAX_READ_AGAIN)
        );
        let text = said::<Point>(&long);
        assert_eq!(text, "`it.x`: expected an integer, got the string \"a\"");
    }
}
