use toolsmith::prelude::*;

#[prompt(read_only, task, nmae = "review", "review", ttl = "60s")]
fn unknown() -> String {
    String::new()
}

#[prompt(name = "review code", title = 3, timeout = "0s", name = "review")]
fn wrong() -> String {
    String::new()
}

#[prompt]
fn größe() -> String {
    String::new()
}

#[prompt(inline)]
async fn polled() -> String {
    String::new()
}

#[prompt(inline, timeout = "1s")]
fn in_place() -> String {
    String::new()
}

fn main() {}
