use toolsmith::prelude::*;

struct Add;

fn main() {
    let _ = Server::new("s").tool::<Add>();
}
