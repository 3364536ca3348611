//! What is configured away is gone, with its type; what is configured twice is there once.
#![deny(warnings)]
use toolsmith::prelude::*;

#[prompt]
#[cfg(any())]
fn gone(#[complete(nothing)] a: NoSuchType) {}

#[cfg(any())]
#[resource("a://{b}")]
fn gone_too(b: NoSuchType) {}

#[prompt]
#[cfg(any())]
fn either() -> String {
    String::from("1")
}

#[prompt]
#[cfg(not(any()))]
fn either() -> String {
    String::from("2")
}

#[resource("one:1")]
#[cfg(any())]
fn place() -> String {
    String::from("1")
}

#[resource("two:{id}")]
#[cfg(not(any()))]
fn place(id: u64) -> String {
    id.to_string()
}

/// The names are free.
#[expect(dead_code, non_camel_case_types, reason = "only the names matter")]
struct gone {}

fn main() {
    assert_eq!(either() + &place(3), "23");
    assert!(Server::new("s").prompt::<either>().resource::<place>().build().is_ok());
}
