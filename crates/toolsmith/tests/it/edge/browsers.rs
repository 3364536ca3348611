//! What browsers are told, and which pages are let in.

use super::{field, get, sum};
use crate::wire::{Ask, TestServer};

const APP: &str = "https://app.example";
const EVIL: &str = "https://evil.example";

fn preflight(origin: &str) -> Ask {
    Ask::new("OPTIONS")
        .field("Origin", origin)
        .field("Access-Control-Request-Method", "POST")
        .field(
            "Access-Control-Request-Headers",
            "content-type,mcp-protocol-version,mcp-method,mcp-name,mcp-param-city,authorization,traceparent",
        )
}

#[tokio::test]
async fn a_preflight_of_an_allowed_page_is_answered_on_every_path() {
    let server = TestServer::with(|http| http.allow_origin(APP));
    for path in [
        "/mcp",
        "/mcp/",
        "/.well-known/oauth-protected-resource",
        "/elsewhere",
    ] {
        let ask = preflight(APP).at(path);
        let (status, fields, body) = get(&server, &ask).await;
        assert_eq!((status, body.as_str()), (200, ""), "{path}: {fields:?}");
        let says = |name: &str| field(&fields, name).unwrap_or_default();
        assert_eq!(says("access-control-allow-origin"), APP, "{fields:?}");
        for method in ["get", "post", "delete"] {
            assert!(
                says("access-control-allow-methods").contains(method),
                "{fields:?}"
            );
        }
        for asked in [
            "mcp-param-city",
            "authorization",
            "mcp-method",
            "traceparent",
        ] {
            assert!(
                says("access-control-allow-headers").contains(asked),
                "{fields:?}"
            );
        }
        assert_eq!(says("access-control-max-age"), "7200", "{fields:?}");
        assert!(says("vary").contains("origin"), "{fields:?}");
        assert_eq!(field(&fields, "access-control-allow-credentials"), None);
    }
}

#[tokio::test]
async fn a_preflight_for_a_private_network_is_answered() {
    let server = TestServer::with(|http| http.allow_origin(APP));
    let ask = preflight(APP).field("Access-Control-Request-Private-Network", "true");
    let (_, fields, _) = get(&server, &ask).await;
    let allowed = field(&fields, "access-control-allow-private-network");
    assert_eq!(allowed.as_deref(), Some("true"), "{fields:?}");
    let (_, fields, _) = get(&server, &preflight(APP)).await;
    assert_eq!(field(&fields, "access-control-allow-private-network"), None);
}

#[tokio::test]
async fn answers_and_errors_say_what_a_page_may_read() {
    let server = TestServer::with(|http| http.allow_origin(APP));
    for (ask, status) in [
        (sum(), 200),
        (Ask::post("{"), 400),
        (sum().at("/elsewhere"), 404),
        (sum().with("Accept", "x/y"), 406),
        (Ask::new("PUT"), 405),
        (Ask::new("OPTIONS"), 204),
        (sum().field("Host", "evil.example"), 403),
    ] {
        let (is, fields, body) = get(&server, &ask.clone().field("Origin", APP)).await;
        assert_eq!(is, status, "{ask:?}: {body}");
        let says = |name: &str| field(&fields, name).unwrap_or_default();
        assert_eq!(
            says("access-control-allow-origin"),
            APP,
            "{ask:?}: {fields:?}"
        );
        for exposed in [
            "mcp-session-id",
            "mcp-protocol-version",
            "www-authenticate",
            "retry-after",
        ] {
            let all = says("access-control-expose-headers");
            assert!(all.contains(exposed), "{ask:?}: {fields:?}");
        }
        assert!(says("vary").contains("origin"), "{ask:?}: {fields:?}");
    }
    // Who is no page is told nothing of it.
    let (_, fields, _) = get(&server, &sum()).await;
    assert_eq!(field(&fields, "access-control-allow-origin"), None);
}

#[tokio::test]
async fn a_page_that_is_not_allowed_is_told_nothing_and_runs_nothing() {
    let server = TestServer::with(|http| http.allow_origin(APP));
    for ask in [preflight(EVIL), sum().field("Origin", EVIL)] {
        let (status, fields, body) = get(&server, &ask).await;
        assert_eq!(status, 403, "{ask:?}");
        assert_eq!(field(&fields, "access-control-allow-origin"), None);
        assert!(body.contains(&format!("--allow-origin {EVIL}")), "{body}");
    }
}

#[tokio::test]
async fn patterns_and_the_wildcard_let_in_what_they_say() {
    let server = TestServer::with(|http| http.allow_origin("https://*.app.example"));
    for (origin, status) in [("https://a.app.example", 200), ("https://app.example", 403)] {
        let (is, ..) = get(&server, &sum().field("Origin", origin)).await;
        assert_eq!(is, status, "{origin}");
    }
    let any = TestServer::with(|http| http.allow_origin("*"));
    for origin in [EVIL, "null"] {
        let (status, fields, _) = get(&any, &sum().field("Origin", origin)).await;
        assert_eq!(status, 200, "{origin}");
        assert_eq!(field(&fields, "access-control-allow-credentials"), None);
    }
}

#[tokio::test]
async fn pages_send_cookies_only_where_that_is_set() {
    let server = TestServer::with(|http| http.allow_origin(APP).allow_credentials(true));
    for ask in [preflight(APP), sum().field("Origin", APP)] {
        let (_, fields, _) = get(&server, &ask).await;
        let allowed = field(&fields, "access-control-allow-credentials");
        assert_eq!(allowed.as_deref(), Some("true"), "{fields:?}");
    }
}

#[tokio::test]
async fn pages_of_this_machine_are_let_in_by_a_server_of_this_machine() {
    let server = TestServer::start();
    for origin in [
        "http://localhost:5173",
        "http://127.0.0.1:6274",
        "http://[::1]:1",
    ] {
        let (status, fields, _) = get(&server, &preflight(origin)).await;
        assert_eq!(status, 200, "{origin}");
        let allowed = field(&fields, "access-control-allow-origin");
        assert_eq!(allowed.as_deref(), Some(origin));
    }
    let (status, ..) = get(&server, &preflight(APP)).await;
    assert_eq!(status, 403);
}

#[tokio::test]
async fn how_long_a_browser_remembers_is_set() {
    let server = TestServer::with(|http| {
        http.allow_origin(APP)
            .cors_max_age(std::time::Duration::from_secs(5))
    });
    let (_, fields, _) = get(&server, &preflight(APP)).await;
    assert_eq!(
        field(&fields, "access-control-max-age").as_deref(),
        Some("5")
    );
}
