//! Where issuers say that their keys are.

use super::*;

#[tokio::test]
async fn each_place_where_metadata_may_be_is_tried() {
    for place in [
        "/.well-known/oauth-authorization-server/realms/a",
        "/.well-known/openid-configuration/realms/a",
        "/realms/a/.well-known/openid-configuration",
    ] {
        let (server, signer) = (TestServer::start().await, Signer::es256());
        let issuer = format!("{}/realms/a", server.url);
        let keys = format!("{}/keys", server.url);
        server.reply(
            place,
            Reply::Json(json!({"issuer": issuer, "jwks_uri": keys})),
        );
        server.reply("/keys", Reply::Json(json!({"keys": [signer.jwk("one")]})));
        let authorizer = Authorizer::new(options(&issuer)).unwrap();
        let token = signer.sign(&header("one"), &claims(&issuer));
        let asked = ask(&authorizer, &token).await;
        assert!(asked.is_ok(), "{place}: {asked:?}");
    }
}

#[tokio::test]
async fn metadata_that_cannot_be_trusted_is_not_used() {
    let other = TestServer::start().await;
    let place = "/.well-known/oauth-authorization-server";
    for (name, reply) in [
        (
            "of another issuer",
            Reply::Json(json!({"issuer": other.url, "jwks_uri": "URL/keys"})),
        ),
        (
            "keys in the open",
            Reply::Json(json!({"issuer": "URL", "jwks_uri": "http://keys.example/"})),
        ),
        ("no keys", Reply::Json(json!({"issuer": "URL"}))),
        (
            "elsewhere",
            Reply::Redirect(format!("{}/metadata", other.url)),
        ),
        ("garbage", Reply::Text("{".into())),
        (
            "huge",
            Reply::Json(json!({
                "issuer": "URL",
                "jwks_uri": "URL/keys",
                "more": " ".repeat(300_000),
            })),
        ),
    ] {
        let scene = Scene::new().await;
        let reply = match reply {
            Reply::Json(value) => {
                let text = value.to_string().replace("URL", &scene.issuer.url);
                Reply::Text(text)
            }
            reply => reply,
        };
        scene.issuer.reply(place, reply);
        is_unavailable(&scene.denied(&scene.token()).await);
        assert_eq!(scene.issuer.fetches(), 0, "{name}");
        assert!(
            other.asked("/metadata").is_empty(),
            "{name}: it was followed"
        );
    }
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_not_asked_at_its_other_places() {
    let scene = Scene::new().await;
    scene
        .issuer
        .reply("/.well-known/oauth-authorization-server", Reply::Hang);
    is_unavailable(&scene.denied(&scene.token()).await);
    let other = scene.issuer.asked("/.well-known/openid-configuration");
    assert!(other.is_empty(), "{other:?}");
}

#[tokio::test]
async fn keys_are_not_looked_for_behind_a_redirect() {
    let scene = Scene::new().await;
    let other = TestServer::start().await;
    other.publish(&[scene.signer.jwk("one")]);
    scene
        .issuer
        .reply("/keys", Reply::Redirect(format!("{}/keys", other.url)));
    is_unavailable(&scene.denied(&scene.token()).await);
    assert_eq!((scene.issuer.fetches(), other.fetches()), (1, 0));
}

#[tokio::test]
async fn an_issuer_that_moves_its_keys_is_asked_where() {
    let scene = Scene::new().await;
    assert!(scene.ask(&scene.token()).await.is_ok());
    let metadata =
        json!({"issuer": scene.issuer.url, "jwks_uri": format!("{}/new", scene.issuer.url)});
    scene.issuer.reply(
        "/.well-known/oauth-authorization-server",
        Reply::Json(metadata),
    );
    let next = Signer::es256();
    scene
        .issuer
        .reply("/new", Reply::Json(json!({"keys": [next.jwk("two")]})));
    scene.issuer.reply("/keys", Reply::Status(StatusCode::GONE));
    let token = scene.token_of(&next, "two");
    is_unavailable(&scene.denied(&token).await);
    scene.clock.advance(Duration::from_secs(11));
    assert!(scene.ask(&token).await.is_ok());
}

#[tokio::test]
async fn an_issuer_is_trusted_by_its_certificate_alone() {
    let (server, signer) = (TestServer::start_tls().await, Signer::es256());
    server.publish(&[signer.jwk("one")]);
    let token = signer.sign(&header("one"), &claims(&server.url));
    let trusting = |file: Option<&str>| {
        let mut options = options(&server.url);
        options.ca_file = file.map(Into::into);
        Authorizer::new(options)
    };
    let ours = concat!(env!("CARGO_MANIFEST_DIR"), "/src/auth/tests/tls/ca.pem");
    let asked = ask(&trusting(Some(ours)).unwrap(), &token).await;
    assert!(asked.is_ok(), "{asked:?}");
    // The platform does not know the authority, or knows none at all.
    let fetches = server.fetches();
    match trusting(None) {
        Ok(authorizer) => is_unavailable(&ask(&authorizer, &token).await.unwrap_err()),
        Err(error) => assert!(
            error.to_string().contains("no root certificates"),
            "{error}"
        ),
    }
    assert_eq!(server.fetches(), fetches);
}

#[test]
fn a_file_of_authorities_is_read_when_the_server_starts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    for (text, says) in [
        (None, "cannot be read"),
        (Some("nothing"), "no certificate"),
    ] {
        if let Some(text) = text {
            std::fs::write(&file, text).unwrap();
        }
        let mut options = options("https://auth.example.com");
        options.ca_file = Some(file.clone());
        let error = Authorizer::new(options).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}
