//! `_meta` both ways, extensions, traces, and who the server says it is.

use serde_json::{Value, json};
use toolsmith::prelude::*;
use toolsmith::protocol::Revision;
use toolsmith::server::Engine;

use super::{BOTH, client, code};
use crate::support::ask;

const UI: &str = "io.modelcontextprotocol/ui";
const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";

#[tool]
fn repeats(context: Context) -> ToolOutput {
    let said = context.meta().get("vendor.example/said").cloned();
    ToolOutput::text("x").meta("vendor.example/heard", said.unwrap_or_default())
}

#[prompt]
fn repeats_too(context: Context) -> PromptOutput {
    PromptOutput {
        meta: Some(context.meta()),
        messages: vec![PromptMessage::user("x")],
        ..PromptOutput::default()
    }
}

#[resource("repeats:x")]
fn repeats_as_well(context: Context) -> ResourceOutput {
    ResourceOutput {
        contents: vec![ResourceContents::text("x")],
        meta: Some(context.meta()),
        caching: None,
    }
}

#[tool]
fn traced(context: Context) -> String {
    tracing::info!("inside the handler");
    match context.trace() {
        Some(trace) => format!(
            "{} {:?} {:?}",
            trace.trace_id(),
            trace.tracestate(),
            trace.baggage()
        ),
        None => "no trace".to_owned(),
    }
}

#[tool]
fn shows(context: Context) -> Result<String, ToolError> {
    Ok(context.require_extension(UI)?.to_string())
}

#[tool]
fn may_show(context: Context) -> String {
    format!("{:?}", context.extension(UI).is_some())
}

#[tool]
fn who(context: Context) -> String {
    context
        .client()
        .map_or_else(String::new, |client| client.name.to_string())
}

fn engine() -> Engine {
    let server = Server::new("it")
        .version("1.2.3")
        .title("It")
        .website("https://example.com")
        .icon(Icon::new("https://example.com/it.png").size("48x48"))
        .instructions("Be brief.")
        .extension(UI, json!({"mimeTypes": ["text/html"]}))
        .method("vendor.example/double", |params, context| async move {
            let params: Value = serde_json::from_str(params.raw()).unwrap_or_default();
            let n = params["n"].as_i64();
            let n = n.ok_or_else(|| ToolError::user("`n` is a number"))?;
            let answer = json!({"doubled": 2 * n, "method": context.name()});
            Ok(answer.as_object().cloned().unwrap_or_default())
        });
    let server = server.tool::<repeats>().tool::<traced>().tool::<shows>();
    let server = server
        .tool::<may_show>()
        .tool::<who>()
        .prompt::<repeats_too>();
    server.resource::<repeats_as_well>().build().unwrap()
}

#[tokio::test]
async fn what_a_client_says_of_its_request_is_there_and_what_a_handler_says_comes_back() {
    let engine = engine();
    for revision in Revision::ALL {
        let client = client(&engine, revision);
        let meta = json!({"vendor.example/said": {"deep": [1]}});
        let call = json!({"name": "repeats", "_meta": meta});
        let result = client.request("tools/call", call).await.unwrap();
        assert_eq!(
            result["_meta"]["vendor.example/heard"],
            json!({"deep": [1]})
        );
        let get = json!({"name": "repeats_too", "_meta": meta});
        let result = client.request("prompts/get", get).await.unwrap();
        assert_eq!(result["_meta"]["vendor.example/said"], json!({"deep": [1]}));
        let read = json!({"uri": "repeats:x", "_meta": meta});
        let result = client.request("resources/read", read).await.unwrap();
        assert_eq!(
            result["_meta"]["vendor.example/said"],
            json!({"deep": [1]}),
            "{revision}"
        );
    }
}

#[tokio::test]
async fn every_modern_result_says_whose_it_is() {
    let engine = engine();
    let requests = [
        ("tools/list", json!({})),
        ("prompts/list", json!({})),
        ("resources/list", json!({})),
        ("resources/templates/list", json!({})),
        ("tools/call", json!({"name": "who"})),
        ("prompts/get", json!({"name": "repeats_too"})),
        ("resources/read", json!({"uri": "repeats:x"})),
        ("vendor.example/double", json!({"n": 1})),
    ];
    for (method, params) in requests {
        let modern = client(&engine, Revision::LATEST);
        let result = modern.request(method, params.clone()).await.unwrap();
        let info = &result["_meta"][SERVER_INFO];
        assert_eq!(info["name"], "it", "{method}: {result}");
        assert_eq!(info["version"], "1.2.3", "{method}");
        assert_eq!(info["title"], "It", "{method}");
        assert_eq!(info["websiteUrl"], "https://example.com", "{method}");
        assert_eq!(info["icons"][0]["sizes"], json!(["48x48"]), "{method}");
        let legacy = client(&engine, Revision::LATEST_LEGACY);
        let result = legacy.request(method, params).await.unwrap();
        assert!(
            result["_meta"].get(SERVER_INFO).is_none(),
            "{method}: {result}"
        );
        assert!(result.get("resultType").is_none(), "{method}: {result}");
    }
    let said = ask(&engine, Revision::LATEST, "server/discover", json!({})).await;
    let said = &said["result"];
    assert_eq!(said["_meta"][SERVER_INFO]["name"], "it");
    assert_eq!(said["instructions"], "Be brief.");
    assert_eq!(said["supportedVersions"][0], Revision::LATEST.as_str());
    assert_eq!(
        said["supportedVersions"].as_array().unwrap().len(),
        Revision::ALL.len()
    );
}

#[tokio::test]
async fn an_extension_is_said_by_both_sides() {
    let engine = engine();
    let said = ask(&engine, Revision::LATEST, "server/discover", json!({})).await;
    let settings = &said["result"]["capabilities"]["extensions"][UI];
    assert_eq!(*settings, json!({"mimeTypes": ["text/html"]}));
    for revision in BOTH {
        let has = client(&engine, revision).extension(UI, json!({"a": 1}));
        assert_eq!(
            has.call("shows", json!({})).await.unwrap().text(),
            r#"{"a":1}"#
        );
        assert_eq!(
            has.call("may_show", json!({})).await.unwrap().text(),
            "true"
        );
        let has_not = client(&engine, revision);
        assert_eq!(
            has_not.call("may_show", json!({})).await.unwrap().text(),
            "false"
        );
        let refused = has_not.call("shows", json!({})).await;
        if revision.is_modern() {
            let failure = refused.unwrap_err();
            assert_eq!(failure.code, -32021, "{failure}");
            let required = json!({"requiredCapabilities": {"extensions": {UI: {}}}});
            assert_eq!(failure.data, Some(required));
        } else {
            let failed = refused.unwrap();
            assert!(
                failed.is_error() && failed.text().contains(UI),
                "{}",
                failed.text()
            );
        }
    }
}

#[tokio::test]
async fn a_method_of_an_extension_is_served_in_both_eras() {
    let engine = engine();
    for revision in BOTH {
        let client = client(&engine, revision);
        let result = client.request("vendor.example/double", json!({"n": 21}));
        let result = result.await.unwrap();
        assert_eq!(result["doubled"], 42, "{revision}");
        assert_eq!(result["method"], "vendor.example/double");
        let failure = client.request("vendor.example/double", json!({}));
        let failure = failure.await.unwrap_err();
        assert_eq!(
            (failure.code, &*failure.message),
            (-32602, "`n` is a number")
        );
        let unknown = client.request("vendor.example/halve", json!({}));
        assert_eq!(code(unknown.await), -32601);
    }
}

#[tokio::test]
async fn a_trace_goes_on_in_the_handler() {
    let engine = engine();
    for revision in Revision::ALL {
        let client = client(&engine, revision);
        let meta = json!({"traceparent": PARENT, "tracestate": "a=b", "baggage": "c=d"});
        let call = json!({"name": "traced", "_meta": meta});
        let result = client.request("tools/call", call).await.unwrap();
        assert_eq!(
            result["content"][0]["text"],
            r#"0af7651916cd43dd8448eb211c80319c Some("a=b") Some("c=d")"#,
            "{revision}"
        );
        let wrong = json!({"name": "traced", "_meta": {"traceparent": "nonsense"}});
        let result = client.request("tools/call", wrong).await.unwrap();
        assert_eq!(result["content"][0]["text"], "no trace");
    }
}

#[tool(inline)]
fn logs() {
    tracing::info!("inside the handler");
}

#[tokio::test(flavor = "current_thread")]
async fn a_trace_is_in_the_span_that_a_handler_logs_in() {
    let log = crate::support::Log::capture();
    let engine = Server::new("s").tool::<logs>().build().unwrap();
    let client = client(&engine, Revision::LATEST);
    let call = json!({"name": "logs", "_meta": {"traceparent": PARENT}});
    client.request("tools/call", call).await.unwrap();
    let text = log.text();
    let line = text.lines().find(|it| it.contains("inside the handler"));
    assert!(line.is_some_and(|it| it.contains(PARENT)), "{text}");
}

#[tokio::test]
async fn a_client_says_who_it_is() {
    let engine = engine();
    for revision in Revision::ALL {
        let said = client(&engine, revision)
            .call("who", json!({}))
            .await
            .unwrap();
        assert_eq!(said.text(), "test", "{revision}");
    }
}

#[tool(icons(
    "https://example.com/a.png",
    icon(src = "data:,", theme = "dark", sizes("any"))
))]
fn pictured() {}

#[tokio::test]
async fn icons_are_sent_to_the_revisions_that_know_them() {
    let engine = Server::new("s").tool::<pictured>().build().unwrap();
    for revision in Revision::ALL {
        let client = client(&engine, revision);
        let tools = client.list("tools/list", "tools").await.unwrap();
        if revision < Revision::V2025_11_25 {
            assert!(tools[0].get("icons").is_none(), "{revision}");
            continue;
        }
        assert_eq!(
            tools[0]["icons"],
            json!([
                {"src": "https://example.com/a.png"},
                {"src": "data:,", "theme": "dark", "sizes": ["any"]},
            ])
        );
    }
}
