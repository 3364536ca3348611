//! What a caller needs scopes for: it is listed to, and done for, nobody without them.

use std::future::ready;
use std::pin::Pin;

use serde_json::{Value, json};
use toolsmith_core::protocol::{
    Caching, Completions, Decoded, Message, ResourceDefinition, Revision, TASKS_EXTENSION,
    TaskSupport, decode,
};
use toolsmith_core::server::completion::Completion;
use toolsmith_core::server::prompt::DynamicPrompt;
use toolsmith_core::server::resource::{
    DynamicResource, IntoResourceOutput as _, ResourceProvider, ResourceResult,
};
use toolsmith_core::server::tool::DynamicTool;
use toolsmith_core::server::{Caller, Context, Engine, Peer, Server};
use toolsmith_core::testing::{Failure, TestClient};

const CODE: i64 = -31018;

fn tool(name: &str) -> DynamicTool {
    let schema = json!({"type": "object"});
    DynamicTool::new(name, schema, |_, _: Context| ready("done"))
}

fn prompt(name: &str) -> DynamicPrompt {
    let prompt = DynamicPrompt::new(name, |_, _: Context| ready("said"));
    prompt
        .argument("x", "")
        .complete("x", |_: Completion| Completions::new(["y"]))
}

fn page(uri: &str) -> DynamicResource {
    DynamicResource::new(uri, |_, _: Context| ready("read"))
}

/// Has one resource and one template.
#[derive(Debug)]
struct Shelf;

impl ResourceProvider for Shelf {
    fn list<'a>(
        &'a self,
        _: &'a Context,
    ) -> Pin<Box<dyn Future<Output = Vec<ResourceDefinition>> + Send + 'a>> {
        Box::pin(ready(vec![ResourceDefinition::new("book://1")]))
    }

    fn templates(&self) -> Vec<ResourceDefinition> {
        vec![ResourceDefinition::new("book://{id}")]
    }

    fn owns(&self, uri: &str) -> bool {
        uri.starts_with("book://")
    }

    fn read<'a>(
        &'a self,
        uri: &'a str,
        context: &'a Context,
    ) -> Pin<Box<dyn Future<Output = ResourceResult> + Send + 'a>> {
        let read = || {
            if uri == "book://secret" {
                context.require_scope("secrets")?;
            }
            uri.to_owned().into_resource_output()
        };
        Box::pin(ready(read()))
    }
}

/// Of each kind something that anybody may use, and something that needs `write`.
fn server() -> Server {
    Server::new("s")
        .dynamic_tool(tool("look"))
        .dynamic_tool(tool("change").scopes(["write", "read"]))
        .dynamic_prompt(prompt("ask"))
        .dynamic_prompt(prompt("tell").scopes(["write"]))
        .dynamic_resource(page("page://open"))
        .dynamic_resource(page("page://closed").scopes(["write"]))
        .dynamic_resource(page("open://{x}"))
        .dynamic_resource(page("closed://{x}").scopes(["write"]))
        .resources(Shelf.with_scopes(["write"]))
}

fn client(engine: &Engine, revision: Revision, scopes: &str) -> TestClient {
    let caller = Caller::new("acme").with_principal("alice");
    let caller = caller.with_scopes(scopes.split(' ').filter(|it| !it.is_empty()));
    TestClient::of(engine.clone())
        .revision(revision)
        .caller(caller)
}

/// What the lists show, by name or URI.
async fn listed(client: &TestClient) -> Vec<String> {
    let mut all = Vec::new();
    for (method, member, key) in [
        ("tools/list", "tools", "name"),
        ("prompts/list", "prompts", "name"),
        ("resources/list", "resources", "uri"),
        (
            "resources/templates/list",
            "resourceTemplates",
            "uriTemplate",
        ),
    ] {
        let items = client.list(method, member).await.unwrap();
        all.extend(items.iter().map(|it| it[key].as_str().unwrap().to_owned()));
    }
    all
}

/// Everything that may be done with what needs `write`.
fn uses() -> [(&'static str, Value, &'static str); 8] {
    let completes =
        |reference: Value| json!({"ref": reference, "argument": {"name": "x", "value": ""}});
    [
        ("tools/call", json!({"name": "change"}), "the tool `change`"),
        ("prompts/get", json!({"name": "tell"}), "the prompt `tell`"),
        (
            "resources/read",
            json!({"uri": "page://closed"}),
            "the resource `page://closed`",
        ),
        (
            "resources/read",
            json!({"uri": "closed://1"}),
            "the resource `closed://{x}`",
        ),
        (
            "resources/read",
            json!({"uri": "book://1"}),
            "what is at this URI",
        ),
        (
            "completion/complete",
            completes(json!({"type": "ref/prompt", "name": "tell"})),
            "the prompt `tell`",
        ),
        (
            "completion/complete",
            completes(json!({"type": "ref/resource", "uri": "closed://{x}"})),
            "the resource `closed://{x}`",
        ),
        (
            "completion/complete",
            completes(json!({"type": "ref/resource", "uri": "book://{id}"})),
            "what is at this URI",
        ),
    ]
}

fn assert_refused(refused: Result<Value, Failure>, what: &str, required: &Value, missing: &Value) {
    let refused = refused.expect_err(what);
    assert_eq!(refused.code, CODE, "{what}: {refused}");
    assert!(refused.message.starts_with(what), "{what}: {refused}");
    for scope in missing.as_array().unwrap() {
        let named = format!("`{}`", scope.as_str().unwrap());
        assert!(refused.message.contains(&named), "{what}: {refused}");
    }
    let data = json!({"requiredScopes": required, "missingScopes": missing});
    assert_eq!(refused.data, Some(data), "{what}: {refused}");
}

#[tokio::test]
async fn who_lacks_a_scope_is_shown_nothing_that_needs_it_and_refused_its_use() {
    let engine = server().build().unwrap();
    for revision in Revision::ALL {
        let reader = client(&engine, revision, "read");
        assert_eq!(
            listed(&reader).await,
            ["look", "ask", "page://open", "open://{x}"],
            "{revision}"
        );
        for (method, params, what) in uses() {
            let required = match method {
                "tools/call" => json!(["read", "write"]),
                _ => json!(["write"]),
            };
            let refused = reader.request(method, params).await;
            assert_refused(refused, what, &required, &json!(["write"]));
        }
        let done = reader.request("tools/call", json!({"name": "look"})).await;
        assert!(done.is_ok(), "{revision}: {done:?}");
    }
}

#[tokio::test]
async fn who_has_every_scope_or_is_not_limited_may_do_everything() {
    let engine = server().build().unwrap();
    let unlimited = TestClient::of(engine.clone());
    for client in [client(&engine, Revision::LATEST, "write read x"), unlimited] {
        assert_eq!(listed(&client).await.len(), 10);
        for (method, params, what) in uses() {
            let done = client.request(method, params).await;
            assert!(done.is_ok(), "{what}: {done:?}");
        }
    }
    // All of them are needed, not one.
    let writer = client(&engine, Revision::LATEST, "write");
    let refused = writer
        .request("tools/call", json!({"name": "change"}))
        .await;
    let (all, one) = (json!(["read", "write"]), json!(["read"]));
    assert_refused(refused, "the tool `change`", &all, &one);
}

#[tokio::test]
async fn lists_show_all_where_they_are_told_to_and_nothing_more_may_be_used() {
    let engine = server().list_out_of_scope(true).build().unwrap();
    let nobody = client(&engine, Revision::LATEST, "");
    assert_eq!(listed(&nobody).await.len(), 10);
    for (method, params, what) in uses() {
        let refused = nobody.request(method, params).await.expect_err(what);
        assert_eq!(refused.code, CODE, "{what}: {refused}");
    }
}

#[tokio::test]
async fn the_scopes_of_a_server_are_needed_for_all_that_it_does() {
    let build = |server: Server| {
        let method = |_, _| ready(Ok(serde_json::Map::new()));
        let server = server.scopes(["base"]).method("x/y", method);
        server.build().unwrap()
    };
    let engine = build(server());
    let nobody = client(&engine, Revision::LATEST, "");
    let base = json!(["base"]);
    for (method, params) in [
        ("tools/list", json!({})),
        ("resources/templates/list", json!({})),
        ("tools/call", json!({"name": "look"})),
        ("tools/call", json!({"name": "nothing"})),
        ("x/y", json!({})),
    ] {
        let refused = nobody.request(method, params.clone()).await;
        let what = match params["name"].as_str() {
            Some("look") => "the tool `look`",
            _ => "the server `s`",
        };
        assert_refused(refused, what, &base, &base);
    }
    // One token is enough: what the primitive needs is named with it.
    let change = json!({"name": "change"});
    let refused = nobody.request("tools/call", change).await;
    let all = json!(["base", "read", "write"]);
    assert_refused(refused, "the tool `change`", &all, &all);
    let discovered = nobody.request("server/discover", json!({})).await;
    assert!(discovered.is_ok(), "{discovered:?}");
    let legacy = client(&engine, Revision::LATEST_LEGACY, "");
    let pong = legacy.request("ping", json!({})).await;
    assert!(pong.is_ok(), "{pong:?}");

    let some = client(&engine, Revision::LATEST, "base");
    assert_eq!(listed(&some).await.len(), 4);
    assert!(some.request("x/y", json!({})).await.is_ok());
    let open = build(server().list_out_of_scope(true));
    assert_eq!(listed(&client(&open, Revision::LATEST, "")).await.len(), 10);
    assert_eq!(engine.scopes().to_string(), "base read write");
}

#[tokio::test]
async fn the_scopes_of_a_mounted_server_hold_for_what_it_has_and_nothing_else() {
    let inner = Server::new("inner").scopes(["inner"]);
    let inner = inner.dynamic_tool(tool("own").scopes(["own"]));
    let middle = Server::new("middle").scopes(["middle"]).mount("b", inner);
    let outer = Server::new("outer").dynamic_tool(tool("free"));
    let engine = outer.mount("a", middle).build().unwrap();
    let some = client(&engine, Revision::LATEST, "inner own");
    assert_eq!(some.tools().await.unwrap(), ["free"]);
    let refused = some.request("tools/call", json!({"name": "a_b_own"})).await;
    let all = json!(["inner", "middle", "own"]);
    assert_refused(refused, "the tool `a_b_own`", &all, &json!(["middle"]));
    let all = client(&engine, Revision::LATEST, "inner middle own");
    assert_eq!(all.tools().await.unwrap(), ["free", "a_b_own"]);
    assert_eq!(all.call("a_b_own", json!({})).await.unwrap().text(), "done");
}

#[tokio::test]
async fn a_change_while_the_server_runs_brings_its_scopes() {
    let server = Server::new("s");
    let registry = server.registry();
    let engine = server.build().unwrap();
    let reader = client(&engine, Revision::LATEST, "read");
    registry.add_tool(tool("new").scopes(["write"])).unwrap();
    registry
        .for_tenant("acme")
        .add_provider(Shelf.with_scopes(["write"]))
        .unwrap();
    assert_eq!(listed(&reader).await, [""; 0]);
    let refused = reader.call("new", json!({})).await.unwrap_err();
    assert_eq!(refused.code, CODE, "{refused}");
    let refused = reader.read("book://1").await.unwrap_err();
    assert_eq!(refused.code, CODE, "{refused}");
    let wrong = registry.add_tool(tool("wrong").scopes(["a b"]));
    let wrong = wrong.unwrap_err().to_string();
    assert!(
        wrong.contains("`a b`") && wrong.contains("`wrong`"),
        "{wrong}"
    );
}

#[test]
fn what_cannot_be_a_scope_stops_the_server_from_starting() {
    let server = Server::new("s")
        .scopes(["a\"b", "fine"])
        .dynamic_prompt(prompt("p").scopes([""]))
        .resources(Shelf.with_scopes(["é"]));
    let problem = server.build().unwrap_err().to_string();
    for told in [
        "`a\"b` cannot be a scope of the server `s`",
        "`` cannot be a scope of the prompt `p`",
        "`é` cannot be a scope of a provider",
    ] {
        assert!(problem.contains(told), "{problem}");
    }
}

#[tokio::test]
async fn lists_that_differ_by_scope_are_private() {
    let caching = Caching::fresh_for(std::time::Duration::from_secs(60)).public();
    let is_public = async |server: Server, scopes: Option<&str>| {
        let engine = server.list_caching(caching).build().unwrap();
        let client = match scopes {
            Some(scopes) => client(&engine, Revision::LATEST, scopes),
            None => TestClient::of(engine),
        };
        let list = client.request("tools/list", json!({})).await.unwrap();
        list["cacheScope"] == "public"
    };
    let free = || Server::new("s").dynamic_tool(tool("look"));
    assert!(is_public(free(), Some("read")).await);
    for scopes in [None, Some("read write"), Some("read")] {
        assert!(!is_public(server(), scopes).await, "{scopes:?}");
    }
    assert!(!is_public(free().scopes(["read"]), Some("read")).await);
    assert!(is_public(server().list_out_of_scope(true), Some("read")).await);
}

#[tokio::test]
async fn pages_are_of_what_a_caller_may_use() {
    let mut server = Server::new("s").page_size(2);
    for n in 0..9 {
        let tool = tool(&format!("t{n}"));
        server = server.dynamic_tool(if n % 2 == 0 {
            tool
        } else {
            tool.scopes(["odd"])
        });
    }
    let engine = server.build().unwrap();
    let even = client(&engine, Revision::LATEST, "even");
    let page = even.request("tools/list", json!({})).await.unwrap();
    assert_eq!(page["tools"].as_array().unwrap().len(), 2, "{page}");
    let all = even.tools().await.unwrap();
    assert_eq!(all, ["t0", "t2", "t4", "t6", "t8"]);
}

#[tokio::test]
async fn nobody_is_told_of_changes_of_what_they_may_not_read() {
    let server = server();
    let registry = server.registry();
    let engine = server.build().unwrap();
    let legacy = client(&engine, Revision::LATEST_LEGACY, "");
    for uri in ["page://closed", "closed://1", "book://1"] {
        let subscribed = legacy
            .request("resources/subscribe", json!({"uri": uri}))
            .await;
        assert_eq!(subscribed.unwrap_err().code, CODE, "{uri}");
        let modern = client(&engine, Revision::LATEST, "");
        let wanted = json!({"resourceSubscriptions": ["page://open", uri]});
        let listening = modern.listen(wanted).await.unwrap();
        let refused = modern.next_notification().await.unwrap();
        assert_eq!(refused["error"]["code"], CODE, "{refused}");
        drop(listening);
    }
    // One whose token allowed it once, and does not any more.
    let legacy = legacy.caller(writer());
    for uri in ["page://closed", "page://open"] {
        let subscribed = legacy
            .request("resources/subscribe", json!({"uri": uri}))
            .await;
        assert!(subscribed.is_ok(), "{subscribed:?}");
    }
    let legacy = legacy.caller(writer().with_scopes(["read"]));
    let _listening = legacy.listen(json!({})).await.unwrap();
    registry.resource_updated("page://closed");
    registry.resource_updated("page://open");
    let told = legacy.next_notification().await.unwrap();
    assert_eq!(told["params"]["uri"], "page://open", "{told}");
}

fn writer() -> Caller {
    let alice = Caller::new("acme").with_principal("alice");
    alice.with_scopes(["read", "write"])
}

#[tokio::test]
async fn what_a_task_came_to_is_for_those_who_may_call_its_tool() {
    let task = tool("change").scopes(["write"]);
    let task = task.define(|it| it.task = TaskSupport::Required);
    let engine = Server::new("s").dynamic_tool(task).build().unwrap();
    let client = TestClient::of(engine).extension(TASKS_EXTENSION, json!({}));
    let client = client.caller(writer());
    let begun = client.send("tools/call", json!({"name": "change"})).await;
    let id = json!({"taskId": begun.unwrap()["taskId"]});
    assert!(client.request("tasks/get", id.clone()).await.is_ok());
    let reader = client.caller(writer().with_scopes(["read"]));
    for method in ["tasks/get", "tasks/cancel"] {
        let refused = reader.request(method, id.clone()).await;
        assert_refused(refused, "the task", &json!(["write"]), &json!(["write"]));
    }
}

#[tokio::test]
async fn a_handler_asks_for_a_scope_where_its_arguments_decide() {
    let engine = Server::new("s").resources(Shelf).build().unwrap();
    let reader = client(&engine, Revision::LATEST, "read");
    assert!(reader.read("book://1").await.is_ok());
    let refused = reader.read("book://secret").await.unwrap_err();
    assert_eq!(refused.code, CODE, "{refused}");
    assert_eq!(refused.data.unwrap()["missingScopes"], json!(["secrets"]));
}

#[tokio::test]
async fn a_transport_is_told_which_scopes_a_refused_request_needs() {
    let engine = server().scopes(["base"]).build().unwrap();
    let answer = async |name: &str, caller: Caller| {
        let params = json!({"name": name});
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
        let Ok(Decoded::Legacy(Message::Request(request))) = decode(&call.to_string().into(), None)
        else {
            panic!("this is a request: {call}");
        };
        let mut peer = Peer::new(Revision::LATEST_LEGACY);
        peer.caller = caller;
        let answer = engine.clone().answer(request, peer, None).await;
        let needed = answer.needed_scopes.map(|it| it.to_string());
        (answer.status, needed)
    };
    let needed = Some("base read write".to_owned());
    assert_eq!(answer("change", writer()).await, (403, needed));
    assert_eq!(answer("change", Caller::default()).await, (200, None));
    assert_eq!(answer("nothing", Caller::default()).await, (200, None));
}
