use toolsmith::prelude::*;

#[tool(readonly, titel = "Add", name = "add", name = "plus", "text", 5)]
fn add(a: i64) -> i64 {
    a
}

fn main() {
    let _ = Server::new("s").tool::<add>();
}
