//! What may complete an argument, and how it may be named.
#![deny(warnings)]
use toolsmith::prelude::*;

mod known {
    use toolsmith::prelude::*;

    pub(crate) fn languages(typed: Completion) -> Completions {
        typed.matching(["rust", "python"])
    }

    pub(crate) async fn versions<const MOST: usize>(_typed: Completion) -> Vec<String> {
        std::future::ready(()).await;
        (0..MOST).map(|version| version.to_string()).collect()
    }
}

struct Frameworks;

impl Frameworks {
    fn all(_typed: Completion) -> Result<Vec<String>, ToolError> {
        Ok(Vec::new())
    }
}

fn words(_typed: Completion) -> Vec<&'static str> {
    vec!["a", "b"]
}

#[prompt]
fn of_a_prompt(
    #[complete(known::languages)] language: String,
    #[complete(self::known::versions::<3>)] version: Option<String>,
    #[complete(Frameworks::all)]
    #[default("none")]
    framework: String,
    // The argument and its completer may be called the same.
    #[complete(words)] words: String,
) -> String {
    format!("{language} {version:?} {framework} {words}")
}

#[resource("languages://{language}{?version}")]
fn of_a_resource(
    #[complete(known::languages)] language: String,
    #[complete(<Frameworks>::all)] version: Option<String>,
) -> String {
    format!("{language} {version:?}")
}

fn main() {
    let server = Server::new("s").prompt::<of_a_prompt>().resource::<of_a_resource>();
    assert!(server.build().is_ok());
}
