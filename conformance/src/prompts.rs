//! Prompts of each kind.

use toolsmith::prelude::*;

use crate::content::PICTURE;

pub(crate) fn add_to(server: Server) -> Server {
    server
        .prompt::<test_simple_prompt>()
        .prompt::<test_prompt_with_arguments>()
        .prompt::<test_prompt_with_embedded_resource>()
        .prompt::<test_prompt_with_image>()
}

/// A prompt without arguments.
#[prompt(inline)]
fn test_simple_prompt() -> &'static str {
    "This is a simple prompt for testing."
}

/// A prompt with two arguments.
#[prompt(inline)]
fn test_prompt_with_arguments(
    /// First test argument
    #[complete(values)]
    arg1: String,
    /// Second test argument
    #[complete(values)]
    arg2: String,
) -> String {
    format!("Prompt with arguments: arg1='{arg1}', arg2='{arg2}'")
}

fn values(typed: Completion) -> Completions {
    typed.matching(["testValue1", "testValue2"])
}

/// A prompt that shows a resource.
#[prompt(inline)]
#[expect(non_snake_case, reason = "the suite names the argument")]
fn test_prompt_with_embedded_resource(
    /// URI of the resource to embed
    resourceUri: String,
) -> [PromptMessage; 2] {
    let text = "Embedded resource content for testing.";
    let resource = EmbeddedResource::text(resourceUri, text).mime_type("text/plain");
    [
        PromptMessage::user(resource),
        PromptMessage::user("Please process the embedded resource above."),
    ]
}

/// A prompt that shows a picture.
#[prompt(inline)]
fn test_prompt_with_image() -> [PromptMessage; 2] {
    [
        PromptMessage::user(Content::image(PICTURE, "image/png")),
        PromptMessage::user("Please analyze the image above."),
    ]
}
