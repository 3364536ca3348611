//! The server that the official conformance suite runs against.
//!
//! The suite names the tools and says what each must answer. What it asks for beyond what
//! Toolsmith can do is not imitated here; `expected-failures.yml` names it.

mod content;
mod schema;
mod talk;

use toolsmith::prelude::*;

fn main() -> toolsmith::Result<()> {
    // The suite takes the first tool to be one that can be called without arguments.
    Server::new("toolsmith-conformance")
        .title("Toolsmith under the conformance suite")
        .tool::<content::test_simple_text>()
        .tool::<content::test_image_content>()
        .tool::<content::test_audio_content>()
        .tool::<content::test_embedded_resource>()
        .tool::<content::test_multiple_content_types>()
        .tool::<talk::test_error_handling>()
        .tool::<talk::test_tool_with_progress>()
        .tool::<talk::test_missing_capability>()
        .dynamic_tool(schema::json_schema_2020_12_tool())
        .run(Args::parse())
}
