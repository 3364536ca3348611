#![expect(unused_variables, reason = "only the errors matter")]

use toolsmith::prelude::*;

#[prompt]
fn generic<T: Into<String>>(text: T) -> String {
    text.into()
}

#[prompt]
unsafe fn careful() -> String {
    String::new()
}

#[prompt]
extern "C" fn foreign() {}

#[prompt]
fn endless() -> ! {
    loop {}
}

#[prompt]
fn hidden(text: impl Into<String>) -> impl Into<String> {
    text
}

#[prompt]
fn borrowed(text: &str, (a, b): (String, String)) -> String {
    a
}

#[prompt]
fn configured(#[cfg(unix)] text: String) -> String {
    String::new()
}

#[prompt]
fn str(text: String) -> String {
    text
}

#[prompt]
struct Review;

fn main() {}
