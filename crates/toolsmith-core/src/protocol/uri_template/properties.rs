//! What holds for every template, URI and value.

use proptest::collection::vec;
use proptest::prelude::*;

use super::compile::Piece;
use super::units::{self, Unit};
use super::{Captured, Captures, UriTemplate};

/// A template and values for it that only fit in one way.
///
/// Every piece ends with `!`, which a value has only encoded.
#[derive(Debug)]
struct Unambiguous {
    template: String,
    values: Vec<(String, Captured)>,
}

/// The kinds of expressions, and which of their values can be told apart from none: empty
/// text, empty items.
const KINDS: [(&str, &str, bool); 9] = [
    ("", "", false),
    ("", "*", false),
    ("/", "", true),
    ("/", "*", true),
    (".", "", true),
    (".", "*", true),
    (";", "", true),
    (";", "*", true),
    ("", ":9999", false),
];

/// What may stand at the end.
const ENDS: [(&str, &str); 6] = [
    ("", ""),
    ("+", ""),
    ("#", ""),
    ("?", ""),
    ("?", "*"),
    ("&", "*"),
];

fn value() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9]{1,8}", "[ -~]{1,8}", "[^\0]{1,8}",]
}

fn values() -> impl Strategy<Value = (Vec<String>, bool)> {
    (
        vec(prop_oneof![9 => value(), 1 => Just(String::new())], 1..4),
        any::<bool>(),
    )
}

fn unambiguous() -> impl Strategy<Value = Unambiguous> {
    let kinds = vec((0..KINDS.len(), values()), 0..6);
    (kinds, 0..ENDS.len(), values()).prop_map(|(kinds, end, last)| {
        let mut made = Unambiguous {
            template: "x:!".to_owned(),
            values: Vec::new(),
        };
        for (kind, values) in kinds {
            let (operator, modifier, optional) = KINDS[kind];
            made.add(operator, modifier, optional, values);
            made.template.push('!');
        }
        let (operator, modifier) = ENDS[end];
        if !operator.is_empty() {
            made.add(operator, modifier, operator != "+", last);
        }
        made
    })
}

impl Unambiguous {
    fn add(&mut self, operator: &str, modifier: &str, optional: bool, values: (Vec<String>, bool)) {
        let name = format!("v{}", self.values.len());
        self.template += &format!("{{{operator}{name}{modifier}}}");
        let (mut items, given) = values;
        for item in &mut items {
            // A dot separates labels and is not encoded; a percent sign may be kept.
            *item = match operator {
                "." => item.replace('.', "_"),
                "+" | "#" => item.replace('%', "_"),
                _ => std::mem::take(item),
            };
            if item.is_empty() && !optional {
                "e".clone_into(item);
            }
        }
        let value = match modifier {
            "*" => Captured::Many(items),
            _ => Captured::One(items.swap_remove(0)),
        };
        // A name is kept for a variable without a value, so that names stay apart.
        let absent = optional && !given;
        self.values.push((
            name,
            if absent {
                Captured::Many(Vec::new())
            } else {
                value
            },
        ));
    }
}

/// Whether pieces match, found by trying every split: slow, and simple enough to believe.
fn match_by_trying(pieces: &[Piece], units: &[Unit]) -> bool {
    let Some((piece, pieces)) = pieces.split_first() else {
        return units.is_empty();
    };
    let fits = |taken: &[Unit]| match piece {
        Piece::Literal(literal) => {
            taken.len() == literal.len() && taken.iter().zip(literal).all(|(a, b)| a.means(*b))
        }
        Piece::Run(run) => {
            let text = match (run.operator.lead(), taken.split_first()) {
                (Some(_), None) => return true,
                (Some(lead), Some((first, text))) if first.is(lead) => text,
                (None, Some(_)) => taken,
                _ => return false,
            };
            let longest = run.longest.map_or(usize::MAX, usize::from);
            text.len() <= longest && !text.iter().any(|unit| unit.is_any(&run.stops))
        }
    };
    (0..=units.len()).any(|end| fits(&units[..end]) && match_by_trying(pieces, &units[end..]))
}

proptest! {
    #[test]
    fn a_uri_matches_exactly_if_some_split_of_it_does(
        text in "([ab/.:]|\\{([+./;?&]?[d-f]([*]|:[12])?(,[g-i]([*]|:[12])?)?|#j,k)\\}){1,4}",
        uri in "[ab/.:?#&;,]{0,8}",
    ) {
        let Ok(template) = UriTemplate::parse(&text) else {
            return Ok(());
        };
        // Pairs are of other variables, so no value of theirs is too long.
        let units = units::read(&uri).unwrap();
        let expected = match_by_trying(&template.pieces, &units);
        prop_assert_eq!(template.matches(&uri).is_some(), expected, "{} on {}", text, uri);
    }

    #[test]
    fn any_text_is_parsed_or_refused_at_a_place(text in any::<String>()) {
        if let Err(error) = UriTemplate::parse(&text) {
            prop_assert!(error.at() <= text.len(), "{error} in {text:?}");
        }
    }

    #[test]
    fn texts_that_look_like_templates_are_parsed_or_refused(text in "[a-c{}+#./;?&=,:*0-9%é]{0,40}") {
        if let Err(error) = UriTemplate::parse(&text) {
            prop_assert!(text.is_char_boundary(error.at()), "{error} in {text:?}");
        }
    }

    #[test]
    fn any_uri_matches_or_does_not(
        template in unambiguous(),
        uri in prop_oneof![any::<String>(), "x:![a-c!/?#&;=.,%0-9]{0,40}"],
    ) {
        let template = UriTemplate::parse(&template.template).unwrap();
        if let Some(found) = template.matches(&uri) {
            let values = found.iter().flat_map(|(_, value)| value.as_slice());
            let held: usize = values.map(String::len).sum();
            prop_assert!(held <= uri.len(), "{found:?}");
            prop_assert!(found.iter().all(|(_, value)| !value.as_slice().is_empty()));
        }
    }

    #[test]
    fn what_must_be_there_is_there(
        text in "([a-c/]|\\{[+#./;?&]?[d-f](,[g-i])?[*]?\\}){1,4}",
        uri in "[a-c/?#&;=.,d-i]{0,20}",
    ) {
        let Ok(template) = UriTemplate::parse(&text) else {
            return Ok(());
        };
        if let Some(found) = template.matches(&uri) {
            for variable in template.variables().filter(|v| !v.optional()) {
                prop_assert!(found.get(variable.name()).is_some(), "{text} on {uri}");
            }
        }
    }

    #[test]
    fn a_uri_that_was_made_of_values_has_them(made in unambiguous()) {
        let template = UriTemplate::parse(&made.template).unwrap();
        let values: Captures = made.values.iter().cloned().collect();
        let uri = template.expand(&values);
        let there = |value: &Captured| !value.as_slice().is_empty();
        let expected: Captures = made.values.into_iter().filter(|(_, v)| there(v)).collect();
        prop_assert_eq!(template.matches(&uri), Some(expected), "{} and {}", made.template, uri);
    }
}
