#![expect(unused_variables, reason = "only the errors matter")]

use toolsmith::prelude::*;

fn limits(typed: Completion) -> Completions {
    typed.matching(["10", "100"])
}

#[resource("users://{id}/{+path}{?limit}")]
fn always_there(
    #[default(1)] id: u64,
    #[default("a/b")] path: String,
    #[default(10)] limit: u32,
) -> String {
    path
}

#[resource("users://{id}")]
fn never_there(id: u64, #[default(10)] limit: u32, #[complete(limits)] most: u32) -> String {
    String::new()
}

#[resource("users://me")]
fn no_template(#[default] limit: u32) -> String {
    String::new()
}

fn main() {}
