//! What is configured away is gone, with its type; what is configured twice is there once.
#![deny(warnings)]
use toolsmith::prelude::*;

#[tool]
#[cfg(any())]
fn gone(a: NoSuchType) {}

#[cfg(any())]
#[tool]
fn gone_too(a: NoSuchType) {}

#[tool]
#[cfg(any())]
fn either() -> i64 {
    1
}

#[tool]
#[cfg(not(any()))]
fn either() -> i64 {
    2
}

/// The names are free.
#[expect(dead_code, non_camel_case_types, reason = "only the names matter")]
struct gone {}

#[tool]
#[cfg_attr(all(), must_use)]
fn conditional() -> i64 {
    3
}

fn main() {
    assert_eq!(either() + conditional(), 5);
    assert!(Server::new("s").tool::<either>().tool::<conditional>().build().is_ok());
}
