use toolsmith::prelude::*;

struct Users;

#[prompt]
fn review(code: String) -> String {
    code
}

fn main() {
    let _ = Server::new("s").resource::<Users>();
    let _ = Server::new("s").resource::<review>();
}
