//! What `docs/security.md` says is to be seen, where no other test sees it: tokens, sessions,
//! handles, challenges and origins, over real connections.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use toolsmith::Http;
use toolsmith::auth::api_keys::{self, NewApiKey};
use toolsmith::auth::{AuthOptions, IssuerKeys, IssuerOptions};
use toolsmith::prelude::*;

use super::sum;
use crate::support::Log;
use crate::wire::{
    Ask, Connection, Endpoint, Gate, Session, TestServer, call, initialize, modern, request, server,
};

const ROOT: &str = "/.well-known/oauth-protected-resource";
const AT_PATH: &str = "/.well-known/oauth-protected-resource/mcp";
const EVIL: &str = "https://evil.example";

/// What somebody is called.
#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Named {
    name: String,
}

/// Ask for a name.
#[tool]
async fn greet(ctx: Context) -> Result<String, ToolError> {
    let named = ctx.elicit::<Named>("Who?").await?.accepted()?;
    Ok(format!("hello {}", named.name))
}

/// Go on after the answer.
#[tool(task = "required")]
async fn work() -> &'static str {
    "worked"
}

/// Move a file.
#[tool(scopes("files:read", "files:write"))]
async fn move_file(gate: State<Gate>) -> &'static str {
    gate.wait().await;
    "moved"
}

/// A page for those who may write.
#[resource("test://closed", scopes("files:write"))]
async fn closed(gate: State<Gate>) -> &'static str {
    gate.wait().await;
    "the page"
}

/// A prompt for those who may write.
#[prompt(scopes("files:write"))]
async fn draft(gate: State<Gate>) -> &'static str {
    gate.wait().await;
    "Write."
}

/// Show everything that a handler is given.
#[tool]
async fn show(ctx: Context, caller: Caller) -> String {
    format!(
        "{ctx:?} {caller:?} {:?} {:?} {:?} {:?}",
        caller.claims(),
        ctx.meta(),
        ctx.client(),
        ctx.trace(),
    )
}

/// Some people, by their keys.
struct People {
    _folder: tempfile::TempDir,
    file: std::path::PathBuf,
    /// Of one tenant.
    alice: String,
    bob: String,
    /// Of another one.
    carol: String,
}

fn people() -> People {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.toml");
    let make = |name: &str, tenant: &str| key(&file, name, tenant, &["mcp"]);
    let (alice, bob, carol) = (
        make("alice", "acme"),
        make("bob", "acme"),
        make("carol", "other"),
    );
    People {
        _folder: folder,
        file,
        alice,
        bob,
        carol,
    }
}

fn key(file: &std::path::Path, name: &str, tenant: &str, scopes: &[&str]) -> String {
    let new = NewApiKey::new(name).tenant(tenant);
    let new = scopes.iter().fold(new, |new, it| new.scope(*it));
    api_keys::create(file, new).unwrap().key().to_owned()
}

/// A server that lets in whoever has a key, or a token of an issuer that nobody can reach.
fn start(people: &People, settings: impl FnOnce(Http) -> Http) -> TestServer {
    start_with(people, |server| server, settings)
}

fn start_with(
    people: &People,
    change: impl FnOnce(Server) -> Server,
    settings: impl FnOnce(Http) -> Http,
) -> TestServer {
    let gate = Arc::new(Gate::default());
    let offered = server(&gate)
        .tool::<greet>()
        .tool::<work>()
        .tool::<move_file>()
        .tool::<show>()
        .resource::<closed>()
        .prompt::<draft>();
    TestServer::of(change(offered), gate, |http| {
        settings(authorized(people, http, String::new()))
    })
}

/// Lets in those people, and tokens for a resource: the address of the server, where none is
/// named.
fn authorized(people: &People, http: Http, resource: String) -> Http {
    let issuer = IssuerOptions {
        keys: IssuerKeys::At("http://127.0.0.1:9/keys".to_owned()),
        ..IssuerOptions::new("https://login.example")
    };
    http.api_keys(&people.file).auth(AuthOptions {
        resource,
        issuers: vec![issuer],
        ..AuthOptions::default()
    })
}

fn bearer(ask: &Ask, token: &str) -> Ask {
    ask.clone()
        .field("Authorization", &format!("Bearer {token}"))
}

/// An answer as it came, whatever it is.
#[derive(Debug)]
struct Answer {
    status: u16,
    fields: Vec<(String, String)>,
    body: String,
}

impl Answer {
    fn all(&self, name: &str) -> Vec<&str> {
        let fields = self.fields.iter();
        let named = fields.filter(|(n, _)| n.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The parameters of its one challenge.
    fn challenge(&self) -> Vec<(String, String)> {
        let fields = self.all("www-authenticate");
        assert_eq!(fields.len(), 1, "{self:?}");
        let rest = fields[0].strip_prefix("Bearer").unwrap_or_else(|| {
            panic!("another scheme stands first: {self:?}");
        });
        let parameters = rest.trim().split("\", ").filter(|it| !it.is_empty());
        let parameters: Vec<_> = parameters
            .map(|it| {
                let (name, value) = it.split_once("=\"").unwrap();
                (name.to_owned(), value.trim_end_matches('"').to_owned())
            })
            .collect();
        let names: BTreeSet<_> = parameters.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), parameters.len(), "one comes twice: {self:?}");
        parameters
    }

    /// One of them.
    fn parameter(&self, name: &str) -> Option<String> {
        let found = self.challenge().into_iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value)
    }
}

/// Asks on a connection that is kept, as far as the server keeps it.
async fn ask_on(connection: &mut Connection, server: &Endpoint, ask: &Ask) -> Answer {
    connection.write(&server.bytes(ask)).await.unwrap();
    let head = connection.head().await;
    let body = match ask.method.as_str() {
        "HEAD" => Vec::new(),
        _ => connection.body(&head).await,
    };
    if head.field("connection") == Some("close") {
        *connection = Connection::open(server.address).await;
    }
    Answer {
        status: head.status,
        fields: head.fields,
        body: String::from_utf8(body).unwrap(),
    }
}

async fn ask(server: &Endpoint, ask: &Ask) -> Answer {
    let mut connection = Connection::open(server.address).await;
    ask_on(&mut connection, server, ask).await
}

#[tokio::test]
async fn every_request_of_a_session_is_verified_and_the_session_is_its_openers() {
    let people = people();
    let server = start(&people, |http| http);
    for revision in ["2025-03-26", "2025-11-25"] {
        let opening = bearer(&initialize(revision), &people.alice);
        let opened = server.send(&opening).await;
        let session = Session {
            id: opened.field("mcp-session-id").unwrap().to_owned(),
            revision: revision.to_owned(),
        };
        let ping = session.ask(2, "ping", json!({}));
        let mut asks = vec![
            ping.clone(),
            session.ask(3, "tools/call", call("wait", json!({}))),
            session.post(json!({"jsonrpc": "2.0", "method": "notifications/initialized"})),
            session.post(json!({"jsonrpc": "2.0", "id": 1, "result": {}})),
            session.stream(),
            session.resume("1-1"),
            session.end(),
        ];
        if revision == "2025-03-26" {
            let batch = [request(4, "ping", json!({})), request(5, "ping", json!({}))];
            asks.push(session.post(Value::from(batch.to_vec())));
        }
        // On one connection, which lets in nobody who did not come with the same token.
        let mut connection = Connection::open(server.address).await;
        for asked in &asks {
            let own = ask_on(&mut connection, &server, &bearer(&ping, &people.alice)).await;
            assert_eq!(own.status, 200, "{own:?}");
            let refused = ask_on(&mut connection, &server, asked).await;
            assert_eq!(refused.status, 401, "{asked:?}: {refused:?}");
            for other in [&people.bob, &people.carol] {
                let refused = ask_on(&mut connection, &server, &bearer(asked, other)).await;
                assert_eq!(refused.status, 404, "{asked:?}: {refused:?}");
                assert_eq!(refused.json()["error"]["code"], -31004, "{refused:?}");
            }
        }
        assert_eq!(server.gate.begun(), 0, "a stranger's call has run");
        let stream = server
            .begin(&bearer(&session.stream(), &people.alice))
            .await;
        assert!(stream.is_ok(), "{stream:?}");
        let ended = ask(&server, &bearer(&session.end(), &people.alice)).await;
        assert_eq!(ended.status, 204, "{ended:?}");
    }
}

/// A modern request of a client that can be asked and knows tasks.
fn able(id: i64, method: &str, mut params: Value) -> Ask {
    params["_meta"] = json!({"io.modelcontextprotocol/clientCapabilities": {
        "elicitation": {}, "extensions": {"io.modelcontextprotocol/tasks": {}},
    }});
    modern(id, method, params)
}

/// The result of what somebody may do.
async fn done(server: &TestServer, key: &str, asked: &Ask) -> Value {
    let reply = server.send(&bearer(asked, key)).await;
    let message = reply.message();
    let result = message.get("result").cloned();
    result.unwrap_or_else(|| panic!("{asked:?}: {reply:?}"))
}

fn task_id(result: &Value) -> String {
    let task = result.get("task").unwrap_or(result);
    task["taskId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_handle_alone_lets_nobody_in() {
    let people = people();
    let server = start_with(&people, |server| server.page_size(5), |http| http);
    let begun = able(1, "tools/call", call("work", json!({})));
    let task = json!({"taskId": task_id(&done(&server, &people.alice, &begun).await)});
    let greet = || call("greet", json!({}));
    let asked = done(&server, &people.alice, &able(1, "tools/call", greet())).await;
    let key = asked["inputRequests"].as_object().unwrap().keys().next();
    let mut answered = greet();
    answered["requestState"] = asked["requestState"].clone();
    let answer = json!({"action": "accept", "content": {"name": "you"}});
    answered["inputResponses"] = json!({key.unwrap(): answer});
    let list = modern(1, "tools/list", json!({}));
    let page = done(&server, &people.alice, &list).await;
    let next = modern(7, "tools/list", json!({"cursor": page["nextCursor"]}));
    let answered = able(7, "tools/call", answered);
    let (get, cancel) = (
        able(7, "tasks/get", task.clone()),
        able(7, "tasks/cancel", task.clone()),
    );
    for asked in [&next, &answered, &get, &cancel] {
        let refused = ask(&server, asked).await;
        assert_eq!(refused.status, 401, "{asked:?}: {refused:?}");
    }
    // In the hands of others they are as if they had never been.
    for other in [&people.bob, &people.carol] {
        let refused = ask(&server, &bearer(&answered, other)).await;
        assert_eq!(refused.json()["error"]["code"], -32602, "{refused:?}");
        for (asked, method) in [(&get, "tasks/get"), (&cancel, "tasks/cancel")] {
            let refused = ask(&server, &bearer(asked, other)).await.json();
            let never = able(7, method, json!({"taskId": "0".repeat(32)}));
            let never = ask(&server, &bearer(&never, other)).await.json();
            assert_eq!(refused, never, "it can be told from one that never was");
            assert_eq!(refused["error"]["code"], -32602, "{refused}");
        }
    }
    // A list is that of a tenant.
    let refused = ask(&server, &bearer(&next, &people.carol)).await;
    assert_eq!(refused.json()["error"]["code"], -32602, "{refused:?}");
    // And they are good in those of their owner.
    let said = done(&server, &people.alice, &answered).await;
    assert_eq!(said["content"][0]["text"], "hello you", "{said}");
    for asked in [&next, &get] {
        done(&server, &people.alice, asked).await;
    }
}

#[tokio::test]
async fn task_ids_are_128_random_bits() {
    let people = people();
    let server = start(&people, |http| http);
    let mut seen = BTreeSet::new();
    let mut ones = [0u32; 128];
    let count = 200;
    for _ in 0..count {
        let begun = able(1, "tools/call", call("work", json!({})));
        let id = task_id(&done(&server, &people.alice, &begun).await);
        assert_eq!(id.len(), 32, "{id}");
        let bits = u128::from_str_radix(&id, 16).unwrap();
        for (at, ones) in ones.iter_mut().enumerate() {
            *ones += u32::from(bits >> at & 1 == 1);
        }
        assert!(seen.insert(id), "an id came twice");
    }
    // A counter, or a bit that is always the same, is far outside: eight standard deviations.
    for (at, ones) in ones.iter().enumerate() {
        let fair = (44..=156).contains(ones);
        assert!(fair, "bit {at} was set {ones} times of {count}");
    }
}

#[tokio::test]
async fn a_token_is_taken_from_its_header_field_and_from_nowhere_else() {
    let people = people();
    let server = start(&people, |http| http);
    let log = Log::capture();
    let key = people.alice.as_str();
    let form = sum()
        .with("Content-Type", "application/x-www-form-urlencoded")
        .with_body(format!("access_token={key}"));
    let cookie = sum().field("Cookie", &format!("access_token={key}; token={key}"));
    let elsewhere = sum().field("Proxy-Authorization", &format!("Bearer {key}"));
    let mut meta = call("add", json!({"a": 2, "b": 3}));
    meta["_meta"] = json!({"authorization": format!("Bearer {key}"), "access_token": key});
    let meta = modern(1, "tools/call", meta);
    for asked in [&form, &cookie, &elsewhere, &meta] {
        let refused = ask(&server, asked).await;
        assert_eq!(refused.status, 401, "{asked:?}: {refused:?}");
        assert_eq!(refused.parameter("error"), None, "{refused:?}");
        assert!(!refused.body.contains(key), "{refused:?}");
    }
    let in_query = sum().at(&format!("/mcp?access_token={key}"));
    for asked in [bearer(&in_query, key), in_query] {
        let refused = ask(&server, &asked).await;
        assert_eq!(refused.status, 400, "{asked:?}: {refused:?}");
        let error = refused.parameter("error");
        assert_eq!(error.as_deref(), Some("invalid_request"), "{refused:?}");
        assert!(!refused.body.contains(key), "{refused:?}");
    }
    let served = ask(&server, &bearer(&sum(), key)).await;
    assert_eq!(served.status, 200, "{served:?}");
    let log = log.text();
    let secret = key.rsplit('_').next().unwrap();
    assert!(!log.contains(secret), "a key is in the log: {log}");
}

#[tokio::test]
async fn each_refusal_has_one_challenge_that_agrees_with_its_status() {
    let people = people();
    let none = key(&people.file, "none", "acme", &[]);
    let server = start(&people, |http| {
        authorized(&people, http, "https://mcp.example/mcp".to_owned()).auth_scope("mcp")
    });
    let twice = bearer(&bearer(&sum(), &people.alice), &people.bob);
    let moves = modern(1, "tools/call", call("move_file", json!({})));
    let cases = [
        (sum(), 401, None, -31022),
        (
            sum().field("Authorization", "Basic YTpi"),
            401,
            None,
            -31022,
        ),
        (bearer(&sum(), "x"), 401, Some("invalid_token"), -31022),
        (
            bearer(&sum(), "tsk_aaaaaaaaaa_b"),
            401,
            Some("invalid_token"),
            -31022,
        ),
        (
            sum().field("X-Api-Key", "x"),
            401,
            Some("invalid_token"),
            -31022,
        ),
        (twice, 400, Some("invalid_request"), -31023),
        (
            sum().field("Authorization", "Bearer"),
            400,
            Some("invalid_request"),
            -31023,
        ),
        (bearer(&sum(), "a b"), 400, Some("invalid_request"), -31023),
        (
            bearer(&sum(), &people.alice).field("X-Api-Key", &people.alice),
            400,
            Some("invalid_request"),
            -31023,
        ),
        (
            bearer(&sum(), &none),
            403,
            Some("insufficient_scope"),
            -31018,
        ),
        (
            bearer(&moves, &people.alice),
            403,
            Some("insufficient_scope"),
            -31018,
        ),
    ];
    for (asked, status, error, code) in cases {
        let refused = ask(&server, &asked).await;
        assert_eq!(refused.status, status, "{asked:?}: {refused:?}");
        assert_eq!(
            refused.parameter("error").as_deref(),
            error,
            "{asked:?}: {refused:?}"
        );
        let described = refused.parameter("error_description");
        assert_eq!(described.is_some(), error.is_some(), "{refused:?}");
        assert_eq!(refused.all("content-type"), ["application/json"]);
        let body = refused.json();
        assert_eq!(body["error"]["code"], code, "{asked:?}: {refused:?}");
        assert_eq!(body["id"], 1, "{asked:?}: {refused:?}");
        let words = body["error"]["message"].as_str().unwrap_or_default();
        assert!(words.len() > 10, "{refused:?}");
        // Where it says that the metadata is, it is.
        let url = refused.parameter("resource_metadata").unwrap();
        let path = url.strip_prefix("https://mcp.example").unwrap();
        let document = ask(&server, &Ask::new("GET").at(path)).await;
        assert_eq!(document.status, 200, "{url}: {document:?}");
    }
}

#[tokio::test]
async fn the_metadata_is_read_by_everybody_and_in_whatever_revision() {
    let people = people();
    let server = start(&people, |http| {
        http.auth_scope("mcp")
            .rate_limit("1/h")
            .allow_origin("https://app.example")
    });
    // Whoever sends too many requests may find out where tokens are to be had all the same.
    assert_eq!(ask(&server, &sum()).await.status, 401);
    assert_eq!(ask(&server, &sum()).await.status, 429);
    for path in [ROOT, AT_PATH] {
        let get = Ask::new("GET").at(path);
        let plain = ask(&server, &get).await;
        assert_eq!(plain.status, 200, "{path}: {plain:?}");
        assert_eq!(plain.all("content-type"), ["application/json"]);
        let url = format!("http://{}/mcp", server.address);
        assert_eq!(plain.json()["resource"], url, "{plain:?}");
        for (name, value) in plain.json().as_object().unwrap() {
            assert_ne!(value, &json!([]), "`{name}` says nothing: {plain:?}");
        }
        for version in ["2024-11-05", "2025-03-26", "2026-07-28", "1999-01-01"] {
            let asked = get.clone().field("MCP-Protocol-Version", version);
            let same = ask(&server, &asked).await;
            assert_eq!((same.status, &same.body), (200, &plain.body), "{version}");
        }
        let head = ask(&server, &Ask::new("HEAD").at(path)).await;
        assert_eq!(head.status, 200, "{head:?}");
        assert_eq!(head.all("content-length"), plain.all("content-length"));
        for method in ["POST", "DELETE", "PUT"] {
            let refused = ask(&server, &Ask::new(method).at(path)).await;
            assert_eq!(refused.status, 405, "{method}: {refused:?}");
            assert_eq!(refused.all("allow"), ["GET, HEAD"], "{refused:?}");
        }
        let preflight = Ask::new("OPTIONS")
            .at(path)
            .field("Origin", "https://app.example")
            .field("Access-Control-Request-Method", "GET")
            .field("Access-Control-Request-Headers", "mcp-protocol-version");
        let allowed = ask(&server, &preflight).await;
        assert_eq!(
            allowed.all("access-control-allow-headers"),
            ["mcp-protocol-version"],
            "{allowed:?}"
        );
    }
}

#[tokio::test]
async fn the_metadata_is_where_challenges_say_behind_a_proxy_too() {
    let people = people();
    for (public, resource, place) in [
        (
            "https://MCP.example/tools/mcp/",
            "https://mcp.example/tools/mcp",
            "/.well-known/oauth-protected-resource/tools/mcp",
        ),
        ("https://mcp.example/", "https://mcp.example", ROOT),
    ] {
        let http = authorized(&people, Http::bind("127.0.0.1:0"), String::new());
        let http = http.public_url(public).path("/inside");
        let listening = http.listen().unwrap();
        let address = listening.local_addr().unwrap();
        let server = Endpoint::at(&format!("http://{address}/inside"));
        let gate = Arc::new(Gate::default());
        let service = listening.service(crate::wire::server(&gate)).unwrap();
        tokio::spawn(listening.serve(service));
        let sum = sum().at("/inside").field("Host", "mcp.example");
        let refused = ask(&server, &sum).await;
        let told = refused.parameter("resource_metadata").unwrap();
        assert_eq!(told, format!("https://mcp.example{place}"), "{refused:?}");
        for path in [place, ROOT] {
            let asked = Ask::new("GET").at(path).field("Host", "mcp.example");
            let document = ask(&server, &asked).await;
            assert_eq!(document.status, 200, "{path}: {document:?}");
            assert_eq!(document.json()["resource"], resource, "{path}");
        }
    }
}

#[tokio::test]
async fn where_there_are_only_api_keys_there_is_no_metadata() {
    let people = people();
    let server = TestServer::with(|http| http.api_keys(&people.file));
    for path in [ROOT, AT_PATH] {
        let nothing = ask(&server, &Ask::new("GET").at(path)).await;
        assert_eq!(nothing.status, 404, "{nothing:?}");
    }
    for asked in [sum(), bearer(&sum(), "x")] {
        let refused = ask(&server, &asked).await;
        assert_eq!(refused.status, 401, "{refused:?}");
        assert_eq!(refused.parameter("resource_metadata"), None, "{refused:?}");
    }
}

/// A session of somebody, and a request in it.
async fn in_session(server: &TestServer, key: &str, method: &str, params: Value) -> Ask {
    let opened = server.send(&bearer(&initialize("2025-11-25"), key)).await;
    let session = Session {
        id: opened.field("mcp-session-id").unwrap().to_owned(),
        revision: "2025-11-25".to_owned(),
    };
    session.ask(1, method, params)
}

#[tokio::test]
async fn the_scopes_that_are_asked_for_are_all_of_them_and_the_same_each_time() {
    let people = people();
    let of = |name: &str, scopes: &[&str]| key(&people.file, name, "acme", scopes);
    let some = [
        of("neither", &[]),
        of("reads", &["files:read"]),
        of("writes", &["files:write", "more"]),
    ];
    let both = of("both", &["files:write", "files:read"]);
    let server = start(&people, |http| http);
    let moves = || call("move_file", json!({}));
    for lacks in &some {
        let today = modern(1, "tools/call", moves());
        let legacy = in_session(&server, lacks, "tools/call", moves()).await;
        for asked in [&today, &today, &legacy, &legacy] {
            let refused = ask(&server, &bearer(asked, lacks)).await;
            assert_eq!(refused.status, 403, "{asked:?}: {refused:?}");
            let scope = refused.parameter("scope");
            assert_eq!(scope.as_deref(), Some("files:read files:write"));
        }
    }
    assert_eq!(server.gate.begun(), 0, "it has run");
    server.gate.open();
    let moved = ask(&server, &bearer(&modern(1, "tools/call", moves()), &both)).await;
    assert_eq!(moved.status, 200, "{moved:?}");
}

/// A client asks for just what it is told: with less of it, it would go round in circles.
#[tokio::test]
async fn a_challenge_names_everything_that_the_request_needs_at_each_layer() {
    let people = people();
    let enough_to_come_in = key(&people.file, "in", "acme", &["mcp"]);
    let all = ["mcp", "base", "files:read", "files:write"];
    let all = key(&people.file, "all", "acme", &all);
    let server = start_with(
        &people,
        |server| server.scopes(["base"]),
        |http| http.auth_scope("mcp"),
    );
    let moves = modern(1, "tools/call", call("move_file", json!({})));
    let nobody = ask(&server, &moves).await;
    assert_eq!(nobody.status, 401, "{nobody:?}");
    assert_eq!(nobody.parameter("scope").as_deref(), Some("base mcp"));
    let document = ask(&server, &Ask::new("GET").at(AT_PATH)).await;
    let supported = document.json()["scopes_supported"].clone();
    assert_eq!(supported, json!(["base", "mcp"]), "{document:?}");
    let refused = ask(&server, &bearer(&moves, &enough_to_come_in)).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    let scope = refused.parameter("scope");
    assert_eq!(scope.as_deref(), Some("base files:read files:write mcp"));
    server.gate.open();
    let moved = ask(&server, &bearer(&moves, &all)).await;
    assert_eq!(moved.status, 200, "{moved:?}");
}

#[tokio::test]
async fn what_needs_more_scopes_is_refused_whatever_it_is() {
    let people = people();
    let base = key(&people.file, "base", "acme", &["base"]);
    let server = start_with(&people, |server| server.scopes(["base"]), |http| http);
    for (method, params, scope) in [
        (
            "tools/call",
            call("move_file", json!({})),
            "base files:read files:write",
        ),
        ("prompts/get", json!({"name": "draft"}), "base files:write"),
        (
            "resources/read",
            json!({"uri": "test://closed"}),
            "base files:write",
        ),
    ] {
        let legacy = in_session(&server, &base, method, params.clone()).await;
        for asked in [modern(1, method, params), legacy] {
            let refused = ask(&server, &bearer(&asked, &base)).await;
            assert_eq!(refused.status, 403, "{asked:?}: {refused:?}");
            for (name, value) in [
                ("error", "insufficient_scope"),
                ("scope", scope),
                (
                    "resource_metadata",
                    &format!("http://{}{AT_PATH}", server.address),
                ),
            ] {
                let found = refused.parameter(name);
                assert_eq!(found.as_deref(), Some(value), "{asked:?}: {refused:?}");
            }
            let body = refused.json();
            assert_eq!(body["id"], 1, "{refused:?}");
            assert_eq!(body["error"]["code"], -31018, "{refused:?}");
        }
    }
    assert_eq!(server.gate.begun(), 0, "a handler has run");
}

#[tokio::test]
async fn who_is_not_let_in_learns_nothing_and_runs_nothing() {
    let people = people();
    let server = start(&people, |http| http);
    let call_of = |tool: &str| modern(1, "tools/call", call(tool, json!({})));
    let large = json!({"text": "x".repeat(4 * 1024 * 1024 - 1000)});
    let mut bodies = BTreeSet::new();
    for asked in [
        call_of("wait"),
        call_of("no_such_tool"),
        call_of("move_file"),
        modern(1, "no/such", json!({})),
        modern(1, "tools/list", json!({})),
        modern(1, "tools/call", call("echo", large)),
        initialize("2025-11-25"),
        Ask::post("{"),
        Ask::post(""),
        Ask::post("[]"),
        Ask::post("x").with("Content-Type", "text/plain"),
        Ask::new("GET").field("Accept", "text/event-stream"),
        Ask::new("GET").field("Mcp-Session-Id", &"0".repeat(32)),
        Ask::new("DELETE"),
        Ask::new("PUT"),
    ] {
        let wrong = "tsk_aaaaaaaaaa_secretsecretsecretsecretsecretsecretsecretsecret";
        for asked in [asked.clone(), bearer(&asked, wrong)] {
            let refused = ask(&server, &asked).await;
            assert_eq!(refused.status, 401, "{asked:?}: {refused:?}");
            assert_eq!(refused.all("www-authenticate").len(), 1, "{refused:?}");
            assert_eq!(refused.all("mcp-session-id").len(), 0, "{refused:?}");
            let mut body = refused.json();
            body.as_object_mut().unwrap().remove("id");
            bodies.insert(body.to_string());
        }
    }
    // One for those who bring nothing, and one for those whose token is not known.
    assert_eq!(bodies.len(), 2, "{bodies:#?}");
    for body in &bodies {
        for said in ["secret", "wait", "wire", "files:"] {
            assert!(!body.contains(said), "{body}");
        }
    }
    assert_eq!(server.gate.begun(), 0, "a tool has run");
    assert_eq!(server.service.sessions(), 0, "a session was made");
}

#[tokio::test]
async fn a_handler_is_not_given_the_token() {
    let people = people();
    let server = start(&people, |http| http);
    let mut params = call("show", json!({}));
    params["_meta"] = json!({"mine": "seen"});
    let shown = modern(1, "tools/call", params.clone());
    let key = people.alice.as_str();
    let in_own_field = shown.clone().field("X-Api-Key", key);
    let legacy = in_session(&server, key, "tools/call", params).await;
    for asked in [bearer(&shown, key), in_own_field, bearer(&legacy, key)] {
        let reply = server.send(&asked).await;
        let said = reply.said();
        for there in ["api-key#", "acme", "seen"] {
            assert!(said.contains(there), "{there} is not in {said}");
        }
        let secret = key.rsplit('_').next().unwrap();
        for secret in [secret, "Bearer", "tsk_"] {
            assert!(!said.contains(secret), "{secret} is in {said}");
        }
    }
}

#[tokio::test]
async fn an_origin_is_looked_at_on_every_path_and_before_any_token() {
    let people = people();
    let server = start(&people, |http| http);
    let preflight = |path: &str| {
        Ask::new("OPTIONS")
            .at(path)
            .field("Access-Control-Request-Method", "POST")
    };
    let wait = || modern(1, "tools/call", call("wait", json!({})));
    let asks = [
        wait(),
        initialize("2025-11-25"),
        Ask::new("GET"),
        Ask::new("DELETE"),
        Ask::new("OPTIONS"),
        preflight("/mcp"),
        Ask::new("GET").at(ROOT),
        Ask::new("GET").at(AT_PATH),
        preflight(AT_PATH),
        Ask::new("GET").at("/health"),
        Ask::new("GET").at("/elsewhere"),
    ];
    for origin in [EVIL, "null", "http://localhost.evil.example"] {
        for asked in &asks {
            let asked = asked.clone().field("Origin", origin);
            for asked in [asked.clone(), bearer(&asked, &people.alice)] {
                let refused = ask(&server, &asked).await;
                assert_eq!(refused.status, 403, "{asked:?}: {refused:?}");
                assert_eq!(refused.all("www-authenticate").len(), 0, "{refused:?}");
                let body = refused.json();
                assert_eq!(body["error"]["code"], -31008, "{refused:?}");
                assert_eq!(body.get("id"), None, "{refused:?}");
                let allow = format!("--allow-origin {origin}");
                assert!(refused.body.contains(&allow), "{refused:?}");
            }
        }
    }
    assert_eq!(server.gate.begun(), 0, "a tool has run");
    assert_eq!(server.service.sessions(), 0, "a session was made");
    // Who is no page has no origin.
    for (asked, status) in [
        (bearer(&sum(), &people.alice), 200),
        (Ask::new("GET").at(ROOT), 200),
    ] {
        assert_eq!(ask(&server, &asked).await.status, status, "{asked:?}");
    }
    let open = start(&people, |http| http.allow_origin("null"));
    let page = bearer(&sum(), &people.alice).field("Origin", "null");
    assert_eq!(ask(&open, &page).await.status, 200);
}
