use toolsmith::prelude::*;

#[prompt]
fn review(#[complete(langauges)] language: String) -> String {
    language
}

fn main() {}
