//! What a sealed state belongs to.

use sha2::{Digest as _, Sha256};

/// Names what a sealed state belongs to, part by part, as 32 bytes.
///
/// Every part is hashed behind its length, so parts that only look the same when they are
/// written one after the other differ. Order counts, and a part that is empty is not a part
/// that is missing.
#[derive(Clone, Debug)]
pub(crate) struct Binding(Sha256);

impl Binding {
    /// A binding with no parts.
    pub(crate) fn new() -> Self {
        Self(Sha256::new_with_prefix(b"toolsmith binding 1"))
    }

    /// With one more part.
    pub(crate) fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        for part in [name.as_bytes(), value.as_ref()] {
            self.0.update((part.len() as u64).to_le_bytes());
            self.0.update(part);
        }
        self
    }

    /// The bytes to seal with, and to open with.
    pub(crate) fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn bytes(parts: &[(String, Vec<u8>)]) -> [u8; 32] {
        parts
            .iter()
            .fold(Binding::new(), |b, (name, value)| b.with(name, value))
            .finish()
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let all = [
            Binding::new(),
            Binding::new().with("", ""),
            Binding::new().with("tenant", ""),
            Binding::new().with("", "tenant"),
            Binding::new().with("tenant", "ab").with("tool", "c"),
            Binding::new().with("tenant", "a").with("tool", "bc"),
            Binding::new().with("tool", "c").with("tenant", "ab"),
            Binding::new()
                .with("tenant", "ab")
                .with("tool", "c")
                .with("", ""),
        ]
        .map(Binding::finish);
        for (at, one) in all.iter().enumerate() {
            for (other_at, other) in all.iter().enumerate() {
                assert_eq!(one == other, at == other_at, "{at} and {other_at}");
            }
        }
    }

    proptest! {
        // Short names and values of few letters, so that some pairs are the same.
        #[test]
        fn bindings_are_equal_when_their_parts_are(
            one in vec(("[ab]{0,1}", vec(0u8..2, 0..2)), 0..3),
            other in vec(("[ab]{0,1}", vec(0u8..2, 0..2)), 0..3),
        ) {
            prop_assert_eq!(bytes(&one) == bytes(&other), one == other);
        }
    }
}
