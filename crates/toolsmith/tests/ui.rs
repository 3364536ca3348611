//! What `#[tool]` makes of good and of bad functions, as the compiler shows it.
//!
//! After a change of a message, `TRYBUILD=overwrite cargo test -p toolsmith --test ui`
//! writes the `.stderr` files anew; read the difference before committing it.

// The compiler writes longer paths where two crates have types of one name, so that the
// messages depend on which crates there are.
#![cfg(all(feature = "stdio", feature = "http"))]

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/fail/*.rs");
}
