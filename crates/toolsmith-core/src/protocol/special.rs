//! What ends a run of plain characters in a JSON string: a quote, a backslash or a control
//! character. Long texts are mostly plain, and this is looked for in all of them, so it is
//! done many bytes at a time.

/// A byte in each of eight places.
const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;
/// How much is looked at in eights before it is worth it to look at more at a time.
const SHORT: usize = 32;
/// As wide as a compiler makes good use of.
const BLOCK: usize = 64;

/// How many of the first bytes are plain.
pub(super) fn plain_len(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(eight) = eight(bytes, at) {
        if let Some(found) = first_in(eight) {
            return at + found;
        }
        at += 8;
        if at == SHORT {
            at += blocks(&bytes[at..]) * BLOCK;
        }
    }
    let rest = bytes[at..].iter().position(|byte| is_special(*byte));
    rest.map_or(bytes.len(), |found| at + found)
}

/// How many blocks there are in which all is plain.
fn blocks(bytes: &[u8]) -> usize {
    let is_plain = |block: &&[u8]| {
        let special = block.iter().map(|byte| u8::from(is_special(*byte)));
        special.fold(0, |any, it| any | it) == 0
    };
    bytes.chunks_exact(BLOCK).take_while(is_plain).count()
}

fn is_special(byte: u8) -> bool {
    byte == b'"' || byte == b'\\' || byte < 0x20
}

fn eight(bytes: &[u8], at: usize) -> Option<u64> {
    let (eight, _) = bytes.get(at..)?.split_first_chunk()?;
    Some(u64::from_le_bytes(*eight))
}

/// Where in eight bytes the first special one is.
fn first_in(eight: u64) -> Option<usize> {
    let is = |byte: u8| {
        let differs = eight ^ (ONES * u64::from(byte));
        differs.wrapping_sub(ONES) & !differs
    };
    let is_control = eight.wrapping_sub(ONES * 0x20) & !eight;
    // The lowest bit is right; those above it may be of what comes behind.
    let found = (is(b'"') | is(b'\\') | is_control) & HIGH;
    (found != 0).then_some(found.trailing_zeros() as usize / 8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_special_byte_is_found_at_each_place() {
        for len in [0, 1, 7, 8, 9, 31, 32, 33, 95, 96, 97, 200] {
            let plain = vec![b'a'; len];
            assert_eq!(plain_len(&plain), len);
            for at in 0..len {
                for byte in 0..=u8::MAX {
                    let mut bytes = plain.clone();
                    bytes[at] = byte;
                    let expected = if is_special(byte) { at } else { len };
                    assert_eq!(plain_len(&bytes), expected, "{byte} at {at} of {len}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn the_first_is_found(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let first = bytes.iter().position(|byte| is_special(*byte));
            prop_assert_eq!(plain_len(&bytes), first.unwrap_or(bytes.len()));
        }
    }
}
