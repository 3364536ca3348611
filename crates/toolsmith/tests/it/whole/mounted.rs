//! A server inside another one, under a prefix.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use toolsmith::prelude::*;
use toolsmith::protocol::{Outcome, ResourceDefinition, Revision};
use toolsmith::server::Engine;
use toolsmith::server::middleware::{Middleware, Next, Operation};
use toolsmith::server::resource::{ResourceProvider, ResourceResult};

use super::{BOTH, client, code};

struct Unit(&'static str);
struct Key(&'static str);

#[tool]
fn temperature(unit: State<Unit>, key: State<Key>, context: Context) -> String {
    format!("{} with {} in {}", context.name(), key.0.0, unit.0.0)
}

#[prompt]
fn forecast(#[complete(cities)] city: String, unit: State<Unit>) -> String {
    format!("{city} in {}", unit.0.0)
}

fn cities(typed: Completion) -> Completions {
    typed.matching(["Oslo", "Osaka"])
}

#[resource("weather://{city}/now{?days}")]
fn now(#[complete(cities)] city: String, #[default(1)] days: u8, context: Context) -> String {
    format!("{city} {days} at {}", context.name())
}

#[resource("mailto:all")]
fn opaque() -> &'static str {
    "opaque"
}

#[tool]
fn own() -> &'static str {
    "own"
}

fn weather() -> Server {
    let server = Server::new("weather").state(Unit("celsius"));
    let server = server.tool::<temperature>().prompt::<forecast>();
    server.resource::<now>().resource::<opaque>()
}

fn all(weather: Server) -> Engine {
    let server = Server::new("all").state(Unit("kelvin")).state(Key("a key"));
    server.tool::<own>().mount("w", weather).build().unwrap()
}

#[tokio::test]
async fn everything_shows_under_the_prefix() {
    let engine = all(weather());
    for revision in BOTH {
        let client = client(&engine, revision);
        assert_eq!(client.tools().await.unwrap(), ["own", "w_temperature"]);
        assert_eq!(
            client
                .call("w_temperature", json!({}))
                .await
                .unwrap()
                .text(),
            "w_temperature with a key in celsius",
            "its own state comes first, and what it lacks from outside"
        );
        assert_eq!(code(client.call("temperature", json!({})).await), -32602);
        let filled = client
            .prompt("w_forecast", json!({"city": "Oslo"}))
            .await
            .unwrap();
        assert_eq!(filled.texts(), ["Oslo in celsius"]);
        let read = client.read("weather://w/Oslo/now?days=3").await.unwrap();
        assert_eq!(read[0]["text"], "Oslo 3 at weather://w/Oslo/now?days=3");
        assert_eq!(read[0]["uri"], "weather://w/Oslo/now?days=3");
        assert!(client.read("weather://Oslo/now").await.is_err());
        assert_eq!(
            client.read("mailto:w/all").await.unwrap()[0]["text"],
            "opaque"
        );
        let templates = client.list("resources/templates/list", "resourceTemplates");
        let templates = templates.await.unwrap();
        assert_eq!(templates[0]["uriTemplate"], "weather://w/{city}/now{?days}");
    }
}

#[tokio::test]
async fn arguments_are_completed_under_the_prefix() {
    let client = client(&all(weather()), Revision::LATEST);
    let of_prompt = client.complete("w_forecast", "city", "os", json!({})).await;
    assert_eq!(of_prompt.unwrap(), ["Oslo", "Osaka"]);
    let template = "weather://w/{city}/now{?days}";
    let of_template = client.complete(template, "city", "Osl", json!({})).await;
    assert_eq!(of_template.unwrap(), ["Oslo"]);
}

#[tokio::test]
async fn a_server_in_a_server_in_a_server_has_both_prefixes() {
    let middle = Server::new("middle")
        .state(Key("inner key"))
        .mount("b", weather());
    let server = Server::new("outer").mount("a", middle);
    let client = client(&server.build().unwrap(), Revision::LATEST);
    assert_eq!(client.tools().await.unwrap(), ["a_b_temperature"]);
    let said = client.call("a_b_temperature", json!({})).await.unwrap();
    assert_eq!(said.text(), "a_b_temperature with inner key in celsius");
    let read = client.read("weather://a/b/Oslo/now").await.unwrap();
    assert_eq!(read[0]["text"], "Oslo 1 at weather://a/b/Oslo/now");
}

#[tokio::test]
async fn what_cannot_be_mounted_is_refused_before_the_server_starts() {
    let said = |server: Server| server.build().unwrap_err().problems().join("\n");
    let lacking = said(Server::new("all").mount("w", weather()));
    assert!(lacking.contains("mounted::Key"), "{lacking}");
    let keyed = || Server::new("all").state(Key("k"));
    for prefix in ["", "a b", "ä", "a/b"] {
        let wrong = said(keyed().mount(prefix, weather()));
        assert!(wrong.contains("prefix"), "{prefix}: {wrong}");
    }
    let twice = said(keyed().mount("w", weather()).mount("w", weather()));
    assert!(
        twice.contains("two servers are mounted under `w`"),
        "{twice}"
    );
    let schema = json!({"type": "object"});
    let taken = DynamicTool::new("w_temperature", schema, |_, _| async { "" });
    let clash = said(keyed().dynamic_tool(taken).mount("w", weather()));
    assert!(clash.contains("`w_temperature`"), "{clash}");
    assert!(
        keyed()
            .mount("w", weather())
            .mount("v", weather())
            .build()
            .is_ok()
    );
}

#[tokio::test]
async fn what_changes_inside_shows_outside_and_is_told() {
    let inner = weather();
    let registry = inner.registry();
    let engine = all(inner);
    for revision in BOTH {
        let client = client(&engine, revision);
        let motd = DynamicResource::text("motd:today", "");
        registry.add_resource(motd).unwrap();
        if !revision.is_modern() {
            let subscribe = json!({"uri": "motd:w/today"});
            client
                .request("resources/subscribe", subscribe)
                .await
                .unwrap();
        }
        let filter = json!({"toolsListChanged": true, "resourceSubscriptions": ["motd:w/today"]});
        let _listening = client.listen(filter).await.unwrap();
        if revision.is_modern() {
            client.next_notification().await.unwrap();
        }
        let schema = json!({"type": "object"});
        let new = DynamicTool::new("new", schema, |_, context| async move {
            context.name().to_owned()
        });
        registry.add_tool(new).unwrap();
        let said = client.next_notification().await.unwrap();
        assert_eq!(said["method"], "notifications/tools/list_changed");
        assert_eq!(
            client.call("w_new", json!({})).await.unwrap().text(),
            "w_new"
        );
        registry.resource_updated("motd:today");
        let said = client.next_notification().await.unwrap();
        assert_eq!(said["method"], "notifications/resources/updated");
        assert_eq!(said["params"]["uri"], "motd:w/today");
        assert!(registry.remove_tool("new"));
        assert!(registry.remove_resource("motd:today"));
    }
}

#[tokio::test]
async fn what_a_mounted_server_shows_one_tenant_it_shows_that_tenant_only() {
    let inner = weather();
    let registry = inner.registry();
    let engine = all(inner);
    let schema = json!({"type": "object"});
    let secret = DynamicTool::new("secret", schema, |_, _| async { "s" });
    registry.for_tenant("ours").add_tool(secret).unwrap();
    let ours = client(&engine, Revision::LATEST).caller(Caller::new("ours"));
    assert_eq!(
        ours.tools().await.unwrap(),
        ["own", "w_temperature", "w_secret"]
    );
    let theirs = client(&engine, Revision::LATEST).caller(Caller::new("theirs"));
    assert_eq!(theirs.tools().await.unwrap(), ["own", "w_temperature"]);
    assert_eq!(code(theirs.call("w_secret", json!({})).await), -32602);
}

struct Notes(&'static str, Arc<Mutex<Vec<String>>>);

impl Middleware for Notes {
    async fn handle(&self, operation: Operation, next: Next<'_>) -> Outcome {
        let target = operation.target().unwrap_or("-");
        self.1.lock().unwrap().push(format!("{} {target}", self.0));
        next.run(operation).await
    }
}

#[tokio::test]
async fn middleware_of_a_mounted_server_stands_around_its_own_only() {
    let seen = Arc::default();
    let inner = weather().middleware(Notes("inner", Arc::clone(&seen)));
    let server = Server::new("all").state(Key("k")).tool::<own>();
    let server = server.middleware(Notes("outer", Arc::clone(&seen)));
    let client = client(&server.mount("w", inner).build().unwrap(), Revision::LATEST);
    client.call("own", json!({})).await.unwrap();
    client.call("w_temperature", json!({})).await.unwrap();
    client
        .prompt("w_forecast", json!({"city": "x"}))
        .await
        .unwrap();
    client.read("mailto:w/all").await.unwrap();
    assert_eq!(
        *seen.lock().unwrap(),
        [
            "outer own",
            "outer w_temperature",
            "inner w_temperature",
            "outer w_forecast",
            "inner w_forecast",
            "outer mailto:w/all",
            "inner mailto:w/all",
        ]
    );
}

/// Resources of somebody else's.
#[derive(Debug)]
struct Files;

impl ResourceProvider for Files {
    fn list<'a>(
        &'a self,
        _: &'a Context,
    ) -> Pin<Box<dyn Future<Output = Vec<ResourceDefinition>> + Send + 'a>> {
        let one = ResourceDefinition::new("files://a");
        Box::pin(std::future::ready(vec![one]))
    }

    fn templates(&self) -> Vec<ResourceDefinition> {
        vec![ResourceDefinition::new("files://{name}")]
    }

    fn owns(&self, uri: &str) -> bool {
        uri.starts_with("files://")
    }

    fn read<'a>(
        &'a self,
        uri: &'a str,
        _: &'a Context,
    ) -> Pin<Box<dyn Future<Output = ResourceResult> + Send + 'a>> {
        let read = match uri {
            "files://a" => ResourceContents::text("a").into_resource_output(),
            _ => Err(ToolError::not_found()),
        };
        Box::pin(std::future::ready(read))
    }
}

#[tokio::test]
async fn resources_that_somebody_else_keeps_are_listed_read_and_mounted() {
    let own = DynamicResource::text("own:x", "");
    let plain = Server::new("files").resources(Files).dynamic_resource(own);
    let inner = Server::new("files").resources(Files);
    let mounted = Server::new("all").mount("f", inner);
    for (server, at, uris) in [
        (plain, "files://", &["own:x", "files://a"][..]),
        (mounted, "files://f/", &["files://f/a"][..]),
    ] {
        let engine = server.build().unwrap();
        for revision in BOTH {
            let client = client(&engine, revision);
            let listed = client.list("resources/list", "resources").await.unwrap();
            let listed: Vec<&Value> = listed.iter().map(|it| &it["uri"]).collect();
            assert_eq!(listed, uris);
            let templates = client.list("resources/templates/list", "resourceTemplates");
            let templates = templates.await.unwrap();
            assert_eq!(templates[0]["uriTemplate"], format!("{at}{{name}}"));
            let read = client.read(&format!("{at}a")).await.unwrap();
            assert_eq!(read[0]["text"], "a");
            assert_eq!(read[0]["uri"], format!("{at}a"));
            let expected = if revision.is_modern() { -32602 } else { -32002 };
            assert_eq!(code(client.read(&format!("{at}b")).await), expected);
        }
    }
}
