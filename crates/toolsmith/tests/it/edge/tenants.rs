//! Whose a request is.

use std::sync::Arc;

use serde_json::{Value, json};
use toolsmith::prelude::*;

#[cfg(feature = "auth")]
use super::field;
use super::get;
use crate::wire::{Ask, Gate, TestServer, call, initialize, modern};

/// Who calls.
#[tool]
fn whoami(tenant: Tenant) -> String {
    tenant.id().to_owned()
}

fn start(settings: impl FnOnce(Http) -> Http) -> TestServer {
    let server = Server::new("s").tool::<whoami>();
    TestServer::of(server, Arc::new(Gate::default()), settings)
}

fn ask() -> Ask {
    modern(1, "tools/call", call("whoami", json!({})))
}

/// Whose a request is found to be, or the answer that it is refused with.
async fn whose(server: &TestServer, ask: Ask) -> Result<String, (u16, String)> {
    let (status, _, body) = get(server, &ask).await;
    let message: Value = serde_json::from_str(&body).unwrap();
    match message["result"]["content"][0]["text"].as_str() {
        Some(tenant) => Ok(tenant.to_owned()),
        None => Err((status, body)),
    }
}

/// What whoever names a tenant that is not there is told, or not theirs.
fn unknown() -> Result<String, (u16, String)> {
    let body = json!({
        "jsonrpc": "2.0",
        "id": 1,
        "error": {"code": -31028, "message": "there is no such tenant, or it is not yours"},
    });
    Err((404, body.to_string()))
}

async fn is_unknown(server: &TestServer, ask: Ask) {
    let what = format!("{ask:?}");
    let refused = whose(server, ask).await;
    let same = |it: &Result<String, (u16, String)>| {
        let (status, body) = it.clone().unwrap_err();
        (status, serde_json::from_str::<Value>(&body).unwrap())
    };
    assert!(refused.is_err(), "{what}: {refused:?}");
    assert_eq!(same(&refused), same(&unknown()), "{what}");
}

#[tokio::test]
async fn without_a_source_there_is_one_tenant() {
    let server = start(|http| http);
    assert_eq!(whose(&server, ask()).await.unwrap(), "default");
    let (status, ..) = get(&server, &ask().at("/t/acme/mcp")).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn a_path_names_a_tenant_of_those_that_there_are() {
    let provisioned = |http: Http| {
        http.tenant("path")
            .tenant_allow("acme")
            .tenant_allow("globex")
    };
    let server = start(provisioned);
    for tenant in ["acme", "globex"] {
        for path in [format!("/t/{tenant}/mcp"), format!("/t/{tenant}/mcp/")] {
            assert_eq!(whose(&server, ask().at(&path)).await.unwrap(), tenant);
        }
    }
    for path in [
        "/mcp",
        "/t/initech/mcp",
        "/t//mcp",
        "/t/../mcp",
        "/t/a%63me/mcp",
        "/t/ACME/mcp",
        "/t/acme/globex/mcp",
    ] {
        is_unknown(&server, ask().at(path)).await;
    }
    for elsewhere in ["/t/acme", "/t", "/t/acme/mcp/x", "/x/t/acme/mcp"] {
        let (status, _, body) = get(&server, &ask().at(elsewhere)).await;
        assert!(
            status == 404 && body.contains("-31014"),
            "{elsewhere}: {body}"
        );
    }
    let open = start(|http| http.tenant("path").tenant_signup("open"));
    assert_eq!(
        whose(&open, ask().at("/t/anybody/mcp")).await.unwrap(),
        "anybody"
    );
}

#[tokio::test]
async fn a_host_names_a_tenant_and_is_let_in_for_that() {
    let server = start(|http| {
        http.tenant("host:{tenant}.example.com")
            .tenant_signup("open")
    });
    let at = |host: &str| ask().with("Host", host);
    assert_eq!(
        whose(&server, at("acme.example.com")).await.unwrap(),
        "acme"
    );
    assert_eq!(
        whose(&server, at("ACME.Example.com:8000")).await.unwrap(),
        "acme"
    );
    is_unknown(&server, at("localhost")).await;
    for stranger in [
        "example.com",
        "a.b.example.com",
        "acme.example.com.evil.example",
    ] {
        let (status, _, body) = get(&server, &at(stranger)).await;
        assert!(
            status == 403 && body.contains("-31007"),
            "{stranger}: {body}"
        );
    }
}

#[tokio::test]
async fn a_field_names_a_tenant_where_a_proxy_is_trusted_to_set_it() {
    let by = |proxy: &str| {
        let proxy = proxy.to_owned();
        start(move |http| http.tenant("header:X-Tenant").trusted_proxy(proxy))
    };
    let (trusted, other) = (by("127.0.0.1"), by("10.0.0.1"));
    let named = |tenant: &str| ask().field("X-Tenant", tenant);
    assert_eq!(whose(&trusted, named("acme")).await.unwrap(), "acme");
    assert_eq!(
        whose(&trusted, named("https://a.example|1")).await.unwrap(),
        "https://a.example|1"
    );
    is_unknown(&trusted, ask()).await;
    is_unknown(&trusted, named("a b")).await;
    is_unknown(&trusted, named(&"x".repeat(129))).await;
    is_unknown(&trusted, named("acme").field("X-Tenant", "globex")).await;
    is_unknown(&other, named("acme")).await;
}

#[tokio::test]
async fn the_first_source_that_names_a_tenant_decides_and_none_may_disagree_with_the_address() {
    let server = start(|http| {
        http.tenant("header:X-Tenant")
            .tenant("path")
            .tenant_signup("open")
            .trusted_proxy("127.0.0.1")
    });
    let by_both = |tenant: &str| ask().at("/t/acme/mcp").field("X-Tenant", tenant);
    assert_eq!(whose(&server, by_both("acme")).await.unwrap(), "acme");
    assert_eq!(
        whose(&server, ask().at("/t/acme/mcp")).await.unwrap(),
        "acme"
    );
    assert_eq!(
        whose(&server, ask().field("X-Tenant", "globex"))
            .await
            .unwrap(),
        "globex"
    );
    is_unknown(&server, by_both("globex")).await;
    is_unknown(&server, ask()).await;
}

#[tokio::test]
async fn a_session_of_one_tenant_is_to_another_as_if_it_never_was() {
    let server = start(|http| http.tenant("path").tenant_signup("open"));
    let opened = get(&server, &initialize("2025-06-18").at("/t/acme/mcp")).await;
    let id = opened
        .1
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("mcp-session-id"));
    let id = id.unwrap().1.clone();
    let ping = |tenant: &str, id: &str| {
        let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
        let ask = Ask::post(ping).at(&format!("/t/{tenant}/mcp"));
        ask.field("Mcp-Session-Id", id)
            .field("MCP-Protocol-Version", "2025-06-18")
    };
    assert_eq!(get(&server, &ping("acme", &id)).await.0, 200);
    let foreign = get(&server, &ping("globex", &id)).await;
    let random = get(&server, &ping("globex", &"0123456789abcdef".repeat(2))).await;
    assert_eq!((foreign.0, &foreign.2), (404, &random.2));
    assert_eq!(
        get(&server, &ping("acme", &id)).await.0,
        200,
        "and is not harmed"
    );
}

#[tokio::test]
async fn settings_that_do_not_fit_together_are_refused_with_what_to_do() {
    let wrong = |settings: &dyn Fn(Http) -> Http| {
        let server = Server::new("s").tool::<whoami>();
        let settings = settings(Http::bind("127.0.0.1:0"));
        match toolsmith::ServerHttpExt::into_service_with(server, settings) {
            Ok(_) => panic!("it was accepted"),
            Err(error) => format!("{error:?}"),
        }
    };
    let said = wrong(&|http| http.tenant("cookie:x"));
    assert!(said.contains("claim:org_id"), "{said}");
    let said = wrong(&|http| http.tenant("header:X-Tenant"));
    assert!(said.contains("--trusted-proxy"), "{said}");
    let said = wrong(&|http| http.tenant("key"));
    assert!(said.contains("--api-keys"), "{said}");
    let said = wrong(&|http| http.tenant("claim:a").tenant("claim:b"));
    assert!(said.contains("two claims"), "{said}");
    let said = wrong(&|http| http.tenant("path"));
    assert!(said.contains("--tenant-allow"), "{said}");
    let said = wrong(&|http| http.tenant("path").tenant_signup("maybe"));
    assert!(said.contains("open or provisioned"), "{said}");
    let said = wrong(&|http| http.tenant("path").tenant_signup("open").tenant_allow("a"));
    assert!(said.contains("leave one of them out"), "{said}");
    let said = wrong(&|http| http.tenant("path").tenant_allow("a b"));
    assert!(said.contains("128"), "{said}");
}

#[cfg(feature = "auth")]
mod with_credentials {
    use toolsmith::auth::api_keys::{self, NewApiKey};
    use toolsmith::auth::{AuthOptions, IssuerKeys, IssuerOptions};

    use super::*;

    /// Keys of two tenants and of none.
    fn keys() -> (tempfile::TempDir, std::path::PathBuf, [String; 3]) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        let make = |new| api_keys::create(&path, new).unwrap().key().to_owned();
        let all = [
            make(NewApiKey::new("a").tenant("acme")),
            make(NewApiKey::new("g").tenant("globex")),
            make(NewApiKey::new("nobody's")),
        ];
        (folder, path, all)
    }

    fn with(ask: Ask, key: &str) -> Ask {
        ask.field("X-API-Key", key)
    }

    #[tokio::test]
    async fn a_key_names_a_tenant_and_is_good_at_no_other_address() {
        let (_folder, path, [acme, globex, none]) = keys();
        let server = start(|http| http.tenant("key").tenant("path").api_keys(path));
        assert_eq!(whose(&server, with(ask(), &acme)).await.unwrap(), "acme");
        assert_eq!(
            whose(&server, with(ask(), &globex)).await.unwrap(),
            "globex"
        );
        let own = with(ask().at("/t/acme/mcp"), &acme);
        assert_eq!(whose(&server, own).await.unwrap(), "acme");
        is_unknown(&server, with(ask().at("/t/globex/mcp"), &acme)).await;
        is_unknown(&server, with(ask().at("/t/never-was/mcp"), &acme)).await;
        is_unknown(&server, with(ask().at("/t/../mcp"), &acme)).await;
        // An address alone is not enough where credentials are asked for.
        is_unknown(&server, with(ask().at("/t/acme/mcp"), &none)).await;
        is_unknown(&server, with(ask(), &none)).await;
        // Who has none learns nothing of which tenants there are.
        for path in ["/mcp", "/t/acme/mcp", "/t/never-was/mcp"] {
            assert_eq!(get(&server, &ask().at(path)).await.0, 401, "{path}");
        }
    }

    #[tokio::test]
    async fn keys_of_tenants_that_are_not_listed_are_nobodys() {
        let (_folder, path, [acme, globex, _]) = keys();
        let server = start(|http| http.tenant("key").tenant_allow("acme").api_keys(path));
        assert_eq!(whose(&server, with(ask(), &acme)).await.unwrap(), "acme");
        is_unknown(&server, with(ask(), &globex)).await;
    }

    #[tokio::test]
    async fn each_tenants_endpoint_is_a_resource_of_its_own() {
        let server = start(|http| {
            http.tenant("path")
                .tenant("host:{tenant}.mcp.example")
                .auth(AuthOptions {
                    issuers: vec![IssuerOptions {
                        keys: IssuerKeys::At("http://127.0.0.1:9/keys".to_owned()),
                        ..IssuerOptions::new("https://login.example")
                    }],
                    ..AuthOptions::default()
                })
        });
        let metadata = "/.well-known/oauth-protected-resource";
        let at_host = |ask: Ask| ask.with("Host", "acme.mcp.example");
        let address = server.address;
        let (own, of_acme) = (
            format!("http://{address}"),
            format!("http://acme.mcp.example:{}", address.port()),
        );
        for (ask, path, base) in [
            (ask(), "/mcp", &own),
            (ask().at("/t/acme/mcp"), "/t/acme/mcp", &own),
            (at_host(ask()), "/mcp", &of_acme),
        ] {
            let (status, fields, _) = get(&server, &ask).await;
            assert_eq!(status, 401);
            let challenge = field(&fields, "www-authenticate").unwrap();
            let url = format!("resource_metadata=\"{base}{metadata}{path}\"");
            assert!(challenge.contains(&url), "{challenge}");
            let document = Ask::new("GET").at(&format!("{metadata}{path}"));
            let document = match base == &of_acme {
                true => at_host(document),
                false => document,
            };
            let (status, _, body) = get(&server, &document).await;
            assert_eq!(status, 200, "{body}");
            let document: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(document["resource"], format!("{base}{path}"));
            assert_eq!(
                document["authorization_servers"][0],
                "https://login.example"
            );
        }
        let malformed = Ask::new("GET").at(&format!("{metadata}/t/../mcp"));
        assert_eq!(get(&server, &malformed).await.0, 404);
    }
}
