//! What `#[tool]` makes of good and of bad functions, as the compiler shows it.
//!
//! After a change of a message, `TRYBUILD=overwrite cargo test -p ui`
//! writes the `.stderr` files anew; read the difference before committing it.

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/fail/*.rs");
}
