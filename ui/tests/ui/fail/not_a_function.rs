use toolsmith::prelude::*;

#[tool]
struct Calculator;

#[tool]
impl Calculator {
    fn add(&self) {}
}

#[tool]
trait Tools {}

#[tool]
mod tools {}

#[tool]
pub const LIMIT: u8 = 3;

fn main() {}
