use toolsmith::prelude::*;

struct Review;

#[tool]
fn add(a: i64, b: i64) -> i64 {
    a + b
}

fn main() {
    let _ = Server::new("s").prompt::<Review>();
    let _ = Server::new("s").prompt::<add>();
}
