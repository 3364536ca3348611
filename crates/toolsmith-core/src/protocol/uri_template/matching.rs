//! Whether a URI matches, and where its stretches lie.
//!
//! One pass from the end of the URI for each piece finds from where the rest of the
//! template can match the rest of the URI. After that, one walk from the front knows at
//! every step where it may end: nothing is ever tried and taken back.

use super::compile::{Piece, Run};
use super::units::{self, Unit};
use super::{Captured, Captures, Variable};

/// The longest URI that matches anything, in bytes.
const MAX_URI: usize = 8192;

pub(super) fn matches(pieces: &[Piece], variables: &[Variable], uri: &str) -> Option<Captures> {
    if uri.len() > MAX_URI {
        return None;
    }
    let units = units::read(uri).ok()?;
    if let Some(Piece::Literal(literal)) = pieces.first()
        && !begins(&units, literal)
    {
        return None;
    }
    let rests = rests(pieces, &units);
    if !rests[0][0] {
        return None;
    }
    let mut found: Vec<Option<Captured>> = vec![None; variables.len()];
    let mut at = 0;
    for (piece, rest) in pieces.iter().zip(&rests[1..]) {
        at = match piece {
            Piece::Literal(literal) => at + literal.len(),
            Piece::Run(run) => {
                let end = run.end(&units, at, rest);
                let lead = usize::from(run.operator.lead().is_some());
                if let Some(taken) = units.get(at + lead..end) {
                    run.capture(taken, variables, &mut found)?;
                }
                end
            }
        };
    }
    let named = variables.iter().zip(found);
    Some(
        named
            .filter_map(|(v, value)| Some((v.name.as_str(), value?)))
            .collect(),
    )
}

/// For each piece, and for the end of the template: from which places of the URI it and all
/// that follow match the rest.
fn rests(pieces: &[Piece], units: &[Unit]) -> Vec<Vec<bool>> {
    let mut rest = vec![false; units.len() + 1];
    rest[units.len()] = true;
    let mut rests = vec![rest];
    for piece in pieces.iter().rev() {
        let next = &rests[rests.len() - 1];
        let places = match piece {
            Piece::Literal(literal) => (0..=units.len())
                .map(|at| {
                    next.get(at + literal.len()) == Some(&true) && begins(&units[at..], literal)
                })
                .collect(),
            Piece::Run(run) => run.places(units, next),
        };
        rests.push(places);
    }
    rests.reverse();
    rests
}

fn begins(units: &[Unit], literal: &[Unit]) -> bool {
    units.len() >= literal.len() && units.iter().zip(literal).all(|(a, b)| a.means(*b))
}

impl Run {
    /// From where it and the rest match, when `next` is from where the rest matches.
    fn places(&self, units: &[Unit], next: &[bool]) -> Vec<bool> {
        let mut places = vec![false; next.len()];
        // The nearest place after this one where the rest matches, and the end of the
        // characters that do not stop the run, from here and from the place after.
        let (mut nearest, mut limit) = (usize::MAX, units.len());
        for at in (0..next.len()).rev() {
            let after = limit;
            if units.get(at).is_none_or(|unit| unit.is_any(&self.stops)) {
                limit = at;
            }
            places[at] = match self.operator.lead() {
                None => nearest <= self.furthest(at, limit),
                Some(lead) => {
                    let led = units.get(at).is_some_and(|unit| unit.is(lead));
                    next[at] || led && nearest <= self.furthest(at + 1, after)
                }
            };
            if next[at] {
                nearest = at;
            }
        }
        places
    }

    /// Where the text that begins at `from` ends at the furthest.
    fn furthest(&self, from: usize, limit: usize) -> usize {
        self.longest
            .map_or(limit, |longest| limit.min(from + usize::from(longest)))
    }

    /// Where it ends when it begins at `at`, from where it and the rest match. A run with a
    /// lead that ends where it begins is not there.
    fn end(&self, units: &[Unit], at: usize, next: &[bool]) -> usize {
        let from = match self.operator.lead() {
            Some(lead) if !units.get(at).is_some_and(|unit| unit.is(lead)) => return at,
            Some(_) => at + 1,
            None => at,
        };
        let stop = units[from..]
            .iter()
            .position(|unit| unit.is_any(&self.stops));
        let limit = stop.map_or(units.len(), |stop| from + stop);
        let mut ends = at + 1..=self.furthest(from, limit);
        let end = match self.greedy {
            true => ends.rfind(|end| next[*end]),
            false => ends.find(|end| next[*end]),
        };
        end.unwrap_or(at)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::super::UriTemplate;
    use super::*;

    /// What a URI is found to hold, as `a=1 b=[2|3]`.
    fn found(template: &str, uri: &str) -> Option<String> {
        let template = UriTemplate::parse(template).unwrap();
        let captures = template.matches(uri)?;
        let shown = captures.iter().map(|(name, value)| match value {
            Captured::One(value) => format!("{name}={value}"),
            Captured::Many(values) => format!("{name}=[{}]", values.join("|")),
        });
        Some(shown.collect::<Vec<_>>().join(" "))
    }

    fn check(rows: &[(&str, &str, Option<&str>)]) {
        for (template, uri, expected) in rows {
            let found = found(template, uri);
            assert_eq!(found.as_deref(), *expected, "{template} on {uri}");
        }
    }

    #[test]
    fn a_simple_variable_is_one_stretch_without_slashes() {
        check(&[
            ("n://{a}", "n://x", Some("a=x")),
            ("n://{a}", "n://x:y,z@é=", Some("a=x:y,z@é=")),
            ("n://{a}", "n://", None),
            ("n://{a}", "n://x/y", None),
            ("n://{a}", "n://x?y", None),
            ("n://{a}", "n://x#y", None),
            ("n://{a}", "m://x", None),
            ("n://{a}", "n://%2F%3F%23%C3%A9", Some("a=/?#é")),
            ("n://{a}/b", "n://x/b", Some("a=x")),
            ("n://{a}/b", "n://x/c", None),
            ("{a:3}", "abc", Some("a=abc")),
            ("{a:3}", "%C3%A9bc", Some("a=ébc")),
            ("{a:3}", "abcd", None),
            ("{a}{b}", "%C3%A9%C3%A9", Some("a=é b=é")),
            ("s?q={q}&p={p}", "s?q=a=b&p=2", Some("q=a=b p=2")),
            ("s?q={q}", "s?q=a&p=2", None),
        ]);
    }

    #[test]
    fn the_right_split_is_found() {
        check(&[
            ("{a}-{b}", "1-2", Some("a=1 b=2")),
            ("{a}-{b}", "1-2-3", Some("a=1-2 b=3")),
            ("{a}-{b}", "1-", None),
            ("{a}-{b}", "-1", None),
            ("{a}-{b}", "--", None),
            ("{a}-{b}", "---", Some("a=- b=-")),
            ("{a}--{b}-c", "1--2-c-c", Some("a=1 b=2-c")),
            ("{a}:{b}", "1:2:3", Some("a=1 b=2:3")),
            ("{a}:{+b}", "1:2:3", Some("a=1 b=2:3")),
            ("{+a}:{b}", "1:2:3", Some("a=1:2 b=3")),
            ("{a}%3A{b}", "1%3A2%3A3", Some("a=1:2 b=3")),
            ("{name}.{end}", "a.tar.gz", Some("name=a.tar end=gz")),
            ("{name}{.end}", "a.tar.gz", Some("name=a end=tar.gz")),
            ("{name}{.end}", "a", Some("name=a")),
            ("{a:2}{b:2}", "xyz", Some("a=x b=yz")),
            ("{a:2}{b:2}", "vwxyz", None),
        ]);
    }

    #[test]
    fn a_reserved_variable_takes_delimiters() {
        check(&[
            ("f:///{+p}", "f:///a/b.c", Some("p=a/b.c")),
            ("f:///{+p}", "f:///a%2Fb?c#d", Some("p=a/b?c#d")),
            ("f:///{+p}", "f:///", None),
            ("f:///{+p}/{n}", "f:///a/b/c", Some("p=a/b n=c")),
            ("{+p}{?q}", "a/b?q=1", Some("p=a/b q=1")),
            ("{+p}/m{?v}", "a/m?v=/m", Some("p=a v=/m")),
            ("{+p}{#f}", "a?b#c", Some("p=a?b f=c")),
            ("{+p}{/x}", "a/b/c", Some("p=a/b x=c")),
            ("{+a,b}", "/x,y,z", Some("a=/x b=y,z")),
        ]);
    }

    #[test]
    fn lists_of_variables_and_exploded_ones_share_what_there_is() {
        check(&[
            ("{a,b}", "1,2", Some("a=1 b=2")),
            ("{a,b}", "1,2,3", Some("a=1 b=2,3")),
            ("{a,b}", "1", None),
            ("{a}", "1,2", Some("a=1,2")),
            ("{a*}", "1,2", Some("a=[1|2]")),
            ("{a*}", "1", Some("a=[1]")),
            ("{a*}", "1%2C2", Some("a=[1,2]")),
            ("{a*,b}", "1,2,3", Some("a=[1|2] b=3")),
            ("{a,b*}", "1,2,3", Some("a=1 b=[2|3]")),
            ("x{/p*}", "x/a/b%2Fc", Some("p=[a|b/c]")),
            ("x{/p*}", "x", Some("")),
            ("x{/p*}", "x/", Some("p=[]")),
            ("x{/p*}", "xa", None),
            ("x{/p*}/y", "x/a/y/y", Some("p=[a|y]")),
            ("x{/p*}/y", "x/y", Some("")),
            ("x{/p*}/y{+z}", "x/a/y/b/yc", Some("p=[a|y|b] z=c")),
            ("{/p*,n}", "/a/b/c", Some("p=[a|b] n=c")),
            ("{/a,b}", "/1/2", Some("a=1 b=2")),
            ("{/a,b}", "/1", Some("a=1")),
            ("{/a,b}", "/1/2/3", None),
            ("{/a}", "/1?b", None),
            ("w{.d*}", "w.a.b", Some("d=[a|b]")),
            ("w{.a,b}", "w.x.y.z", Some("a=x b=y.z")),
            ("{#f}", "#a/b,?#", Some("f=a/b,?#")),
            ("{#f*}", "#a,b", Some("f=[a|b]")),
            ("{#a,b}", "#1", Some("a=1")),
            ("{#a,b}", "#1,2,3", Some("a=1 b=2,3")),
            ("{#a,b*,c:1}", "#1,2,3,4", Some("a=1 b=[2|3] c=4")),
            ("{#a,b*,c:1}", "#1,2", Some("a=1 c=2")),
            ("{#a,b:1}", "#1,22", None),
        ]);
    }

    #[test]
    fn pairs_come_in_any_order_among_others() {
        check(&[
            ("s{?a,b}", "s?a=1&b=2", Some("a=1 b=2")),
            ("s{?a,b}", "s?b=2&x=3&a=1", Some("a=1 b=2")),
            ("s{?a,b}", "s?b=2", Some("b=2")),
            ("s{?a,b}", "s?", Some("")),
            ("s{?a,b}", "s", Some("")),
            ("s{?a,b}", "s&a=1", None),
            ("s{?a}", "s?a=1#f", None),
            ("s{?a}&x=1", "s?a=2&x=1", Some("a=2")),
            ("s{?a}{#f}", "s?a=/?:1#f", Some("a=/?:1 f=f")),
            ("s{?a}", "s?a=x%26y%3Dz=1+2", Some("a=x&y=z=1+2")),
            ("s{?a}", "s?%61=1", Some("a=1")),
            ("s{?%61}", "s?a=1", Some("%61=1")),
            ("s{?a}", "s?A=1&aa=2&=3&&", Some("")),
            ("s{?a}", "s?a", Some("a=")),
            ("s{?a}", "s?a=1,2", Some("a=1,2")),
            ("s{?a}", "s?a=1&a=2&a=3", Some("a=[1|2|3]")),
            ("s{?a*}", "s?a=1&b=0&a=2", Some("a=[1|2]")),
            ("s{?a*}", "s?a=1", Some("a=[1]")),
            ("s{?a*}", "s?a=1,2%2C3", Some("a=[1|2,3]")),
            ("s{?a:2}", "s?a=12", Some("a=12")),
            ("s{?a:2}", "s?a=123", None),
            ("s?x=1{&a}", "s?x=1&a=2", Some("a=2")),
            ("s?x={x}{&a}", "s?x=1&b=3&a=2", Some("x=1 a=2")),
            ("s{?a}{&b}", "s?b=2&a=1", Some("a=1 b=2")),
            ("s{?a}{&b}", "s?b=2", Some("b=2")),
            ("s{;a,b}/t", "s;b=2;c;a/t", Some("a= b=2")),
            ("s{;a}/t", "s/t", Some("")),
            ("s{;a*}", "s;a=1;a=2", Some("a=[1|2]")),
            ("s{;a}{?b}", "s;a=1?b=2", Some("a=1 b=2")),
        ]);
    }

    #[test]
    fn literals_match_however_they_are_encoded() {
        check(&[
            ("a/é/{x}", "%61/%C3%A9/1", Some("x=1")),
            ("%C3%A9%7e", "é~", Some("")),
            ("a/b", "a%2Fb", None),
            ("a%2fb", "a%2Fb", Some("")),
            ("a%2Fb", "a/b", None),
        ]);
    }

    #[test]
    fn what_cannot_be_decoded_matches_nothing() {
        for bad in ["%", "%4", "%zz", "%ff", "%C3", "%00", "\0"] {
            assert_eq!(found("n://{a}", &format!("n://x{bad}")), None, "{bad:?}");
            assert_eq!(found("{?a}", &format!("?b={bad}")), None, "{bad:?}");
        }
    }

    #[test]
    fn the_longest_uri_is_exact() {
        let uri = "u".repeat(MAX_URI);
        assert_eq!(found("{a}", &uri), Some(format!("a={uri}")));
        assert_eq!(found("{a}", &format!("{uri}u")), None);
    }

    /// Guards against trying splits one after another: that would not end in our time.
    #[test]
    fn the_worst_template_and_uri_take_no_long_time() {
        let names: Vec<String> = (0..64).map(|i| format!("{{v{i}}}")).collect();
        let started = Instant::now();
        for (between, uri) in [
            ("-", "-".repeat(MAX_URI - 1) + "/"),
            ("", "a".repeat(MAX_URI - 1) + "/"),
            (&"a".repeat(50), "a".repeat(MAX_URI)),
            ("-", "-".repeat(MAX_URI)),
        ] {
            let template = UriTemplate::parse(&names.join(between)).unwrap();
            let matched = template.matches(&uri).is_some();
            assert_eq!(matched, !uri.ends_with('/'));
        }
        let pairs = UriTemplate::parse("{?a*,b}").unwrap();
        assert!(pairs.matches(&format!("?{}", "a&".repeat(4000))).is_some());
        assert!(started.elapsed() < Duration::from_secs(20));
    }
}
