//! A bound on how deeply JSON may be nested.

/// The deepest nesting that is taken.
pub(super) const MAX_DEPTH: usize = 128;

/// Whether a text that may be JSON opens more than [`MAX_DEPTH`] objects and arrays
/// within each other.
///
/// One pass, no recursion, no memory. A text shorter than twice the bound cannot hold
/// complete JSON that deep, so the common small message is not looked at.
pub(super) fn too_deep(text: &[u8]) -> bool {
    if text.len() < MAX_DEPTH * 2 {
        return false;
    }
    let mut depth = 0usize;
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
    }
    false
}

/// Moves past the end of a string whose opening quote was read.
fn skip_string(bytes: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'"' => return,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(depth: usize) -> Vec<u8> {
        [b"[".repeat(depth), b"]".repeat(depth)].concat()
    }

    #[test]
    fn the_bound_is_exact() {
        assert!(!too_deep(&nested(MAX_DEPTH)));
        assert!(too_deep(&nested(MAX_DEPTH + 1)));
        assert!(too_deep(&b"{\"a\":".repeat(100_000)));
    }

    #[test]
    fn brackets_in_strings_do_not_count() {
        let text = format!("[\"{}\\\"{}\"]", "[".repeat(500), "[".repeat(500));
        assert!(!too_deep(text.as_bytes()));
    }
}
