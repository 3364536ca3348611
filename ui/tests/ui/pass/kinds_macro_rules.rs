//! Prompts and resources that a macro of the author's writes.
#![deny(warnings)]
use toolsmith::prelude::*;

fn numbers(typed: Completion) -> Completions {
    typed.matching(["1", "2"])
}

macro_rules! tables {
    ($($(#[$attribute:meta])* $name:ident: $uri:literal, $title:literal, $completer:path;)*) => {
        $(
            $(#[$attribute])*
            #[resource($uri, title = $title, meta(of = $title))]
            fn $name(#[complete($completer)] id: u64) -> String {
                id.to_string()
            }
        )*
    };
}

tables! {
    /// Users.
    users: "users://{id}", "Users", numbers;
    notes: "notes://{id}", "Notes", self::numbers;
}

macro_rules! greeting {
    ($name:ident, $parameter:ident: $type:ty) => {
        #[prompt]
        fn $name($parameter: $type) -> String {
            $parameter.to_string()
        }
    };
}

greeting!(hello, name: String);

fn main() {
    assert_eq!(users(3), "3");
    let server = Server::new("s").resource::<users>().resource::<notes>();
    assert!(server.prompt::<hello>().build().is_ok());
}
