//! Tools that talk with the client while they work: they ask, report, are cancelled,
//! change what is offered, and become tasks.
//!
//! `cargo run --bin two_way` serves one client over standard input and output;
//! `cargo run --bin two_way -- --transport http` serves Streamable HTTP.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use toolsmith::prelude::*;

/// How long a step of the work takes.
const STEP: Duration = Duration::from_millis(50);
/// How long somebody waits for what should happen at once.
const PATIENCE: Duration = Duration::from_secs(10);

/// The calls of `wait` that were given up.
static GIVEN_UP: LazyLock<watch::Sender<BTreeSet<String>>> =
    LazyLock::new(|| watch::Sender::new(BTreeSet::new()));

/// Ask the user for a name.
#[tool]
async fn ask_name(ctx: Context) -> Result<String, ToolError> {
    #[derive(Deserialize, JsonSchema)]
    struct Name {
        name: String,
    }
    let answer = ctx.elicit::<Name>("What is your name?").key("name");
    Ok(match answer.await? {
        Elicited::Accepted(Name { name }) => format!("Hello, {name}!"),
        Elicited::Declined => "You would rather not say.".to_owned(),
        Elicited::Cancelled => "You did not answer.".to_owned(),
    })
}

/// Send the user to a page.
#[tool]
async fn open_page(ctx: Context) -> Result<&'static str, ToolError> {
    let page = ctx.elicit_url("Please sign in", "https://example.com/sign-in");
    page.key("page").await?.accepted()?;
    Ok("The page was opened.")
}

/// Ask the client's model.
#[tool]
async fn ask_model(ctx: Context) -> Result<String, ToolError> {
    let question = Sampling::new("What is the capital of France?").max_tokens(100);
    let answer = ctx.sample(question).key("capital").await?;
    Ok(format!("The model says: {}", answer.text()))
}

/// Ask which folders matter.
#[tool]
async fn ask_roots(ctx: Context) -> Result<String, ToolError> {
    let roots = ctx.list_roots().key("roots").await?;
    let uris: Vec<&str> = roots.iter().map(|root| root.uri.as_str()).collect();
    Ok(uris.join(" "))
}

/// Say twice how far the work has come.
#[tool]
async fn report(ctx: Context) -> &'static str {
    ctx.progress(Progress::new(1.0).total(2.0).message("half"));
    sleep(STEP).await;
    ctx.progress(Progress::new(2.0).total(2.0).message("all"));
    // Some clients drop a step that comes together with the result.
    sleep(STEP).await;
    "done"
}

/// Log what happens.
#[tool]
async fn log(ctx: Context) -> &'static str {
    ctx.warning("The tea is cold.");
    "logged"
}

/// Wait for ever, unless the call is given up.
#[tool]
async fn wait(
    ctx: Context,
    /// By what name others know of it.
    name: String,
) -> String {
    struct GiveUp(Option<String>);
    impl Drop for GiveUp {
        fn drop(&mut self) {
            if let Some(name) = self.0.take() {
                GIVEN_UP.send_if_modified(|names| names.insert(name));
            }
        }
    }
    let _guard = GiveUp(Some(name));
    // Who gave a token knows by this that the work has begun.
    ctx.progress(Progress::new(1.0));
    std::future::pending().await
}

/// Say whether a call of `wait` was given up, or is within ten seconds.
#[tool]
async fn given_up(name: String) -> bool {
    let mut names = GIVEN_UP.subscribe();
    let given_up = names.wait_for(|names| names.contains(&name));
    matches!(timeout(PATIENCE, given_up).await, Ok(Ok(_)))
}

/// A text that clients may wait for changes of.
#[resource("two-way://news", mime_type = "text/plain", inline)]
fn news() -> &'static str {
    "There is news."
}

/// Tell whoever asked that there is news.
#[tool(inline)]
fn publish(ctx: Context) -> &'static str {
    ctx.registry().resource_updated("two-way://news");
    "published"
}

/// Offer a tool, a prompt and a resource more, and take them away again.
#[tool(inline)]
fn change(ctx: Context) -> Result<&'static str, ToolError> {
    let (name, uri) = ("short_lived", "two-way://short-lived");
    let tool = DynamicTool::new(name, json!({"type": "object"}), |_, _| async { "here" });
    let prompt = DynamicPrompt::new(name, |_, _| async { "here" });
    let resource = DynamicResource::new(uri, |_, _| async { "here" });
    let registry = ctx.registry();
    registry.add_tool(tool).user("it is there already")?;
    registry.add_prompt(prompt).user("it is there already")?;
    registry
        .add_resource(resource)
        .user("it is there already")?;
    registry.remove_tool(name);
    registry.remove_prompt(name);
    registry.remove_resource(uri);
    Ok("changed")
}

/// Close the connection while it works, and have the client come back for the answer.
#[tool]
async fn come_back(ctx: Context) -> String {
    let closed = ctx.close_stream(STEP);
    // The client learns of this by coming back.
    ctx.progress(Progress::new(1.0).message("while you were away"));
    sleep(STEP * 4).await;
    match closed {
        true => "You came back.".to_owned(),
        false => "You never left.".to_owned(),
    }
}

/// Bake for a while, as a task where the client knows tasks.
#[tool(task)]
async fn bake(ctx: Context) -> String {
    ctx.task_status("in the oven");
    sleep(STEP * 2).await;
    match ctx.is_task() {
        true => "The task baked bread.".to_owned(),
        false => "The call baked bread.".to_owned(),
    }
}

/// Bake what the user likes, as a task where the client knows tasks.
#[tool(task)]
async fn bake_to_taste(ctx: Context) -> Result<String, ToolError> {
    #[derive(Deserialize, JsonSchema)]
    struct Taste {
        bread: String,
    }
    let question = ctx.elicit::<Taste>("Which bread do you like?").key("taste");
    let Taste { bread } = question.await?.accepted()?;
    Ok(format!("Here is your {bread}."))
}

/// Bake for ever, as a task: only a cancellation ends it.
#[tool(task = "required")]
async fn bake_for_ever() -> &'static str {
    std::future::pending().await
}

fn main() -> toolsmith::Result<()> {
    Server::new("two-way")
        .tool::<ask_name>()
        .tool::<open_page>()
        .tool::<ask_model>()
        .tool::<ask_roots>()
        .tool::<report>()
        .tool::<log>()
        .tool::<wait>()
        .tool::<given_up>()
        .resource::<news>()
        .tool::<publish>()
        .tool::<change>()
        // There is a prompt from the beginning, so that clients are told of more.
        .dynamic_prompt(DynamicPrompt::new("greet", |_, _| async { "Hello!" }))
        .tool::<come_back>()
        .tool::<bake>()
        .tool::<bake_to_taste>()
        .tool::<bake_for_ever>()
        .run(Args::parse())
}
