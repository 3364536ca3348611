//! Small changes of a text that the server wrote.

/// What a changed character may become: those of the encodings, and some others.
const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/= .~\n";

/// Applies edits, three bytes each: what to do, where, and with what.
pub(crate) fn apply(text: &str, edits: &[u8]) -> String {
    let mut text = text.as_bytes().to_vec();
    for edit in edits.chunks_exact(3).take(32) {
        let [what, place, with] = [edit[0], edit[1], edit[2]].map(usize::from);
        if text.is_empty() {
            break;
        }
        // Two bits more, because the texts are longer than a byte can count.
        let at = (place | (what & 0xc0) << 2) % text.len();
        let letter = LETTERS[with % LETTERS.len()];
        match what & 7 {
            0 => text[at] = letter,
            1 => text.insert(at, letter),
            2 => drop(text.remove(at)),
            3 => text.truncate(at),
            4 => text.push(letter),
            5 => text.rotate_left(at),
            6 => {
                let other = with % text.len();
                text.swap(at, other);
            }
            // Not all of it, which would double it with every edit.
            _ => text.extend_from_within(at..text.len().min(at + 16)),
        }
    }
    // All letters are ASCII, and so is what the server writes.
    String::from_utf8_lossy(&text).into_owned()
}
