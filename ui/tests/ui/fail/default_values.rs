use toolsmith::prelude::*;

type Db = State<String>;

#[tool]
fn injected(#[default(3)] _context: Context, #[default] _db: Db) {}

#[tool]
fn of_another_type(#[default(3)] _name: String) {}

#[tool]
fn not_constant(a: i64, #[default(a + 1)] b: i64) -> i64 {
    a + b
}

fn main() {}
