use toolsmith::prelude::*;

#[tool(icons(
    icon(mime_type = "image/png"),
    icon(src = "https://example.com/a.png", theme = "pink"),
    icon(src = "https://example.com/a.png", size = "48x48"),
    icon(src = "https://example.com/a.png", src = "https://example.com/b.png"),
    icon(src = "https://example.com/a.png", sizes(48)),
    icon(),
    picture("https://example.com/a.png"),
    5,
))]
fn icons() {}

fn main() {}
