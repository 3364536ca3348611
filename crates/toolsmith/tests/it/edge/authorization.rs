//! Who is let in, as clients see it. What makes a token good is tested beside `auth`.

use std::time::Duration;

use serde_json::{Value, json};
use toolsmith::auth::api_keys::{self, NewApiKey};
use toolsmith::auth::{AuthOptions, IssuerKeys, IssuerOptions};
use toolsmith::prelude::*;

use super::{field, get, sum};
use crate::wire::{Ask, Gate, TestServer, call, modern, server};

/// Delete a file.
#[tool(scopes("files:write"))]
fn delete() -> &'static str {
    "deleted"
}

/// Who calls.
#[tool]
fn whoami(ctx: Context) -> String {
    let caller = ctx.caller();
    format!(
        "{} {:?}",
        caller.tenant(),
        caller.principal().map(|_| "known")
    )
}

/// A file of keys, and the keys in it.
struct Keys {
    _folder: tempfile::TempDir,
    path: std::path::PathBuf,
    reads: String,
    writes: String,
}

fn keys() -> Keys {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.toml");
    let make = |name: &str, scopes: &[&str]| {
        let new = NewApiKey::new(name).tenant("acme");
        let new = scopes.iter().fold(new, |new, it| new.scope(*it));
        api_keys::create(&path, new).unwrap().key().to_owned()
    };
    let reads = make("reader", &["mcp"]);
    let writes = make("writer", &["mcp", "files:write"]);
    Keys {
        _folder: folder,
        path,
        reads,
        writes,
    }
}

fn start(keys: &Keys) -> TestServer {
    let gate = std::sync::Arc::new(Gate::default());
    let offered = server(&gate).tool::<delete>().tool::<whoami>();
    TestServer::of(offered, gate, |http| {
        http.api_keys(&keys.path)
            .auth_scope("mcp")
            .auth(AuthOptions {
                resource: "https://mcp.example/mcp".to_owned(),
                issuers: vec![IssuerOptions {
                    keys: IssuerKeys::At("http://127.0.0.1:9/keys".to_owned()),
                    ..IssuerOptions::new("https://login.example")
                }],
                fetch_timeout: Duration::from_secs(1),
                ..AuthOptions::default()
            })
    })
}

fn bearer(ask: Ask, token: &str) -> Ask {
    ask.field("Authorization", &format!("Bearer {token}"))
}

#[tokio::test]
async fn who_has_no_token_is_told_where_to_get_one() {
    let keys = keys();
    let server = start(&keys);
    for ask in [sum(), Ask::new("GET"), Ask::new("DELETE"), Ask::post("{")] {
        let (status, fields, body) = get(&server, &ask).await;
        assert_eq!(status, 401, "{ask:?}: {body}");
        let challenge = field(&fields, "www-authenticate").unwrap();
        assert_eq!(
            challenge,
            "bearer resource_metadata=\"https://mcp.example/.well-known/oauth-protected-resource/mcp\", scope=\"mcp\""
        );
        assert!(body.contains("-31022"), "{body}");
    }
    let refused = server.send(&sum()).await.message();
    assert_eq!(refused["id"], 1, "a client waits for an answer: {refused}");
    for token in ["tsk_nobody_nothing", "x", "a.b.c"] {
        let (status, fields, _) = get(&server, &bearer(sum(), token)).await;
        assert_eq!(status, 401, "{token}");
        let challenge = field(&fields, "www-authenticate").unwrap();
        assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    }
    let twice = bearer(bearer(sum(), &keys.reads), &keys.writes);
    assert_eq!(get(&server, &twice).await.0, 400);
    let in_the_query = sum().at(&format!("/mcp?access_token={}", keys.reads));
    assert_ne!(get(&server, &in_the_query).await.0, 200);
}

#[tokio::test]
async fn the_metadata_is_at_the_root_and_at_the_path_and_for_everybody() {
    let server = start(&keys());
    for path in [
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/mcp",
    ] {
        let ask = Ask::new("GET")
            .at(path)
            .field("Origin", "http://localhost:5173");
        let (status, fields, body) = get(&server, &ask).await;
        assert_eq!(status, 200, "{path}: {body}");
        let document: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(document["resource"], "https://mcp.example/mcp");
        assert_eq!(
            document["authorization_servers"],
            json!(["https://login.example"])
        );
        assert_eq!(document["scopes_supported"], json!(["mcp"]));
        assert_eq!(document["bearer_methods_supported"], json!(["header"]));
        let allowed = field(&fields, "access-control-allow-origin");
        assert_eq!(allowed.as_deref(), Some("http://localhost:5173"));
    }
    let elsewhere = Ask::new("GET").at("/.well-known/oauth-authorization-server");
    assert_eq!(get(&server, &elsewhere).await.0, 404);
    let open = TestServer::start();
    let nothing = Ask::new("GET").at("/.well-known/oauth-protected-resource");
    assert_eq!(get(&open, &nothing).await.0, 404);
}

#[tokio::test]
async fn a_key_lets_in_by_either_field_and_says_who_asks() {
    let keys = keys();
    let server = start(&keys);
    let ask = || modern(1, "tools/call", call("whoami", json!({})));
    let by_key = ask().field("X-Api-Key", &keys.reads);
    for ask in [bearer(ask(), &keys.reads), by_key] {
        let reply = server.send(&ask).await;
        assert_eq!(reply.said(), "acme Some(\"known\")", "{reply:?}");
    }
}

#[tokio::test]
async fn what_needs_more_scopes_is_hidden_and_says_which_they_are() {
    let keys = keys();
    let server = start(&keys);
    let listed = async |key: &str| {
        let list = bearer(modern(1, "tools/list", json!({})), key);
        let all = server.send(&list).await.message();
        let tools = all["result"]["tools"].as_array().cloned().unwrap();
        tools.iter().any(|it| it["name"] == "delete")
    };
    assert!(!listed(&keys.reads).await);
    assert!(listed(&keys.writes).await);
    let delete = || modern(7, "tools/call", call("delete", json!({})));
    let (status, fields, body) = get(&server, &bearer(delete(), &keys.reads)).await;
    assert_eq!(status, 403, "{body}");
    let challenge = field(&fields, "www-authenticate").unwrap();
    for part in [
        "error=\"insufficient_scope\"",
        "files:write",
        "resource_metadata=\"https://mcp.example/.well-known/oauth-protected-resource/mcp\"",
    ] {
        assert!(challenge.contains(part), "{challenge}");
    }
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (&body["id"], &body["error"]["code"]),
        (&json!(7), &json!(-31018))
    );
    let reply = server.send(&bearer(delete(), &keys.writes)).await;
    assert_eq!(reply.said(), "deleted", "{reply:?}");
    // Whose origin is not allowed is not told of scopes.
    let page = bearer(delete(), &keys.reads).field("Origin", "https://evil.example");
    let (status, fields, _) = get(&server, &page).await;
    assert_eq!((status, field(&fields, "www-authenticate")), (403, None));
}

#[tokio::test]
async fn where_nobody_can_tell_the_client_keeps_its_token_and_comes_back() {
    let server = start(&keys());
    // Signed by the issuer, for all that can be told without its keys.
    let header = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImEiLCJ0eXAiOiJKV1QifQ";
    let claims = "eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUiLCJzdWIiOiJhIiwiYXVkIjoiaHR0cHM6Ly9tY3AuZXhhbXBsZS9tY3AiLCJleHAiOjQxMDI0NDQ4MDB9";
    let token = format!("{header}.{claims}.{}", "A".repeat(86));
    let (status, fields, body) = get(&server, &bearer(sum(), &token)).await;
    assert_eq!(status, 503, "{body}");
    assert!(field(&fields, "retry-after").is_some(), "{fields:?}");
    assert_eq!(field(&fields, "www-authenticate"), None);
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["id"], 1, "a client waits for an answer: {body}");
}

#[tokio::test]
async fn a_preflight_and_the_question_whether_it_lives_need_no_token() {
    let server = start(&keys());
    let preflight = Ask::new("OPTIONS")
        .field("Origin", "http://localhost:5173")
        .field("Access-Control-Request-Method", "POST")
        .field("Access-Control-Request-Headers", "authorization");
    let (status, fields, _) = get(&server, &preflight).await;
    assert_eq!(status, 200);
    assert_eq!(
        field(&fields, "access-control-allow-headers").as_deref(),
        Some("authorization")
    );
    assert_eq!(get(&server, &Ask::new("GET").at("/health")).await.0, 200);
}

#[tokio::test]
async fn a_session_belongs_to_who_opened_it() {
    let keys = keys();
    let server = start(&keys);
    let opened = server
        .send(&bearer(crate::wire::initialize("2025-11-25"), &keys.reads))
        .await;
    let id = opened.field("mcp-session-id").unwrap();
    let ping = || {
        let ask = Ask::post(crate::wire::request(2, "ping", json!({})));
        ask.field("Mcp-Session-Id", id)
            .field("MCP-Protocol-Version", "2025-11-25")
    };
    assert_eq!(server.send(&bearer(ping(), &keys.reads)).await.status, 200);
    assert_eq!(get(&server, &bearer(ping(), &keys.writes)).await.0, 404);
    assert_eq!(get(&server, &ping()).await.0, 401);
}

#[tokio::test]
async fn an_application_that_mounts_the_endpoint_has_its_metadata_too() {
    use toolsmith::ServerAxumExt as _;
    use tower_service::Service as _;
    let http = toolsmith::Http::new()
        .public_url("https://mcp.example/mcp")
        .allow_host("mcp.example")
        .auth_issuer("https://login.example");
    let mut app = Server::new("mounted").into_router_with(http).unwrap();
    for (path, status) in [
        ("/mcp", 401),
        ("/.well-known/oauth-protected-resource", 200),
        ("/.well-known/oauth-protected-resource/mcp", 200),
        ("/.well-known/oauth-authorization-server", 404),
    ] {
        let request = http::Request::builder()
            .uri(path)
            .header("Host", "mcp.example");
        let request = request.body(axum::body::Body::empty()).unwrap();
        let answer = app.call(request).await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
    }
}

#[tokio::test]
async fn who_tries_one_token_after_the_other_is_counted() {
    let keys = keys();
    let server = TestServer::with(|http| http.api_keys(&keys.path).rate_limit("2/h"));
    for status in [401, 401, 429] {
        let (is, ..) = get(&server, &bearer(sum(), "tsk_nobody_nothing")).await;
        assert_eq!(is, status);
    }
    // Who is known is counted by itself.
    assert_eq!(server.send(&bearer(sum(), &keys.reads)).await.status, 200);
}
