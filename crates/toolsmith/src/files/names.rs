//! Between the part of a URI that names a file and the names of folders and of the file.

use std::fmt::Write as _;

/// The longest URI that is looked up, in bytes.
const MAX_URI: usize = 8192;

/// Whether a name is one that is served: that of one file or folder, and the same on every
/// system. `\` and `:` are a separator and a drive elsewhere.
pub(crate) fn is_name(name: &str, hidden: bool) -> bool {
    let is_odd = |c: char| matches!(c, '/' | '\\' | ':') || c.is_control();
    !matches!(name, "" | "." | "..") && !name.contains(is_odd) && (hidden || !name.starts_with('.'))
}

/// Writes names as the part of a URI that comes after its base.
pub(crate) fn encode<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut out = String::new();
    for name in names {
        if !out.is_empty() {
            out.push('/');
        }
        for byte in name.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    out.push(char::from(byte));
                }
                // Writing to a string does not fail.
                _ => drop(write!(out, "%{byte:02X}")),
            }
        }
    }
    out
}

/// Reads what [`encode`] writes. `None` for everything that is not the names of folders and
/// of a file: there is no way up, no way to a root or a drive, no second separator, and
/// nothing is decoded twice.
pub(super) fn decode(rest: &str, hidden: bool) -> Option<Vec<String>> {
    if rest.len() > MAX_URI {
        return None;
    }
    let names: Option<Vec<String>> = rest.split('/').map(decoded).collect();
    names.filter(|names| names.iter().all(|name| is_name(name, hidden)))
}

fn decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => digit(rest.next()?)? << 4 | digit(rest.next()?)?,
            b'?' | b'#' => return None,
            plain => plain,
        });
    }
    String::from_utf8(bytes).ok()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

/// What is wrong with a URI of a resource, or with what such URIs begin with.
pub(super) fn problem(uri: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let scheme = uri.split_once(':').map(|(scheme, _)| scheme);
    let has_scheme = scheme.is_some_and(|it| {
        it.starts_with(|c: char| c.is_ascii_alphabetic()) && it.chars().all(fits)
    });
    if !has_scheme {
        return Some(format!(
            "`{uri}` is not a URI; write it with a scheme, such as docs://{uri}"
        ));
    }
    let is_odd = |c: &char| !c.is_ascii_graphic() || "?#{}<>\\^`|\"".contains(*c);
    let odd = uri.chars().find(is_odd)?;
    Some(format!(
        "`{uri}` cannot be the URI of files, because of {odd:?}; leave it out, or write it in percent-encoding"
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_would_lead_elsewhere_is_no_name() {
        for rest in [
            "",
            "/",
            "/etc/passwd",
            "..",
            "../a",
            "a/..",
            "a/../b",
            "a/./b",
            "a//b",
            "a/",
            "%2e%2e/a",
            "%2E%2e",
            ".%2e/a",
            "a%2f..%2fb",
            "a%2Fb",
            "a\\b",
            "..\\a",
            "a%5Cb",
            "%5c%5cserver%5cshare",
            "C:/a",
            "C:",
            "c%3a/a",
            "a.md::$DATA",
            "a%00.md",
            "a\0",
            "a%0Ab",
            "a%",
            "a%4",
            "a%zz",
            "a%+1",
            "a%ff",
            "a?b",
            "a#b",
            ".env",
            "%2eenv",
            "a/.git/config",
        ] {
            assert_eq!(decode(rest, false), None, "{rest:?}");
        }
        let long = "a/".repeat(MAX_URI);
        assert_eq!(decode(&long, false), None, "a URI of {} bytes", long.len());
    }

    #[test]
    fn what_names_a_file_is_decoded_once() {
        for (rest, names) in [
            ("guide.md", ["guide.md"].as_slice()),
            ("a/b.md", &["a", "b.md"]),
            ("a%20b.md", &["a b.md"]),
            ("%C3%A9.md", &["é.md"]),
            ("é.md", &["é.md"]),
            ("%252e%252e/a", &["%2e%2e", "a"]),
            ("...", &["..."]),
            ("a..b", &["a..b"]),
        ] {
            let found = decode(rest, true).unwrap_or_default();
            assert_eq!(found, names, "{rest:?}");
        }
    }

    #[test]
    fn a_base_is_the_beginning_of_a_uri() {
        for base in ["docs://", "file:///a/b/", "urn:files/", "x-y+z.1://h/"] {
            assert_eq!(problem(base), None, "{base}");
        }
        for base in [
            "", "docs", "./docs", "://a", "1a://", "a b://", "a://{x}/", "a://?x=", "a://é",
        ] {
            assert!(problem(base).is_some(), "{base}");
        }
    }

    proptest! {
        #[test]
        fn names_survive_the_way_through_a_uri(
            names in proptest::collection::vec("[^/\\\\:\\p{Cc}]{1,20}", 1..5),
        ) {
            prop_assume!(names.iter().all(|name| is_name(name, true)));
            let written = encode(names.iter().map(String::as_str));
            prop_assert!(written.is_ascii(), "{written}");
            prop_assert_eq!(decode(&written, true), Some(names));
        }

        #[test]
        fn whatever_is_decoded_stays_below(rest in "([a-z.%/\\\\:?#\0]|%2e|%2f|%5c|\\.\\.){0,20}") {
            for name in decode(&rest, true).into_iter().flatten() {
                let mut parts = std::path::Path::new(&name).components();
                let first = parts.next();
                prop_assert!(
                    matches!(first, Some(std::path::Component::Normal(_))) && parts.next().is_none(),
                    "{rest:?} came to {name:?}"
                );
            }
        }
    }
}
