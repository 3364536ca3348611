//! Tokens that cannot be read: their authorization server is asked.

use super::*;
use crate::auth::{IntrospectionOptions, SecretSource};

const CLIENT: &str = "mcp server";
const PATH: &str = "/introspect";

/// A server that asks about tokens, and knows no issuer of signed ones.
async fn scene(change: impl FnOnce(&mut IntrospectionOptions)) -> Scene {
    Scene::with(|options| {
        let issuer = options.issuers.remove(0).issuer;
        options.introspection = Some(introspection(&issuer, change));
    })
    .await
}

fn introspection(
    issuer: &str,
    change: impl FnOnce(&mut IntrospectionOptions),
) -> IntrospectionOptions {
    let secret = SecretSource::File(
        concat!(env!("CARGO_MANIFEST_DIR"), "/src/auth/tests/client_secret").into(),
    );
    let endpoint = format!("{issuer}{PATH}");
    let mut options = IntrospectionOptions::new(endpoint, issuer, CLIENT, secret);
    change(&mut options);
    options
}

fn active(changes: Value) -> Reply {
    let mut answer = json!({
        "active": true,
        "scope": "files:read",
        "client_id": "inspector",
        "username": "alice@example.com",
        "sub": "alice",
        "aud": RESOURCE,
        "exp": in_seconds(3600),
    });
    let members = answer.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value.is_null() {
            true => members.remove(name),
            false => members.insert(name.clone(), value.clone()),
        };
    }
    Reply::Json(answer)
}

#[tokio::test]
async fn an_active_token_says_who_asks_and_the_question_says_who_we_are() {
    let scene = scene(|_| {}).await;
    scene.issuer.reply(PATH, active(json!({})));
    let verified = scene.ask("opaque+/token~==").await.unwrap();
    assert_eq!(*verified.principal, *format!("{}#alice", scene.issuer.url));
    assert!(verified.has_scope("files:read"));
    assert_eq!(verified.claims["username"], "alice@example.com");
    let asked = &scene.issuer.asked(PATH)[0];
    assert_eq!(
        asked.body,
        "token=opaque%2B%2Ftoken%7E%3D%3D&token_type_hint=access_token"
    );
    // "mcp+server:p%2Fss%3Aw%25rd": both are form-encoded first.
    let expected = "Basic bWNwK3NlcnZlcjpwJTJGc3MlM0F3JTI1cmQ=";
    assert_eq!(asked.authorization.as_deref(), Some(expected));
}

#[tokio::test]
async fn an_answer_that_is_not_good_here_is_refused() {
    for (name, changes, says) in [
        ("inactive", json!({"active": false}), "not active"),
        ("expired", json!({"exp": in_seconds(-100)}), "expired"),
        ("not yet", json!({"nbf": in_seconds(100)}), "not valid yet"),
        (
            "elsewhere",
            json!({"aud": "https://other.example"}),
            "another resource",
        ),
        ("for nobody", json!({"aud": null}), "another resource"),
        (
            "another issuer",
            json!({"iss": "https://other.example"}),
            "issuer",
        ),
        (
            "a refresh token",
            json!({"token_type": "refresh_token"}),
            "not an access token",
        ),
        ("nobody's", json!({"sub": null, "client_id": null}), "claim"),
    ] {
        let scene = scene(|_| {}).await;
        scene.issuer.reply(PATH, active(changes));
        let (status, challenge, _) = told(&scene.denied("opaque").await);
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{name}: {challenge}");
        assert!(challenge.contains(says), "{name}: {challenge}");
        // What was refused is not remembered.
        scene.issuer.reply(PATH, active(json!({})));
        assert!(scene.ask("opaque").await.is_ok(), "{name}");
    }
}

#[tokio::test]
async fn an_audience_may_be_left_to_the_authorization_server_but_not_be_another() {
    let scene = scene(|options| options.require_audience = false).await;
    scene
        .issuer
        .reply(PATH, active(json!({"aud": null, "exp": null})));
    assert!(scene.ask("a").await.is_ok());
    scene
        .issuer
        .reply(PATH, active(json!({"aud": "https://other.example"})));
    assert!(scene.ask("b").await.is_err());
}

#[tokio::test]
async fn an_answer_is_remembered_for_a_minute_and_not_beyond_the_end_of_the_token() {
    let scene = scene(|_| {}).await;
    for (token, end) in [("long", 3600), ("short", 20)] {
        let before = scene.issuer.asked(PATH).len();
        scene
            .issuer
            .reply(PATH, active(json!({"exp": in_seconds(end)})));
        for _ in 0..5 {
            assert!(scene.ask(token).await.is_ok(), "{token}");
        }
        assert_eq!(scene.issuer.asked(PATH).len(), before + 1, "{token}");
    }
    scene.clock.advance(Duration::from_secs(30));
    scene.issuer.reply(PATH, active(json!({"active": false})));
    assert!(scene.ask("long").await.is_ok());
    assert!(scene.ask("short").await.is_err(), "it has ended");
    scene.clock.advance(Duration::from_secs(31));
    assert!(scene.ask("long").await.is_err(), "it was taken back");
}

#[tokio::test]
async fn those_who_ask_about_the_same_token_ask_once() {
    let scene = scene(|_| {}).await;
    scene.issuer.reply(PATH, active(json!({})));
    let asks = (0..50).map(|_| scene.ask("opaque"));
    let asked = futures_util::future::join_all(asks).await;
    assert!(asked.iter().all(Result::is_ok), "{asked:?}");
    assert_eq!(scene.issuer.asked(PATH).len(), 1);
}

#[tokio::test]
async fn where_nobody_answers_the_client_keeps_its_token() {
    for (name, reply) in [
        ("an error", Reply::Status(StatusCode::INTERNAL_SERVER_ERROR)),
        (
            "our secret is wrong",
            Reply::Status(StatusCode::UNAUTHORIZED),
        ),
        ("a redirect", Reply::Redirect("/keys".into())),
        ("garbage", Reply::Text("<html>".into())),
        ("no `active`", Reply::Text("{}".into())),
        ("huge", active(json!({"more": " ".repeat(100_000)}))),
        ("no answer", Reply::Hang),
    ] {
        let scene = scene(|_| {}).await;
        scene.issuer.reply(PATH, reply);
        let denied = scene.denied("opaque").await;
        assert_eq!(denied.status(), StatusCode::SERVICE_UNAVAILABLE, "{name}");
        assert_eq!(scene.issuer.fetches(), 0, "{name}: it was followed");
        scene.issuer.reply(PATH, active(json!({})));
        scene.clock.advance(Duration::from_secs(3));
        assert!(scene.ask("opaque").await.is_ok(), "{name}: it is back");
    }
}

#[tokio::test]
async fn who_does_not_answer_is_left_alone_for_a_moment() {
    let scene = scene(|_| {}).await;
    scene
        .issuer
        .reply(PATH, Reply::Status(StatusCode::BAD_GATEWAY));
    for n in 0..20 {
        is_unavailable(&scene.denied(&format!("t{n}")).await);
    }
    assert_eq!(scene.issuer.asked(PATH).len(), 1);
}

#[tokio::test]
async fn a_token_that_its_server_chokes_on_stands_in_nobodys_way() {
    let scene = scene(|_| {}).await;
    scene
        .issuer
        .reply(PATH, Reply::Status(StatusCode::INTERNAL_SERVER_ERROR));
    is_unavailable(&scene.denied("poison").await);
    scene.issuer.reply(PATH, active(json!({})));
    assert!(scene.ask("opaque").await.is_ok());
}

#[tokio::test]
async fn so_many_questions_are_asked_at_once_and_no_more() {
    let scene = scene(|_| {}).await;
    scene.issuer.reply(PATH, Reply::Hang);
    let tokens: Vec<_> = (0..100).map(|n| format!("t{n}")).collect();
    let asked = futures_util::future::join_all(tokens.iter().map(|it| scene.ask(it))).await;
    asked
        .iter()
        .for_each(|it| is_unavailable(it.as_ref().unwrap_err()));
    let count = scene.issuer.asked(PATH).len();
    assert!((1..=64).contains(&count), "{count}");
}

#[tokio::test]
async fn a_signed_token_of_a_known_issuer_is_not_asked_about() {
    let scene = Scene::with(|options| {
        let issuer = options.issuers[0].issuer.clone();
        options.introspection = Some(introspection(&issuer, |_| {}));
    })
    .await;
    scene.issuer.reply(PATH, active(json!({"sub": "bob"})));
    let signed = scene.ask(&scene.token()).await.unwrap();
    assert!(signed.principal.ends_with("#alice"), "{signed:?}");
    let mut claims = scene.claims();
    claims["exp"] = json!(in_seconds(-100));
    scene
        .denied(&scene.signer.sign(&header("one"), &claims))
        .await;
    assert!(scene.issuer.asked(PATH).is_empty());
    claims["iss"] = json!("https://other.example");
    let foreign = scene.signer.sign(&header("one"), &claims);
    let asked = scene.ask(&foreign).await.unwrap();
    assert!(asked.principal.ends_with("#bob"), "{asked:?}");
}
