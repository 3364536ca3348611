//! From a template and values to a URI. RFC 6570, section 3.

use super::operator::Operator;
use super::parse::Part;
use super::units::{self, is_reserved, is_unreserved};
use super::{Captured, Captures, Variable};

pub(super) fn expand(parts: &[Part], variables: &[Variable], values: &Captures) -> String {
    let mut uri = String::new();
    for part in parts {
        match part {
            Part::Literal { text, .. } => encode(&mut uri, text, true),
            Part::Expression {
                operator,
                variables: range,
            } => expression(&mut uri, *operator, &variables[range.clone()], values),
        }
    }
    uri
}

fn expression(uri: &mut String, operator: Operator, variables: &[Variable], values: &Captures) {
    let mut before = operator.lead();
    for variable in variables {
        let Some(value) = values.get(&variable.name) else {
            continue;
        };
        if value.as_slice().is_empty() {
            continue;
        }
        uri.extend(before);
        write(uri, operator, variable, value);
        before = Some(operator.separator());
    }
}

/// Writes the value of one variable.
fn write(uri: &mut String, operator: Operator, variable: &Variable, value: &Captured) {
    let keep = operator.keeps_reserved();
    match value {
        Captured::One(text) => {
            let text = match variable.prefix {
                Some(longest) => text.chars().take(usize::from(longest)).collect(),
                None => text.clone(),
            };
            name(uri, operator, variable, text.is_empty());
            encode(uri, &text, keep);
        }
        Captured::Many(items) if variable.explode => {
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    uri.push(operator.separator());
                }
                name(uri, operator, variable, item.is_empty());
                encode(uri, item, keep);
            }
        }
        Captured::Many(items) => {
            name(uri, operator, variable, false);
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    uri.push(',');
                }
                encode(uri, item, keep);
            }
        }
    }
}

/// Writes the name before a value, for the operators that have it there.
fn name(uri: &mut String, operator: Operator, variable: &Variable, empty: bool) {
    if operator.is_named() {
        uri.push_str(&variable.name);
        uri.push_str(if empty { operator.after_empty() } else { "=" });
    }
}

/// Appends text, percent-encoded where it has to be. What may keep reserved characters also
/// keeps what is encoded already.
fn encode(uri: &mut String, text: &str, keep_reserved: bool) {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    for (at, ch) in text.char_indices() {
        let is_encoding = || ch == '%' && units::octet(&text.as_bytes()[at..]).is_some();
        if is_unreserved(ch) || keep_reserved && (is_reserved(ch) || is_encoding()) {
            uri.push(ch);
            continue;
        }
        for byte in ch.encode_utf8(&mut [0; 4]).bytes() {
            let digits = [byte >> 4, byte & 0xf].map(|half| DIGITS[usize::from(half)]);
            uri.push('%');
            uri.extend(digits);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::UriTemplate;
    use super::*;

    /// The values of section 3.2, without those of associative arrays.
    fn values() -> Captures {
        let texts = [
            ("dub", "me/too"),
            ("hello", "Hello World!"),
            ("half", "50%"),
            ("var", "value"),
            ("who", "fred"),
            ("base", "http://example.com/home/"),
            ("path", "/foo/bar"),
            ("v", "6"),
            ("x", "1024"),
            ("y", "768"),
            ("empty", ""),
        ];
        let lists = [
            ("count", Captured::from(["one", "two", "three"])),
            ("dom", Captured::from(["example", "com"])),
            ("list", Captured::from(["red", "green", "blue"])),
            ("empty_keys", Captured::from([])),
        ];
        let texts = texts.map(|(name, value)| (name, Captured::from(value)));
        texts.into_iter().chain(lists).collect()
    }

    fn check(examples: &[(&str, &str)]) {
        for (text, uri) in examples {
            let template = UriTemplate::parse(text).unwrap();
            assert_eq!(template.expand(&values()), *uri, "{text}");
        }
    }

    #[test]
    fn section_3_2_1_variables() {
        check(&[
            ("{count}", "one,two,three"),
            ("{count*}", "one,two,three"),
            ("{/count}", "/one,two,three"),
            ("{/count*}", "/one/two/three"),
            ("{;count}", ";count=one,two,three"),
            ("{;count*}", ";count=one;count=two;count=three"),
            ("{?count}", "?count=one,two,three"),
            ("{?count*}", "?count=one&count=two&count=three"),
            ("{&count*}", "&count=one&count=two&count=three"),
        ]);
    }

    #[test]
    fn section_3_2_2_simple() {
        check(&[
            ("{var}", "value"),
            ("{hello}", "Hello%20World%21"),
            ("{half}", "50%25"),
            ("O{empty}X", "OX"),
            ("O{undef}X", "OX"),
            ("{x,y}", "1024,768"),
            ("{x,hello,y}", "1024,Hello%20World%21,768"),
            ("?{x,empty}", "?1024,"),
            ("?{x,undef}", "?1024"),
            ("?{undef,y}", "?768"),
            ("{var:3}", "val"),
            ("{var:30}", "value"),
            ("{list}", "red,green,blue"),
            ("{list*}", "red,green,blue"),
        ]);
    }

    #[test]
    fn section_3_2_3_reserved() {
        check(&[
            ("{+var}", "value"),
            ("{+hello}", "Hello%20World!"),
            ("{+half}", "50%25"),
            ("{base}index", "http%3A%2F%2Fexample.com%2Fhome%2Findex"),
            ("{+base}index", "http://example.com/home/index"),
            ("O{+empty}X", "OX"),
            ("O{+undef}X", "OX"),
            ("{+path}/here", "/foo/bar/here"),
            ("here?ref={+path}", "here?ref=/foo/bar"),
            ("up{+path}{var}/here", "up/foo/barvalue/here"),
            ("{+x,hello,y}", "1024,Hello%20World!,768"),
            ("{+path,x}/here", "/foo/bar,1024/here"),
            ("{+path:6}/here", "/foo/b/here"),
            ("{+list}", "red,green,blue"),
            ("{+list*}", "red,green,blue"),
        ]);
    }

    #[test]
    fn section_3_2_4_fragment() {
        check(&[
            ("{#var}", "#value"),
            ("{#hello}", "#Hello%20World!"),
            ("{#half}", "#50%25"),
            ("foo{#empty}", "foo#"),
            ("foo{#undef}", "foo"),
            ("{#x,hello,y}", "#1024,Hello%20World!,768"),
            ("{#path,x}/here", "#/foo/bar,1024/here"),
            ("{#path:6}/here", "#/foo/b/here"),
            ("{#list}", "#red,green,blue"),
            ("{#list*}", "#red,green,blue"),
        ]);
    }

    /// Without the examples that name a variable twice.
    #[test]
    fn sections_3_2_5_and_3_2_6_labels_and_paths() {
        check(&[
            ("{.who}", ".fred"),
            ("{.half,who}", ".50%25.fred"),
            ("www{.dom*}", "www.example.com"),
            ("X{.var}", "X.value"),
            ("X{.empty}", "X."),
            ("X{.undef}", "X"),
            ("X{.var:3}", "X.val"),
            ("X{.list}", "X.red,green,blue"),
            ("X{.list*}", "X.red.green.blue"),
            ("X{.empty_keys}", "X"),
            ("X{.empty_keys*}", "X"),
            ("{/who}", "/fred"),
            ("{/half,who}", "/50%25/fred"),
            ("{/who,dub}", "/fred/me%2Ftoo"),
            ("{/var}", "/value"),
            ("{/var,empty}", "/value/"),
            ("{/var,undef}", "/value"),
            ("{/var,x}/here", "/value/1024/here"),
            ("{/list}", "/red,green,blue"),
            ("{/list*}", "/red/green/blue"),
            ("{/list*,path:4}", "/red/green/blue/%2Ffoo"),
        ]);
    }

    #[test]
    fn sections_3_2_7_to_3_2_9_pairs() {
        check(&[
            ("{;who}", ";who=fred"),
            ("{;half}", ";half=50%25"),
            ("{;empty}", ";empty"),
            ("{;v,empty,who}", ";v=6;empty;who=fred"),
            ("{;v,bar,who}", ";v=6;who=fred"),
            ("{;x,y}", ";x=1024;y=768"),
            ("{;x,y,empty}", ";x=1024;y=768;empty"),
            ("{;x,y,undef}", ";x=1024;y=768"),
            ("{;hello:5}", ";hello=Hello"),
            ("{;list}", ";list=red,green,blue"),
            ("{;list*}", ";list=red;list=green;list=blue"),
            ("{?who}", "?who=fred"),
            ("{?half}", "?half=50%25"),
            ("{?x,y}", "?x=1024&y=768"),
            ("{?x,y,empty}", "?x=1024&y=768&empty="),
            ("{?x,y,undef}", "?x=1024&y=768"),
            ("{?var:3}", "?var=val"),
            ("{?list}", "?list=red,green,blue"),
            ("{?list*}", "?list=red&list=green&list=blue"),
            ("{&who}", "&who=fred"),
            ("{&half}", "&half=50%25"),
            ("?fixed=yes{&x}", "?fixed=yes&x=1024"),
            ("{&x,y,empty}", "&x=1024&y=768&empty="),
            ("{&x,y,undef}", "&x=1024&y=768"),
            ("{&var:3}", "&var=val"),
            ("{&list}", "&list=red,green,blue"),
            ("{&list*}", "&list=red&list=green&list=blue"),
        ]);
    }

    #[test]
    fn literals_and_reserved_values_keep_what_is_encoded() {
        let template = UriTemplate::parse("é/%C3%A9/{+a}/{b}").unwrap();
        let values = [("a", "%20%2"), ("b", "%20é")].into_iter().collect();
        assert_eq!(
            template.expand(&values),
            "%C3%A9/%C3%A9/%20%252/%2520%C3%A9"
        );
    }
}
