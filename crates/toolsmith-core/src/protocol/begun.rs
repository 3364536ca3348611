//! Messages of which only the beginning is there.

use bytes::Bytes;

use super::RequestId;
use super::scan::Scanner;

/// The id of a request of which this is the beginning, where it stands there.
///
/// For refusals of what is too large to be read: most clients write the id before the
/// parameters, and wait on for an answer that names none.
///
/// ```
/// use toolsmith_core::protocol::id_in;
///
/// let begun = br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"na"#;
/// assert_eq!(id_in(begun).unwrap().as_json(), b"7");
/// assert!(id_in(br#"{"method":"tools/call","params":{"id":7"#).is_none());
/// ```
pub fn id_in(begun: &[u8]) -> Option<RequestId> {
    // A letter may be cut in two.
    let text = match std::str::from_utf8(begun) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(begun.get(..error.valid_up_to())?).ok()?,
    };
    let mut id = None;
    // It ends where the text does, which is no matter once the id is found.
    let _ = Scanner::new(text).object(|scanner, name| {
        let value = scanner.value()?;
        if name == "id" {
            // A number that ends with the text may go on.
            scanner.peek()?;
            id = RequestId::from_json(Bytes::copy_from_slice(value.as_bytes()));
            return None;
        }
        Some(())
    });
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_found_where_it_stands_before_the_end() {
        for (begun, id) in [
            (r#"{"jsonrpc":"2.0","id":7,"method""#, Some("7")),
            (
                r#"{"jsonrpc":"2.0","id":"a","params":{"x":"ää"#,
                Some("\"a\""),
            ),
            (r#" { "id" : 1, "#, Some("1")),
            (r#"{"params":{"id":3},"id":4}"#, Some("4")),
            // The number may go on.
            (r#"{"id":12"#, None),
            (r#"{"id":null,"method":"x""#, None),
            (r#"{"params":{"id":3"#, None),
            (r#"[{"id":1,"#, None),
            ("", None),
            ("{", None),
        ] {
            let found = id_in(begun.as_bytes());
            let found = found.as_ref().map(|it| it.as_json());
            assert_eq!(found, id.map(str::as_bytes), "{begun}");
        }
        let cut = "{\"id\":1,\"x\":\"ä".as_bytes();
        assert!(id_in(&cut[..cut.len() - 1]).is_some());
    }
}
