//! Tools and a prompt that ask over several rounds, each question under a key.

use schemars::JsonSchema;
use serde::Deserialize;
use toolsmith::prelude::*;

pub(crate) fn add_to(server: Server) -> Server {
    server
        .tool::<test_input_required_result_elicitation>()
        .tool::<test_input_required_result_sampling>()
        .tool::<test_input_required_result_list_roots>()
        .tool::<test_input_required_result_request_state>()
        .tool::<test_input_required_result_multiple_inputs>()
        .tool::<test_input_required_result_multi_round>()
        .tool::<test_input_required_result_tampered_state>()
        .tool::<test_input_required_result_capabilities>()
        .prompt::<test_input_required_result_prompt>()
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Name {
    name: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Color {
    color: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Confirmed {
    ok: bool,
}

/// Asks the user for a name.
#[tool]
async fn test_input_required_result_elicitation(ctx: Context) -> Result<String, ToolError> {
    let asked = ctx.elicit::<Name>("What is your name?").key("user_name");
    let Name { name } = asked.await?.accepted()?;
    Ok(format!("Hello, {name}!"))
}

/// Asks the client's model for a capital.
#[tool]
async fn test_input_required_result_sampling(ctx: Context) -> Result<String, ToolError> {
    let question = Sampling::new("What is the capital of France?").max_tokens(100);
    let sampled = ctx.sample(question).key("capital_question").await?;
    Ok(sampled.text())
}

/// Asks the client for its folders.
#[tool]
async fn test_input_required_result_list_roots(ctx: Context) -> Result<String, ToolError> {
    let roots = ctx.list_roots().key("client_roots").await?;
    Ok(format!("There are {} roots.", roots.len()))
}

/// Asks the user to confirm.
#[tool]
async fn test_input_required_result_request_state(ctx: Context) -> Result<String, ToolError> {
    confirm(&ctx).await
}

/// Asks the user to confirm, and refuses state that was changed on its way.
#[tool]
async fn test_input_required_result_tampered_state(ctx: Context) -> Result<String, ToolError> {
    confirm(&ctx).await
}

async fn confirm(ctx: &Context) -> Result<String, ToolError> {
    let asked = ctx.elicit::<Confirmed>("Please confirm").key("confirm");
    let Confirmed { ok } = asked.await?.accepted()?;
    Ok(format!("state-ok: {ok}"))
}

/// Asks the user, the model and the client at once.
#[tool]
async fn test_input_required_result_multiple_inputs(ctx: Context) -> Result<String, ToolError> {
    let user = ctx.elicit::<Name>("What is your name?").key("user_name");
    let greeting = Sampling::new("Generate a greeting").max_tokens(50);
    let model = ctx.sample(greeting).key("greeting");
    let client = ctx.list_roots().key("client_roots");
    let (user, model, roots) = tokio::try_join!(
        user.into_future(),
        model.into_future(),
        client.into_future()
    )?;
    let Name { name } = user.accepted()?;
    let (said, roots) = (model.text(), roots.len());
    Ok(format!("{name}: {said} There are {roots} roots."))
}

/// Asks the user twice, one question after the other.
#[tool]
async fn test_input_required_result_multi_round(ctx: Context) -> Result<String, ToolError> {
    let first = ctx.elicit::<Name>("Step 1: What is your name?");
    let Name { name } = first.key("step1").await?.accepted()?;
    let second = ctx.elicit::<Color>("Step 2: What is your favorite color?");
    let Color { color } = second.key("step2").await?.accepted()?;
    Ok(format!("{name} likes {color}."))
}

/// Asks only what the client can answer.
#[tool]
async fn test_input_required_result_capabilities(ctx: Context) -> Result<String, ToolError> {
    let mut said = Vec::new();
    if ctx.supports(ClientCapability::Sampling) {
        let question = Sampling::new("What is the capital of France?").max_tokens(100);
        said.push(ctx.sample(question).key("capital_question").await?.text());
    }
    if ctx.supports(ClientCapability::Elicitation) {
        let asked = ctx.elicit::<Name>("What is your name?").key("user_name");
        said.push(asked.await?.accepted()?.name);
    }
    Ok(format!("The client said: {said:?}"))
}

/// Asks the user what it is about.
#[prompt]
async fn test_input_required_result_prompt(ctx: Context) -> Result<String, ToolError> {
    #[derive(Deserialize, JsonSchema)]
    struct About {
        context: String,
    }
    let asked = ctx.elicit::<About>("What context should the prompt use?");
    let About { context } = asked.key("user_context").await?.accepted()?;
    Ok(format!("Use this context: {context}"))
}
