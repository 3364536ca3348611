#![expect(unused_variables, reason = "only the errors matter")]

use toolsmith::prelude::*;

#[resource("users://{id")]
fn unclosed(id: u64) -> String {
    String::new()
}

#[resource("users://id}")]
fn unopened(id: u64) -> String {
    String::new()
}

#[resource("users://{}")]
fn nameless(id: u64) -> String {
    String::new()
}

#[resource("users://{!id}")]
fn unknown_operator(id: u64) -> String {
    String::new()
}

#[resource("users://{id}{?id}")]
fn twice(id: u64) -> String {
    String::new()
}

#[resource("users://{user.id}")]
fn dotted(id: u64) -> String {
    String::new()
}

#[resource("users://{id:0}")]
fn short(id: u64) -> String {
    String::new()
}

#[resource("users://{id*,{name}}")]
fn nested(id: u64, name: String) -> String {
    String::new()
}

fn main() {}
