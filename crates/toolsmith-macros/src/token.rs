//! The token of RFC 9110, section 5.6.2: what a header field or a media type is named by.

/// The characters of a token besides letters and digits.
pub(crate) const MARKS: &str = "!#$%&'*+-.^_`|~";

pub(crate) fn is_token(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || MARKS.contains(c);
    !text.is_empty() && text.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::is_token;

    #[test]
    fn a_token_has_no_delimiters() {
        assert!(is_token("Region-2"));
        assert!(is_token(super::MARKS));
        for wrong in ["", "Re gion", "Region:", "a/b", "größe", "a\n", "\"a\""] {
            assert!(!is_token(wrong), "{wrong:?}");
        }
    }
}
