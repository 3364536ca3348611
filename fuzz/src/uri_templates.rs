//! URI templates.
//!
//! The input is lines: a template, a URI, and then pieces of a template that can be read in
//! one way only: an operator, its modifier, and the value, such as `/ * a|b`.

use toolsmith_core::protocol::{Captured, Captures, UriTemplate};

/// The most pieces that are made into a template.
const MAX_PIECES: usize = 12;
/// The longest URI that matches anything.
const MAX_URI: usize = 8192;

/// A template is read or refused at a place; what a URI is found to hold was in it; and what
/// was made from values has these values.
pub fn uri_templates(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.split('\n');
    let template = lines.next().unwrap_or_default();
    let uri = lines.next().unwrap_or_default();
    match UriTemplate::parse(template) {
        Ok(parsed) => {
            matched(&parsed, template, uri);
            expanded(&parsed, template);
        }
        Err(error) => {
            assert!(error.at() <= template.len(), "{error} in {template:?}");
            assert!(!error.to_string().is_empty());
        }
    }
    if let Some(made) = Made::read(lines) {
        made.has_its_values();
    }
}

fn matched(parsed: &UriTemplate, template: &str, uri: &str) {
    assert_eq!(parsed.as_str(), template);
    let Some(found) = parsed.matches(uri) else {
        return;
    };
    assert!(uri.len() <= MAX_URI, "{}", uri.len());
    let held = found.iter().flat_map(|(_, value)| value.as_slice());
    let held: usize = held.map(String::len).sum();
    assert!(held <= uri.len(), "{template} on {uri} has {found:?}");
    for (name, value) in found.iter() {
        let variable = parsed.variables().find(|it| it.name() == name);
        assert!(variable.is_some(), "{template} has no {name}");
        assert!(!value.as_slice().is_empty(), "{name} of {template}");
        assert!(value.as_slice().iter().all(|it| !it.contains('\0')));
    }
    for variable in parsed.variables().filter(|it| !it.optional()) {
        let value = found.get(variable.name());
        assert!(value.is_some(), "{template} on {uri} has {found:?}");
    }
}

/// A URI is made of characters that a URI may have, whatever the values.
fn expanded(parsed: &UriTemplate, template: &str) {
    let value = |at: usize| match at % 3 {
        0 => Captured::from("a/b é%\u{7f}"),
        1 => Captured::from(["1,2", "", "%41"]),
        _ => Captured::from(""),
    };
    let names = parsed.variables().map(|it| it.name());
    let values: Captures = names.enumerate().map(|(at, n)| (n, value(at))).collect();
    let uri = parsed.expand(&values);
    let may = |b: u8| b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&b);
    assert!(uri.bytes().all(may), "{template} gives {uri}");
    let mut rest = uri.as_str();
    while let Some(at) = rest.find('%') {
        let octet = rest.get(at + 1..at + 3).unwrap_or_default();
        let is_octet = octet.len() == 2 && octet.bytes().all(|b| b.is_ascii_hexdigit());
        assert!(is_octet, "{template} gives {uri}");
        rest = &rest[at + 3..];
    }
    assert!(uri.starts_with(literal(parsed)), "{template} gives {uri}");
}

/// What stands first, where it needs no encoding.
fn literal(parsed: &UriTemplate) -> &str {
    let prefix = parsed.literal_prefix();
    if prefix.is_ascii() { prefix } else { "" }
}

/// A template whose pieces end with `!`, which a value has only encoded.
#[derive(Default)]
struct Made {
    template: String,
    values: Vec<(String, Captured)>,
}

impl Made {
    /// Reads the pieces. `None` when there are none, or when what they make is too long.
    fn read<'a>(lines: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut made = Self {
            template: "x:!".to_owned(),
            ..Self::default()
        };
        for line in lines.take(MAX_PIECES) {
            let mut words = line.splitn(3, ' ');
            let (operator, modifier) = (words.next()?, words.next()?);
            made.add(operator, modifier, words.next()?);
        }
        (!made.values.is_empty()).then_some(made)
    }

    fn add(&mut self, operator: &str, modifier: &str, value: &str) {
        let operator = match operator {
            "/" | "." | ";" => operator,
            _ => "",
        };
        let explode = modifier == "*";
        let clean = |item: &str| {
            // A dot separates labels and is not encoded, and NUL matches nothing.
            let item: String = item.chars().filter(|c| *c != '\0').take(200).collect();
            match operator {
                "." => item.replace('.', "_"),
                "" if item.is_empty() => "e".to_owned(),
                _ => item,
            }
        };
        let value = match explode {
            true => Captured::Many(value.split('|').map(clean).collect()),
            false => Captured::One(clean(value)),
        };
        let name = format!("v{}", self.values.len());
        let modifier = if explode { "*" } else { "" };
        self.template += &format!("{{{operator}{name}{modifier}}}!");
        self.values.push((name, value));
    }

    fn has_its_values(self) {
        let Self { template, values } = self;
        let parsed = UriTemplate::parse(&template).expect("it is a template");
        let values: Captures = values.into_iter().collect();
        let uri = parsed.expand(&values);
        if uri.len() <= MAX_URI {
            assert_eq!(parsed.matches(&uri), Some(values), "{template} on {uri}");
        }
    }
}
