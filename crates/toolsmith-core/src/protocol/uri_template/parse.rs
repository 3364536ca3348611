//! From the text of a template to its parts.

use std::ops::Range;

use super::operator::Operator;
use super::units::{self, Unit};
use super::{TemplateError, Variable};

/// The longest template, in bytes.
const MAX_TEMPLATE: usize = 4096;
/// The most expressions in a template.
const MAX_EXPRESSIONS: usize = 64;
/// The most variables in a template.
const MAX_VARIABLES: usize = 64;
/// The longest name of a variable, in bytes.
const MAX_NAME: usize = 128;

/// A part of a template. RFC 6570, section 2.
#[derive(Clone, Debug)]
pub(super) enum Part {
    Literal {
        text: String,
        units: Vec<Unit>,
    },
    Expression {
        operator: Operator,
        /// Which of the template's variables.
        variables: Range<usize>,
    },
}

pub(super) fn parse(text: &str) -> Result<(Vec<Part>, Vec<Variable>), TemplateError> {
    if text.len() > MAX_TEMPLATE {
        return Err(TemplateError::new(
            MAX_TEMPLATE,
            format!(
                "it is {} bytes long, {MAX_TEMPLATE} is the most",
                text.len()
            ),
        ));
    }
    let (mut parts, mut variables) = (Vec::new(), Vec::new());
    let (mut at, mut expressions) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        if !rest.starts_with('{') {
            let literal = &rest[..rest.find('{').unwrap_or(rest.len())];
            parts.push(read_literal(literal, at)?);
            at += literal.len();
            continue;
        }
        expressions += 1;
        if expressions > MAX_EXPRESSIONS {
            let what = format!("there are more than {MAX_EXPRESSIONS} expressions");
            return Err(TemplateError::new(at, what));
        }
        let Some(end) = rest.find('}') else {
            let what = "this `{` is never closed; one that is meant as it is, is written `%7B`";
            return Err(TemplateError::new(at, what));
        };
        parts.push(read_expression(&rest[1..end], at + 1, &mut variables)?);
        at += end + 1;
    }
    Ok((parts, variables))
}

fn read_literal(text: &str, start: usize) -> Result<Part, TemplateError> {
    for (index, ch) in text.char_indices() {
        let at = start + index;
        match ch {
            '}' => {
                let what = "this `}` closes nothing; one that is meant as it is, is written `%7D`";
                return Err(TemplateError::new(at, what));
            }
            '%' if units::octet(&text.as_bytes()[index..]).is_none() => {
                let what = "two hexadecimal digits must follow `%`; a `%` itself is written `%25`";
                return Err(TemplateError::new(at, what));
            }
            ch if ch.is_control() || " \"<>\\^`|".contains(ch) => {
                let what = format!("{ch:?} cannot stand in a URI and must be percent-encoded");
                return Err(TemplateError::new(at, what));
            }
            _ => {}
        }
    }
    Ok(Part::Literal {
        text: text.to_owned(),
        units: units::read(text).map_err(|index| undecodable(start + index))?,
    })
}

/// Reads what stands between the braces.
fn read_expression(
    body: &str,
    start: usize,
    variables: &mut Vec<Variable>,
) -> Result<Part, TemplateError> {
    let first = body.bytes().next();
    if let Some(byte @ (b'=' | b',' | b'!' | b'@' | b'|')) = first {
        let what = format!("the operator `{}` has no meaning", char::from(byte));
        return Err(TemplateError::new(start, what));
    }
    let (operator, list, mut at) = match first.and_then(Operator::from_byte) {
        Some(operator) => (operator, &body[1..], start + 1),
        None => (Operator::Simple, body, start),
    };
    let from = variables.len();
    for spec in list.split(',') {
        let variable = read_variable(spec, at, operator)?;
        if variables.len() == MAX_VARIABLES {
            let what = format!("there are more than {MAX_VARIABLES} variables");
            return Err(TemplateError::new(at, what));
        }
        if variables.iter().any(|known| known.key == variable.key) {
            let what = format!("the variable `{}` is named twice", variable.name);
            return Err(TemplateError::new(at, what));
        }
        variables.push(variable);
        at += spec.len() + 1;
    }
    Ok(Part::Expression {
        operator,
        variables: from..variables.len(),
    })
}

/// Reads a name and its modifier.
fn read_variable(spec: &str, at: usize, operator: Operator) -> Result<Variable, TemplateError> {
    let end = spec.find([':', '*']).unwrap_or(spec.len());
    let (name, modifier) = spec.split_at(end);
    let prefix = match modifier {
        "" | "*" => None,
        _ => Some(read_prefix(modifier, at + end)?),
    };
    Ok(Variable {
        key: read_name(name, at)?,
        name: name.to_owned(),
        explode: modifier == "*",
        prefix,
        optional: operator.lead().is_some(),
    })
}

/// Checks a name and decodes it.
fn read_name(name: &str, start: usize) -> Result<String, TemplateError> {
    if name.is_empty() {
        return Err(TemplateError::new(start, "a variable has no name"));
    }
    if name.len() > MAX_NAME {
        let what = format!("the name of a variable is longer than {MAX_NAME} bytes");
        return Err(TemplateError::new(start, what));
    }
    let bytes = name.as_bytes();
    for (index, ch) in name.char_indices() {
        let fits = match ch {
            '.' => index > 0 && bytes[index - 1] != b'.' && index + 1 < name.len(),
            '%' => units::octet(&bytes[index..]).is_some(),
            ch => ch.is_ascii_alphanumeric() || ch == '_',
        };
        if !fits {
            let what = format!(
                "{ch:?} does not fit here: a name is letters, digits and `_`, with single dots \
                 between them"
            );
            return Err(TemplateError::new(start + index, what));
        }
    }
    let units = units::read(name).map_err(|index| undecodable(start + index))?;
    Ok(units::text(&units))
}

/// Reads `:` and a length.
fn read_prefix(modifier: &str, at: usize) -> Result<u16, TemplateError> {
    modifier
        .strip_prefix(':')
        .filter(|digits| digits.len() <= 4 && digits.bytes().all(|b| b.is_ascii_digit()))
        .filter(|digits| !digits.starts_with('0'))
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| {
            let what = "after a name comes `*`, or `:` and a number from 1 to 9999";
            TemplateError::new(at, what)
        })
}

fn undecodable(at: usize) -> TemplateError {
    TemplateError::new(at, "what is percent-encoded here is NUL or not UTF-8")
}

#[cfg(test)]
mod tests {
    use super::super::UriTemplate;

    #[test]
    fn variables_are_as_their_expressions_have_them() {
        let text = "{a}{+b*}{#c:3}{.d}{/e*,f}{;g}{?h,i.j}{&k_1%20:9999}";
        let template = UriTemplate::parse(text).unwrap();
        let read: Vec<_> = (template.variables())
            .map(|v| (v.name(), v.explode(), v.prefix(), v.optional()))
            .collect();
        assert_eq!(
            read,
            [
                ("a", false, None, false),
                ("b", true, None, false),
                ("c", false, Some(3), true),
                ("d", false, None, true),
                ("e", true, None, true),
                ("f", false, None, true),
                ("g", false, None, true),
                ("h", false, None, true),
                ("i.j", false, None, true),
                ("k_1%20", false, Some(9999), true),
            ]
        );
    }

    #[test]
    fn an_error_says_where_and_what() {
        for (text, at, what) in [
            ("a{b", 1, "never closed"),
            ("ab}", 2, "closes nothing"),
            ("a%2", 1, "two hexadecimal digits"),
            ("é b", 2, "' ' cannot stand in a URI"),
            ("a\nb", 1, "'\\n' cannot stand in a URI"),
            ("a%ff", 1, "not UTF-8"),
            ("a%00", 1, "NUL"),
            ("a{}", 2, "no name"),
            ("a{?}", 3, "no name"),
            ("a{b,}", 4, "no name"),
            ("a{!b}", 2, "operator `!`"),
            ("a{b{c}", 3, "'{' does not fit"),
            ("{a b}", 2, "' ' does not fit"),
            ("{é}", 1, "'é' does not fit"),
            ("{.a.}", 3, "'.' does not fit"),
            ("{a..b}", 3, "'.' does not fit"),
            ("{a%4}", 2, "'%' does not fit"),
            ("{a%ff}", 2, "not UTF-8"),
            ("{a:}", 2, "from 1 to 9999"),
            ("{a:0}", 2, "from 1 to 9999"),
            ("{a:10000}", 2, "from 1 to 9999"),
            ("{a:+1}", 2, "from 1 to 9999"),
            ("{a*:3}", 2, "from 1 to 9999"),
            ("{a:3*}", 2, "from 1 to 9999"),
            ("{a}{?b,a}", 7, "`a` is named twice"),
            ("{a}{%61}", 4, "`%61` is named twice"),
        ] {
            let error = UriTemplate::parse(text).unwrap_err();
            assert_eq!(error.at(), at, "{text:?}: {error}");
            assert!(error.to_string().contains(what), "{text:?}: {error}");
        }
    }

    #[test]
    fn every_bound_is_exact() {
        let refused = |text: String| UriTemplate::parse(&text).map_err(|e| e.to_string());
        let numbered = |count: usize, between: &str| {
            let names: Vec<String> = (0..count).map(|i| format!("v{i}")).collect();
            format!("{{{}}}", names.join(between))
        };
        assert!(refused("a".repeat(4096)).is_ok());
        assert!(
            refused("a".repeat(4097))
                .unwrap_err()
                .contains("4097 bytes")
        );
        assert!(refused(numbered(64, "}{")).is_ok());
        let error = refused(numbered(65, "}{")).unwrap_err();
        assert!(error.contains("64 expressions"), "{error}");
        assert!(refused(numbered(64, ",")).is_ok());
        let error = refused(numbered(65, ",")).unwrap_err();
        assert!(error.contains("64 variables"), "{error}");
        assert!(refused(format!("{{{}}}", "a".repeat(128))).is_ok());
        let error = refused(format!("{{{}}}", "a".repeat(129))).unwrap_err();
        assert!(error.contains("128 bytes"), "{error}");
    }
}
