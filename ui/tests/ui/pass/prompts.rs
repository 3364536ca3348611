//! A prompt with every argument, and the functions that may be one.
use toolsmith::prelude::*;

/// Reviews code.
#[prompt(
    name = "code.review",
    title = "Code review",
    description = concat!("Reviews ", "code."),
    icons("https://example.com/a.png", icon(src = "data:,", sizes("48x48"), theme = "light")),
    tags("code", "review"),
    meta(level = 1, "vendor.example/key" = { "a": [1, 2] }),
    timeout = "30s",
    crate = toolsmith,
)]
async fn every_argument(
    /// The code.
    code: String,
    /// What it is written in.
    #[complete(languages)]
    language: Option<String>,
    context: Context,
) -> Result<String, ToolError> {
    drop(context);
    Ok(format!("{code} {language:?}"))
}

fn languages(typed: Completion) -> Completions {
    typed.matching(["rust", "python"])
}

#[prompt]
fn pool(text: String) -> &'static str {
    drop(text);
    "Hello."
}

#[prompt(inline)]
fn in_place() -> Vec<PromptMessage> {
    vec![PromptMessage::user("Hello."), PromptMessage::assistant("Hello?")]
}

#[prompt]
async fn masked(#[default("x")] text: String) -> Result<String, std::io::Error> {
    Ok(text)
}

fn main() {
    assert_eq!(pool(String::new()), "Hello.");
    let server = Server::new("s").prompt::<every_argument>().prompt::<pool>();
    assert!(server.prompt::<in_place>().prompt::<masked>().build().is_ok());
}
