//! What clients are told, and in which order verifiers are asked.

use super::*;
use crate::auth::api_keys::{self, NewApiKey};
use crate::auth::{ApiKeyOptions, IntrospectionOptions, SecretSource};
use crate::ports::{Credentials, Verdict, Verifier, Verifiers};
use crate::protocol::HeaderField;

const METADATA: &str =
    "resource_metadata=\"https://mcp.example.com/.well-known/oauth-protected-resource/mcp\"";

async fn with_headers(scene: &Scene, fields: &[(&str, &str)]) -> Result<Arc<Verified>, Denied> {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        let name: http::HeaderName = name.parse().unwrap();
        headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    scene.authorizer.authorize(&headers, None, None).await
}

#[tokio::test]
async fn who_brings_nothing_is_told_where_to_get_a_token_and_of_no_error() {
    let scene = Scene::with(|options| {
        options.required_scopes = vec!["files:read".into(), "offline_access".into()];
    })
    .await;
    for fields in [
        &[][..],
        &[("authorization", "Basic YTpi")],
        &[("x-api-key", "a")],
    ] {
        let denied = with_headers(&scene, fields).await.unwrap_err();
        let (status, challenge, _) = told(&denied);
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert_eq!(
            challenge,
            format!("Bearer {METADATA}, scope=\"files:read\"")
        );
    }
    assert_eq!(scene.issuer.fetches(), 0);
}

#[tokio::test]
async fn credentials_that_cannot_be_read_are_a_bad_request() {
    let scene = Scene::new().await;
    let token = format!("Bearer {}", scene.token());
    for fields in [
        &[("authorization", token.as_str()), ("authorization", &token)][..],
        &[("authorization", "Bearer")],
        &[("authorization", "Bearer a b")],
    ] {
        let (status, challenge, _) = told(&with_headers(&scene, fields).await.unwrap_err());
        assert_eq!(status, StatusCode::BAD_REQUEST, "{challenge}");
        assert!(
            challenge.contains("error=\"invalid_request\""),
            "{challenge}"
        );
    }
    let headers = bearer(&scene.token());
    let query = format!("access_token={}", scene.token());
    let asked = scene.authorizer.authorize(&headers, Some(&query), None);
    let denied = asked.await.unwrap_err();
    assert_eq!(denied.status(), StatusCode::BAD_REQUEST, "{denied:?}");
    assert!(denied.description().contains("query"), "{denied:?}");
}

#[tokio::test]
async fn who_may_too_little_is_told_everything_that_is_missing() {
    let needed = vec!["files:read".to_owned(), "files:admin".to_owned()];
    let scene = Scene::with(|options| options.required_scopes = needed).await;
    let (status, challenge, _) = told(&scene.denied(&scene.token()).await);
    assert_eq!(status, StatusCode::FORBIDDEN);
    let expected = format!(
        "Bearer {METADATA}, error=\"insufficient_scope\", error_description=\"the token does \
         not grant enough\", scope=\"files:admin files:read\""
    );
    assert_eq!(challenge, expected);
}

#[tokio::test]
async fn one_call_may_need_more_and_a_broad_scope_is_enough() {
    let implied = ("files:write".to_owned(), vec!["files:list".to_owned()]);
    let scene = Scene::with(|options| {
        options.implied_scopes = vec![implied];
        options.required_scopes = vec!["files:list".into()];
    })
    .await;
    let verified = scene.ask(&scene.token()).await.unwrap();
    let may = |scopes: &[&str]| scene.authorizer.require(&verified, scopes);
    assert!(may(&["files:write", "files:list"]).is_ok());
    assert!(may(&[]).is_ok());
    let denied = may(&["files:write", "mail:send"]).unwrap_err();
    let (status, challenge, _) = told(&denied);
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(
        challenge.contains("scope=\"files:list files:write mail:send\""),
        "{challenge}"
    );
}

/// Knows opaque tokens by how they begin, and clients by a field of their request.
struct Own;

impl Verifier for Own {
    async fn verify(&self, credentials: &Credentials<'_>) -> Verdict {
        if let HeaderField::One(name) = credentials.field("x-user") {
            let name = String::from_utf8_lossy(name);
            return Verified::new(&name).with_scopes(["broad"]).into();
        }
        match credentials.bearer() {
            Some("own-ended") => Verified::new("ended")
                .with_expiry(std::time::SystemTime::UNIX_EPOCH)
                .into(),
            Some(token) if token.starts_with("own") => Verified::new(token).into(),
            _ => Verdict::NotMine,
        }
    }
}

#[tokio::test]
async fn each_kind_of_credentials_finds_its_verifier() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.toml");
    let key = api_keys::create(&file, NewApiKey::new("ci")).unwrap();
    let scene = Scene::with(|options| {
        options.api_keys = Some(ApiKeyOptions::new(&file));
        options.verifiers = Verifiers::new().with(Own);
        options.implied_scopes = vec![("broad".into(), vec!["narrow".into()])];
        let issuer = options.issuers[0].issuer.clone();
        let endpoint = format!("{issuer}/introspect");
        let secret = concat!(env!("CARGO_MANIFEST_DIR"), "/src/auth/tests/client_secret");
        let secret = SecretSource::File(secret.into());
        options.introspection = Some(IntrospectionOptions::new(endpoint, issuer, "a", secret));
    })
    .await;
    let answer = json!({"active": true, "sub": "asked", "aud": RESOURCE});
    scene.issuer.reply("/introspect", Reply::Json(answer));
    let by_key = format!("api-key#{}", key.info.id);
    for (token, expected) in [
        (key.key(), by_key.as_str()),
        (&scene.token(), "#alice"),
        ("own-token", "own-token"),
        ("opaque", "#asked"),
    ] {
        let verified = scene.ask(token).await.unwrap();
        assert!(verified.principal.ends_with(expected), "{verified:?}");
    }
    let asked = scene.issuer.asked("/introspect");
    assert_eq!(asked.len(), 1, "{asked:?}");
    let by_field = with_headers(&scene, &[("x-api-key", key.key())])
        .await
        .unwrap();
    assert_eq!(*by_field.principal, *by_key);
    let own = with_headers(&scene, &[("x-user", "carol")]).await.unwrap();
    assert!(own.has_scope("narrow"), "{own:?}");
    let ended = scene.denied("own-ended").await;
    assert!(ended.description().contains("expired"), "{ended:?}");
    let two = [("authorization", "Bearer own"), ("x-api-key", key.key())];
    let denied = with_headers(&scene, &two).await.unwrap_err();
    assert_eq!(denied.status(), StatusCode::BAD_REQUEST, "{denied:?}");
}

#[tokio::test]
async fn what_nobody_knows_is_an_invalid_token() {
    let scene = Scene::with(|options| options.verifiers = Verifiers::new().with(Own)).await;
    for (token, says) in [
        ("opaque", "not known"),
        ("e30.e30.", "issuer"),
        ("a.b.c", "cannot be read"),
    ] {
        let denied = scene.denied(token).await;
        let (status, challenge, _) = told(&denied);
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert!(
            challenge.contains("invalid_token") && challenge.contains(says),
            "{challenge}"
        );
    }
}

#[tokio::test]
async fn nobody_whom_a_request_is_handed_to_has_its_credentials() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.toml");
    api_keys::create(&file, NewApiKey::new("ci")).unwrap();
    let scene = Scene::with(|options| {
        options.api_keys = Some(ApiKeyOptions::new(&file));
        options.credential_fields = vec!["X-User-Secret".into()];
    })
    .await;
    let mut headers = bearer("a");
    for name in ["x-api-key", "x-user-secret", "x-user", "mcp-session-id"] {
        headers.append(name, HeaderValue::from_static("b"));
        headers.append(name, HeaderValue::from_static("c"));
    }
    headers.append(AUTHORIZATION, HeaderValue::from_static("Basic a"));
    scene.authorizer.strip(&mut headers);
    let mut left: Vec<_> = headers.keys().map(http::HeaderName::as_str).collect();
    left.sort_unstable();
    assert_eq!(left, ["mcp-session-id", "x-user"]);
}

#[tokio::test]
async fn the_metadata_is_made_of_the_options() {
    let scene = Scene::with(|options| {
        options.required_scopes = vec!["files:read".into()];
        options.resource_name = Some("Files".into());
        options.resource_documentation = Some("https://docs.example".into());
    })
    .await;
    let metadata = serde_json::to_value(scene.authorizer.metadata()).unwrap();
    let expected = json!({
        "resource": RESOURCE,
        "authorization_servers": [scene.issuer.url],
        "scopes_supported": ["files:read"],
        "bearer_methods_supported": ["header"],
        "resource_name": "Files",
        "resource_documentation": "https://docs.example",
    });
    assert_eq!(metadata, expected);
    let by_key = AuthOptions {
        verifiers: Verifiers::new().with(Own),
        ..AuthOptions::default()
    };
    let by_key = Authorizer::new(by_key).unwrap();
    assert!(by_key.metadata().is_none() && by_key.metadata_url().is_none());
    let denied = ask(&by_key, "other").await.unwrap_err();
    assert!(!told(&denied).1.contains("resource_metadata"), "{denied:?}");
}

#[test]
fn options_that_make_no_sense_keep_the_server_from_starting() {
    type Change = fn(&mut AuthOptions);
    let cases: [(&str, Change); 12] = [
        ("nothing lets anybody in", |it| it.issuers.clear()),
        ("not the URL of one", |it| it.resource.clear()),
        ("not the URL of one", |it| {
            it.resource = "mcp.example.com".into()
        }),
        ("not the URL of one", |it| {
            it.resource = "https://a.example/#b".into()
        }),
        ("is not https", |it| {
            it.issuers[0].issuer = "http://auth.example.com".into()
        }),
        ("has a query", |it| {
            it.issuers[0].issuer = "https://a.example?b".into()
        }),
        ("named twice", |it| it.issuers.push(it.issuers[0].clone())),
        ("no scope", |it| it.required_scopes = vec!["a b".into()]),
        ("no scope", |it| {
            it.implied_scopes = vec![("a".into(), vec!["\"".into()])]
        }),
        ("no algorithm", |it| it.algorithms.clear()),
        ("not the name of a header", |it| {
            it.credential_fields = vec!["a b".into()]
        }),
        ("is not https", |it| {
            let secret = SecretSource::Variable("PATH".into());
            let endpoint = "http://auth.example.com/introspect";
            let asked = IntrospectionOptions::new(endpoint, "https://a.example", "a", secret);
            it.introspection = Some(asked);
        }),
    ];
    for (says, change) in cases {
        let mut options = options("http://127.0.0.1:1");
        change(&mut options);
        let error = Authorizer::new(options).unwrap_err();
        assert!(error.is_setting(), "{error:?}");
        assert!(error.to_string().contains(says), "{error:?}");
    }
}
