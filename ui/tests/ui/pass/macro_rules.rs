//! Tools that a macro of the author's writes.
#![deny(warnings)]
use toolsmith::prelude::*;

macro_rules! getters {
    ($($(#[$attribute:meta])* $visibility:vis $name:ident: $type:ty = $default:expr, $title:literal;)*) => {
        $(
            $(#[$attribute])*
            #[tool(title = $title, read_only, meta(of = $title))]
            $visibility fn $name(#[default($default)] value: $type) -> $type {
                value
            }
        )*
    };
}

getters! {
    /// One.
    pub one: i64 = 1, "One";
    two: String = "2".to_owned(), "Two";
}

fn main() {
    assert_eq!(one(3), 3);
    assert!(Server::new("s").tool::<one>().tool::<two>().build().is_ok());
}
