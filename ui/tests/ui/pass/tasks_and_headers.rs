//! Tools that may become tasks, and arguments that clients repeat in headers.
use toolsmith::prelude::*;

#[tool(task)]
async fn optional(
    /// Where.
    #[header("Region")]
    region: String,
    #[header("X-Zone_2")]
    #[default(1)]
    zone: u8,
    #[header("dry-run")] dry_run: Option<bool>,
) -> String {
    format!("{region} {zone} {dry_run:?}")
}

#[tool(task = "optional", timeout = "1h")]
fn in_the_pool() {}

#[tool(task = "required")]
fn always() {}

#[tool(task = "decided")]
async fn decided(context: Context) {
    drop(context);
}

fn main() {
    let server = Server::new("s").tool::<optional>().tool::<in_the_pool>();
    assert!(server.tool::<always>().tool::<decided>().build().is_ok());
}
