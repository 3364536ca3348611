use toolsmith::prelude::*;

struct Failure;

#[tool]
fn fails() -> Result<String, Failure> {
    Err(Failure)
}

fn main() {}
