use toolsmith::prelude::*;

#[resource]
fn none() -> String {
    String::new()
}

#[resource(name = "Me")]
fn none_but_a_name() -> String {
    String::new()
}

#[resource(uri = "users://me")]
fn with_a_key() -> String {
    String::new()
}

#[resource(name = "Me", "users://me")]
fn not_first() -> String {
    String::new()
}

#[resource("users://me", "users://you")]
fn two() -> String {
    String::new()
}

#[resource("users/me")]
fn no_scheme() -> String {
    String::new()
}

#[resource("{scheme}://me")]
fn any_scheme(scheme: String) -> String {
    scheme
}

#[resource("users://it is me")]
fn spaced() -> String {
    String::new()
}

#[resource("users://100%")]
fn half_encoded() -> String {
    String::new()
}

#[resource(concat!("users://", "me"))]
fn made_of_pieces() -> String {
    String::new()
}

fn main() {}
