use toolsmith::prelude::*;

const NOT_A_FUNCTION: [&str; 2] = ["rust", "python"];

fn takes_nothing() -> Vec<String> {
    Vec::new()
}

fn returns_a_number(_typed: Completion) -> usize {
    0
}

#[prompt]
fn wrong_types(
    #[complete(NOT_A_FUNCTION)] a: String,
    #[complete(takes_nothing)] b: String,
    #[complete(returns_a_number)] c: String,
) -> String {
    [a, b, c].concat()
}

#[resource("languages://{language}")]
fn of_a_resource(#[complete(NOT_A_FUNCTION)] language: String) -> String {
    language
}

fn main() {}
