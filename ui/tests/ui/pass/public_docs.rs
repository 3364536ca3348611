//! A public tool with a doc comment is fully documented.
#![deny(warnings, missing_docs)]

/// Tools that others use.
pub mod tools {
    use toolsmith::prelude::*;

    /// Adds.
    #[tool]
    pub fn add(a: i64, b: i64) -> i64 {
        a + b
    }
}

fn main() {}
