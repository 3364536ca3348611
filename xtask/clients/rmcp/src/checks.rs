//! One check for each capability.

use std::fmt::Debug;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, CallToolResponse, CallToolResult, CancelTaskParams,
    ClientRequest, DetailedTask, GetTaskParams, InputRequest, LoggingLevel, RequestMetaObject,
    ServerNotification, SetLevelRequestParams, SubscribeRequestParams, SubscriptionFilter,
    TaskPayload, UnsubscribeRequestParams, UpdateTaskParams,
};
use rmcp::service::PeerRequestOptions;
use serde_json::{Value, json};

use crate::Service;

const NEWS: &str = "two-way://news";
/// Between two looks at a task.
const POLL: Duration = Duration::from_millis(50);

pub(crate) async fn run(name: &str, service: &Service, modern: bool) -> Result<()> {
    match name {
        "elicitation" => elicitation(service).await,
        "url" => {
            expect(&text(service, "open_page").await?, "The page was opened.")?;
            let opened = service.service().opened();
            expect(&opened.unwrap_or_default(), "https://example.com/sign-in")
        }
        "sampling" => expect(&text(service, "ask_model").await?, "The model says: Paris"),
        "roots" => expect(&text(service, "ask_roots").await?, "file:///srv/project"),
        "progress" => {
            expect(&text(service, "report").await?, "done")?;
            arrival(service, "progress 1 half").await?;
            arrival(service, "progress 2 all").await
        }
        "logging" => logging(service, modern).await,
        "cancellation" => cancellation(service).await,
        "updates" => updates(service, modern).await,
        "list-changed" => list_changed(service, modern).await,
        "resumption" => {
            expect(&text(service, "come_back").await?, "You came back.")?;
            arrival(service, "progress 1 while you were away").await
        }
        "tasks" => tasks(service).await,
        _ => bail!("there is no check of that name"),
    }
}

fn expect(seen: &(impl PartialEq<str> + Debug + ?Sized), wanted: &str) -> Result<()> {
    ensure!(seen == wanted, "saw {seen:?}, not {wanted:?}");
    Ok(())
}

fn request(tool: &str, arguments: Value) -> CallToolRequestParams {
    let params = CallToolRequestParams::new(tool.to_owned());
    match arguments {
        Value::Object(arguments) => params.with_arguments(arguments),
        _ => params,
    }
}

fn words(result: &CallToolResult) -> String {
    let blocks = result.content.iter().filter_map(|block| block.as_text());
    blocks.map(|block| block.text.as_str()).collect()
}

async fn text(service: &Service, tool: &str) -> Result<String> {
    Ok(words(&service.call_tool(request(tool, json!({}))).await?))
}

/// Waits until a line arrived; the limit of the capability ends it.
async fn arrival(service: &Service, line: &str) -> Result<()> {
    let mut arrivals = service.service().arrivals().subscribe();
    let arrived = arrivals.wait_for(|lines| lines.iter().any(|one| one == line));
    arrived.await.map(drop).context("nothing more arrives")
}

async fn elicitation(service: &Service) -> Result<()> {
    service.service().set_form(Some(json!({"name": "Ada"})));
    expect(&text(service, "ask_name").await?, "Hello, Ada!")?;
    service.service().set_form(None);
    expect(
        &text(service, "ask_name").await?,
        "You would rather not say.",
    )
}

async fn logging(service: &Service, modern: bool) -> Result<()> {
    let mut log = request("log", json!({}));
    match modern {
        true => {
            let mut meta = RequestMetaObject::default();
            meta.set_log_level(LoggingLevel::Warning);
            log.meta = Some(meta);
        }
        false => {
            let level = SetLevelRequestParams::new(LoggingLevel::Warning);
            service.set_level(level).await?;
        }
    }
    service.call_tool(log).await?;
    arrival(service, "log Warning \"The tea is cold.\"").await
}

async fn cancellation(service: &Service) -> Result<()> {
    let name = json!({"name": format!("rmcp-{}", std::process::id())});
    let call = CallToolRequest::new(request("wait", name.clone()));
    let options = PeerRequestOptions::no_options();
    let call = service
        .send_cancellable_request(ClientRequest::CallToolRequest(call), options)
        .await?;
    // The work has begun when the first progress arrives.
    arrival(service, "progress 1 ").await?;
    call.cancel(Some("nobody waits any more".to_owned()))
        .await?;
    let given_up = service.call_tool(request("given_up", name)).await?;
    expect(&words(&given_up), "true")
}

async fn updates(service: &Service, modern: bool) -> Result<()> {
    if !modern {
        service.subscribe(SubscribeRequestParams::new(NEWS)).await?;
        text(service, "publish").await?;
        arrival(service, &format!("updated {NEWS}")).await?;
        let params = UnsubscribeRequestParams::new(NEWS);
        return Ok(service.unsubscribe(params).await?);
    }
    let filter = SubscriptionFilter::builder().resource_subscriptions([NEWS]);
    let mut events = service.listen(filter.build()).await?;
    text(service, "publish").await?;
    match events.next().await? {
        Some(ServerNotification::ResourceUpdatedNotification(it)) => expect(&it.params.uri, NEWS)?,
        other => bail!("the subscription said {other:?}"),
    }
    Ok(events.cancel().await?)
}

async fn list_changed(service: &Service, modern: bool) -> Result<()> {
    if !modern {
        text(service, "change").await?;
        for kind in ["tools", "prompts", "resources"] {
            arrival(service, &format!("{kind} changed")).await?;
        }
        return Ok(());
    }
    let filter = SubscriptionFilter::builder()
        .tools_list_changed()
        .prompts_list_changed()
        .resources_list_changed();
    let mut events = service.listen(filter.build()).await?;
    text(service, "change").await?;
    let (mut tools, mut prompts, mut resources) = (false, false, false);
    while !(tools && prompts && resources) {
        match events.next().await? {
            Some(ServerNotification::ToolListChangedNotification(_)) => tools = true,
            Some(ServerNotification::PromptListChangedNotification(_)) => prompts = true,
            Some(ServerNotification::ResourceListChangedNotification(_)) => resources = true,
            other => bail!("the subscription said {other:?}"),
        }
    }
    Ok(events.cancel().await?)
}

async fn tasks(service: &Service) -> Result<()> {
    let baked = finished(service, &begun(service, "bake").await?).await?;
    expect(&baked, "The task baked bread.")?;
    service.service().set_form(Some(json!({"bread": "rye"})));
    let tasty = finished(service, &begun(service, "bake_to_taste").await?).await?;
    expect(&tasty, "Here is your rye.")?;

    let id = begun(service, "bake_for_ever").await?;
    service
        .cancel_task(CancelTaskParams::new(id.clone()))
        .await?;
    loop {
        match look(service, &id).await?.payload {
            TaskPayload::Cancelled => return Ok(()),
            TaskPayload::Working => tokio::time::sleep(POLL).await,
            other => bail!("a cancelled task came to {other:?}"),
        }
    }
}

/// Calls a tool, which must become a task, and returns the task's id.
async fn begun(service: &Service, tool: &str) -> Result<String> {
    match service.call_tool_once(request(tool, json!({}))).await? {
        CallToolResponse::Task(created) => Ok(created.task.task_id),
        other => bail!("{tool} became no task, but {other:?}"),
    }
}

async fn look(service: &Service, id: &str) -> Result<DetailedTask> {
    Ok(service.get_task(GetTaskParams::new(id)).await?.task)
}

/// Follows a task to its end, and answers what it asks.
async fn finished(service: &Service, id: &str) -> Result<String> {
    loop {
        match look(service, id).await?.payload {
            TaskPayload::Completed { result } => {
                let text = result
                    .get("content")
                    .and_then(|content| content[0]["text"].as_str());
                return Ok(text.context("the result has no text")?.to_owned());
            }
            TaskPayload::InputRequired { input_requests } => {
                let mut responses = rmcp::model::InputResponses::new();
                for (key, question) in input_requests {
                    let InputRequest::Elicitation(question) = question else {
                        bail!("the task asks {question:?}");
                    };
                    let answer = service.service().answer(&question.params);
                    responses.insert(key, serde_json::to_value(answer)?);
                }
                service
                    .update_task(UpdateTaskParams::new(id, responses))
                    .await?;
            }
            TaskPayload::Working => {}
            other => bail!("the task came to {other:?}"),
        }
        tokio::time::sleep(POLL).await;
    }
}
