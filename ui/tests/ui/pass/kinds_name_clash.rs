//! Prompts and resources take no name among values away, and what the author calls things
//! does not matter to the output of the macros.
#![expect(dead_code, reason = "only the names matter")]

struct Option;
struct Result;
struct Vec;
struct Prompt;
struct Resource;
struct Call;
struct Completer;
struct Variable;
enum Some {}
mod core {}
mod std {}

const VALUE: u64 = 1;

mod kinds {
    #[expect(unused_imports, reason = "it hides names")]
    use super::*;
    use toolsmith::prelude::{Completion, Completions};

    fn values(typed: Completion) -> Completions {
        typed.matching(["a"])
    }

    #[toolsmith::prompt(title = "Get", description = "Gets.", timeout = "1s")]
    pub fn get(
        #[complete(values)] get: String,
        call: String,
        values: String,
        toolsmith_slots: String,
    ) -> String {
        [get, call, values, toolsmith_slots].concat()
    }

    #[toolsmith::prompt]
    pub async fn completers(r#type: String) -> String {
        r#type
    }

    #[toolsmith::resource("a://{read}{?variables}", ttl = "1s", priority = 1)]
    pub fn read(read: u64, #[default(super::VALUE)] variables: u64) -> String {
        (read + variables).to_string()
    }

    #[toolsmith::resource("b:variables", inline)]
    pub fn variables() -> &'static str {
        "b"
    }

    #[toolsmith::resource("c:{match}")]
    pub fn r#match(#[complete(values)] r#match: String) -> String {
        r#match
    }

    #[toolsmith::prompt]
    pub fn prompt() -> &'static str {
        "prompt"
    }

    #[toolsmith::resource("d:resource")]
    pub fn resource() -> &'static str {
        "resource"
    }
}

fn main() {
    let function: fn(u64, u64) -> String = kinds::read;
    assert_eq!(function(1, 2), "3");
    let prompt = kinds::prompt();
    assert_eq!(prompt, "prompt");
    let server = toolsmith::Server::new("s");
    let server = server.prompt::<kinds::get>().prompt::<kinds::completers>();
    let server = server.prompt::<kinds::prompt>().resource::<kinds::resource>();
    let server = server.resource::<kinds::read>().resource::<kinds::variables>();
    assert!(server.resource::<kinds::r#match>().build().is_ok());
}
