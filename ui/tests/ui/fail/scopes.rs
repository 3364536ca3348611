use toolsmith::prelude::*;

#[tool(scopes("files:write", "", "two words", "a\"b", "a\\b", "größe", "files:write"))]
fn wrong() {}

#[tool(scopes = "files:write")]
fn one() {}

#[prompt(scopes)]
fn none() -> String {
    String::new()
}

#[resource("config://app", scopes(files, 3))]
fn words() -> String {
    String::new()
}

#[tool(scopes("a"), scopes("b"))]
fn again() {}

fn main() {}
