//! Tools that answer with each kind of content.

use toolsmith::prelude::*;

pub(crate) const PICTURE: &[u8] = include_bytes!("../media/red.png");
const SOUND: &[u8] = include_bytes!("../media/silence.wav");

pub(crate) fn add_to(server: Server) -> Server {
    server
        .tool::<test_simple_text>()
        .tool::<test_image_content>()
        .tool::<test_audio_content>()
        .tool::<test_embedded_resource>()
        .tool::<test_multiple_content_types>()
}

/// Answers with a line of text.
#[tool(inline)]
fn test_simple_text() -> &'static str {
    "This is a simple text response for testing."
}

/// Answers with a picture of one pixel.
#[tool(inline)]
fn test_image_content() -> Content {
    Content::image(PICTURE, "image/png")
}

/// Answers with a hundredth of a second of silence.
#[tool(inline)]
fn test_audio_content() -> Content {
    Content::audio(SOUND, "audio/wav")
}

/// Answers with a resource, content and all.
#[tool(inline)]
fn test_embedded_resource() -> EmbeddedResource {
    let text = "This is an embedded resource content.";
    EmbeddedResource::text("test://embedded-resource", text).mime_type("text/plain")
}

/// Answers with text, a picture and a resource.
#[tool(inline)]
fn test_multiple_content_types() -> Vec<Content> {
    let json = r#"{"test":"data","value":123}"#;
    let resource = EmbeddedResource::text("test://mixed-content-resource", json);
    vec![
        Content::text("Multiple content types test:"),
        Content::image(PICTURE, "image/png"),
        Content::resource(resource.mime_type("application/json")),
    ]
}
