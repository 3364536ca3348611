#![expect(unused_variables, reason = "only the errors matter")]

use toolsmith::prelude::*;

#[tool]
fn of_type<T: Into<i64>>(value: T) -> i64 {
    value.into()
}

#[tool]
fn of_length<const N: usize>(values: [u8; N]) {}

#[tool]
fn of_lifetime<'a>(values: std::borrow::Cow<'a, str>) {}

fn main() {
    let _ = Server::new("s").tool::<of_type>().tool::<of_length>().tool::<of_lifetime>();
}
