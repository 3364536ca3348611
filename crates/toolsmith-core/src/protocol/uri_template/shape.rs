//! What two templates have in common that match the same URIs.

use std::fmt::Write as _;

use super::compile::{Piece, Run};
use super::operator::Operator;
use super::take::Take;
use super::units::{Unit, is_reserved};
use super::{UriTemplate, Variable};

impl UriTemplate {
    /// How it matches, as a text: two templates with the same shape match the same URIs.
    /// What the variables are called makes no difference.
    pub(crate) fn shape(&self) -> String {
        let mut shape = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(literal) => literal.iter().for_each(|unit| unit.write(&mut shape)),
                Piece::Run(run) => run.write(&self.variables, &mut shape),
            }
        }
        shape
    }
}

impl Unit {
    /// Two that mean the same are written the same.
    fn write(self, shape: &mut String) {
        // Neither character can stand in a template as it is.
        match self.ch {
            ch if self.encoded && is_reserved(ch) => shape.extend(['%', ch]),
            ch @ ('%' | '{' | '}') => shape.extend(['%', ch]),
            ch => shape.push(ch),
        }
    }
}

impl Run {
    fn write(&self, variables: &[Variable], shape: &mut String) {
        let lead = match self.operator {
            Operator::Reserved => '+',
            other => other.lead().unwrap_or('_'),
        };
        shape.push('{');
        shape.push(lead);
        // What ends it, and how long it may be. Writing to a string cannot fail.
        let _ = write!(shape, "{:?}{:?}", self.stops, self.longest);
        match &self.take {
            // A list of one is a value.
            Take::One(_) | Take::Items(_) => {}
            // The first of several that are limited ends where the next one begins.
            Take::Spread(range) => {
                let spread = &variables[range.clone()];
                if spread.iter().any(|it| it.prefix.is_some()) {
                    for it in spread {
                        let _ = write!(shape, ",{:?}{}", it.prefix, it.explode);
                    }
                }
            }
            // Pairs of any name fit, and in any order.
            Take::Pairs(range) => {
                let limited = variables[range.clone()].iter();
                let limited = limited.filter_map(|it| Some((&it.key, it.prefix?)));
                let mut limited: Vec<_> = limited.collect();
                limited.sort_unstable();
                for (key, prefix) in limited {
                    let _ = write!(shape, ",{key:?}{prefix}");
                }
            }
        }
        shape.push('}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> String {
        UriTemplate::parse(text).unwrap().shape()
    }

    #[test]
    fn templates_that_differ_in_names_alone_have_one_shape() {
        for (one, other) in [
            ("a://{x}", "a://{y}"),
            ("a://%61/{x}", "a://a/{y}"),
            ("a://{x,y}/{z}", "a://{z,x}/{y}"),
            ("a://{x}{.y}", "a://{b}{.a}"),
            ("a://{x:3}", "a://{y:3}"),
            ("a://{x*}", "a://{x}"),
            ("a://b{/x*}", "a://b{/y*}"),
            ("a://b{?x}", "a://b{?y,z}"),
            ("a://b{?x}{&y:2}", "a://b{?y:2,z}"),
            ("a://b{#x}", "a://b{#x,y}"),
        ] {
            assert_eq!(shape(one), shape(other), "{one} {other}");
        }
    }

    #[test]
    fn templates_that_match_other_uris_have_other_shapes() {
        for (one, other) in [
            ("a://{x}", "b://{x}"),
            ("a://{x}", "a://{+x}"),
            ("a://{x}", "a://{x}/b"),
            ("a://{x:3}", "a://{x:4}"),
            ("a://{x:3}", "a://{x}"),
            ("a://b{/x}", "a://b{/x*}"),
            ("a://b{?x}", "a://b{;x}"),
            ("a://b{?x:2}", "a://b{?y:2}"),
            ("a://b{#x:2,y}", "a://b{#x,y:2}"),
            ("a://%2F{x}", "a:///{x}"),
            ("a://%7B_%7D{x}", "a://{x}{y}"),
        ] {
            assert_ne!(shape(one), shape(other), "{one} {other}");
        }
    }

    #[test]
    fn what_stands_outside_of_expressions_is_counted() {
        for (text, len) in [("a://{x}/%C3%A9", 6), ("a://{x,y}", 4), ("{x}", 0)] {
            assert_eq!(
                UriTemplate::parse(text).unwrap().literal_len(),
                len,
                "{text}"
            );
        }
    }
}
