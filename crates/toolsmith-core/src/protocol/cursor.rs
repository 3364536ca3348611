//! Where the next page of a list begins.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// The longest cursor that is read or written, in bytes of text.
const MAX_TEXT: usize = 4096;

const VERSION: u8 = 1;
const TAG_LEN: usize = 8;
const INDEX_LEN: usize = 8;
/// What comes before the name, before Base64.
const HEAD: usize = 1 + TAG_LEN + INDEX_LEN;
/// The longest name that is sent along.
const MAX_AFTER: usize = MAX_TEXT / 4 * 3 - HEAD;

/// Where the next page of a list begins.
///
/// Written as a text that means nothing to a client (`utilities/pagination` of every
/// revision). There is no key in it, so a cursor survives a restart and is understood by
/// every instance of a server. Its tag keeps it from being used on another list, by another
/// tenant or after it was damaged; it is no secret and no proof, because whoever knows a
/// scope can make a cursor for it. A list checks what its caller may see on every page.
///
/// ```
/// use toolsmith_core::protocol::{Cursor, CursorScope};
///
/// let scope = CursorScope { server: "shop", tenant: "acme", list: "tools/list" };
/// let cursor = Cursor { index: 50, after: "search".to_owned() };
/// let text = cursor.encode(&scope);
/// assert_eq!(Cursor::decode(&text, &scope), Some(cursor));
///
/// let other = CursorScope { tenant: "globex", ..scope };
/// assert_eq!(Cursor::decode(&text, &other), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// How many items came before.
    pub index: usize,
    /// What the last of them is called, which finds the place again in a list that has
    /// changed. Empty when only the index is known.
    pub after: String,
}

/// What a cursor is valid for. In any other scope it is no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CursorScope<'a> {
    /// The server.
    pub server: &'a str,
    /// The tenant that asked.
    pub tenant: &'a str,
    /// The list, such as `tools/list`.
    pub list: &'a str,
}

impl Cursor {
    /// The text for a client, of the alphabet of URL-safe Base64 and at most 4 KiB long.
    ///
    /// `after` is left out, and decodes as empty, when it is longer than 3055 bytes: a
    /// part of a name could be taken for another name.
    pub fn encode(&self, scope: &CursorScope<'_>) -> String {
        let after = match self.after.as_bytes() {
            long if long.len() > MAX_AFTER => b"",
            after => after,
        };
        let index = (self.index as u64).to_le_bytes();
        let tag = scope.tag(index, after);
        URL_SAFE_NO_PAD.encode([&[VERSION], &tag[..], &index, after].concat())
    }

    /// Reads what [`encode`](Self::encode) wrote for the same scope.
    ///
    /// `None` for everything else: another scope, an altered text, one that is longer than
    /// 4 KiB. The answer to such a request is that the cursor is not valid.
    pub fn decode(text: &str, scope: &CursorScope<'_>) -> Option<Cursor> {
        if text.len() > MAX_TEXT {
            return None;
        }
        // A text that decodes to the same bytes as another is refused by this engine.
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let rest = bytes.strip_prefix(&[VERSION])?;
        let (tag, rest) = rest.split_first_chunk::<TAG_LEN>()?;
        let (index, after) = rest.split_first_chunk::<INDEX_LEN>()?;
        if *tag != scope.tag(*index, after) {
            return None;
        }
        Some(Cursor {
            index: usize::try_from(u64::from_le_bytes(*index)).ok()?,
            after: std::str::from_utf8(after).ok()?.to_owned(),
        })
    }
}

impl CursorScope<'_> {
    /// Ties a position to this scope. Every part has a length or stands at the end, so
    /// that none runs into the next.
    fn tag(&self, index: [u8; INDEX_LEN], after: &[u8]) -> [u8; TAG_LEN] {
        let mut hash = Sha256::new_with_prefix(b"toolsmith cursor 1");
        for part in [self.server, self.tenant, self.list] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        hash.update(index);
        hash.update(after);
        let mut tag = [0; TAG_LEN];
        tag.copy_from_slice(&hash.finalize()[..TAG_LEN]);
        tag
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SCOPE: CursorScope<'_> = CursorScope {
        server: "shop",
        tenant: "acme",
        list: "tools/list",
    };

    fn cursor() -> impl Strategy<Value = Cursor> {
        let name = prop_oneof![".{0,40}", "[a-z_]{0,40}"];
        (any::<usize>(), name).prop_map(|(index, after)| Cursor { index, after })
    }

    proptest! {
        #[test]
        fn a_cursor_comes_back(
            cursor in cursor(), server: String, tenant: String, list: String,
        ) {
            let scope = CursorScope { server: &server, tenant: &tenant, list: &list };
            let text = cursor.encode(&scope);
            let safe = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
            prop_assert!(text.bytes().all(safe), "{}", text);
            prop_assert_eq!(Cursor::decode(&text, &scope), Some(cursor));
        }

        // Short parts of few letters, so that they differ only in where one part ends.
        #[test]
        fn another_scope_has_no_use_for_it(
            cursor in cursor(),
            ours in ["[ab]{0,2}", "[ab]{0,2}", "[ab]{0,2}"],
            theirs in ["[ab]{0,2}", "[ab]{0,2}", "[ab]{0,2}"],
        ) {
            let scope = |parts: &'_ [String; 3]| {
                let [server, tenant, list] = parts.clone();
                move |use_it: &dyn Fn(&CursorScope<'_>) -> Option<Cursor>| {
                    use_it(&CursorScope { server: &server, tenant: &tenant, list: &list })
                }
            };
            let found = scope(&ours)(&|ours| {
                let text = cursor.encode(ours);
                scope(&theirs)(&|theirs| Cursor::decode(&text, theirs))
            });
            prop_assert_eq!(found.is_some(), ours == theirs);
        }

        #[test]
        fn every_flip_of_a_bit_makes_it_no_cursor(cursor in cursor()) {
            let text = cursor.encode(&SCOPE);
            for (at, bit) in (0..text.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
                let mut altered = text.clone().into_bytes();
                altered[at] ^= 1 << bit;
                // The eighth bit makes something that is not text and cannot come in.
                let Ok(altered) = String::from_utf8(altered) else { continue };
                prop_assert_eq!(Cursor::decode(&altered, &SCOPE), None, "{}", altered);
            }
        }

        #[test]
        fn a_part_of_it_is_no_cursor(cursor in cursor()) {
            let text = cursor.encode(&SCOPE);
            for at in 0..text.len() {
                prop_assert_eq!(Cursor::decode(&text[..at], &SCOPE), None, "{} of {}", at, text);
            }
            for more in ["A", "AA", "AAA", "AAAA", "="] {
                let longer = format!("{text}{more}");
                prop_assert_eq!(Cursor::decode(&longer, &SCOPE), None, "{}", longer);
            }
        }

        #[test]
        fn arbitrary_text_is_no_cursor(text: String) {
            prop_assert_eq!(Cursor::decode(&text, &SCOPE), None);
        }

        #[test]
        fn arbitrary_bytes_are_no_cursor(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let text = URL_SAFE_NO_PAD.encode([&[VERSION], &bytes[..]].concat());
            prop_assert_eq!(Cursor::decode(&text, &SCOPE), None, "{}", text);
        }
    }

    /// As [`Cursor::encode`] does it, for positions that it does not write.
    fn tagged(index: u64, after: &[u8]) -> String {
        let index = index.to_le_bytes();
        let tag = SCOPE.tag(index, after);
        URL_SAFE_NO_PAD.encode([&[VERSION], &tag[..], &index, after].concat())
    }

    #[test]
    fn the_bound_is_exact() {
        let cursor = |len| Cursor {
            index: 7,
            after: "a".repeat(len),
        };
        let longest = cursor(MAX_AFTER).encode(&SCOPE);
        assert_eq!(longest.len(), MAX_TEXT);
        assert_eq!(Cursor::decode(&longest, &SCOPE), Some(cursor(MAX_AFTER)));
        let without = cursor(MAX_AFTER + 1).encode(&SCOPE);
        assert_eq!(Cursor::decode(&without, &SCOPE), Some(cursor(0)));

        let too_long = tagged(7, &[b'a'; MAX_AFTER + 1]);
        assert_eq!(Cursor::decode(&too_long, &SCOPE), None);
    }

    #[test]
    fn a_name_that_is_not_text_is_no_cursor() {
        assert!(Cursor::decode(&tagged(7, b"a"), &SCOPE).is_some());
        assert_eq!(Cursor::decode(&tagged(7, b"\xff"), &SCOPE), None);
    }

    #[test]
    fn a_cursor_of_a_former_build_is_read() {
        // Cursors outlive the process. Should this text have to change, raise VERSION.
        let text = "ATT_hXh4s6nMMgAAAAAAAABzZWFyY2g";
        let cursor = Cursor {
            index: 50,
            after: "search".to_owned(),
        };
        assert_eq!(cursor.encode(&SCOPE), text);
        assert_eq!(Cursor::decode(text, &SCOPE), Some(cursor));
    }
}
