//! A URI or a template of URIs (RFC 6570), as far as it must agree with a function.

/// The longest template, in bytes.
const MAX_TEMPLATE: usize = 4096;
/// The most expressions in a template.
const MAX_EXPRESSIONS: usize = 64;
/// The most variables in a template.
const MAX_VARIABLES: usize = 64;
/// The longest name of a variable, in bytes.
const MAX_NAME: usize = 128;
/// The most characters of a template that a message repeats.
const MAX_SHOWN: usize = 40;

/// What stands in the braces of a template; nothing, when it is a URI.
#[derive(Debug, Default)]
pub(crate) struct Template {
    pub(crate) variables: Vec<Variable>,
}

/// A variable of a template.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) name: String,
    /// Whether a URI can do without it.
    pub(crate) optional: bool,
}

impl Template {
    /// Reads a template. The error is for people, and says where it is by repeating it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_TEMPLATE {
            return Err(format!(
                "this is {} bytes long, and a URI or template has at most {MAX_TEMPLATE}",
                text.len()
            ));
        }
        check_scheme(text)?;
        let mut template = Self::default();
        let mut expressions = 0;
        let mut rest = text;
        while let Some((literal, behind)) = rest.split_once('{') {
            check_literal(literal)?;
            expressions += 1;
            if expressions > MAX_EXPRESSIONS {
                return Err(format!(
                    "a template has at most {MAX_EXPRESSIONS} pairs of braces"
                ));
            }
            let Some((expression, behind)) = behind.split_once('}') else {
                return Err(format!(
                    "`{{{}` is never closed; end it with `}}`, or write a `{{` that is meant as \
                     it is as `%7B`",
                    shown(behind)
                ));
            };
            template.read_expression(expression)?;
            rest = behind;
        }
        check_literal(rest)?;
        Ok(template)
    }

    /// The variable of a name.
    pub(crate) fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().find(|variable| variable.name == name)
    }

    /// Reads what stands between two braces.
    fn read_expression(&mut self, expression: &str) -> Result<(), String> {
        let (optional, list) = match expression.chars().next() {
            Some('+') => (false, &expression[1..]),
            Some('#' | '.' | '/' | ';' | '?' | '&') => (true, &expression[1..]),
            Some(operator @ ('=' | ',' | '!' | '@' | '|')) => {
                return Err(format!(
                    "the operator `{operator}` of `{{{}}}` has no meaning; there are \
                     `+ # . / ; ? &`, or none",
                    shown(expression)
                ));
            }
            _ => (false, expression),
        };
        for written in list.split(',') {
            let name = read_variable(written, expression)?.to_owned();
            if self.variable(&name).is_some() {
                return Err(format!("the variable `{name}` is there twice; rename one"));
            }
            if self.variables.len() == MAX_VARIABLES {
                return Err(format!("a template has at most {MAX_VARIABLES} variables"));
            }
            self.variables.push(Variable { name, optional });
        }
        Ok(())
    }
}

/// A scheme, as RFC 3986 has it, stands in front and is written out.
fn check_scheme(text: &str) -> Result<(), String> {
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    if scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(fits) {
        return Ok(());
    }
    Err(
        "a URI begins with a scheme, written out, such as `https:`, `file:` or one of your own: \
         `users://{id}`"
            .to_owned(),
    )
}

/// Checks what stands outside of braces. RFC 6570, section 2.1.
fn check_literal(text: &str) -> Result<(), String> {
    for (index, c) in text.char_indices() {
        let behind = &text[index..];
        match c {
            '}' => {
                return Err(format!(
                    "the `}}` of `{}` closes nothing; write one that is meant as it is as `%7D`",
                    shown(behind)
                ));
            }
            '%' if !is_encoded(behind) => {
                return Err(format!(
                    "the `%` of `{}` has no two hexadecimal digits behind it; a `%` itself is `%25`",
                    shown(behind)
                ));
            }
            c if c.is_control() || " \"<>\\^`|".contains(c) => {
                return Err(format!(
                    "{c:?} cannot stand in a URI; percent-encode it: `{}`",
                    encoded(c)
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

fn is_encoded(text: &str) -> bool {
    let digits = text.as_bytes().get(1..3).unwrap_or_default();
    digits.len() == 2 && digits.iter().all(u8::is_ascii_hexdigit)
}

fn encoded(c: char) -> String {
    let mut bytes = [0; 4];
    let bytes = c.encode_utf8(&mut bytes).bytes();
    bytes.map(|byte| format!("%{byte:02X}")).collect()
}

/// Reads a name and its modifier, and gives the name.
fn read_variable<'a>(written: &'a str, expression: &str) -> Result<&'a str, String> {
    let end = written.find([':', '*']).unwrap_or(written.len());
    let (name, modifier) = written.split_at(end);
    if name.is_empty() {
        return Err(format!(
            "`{{{}}}` lacks the name of a variable",
            shown(expression)
        ));
    }
    if name.len() > MAX_NAME {
        return Err(format!(
            "the name of the variable `{}` is longer than {MAX_NAME} bytes",
            shown(name)
        ));
    }
    if !is_name(name) {
        return Err(format!(
            "`{}` cannot be the name of a parameter, and the parameter that takes a variable is \
             called like it; write letters, digits and `_`",
            shown(name)
        ));
    }
    if !is_modifier(modifier) {
        return Err(format!(
            "`{}` cannot stand behind the variable `{name}`; write `*`, or `:` and a number from \
             1 to 9999",
            shown(modifier)
        ));
    }
    Ok(name)
}

/// Whether a parameter may have the name. RFC 6570 has dots and percent-encoding too, which
/// Rust has not.
fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let reserved = ["_", "self", "Self", "super", "crate"];
    name.chars().all(fits)
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !reserved.contains(&name)
}

fn is_modifier(modifier: &str) -> bool {
    match modifier.strip_prefix(':') {
        Some(digits) => {
            (1..=4).contains(&digits.len())
                && digits.bytes().all(|b| b.is_ascii_digit())
                && !digits.starts_with('0')
        }
        None => modifier.is_empty() || modifier == "*",
    }
}

/// The beginning of a text.
fn shown(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(text: &str) -> Vec<(String, bool)> {
        let template = Template::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let variables = template.variables.into_iter();
        variables.map(|v| (v.name, v.optional)).collect()
    }

    #[test]
    fn a_uri_has_no_variables() {
        for uri in [
            "a:",
            "config://app",
            "x-y.z+1:é%20%C3%a9?a=b&c#d",
            "mailto:a@b",
        ] {
            assert_eq!(variables(uri), [], "{uri}");
        }
    }

    #[test]
    fn only_what_every_uri_has_is_not_optional() {
        let text = "a:{b}{+c*}{#d:3}{.e}{/f*,g}{;h}{?i,_j}{&k_1:9999}";
        let expected = [
            ("b", false),
            ("c", false),
            ("d", true),
            ("e", true),
            ("f", true),
            ("g", true),
            ("h", true),
            ("i", true),
            ("_j", true),
            ("k_1", true),
        ];
        assert_eq!(
            variables(text),
            expected.map(|(name, optional)| (name.to_owned(), optional))
        );
        assert_eq!(variables("a:{x,y}").len(), 2);
        assert_eq!(variables("a:{type}"), [("type".to_owned(), false)]);
    }

    #[test]
    fn an_error_says_what_and_repeats_where() {
        for (text, what) in [
            ("", "begins with a scheme"),
            ("users/{id}", "begins with a scheme"),
            ("://a", "begins with a scheme"),
            ("1a:b", "begins with a scheme"),
            ("a b:c", "begins with a scheme"),
            ("{scheme}://a", "begins with a scheme"),
            ("ü:a", "begins with a scheme"),
            ("a:b{c", "`{c` is never closed"),
            ("a:{b}{", "`{` is never closed"),
            ("a:b}c", "`}` of `}c` closes nothing"),
            ("a:{b}}", "`}` of `}` closes nothing"),
            ("a:%2", "`%` of `%2` has no two hexadecimal digits"),
            ("a:%é0", "`%` of `%é0` has no two hexadecimal digits"),
            (
                "a:b c",
                "' ' cannot stand in a URI; percent-encode it: `%20`",
            ),
            (
                "a:b\nc",
                "'\\n' cannot stand in a URI; percent-encode it: `%0A`",
            ),
            (
                "a:{b}<",
                "'<' cannot stand in a URI; percent-encode it: `%3C`",
            ),
            ("a:\u{85}", "percent-encode it: `%C2%85`"),
            ("a:{}", "`{}` lacks the name"),
            ("a:{?}", "`{?}` lacks the name"),
            ("a:{b,}", "`{b,}` lacks the name"),
            ("a:{?*}", "`{?*}` lacks the name"),
            ("a:{!b}", "operator `!` of `{!b}` has no meaning"),
            ("a:{b{c}", "`b{c` cannot be the name of a parameter"),
            ("a:{b c}", "`b c` cannot be the name of a parameter"),
            ("a:{b.c}", "`b.c` cannot be the name of a parameter"),
            ("a:{b%20}", "`b%20` cannot be the name of a parameter"),
            ("a:{1}", "`1` cannot be the name of a parameter"),
            ("a:{é}", "`é` cannot be the name of a parameter"),
            ("a:{self}", "`self` cannot be the name of a parameter"),
            ("a:{_}", "`_` cannot be the name of a parameter"),
            ("a:{b:}", "`:` cannot stand behind the variable `b`"),
            ("a:{b:0}", "`:0` cannot stand behind"),
            ("a:{b:10000}", "`:10000` cannot stand behind"),
            ("a:{b:+1}", "`:+1` cannot stand behind"),
            ("a:{b*:3}", "`*:3` cannot stand behind"),
            ("a:{b:3*}", "`:3*` cannot stand behind"),
            ("a:{b}{?c,b}", "`b` is there twice"),
            ("a:{b*}{b:3}", "`b` is there twice"),
        ] {
            let error = Template::parse(text).map(|template| template.variables);
            let error = error.expect_err(text);
            assert!(error.contains(what), "{text:?}: {error}");
        }
    }

    #[test]
    fn every_bound_is_exact() {
        let error = |text: String| Template::parse(&text).err().unwrap_or_default();
        let numbered = |count: usize, between: &str| {
            let names: Vec<String> = (0..count).map(|i| format!("v{i}")).collect();
            format!("a:{{{}}}", names.join(between))
        };
        assert_eq!(error(format!("a:{}", "a".repeat(4094))), "");
        assert!(error(format!("a:{}", "a".repeat(4095))).contains("4097 bytes"));
        assert_eq!(error(numbered(64, "}{")), "");
        assert!(error(numbered(65, "}{")).contains("64 pairs"));
        assert_eq!(error(numbered(64, ",")), "");
        assert!(error(numbered(65, ",")).contains("64 variables"));
        assert_eq!(error(format!("a:{{{}}}", "a".repeat(128))), "");
        let long = error(format!("a:{{{}}}", "é".repeat(65)));
        assert!(long.contains("128 bytes"), "{long}");
        assert!(long.contains(&format!("`{}…`", "é".repeat(40))), "{long}");
    }
}
