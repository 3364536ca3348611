//! A tool with a parameter that clients repeat in a header.

use toolsmith::prelude::*;

/// Says where it was sent.
#[tool(inline)]
pub(crate) fn test_header_parameters(
    /// Where.
    #[header("Region")]
    region: String,
) -> String {
    format!("This went to {region}.")
}
