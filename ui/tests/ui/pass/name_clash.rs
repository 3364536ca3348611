//! The type of the tool takes no name among values away.
use toolsmith::prelude::*;

#[tool]
fn add(a: i64, b: i64) -> i64 {
    a + b
}

fn main() {
    assert_eq!(add(2, 3), 5);
    let function: fn(i64, i64) -> i64 = add;
    assert_eq!(function(1, 1), 2);
    let add = 1;
    assert_eq!(add, 1);
    let (add, _) = (2, 3);
    assert_eq!(add, 2);
    assert!(Server::new("s").tool::<add>().build().is_ok());
}
