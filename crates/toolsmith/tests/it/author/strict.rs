//! Tools in a crate that allows next to nothing. The lints are the test: Clippy sees the
//! output of the macro here.
#![deny(clippy::all, clippy::pedantic, clippy::allow_attributes)]
#![deny(
    missing_debug_implementations,
    missing_copy_implementations,
    unreachable_pub
)]

use toolsmith::prelude::*;

/// Takes and returns nothing.
#[tool]
fn nothing() {}

#[tool(inline)]
const fn undocumented(flag: bool) -> bool {
    !flag
}

/// Takes what Clippy would rather have borrowed, and more than it likes.
#[tool(read_only, title = "Many", icons("https://example.com/a.png"), meta(a = {"b": 1}))]
fn many(
    context: Context,
    text: String,
    north: bool,
    east: bool,
    south: bool,
    west: bool,
    #[default(3)] limit: i64,
    list: Vec<String>,
) -> String {
    let flags = [north, east, south, west].map(usize::from);
    let flags: usize = flags.iter().sum();
    format!("{} {text} {flags} {limit} {}", context.name(), list.len())
}

/// Is old and waits.
#[tool(timeout = "1s")]
#[deprecated = "use `nothing`"]
async fn old(#[default] text: String) -> Result<String, std::io::Error> {
    std::future::ready(()).await;
    Ok(text)
}

#[test]
fn they_are_all_tools() {
    let server = Server::new("s")
        .tool::<nothing>()
        .tool::<undocumented>()
        .tool::<many>();
    assert!(server.tool::<old>().build().is_ok());
}
