#![expect(unused_variables, reason = "only the errors matter")]

use toolsmith::prelude::*;

struct Users;

impl Users {
    #[resource("users://me")]
    fn me(&self) -> String {
        String::new()
    }
}

#[resource("users://{id}")]
fn generic<T: Into<u64>>(id: T) -> String {
    String::new()
}

#[resource("users://never")]
fn endless() -> ! {
    loop {}
}

#[resource("users://{id}")]
fn borrowed(id: &str) -> impl Into<String> {
    String::new()
}

#[resource("users://{id}")]
fn apart((id, name): (u64, String)) -> String {
    name
}

#[resource("users://{id}")]
fn configured(#[cfg(unix)] id: u64) -> String {
    String::new()
}

#[resource("users://size")]
fn u64() -> String {
    String::new()
}

#[resource("users://{a}{b}{c}{d}{e}{f}{g}{h}{i}{j}{k}{l}{m}{n}{o}{p}{q}")]
fn seventeen(
    a: i8, b: i8, c: i8, d: i8, e: i8, f: i8, g: i8, h: i8,
    i: i8, j: i8, k: i8, l: i8, m: i8, n: i8, o: i8, p: i8,
    q: i8,
) -> String {
    String::new()
}

#[resource("users://all")]
mod users {}

fn main() {}
