//! The keys of issuers: fetched once, kept, rotated, and what happens when they cannot be had.

use std::path::Path;

use super::*;
use crate::auth::IssuerKeys;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn keys_are_fetched_once_for_all_who_wait() {
    let scene = Scene::new().await;
    let (token, other) = (scene.token(), scene.token_of(&scene.signer, "one"));
    let asks = (0..50).map(|n| scene.ask(if n % 2 == 0 { &token } else { &other }));
    for asked in futures_util::future::join_all(asks).await {
        assert!(asked.is_ok(), "{asked:?}");
    }
    assert_eq!(scene.issuer.fetches(), 1);
}

#[tokio::test]
async fn a_token_that_was_verified_is_known_again_until_it_ends() {
    let mut scene = Scene::new().await;
    let mut claims = scene.claims();
    claims["exp"] = json!(in_seconds(120));
    let token = scene.signer.sign(&header("one"), &claims);
    let first = scene.ask(&token).await.unwrap();
    scene.issuer.die().await;
    let second = scene.ask(&token).await.unwrap();
    assert!(Arc::ptr_eq(&first, &second), "it was verified again");
    scene.clock.advance(4 * MINUTE);
    let denied = scene.denied(&token).await;
    assert!(denied.description().contains("expired"), "{denied:?}");
}

#[tokio::test]
async fn a_new_key_is_found_and_a_key_that_went_takes_its_tokens_along() {
    let scene = Scene::new().await;
    let old = scene.token();
    assert!(scene.ask(&old).await.is_ok());
    let next = Signer::es256();
    scene.issuer.publish(&[next.jwk("two")]);
    assert!(scene.ask(&old).await.is_ok(), "nobody knows yet");
    let new = scene.token_of(&next, "two");
    assert!(scene.ask(&new).await.is_ok(), "it was looked for");
    assert_eq!(scene.issuer.fetches(), 2);
    let denied = scene.denied(&old).await;
    assert!(
        denied.description().contains("does not publish"),
        "{denied:?}"
    );
    assert!(scene.ask(&new).await.is_ok());
}

/// A new key under an old name is found as soon as the keys are old; one without a name at once.
#[tokio::test]
async fn a_token_without_a_key_id_finds_the_new_key() {
    let scene = Scene::new().await;
    assert!(scene.ask(&scene.token()).await.is_ok());
    let next = Signer::es256();
    scene.issuer.publish(&[next.jwk("two")]);
    let token = next.sign(&json!({"alg": "ES256"}), &scene.claims());
    assert!(scene.ask(&token).await.is_ok());
    assert_eq!(scene.issuer.fetches(), 2);
    let forged = Signer::es256().sign(
        &json!({"alg": "ES256"}),
        &json!({
            "iss": scene.issuer.url, "sub": "a", "aud": RESOURCE, "exp": in_seconds(60),
        }),
    );
    let denied = scene.denied(&forged).await;
    assert_eq!(denied.status(), StatusCode::UNAUTHORIZED, "{denied:?}");
    assert_eq!(scene.issuer.fetches(), 2);
}

#[tokio::test]
async fn a_flood_of_unknown_keys_is_one_fetch_in_ten_seconds() {
    let scene = Scene::new().await;
    assert!(scene.ask(&scene.token()).await.is_ok());
    for n in 0..200 {
        let denied = scene
            .denied(&scene.token_of(&scene.signer, &format!("k{n}")))
            .await;
        assert_eq!(denied.status(), StatusCode::UNAUTHORIZED, "{denied:?}");
    }
    assert_eq!(scene.issuer.fetches(), 2);
    scene.clock.advance(Duration::from_secs(11));
    for n in 0..200 {
        scene
            .denied(&scene.token_of(&scene.signer, &format!("l{n}")))
            .await;
    }
    assert_eq!(scene.issuer.fetches(), 3);
}

/// A token that is newer than the last look may be good: its client is not to throw it away.
#[tokio::test]
async fn in_a_flood_a_token_of_a_key_that_may_be_new_is_not_called_bad() {
    // Tokens are dated by whole seconds: one of the same second may be newer, too.
    for later in [5, 0] {
        let scene = Scene::new().await;
        assert!(scene.ask(&scene.token()).await.is_ok());
        scene.denied(&scene.token_of(&scene.signer, "flood")).await;
        let next = Signer::es256();
        scene
            .issuer
            .publish(&[scene.signer.jwk("one"), next.jwk("two")]);
        let mut claims = scene.claims();
        claims["iat"] = json!(in_seconds(later));
        let token = next.sign(&header("two"), &claims);
        is_unavailable(&scene.denied(&token).await);
        scene.clock.advance(Duration::from_secs(11));
        assert!(scene.ask(&token).await.is_ok());
    }
}

#[tokio::test]
async fn keys_are_fetched_again_in_the_background_before_they_are_old() {
    let scene = Scene::new().await;
    assert!(scene.ask(&scene.token()).await.is_ok());
    assert_eq!(scene.issuer.fetches(), 1);
    scene.clock.advance(9 * MINUTE);
    // The answer does not wait for the fetch, which never ends.
    scene.issuer.reply("/keys", Reply::Hang);
    assert!(scene.ask(&scene.token()).await.is_ok());
    scene.issuer.was_asked(3).await;
    assert_eq!(scene.issuer.fetches(), 2);
}

#[tokio::test]
async fn without_keys_nobody_can_tell_and_the_client_keeps_its_token() {
    let mut scene = Scene::new().await;
    scene.issuer.die().await;
    is_unavailable(&scene.denied(&scene.token()).await);
    is_unavailable(&scene.denied(&scene.token_of(&scene.signer, "other")).await);
}

#[tokio::test]
async fn keys_that_are_kept_decide_while_their_issuer_is_gone_but_not_for_ever() {
    let mut scene = Scene::new().await;
    let mut claims = scene.claims();
    claims["exp"] = json!(in_seconds(100 * 3600));
    claims["iat"] = json!(in_seconds(-30));
    let token = |id: &str, n: i32| {
        let mut claims = claims.clone();
        claims["jti"] = json!(n);
        scene.signer.sign(&header(id), &claims)
    };
    let tokens = [token("one", 1), token("one", 2), token("one", 3)];
    let other = token("two", 4);
    assert!(scene.ask(&tokens[0]).await.is_ok());
    scene.issuer.die().await;
    scene.clock.advance(20 * 60 * MINUTE);
    assert!(scene.ask(&tokens[1]).await.is_ok(), "20 hours");
    // Of a key that is not kept, nobody can tell.
    is_unavailable(&scene.denied(&other).await);
    scene.clock.advance(5 * 60 * MINUTE);
    is_unavailable(&scene.denied(&tokens[2]).await);
}

#[tokio::test]
async fn an_issuer_that_is_back_is_asked_again_after_a_while() {
    let scene = Scene::new().await;
    scene
        .issuer
        .reply("/keys", Reply::Status(StatusCode::BAD_GATEWAY));
    is_unavailable(&scene.denied(&scene.token()).await);
    scene.issuer.publish(&[scene.signer.jwk("one")]);
    is_unavailable(&scene.denied(&scene.token()).await);
    assert_eq!(scene.issuer.fetches(), 1, "it was left alone");
    scene.clock.advance(Duration::from_secs(11));
    assert!(scene.ask(&scene.token()).await.is_ok());
}

#[tokio::test]
async fn what_is_no_key_set_is_not_taken_for_one() {
    let good = Signer::es256().jwk("one");
    let many: Vec<_> = (0..101).map(|_| good.clone()).collect();
    let mut encryption = good.clone();
    encryption["use"] = json!("enc");
    let mut signing = good.clone();
    signing["key_ops"] = json!(["sign"]);
    for (name, reply) in [
        ("garbage", Reply::Text("<html>".into())),
        ("an array", Reply::Text("[]".into())),
        (
            "huge",
            Reply::Json(json!({"keys": [good], "more": " ".repeat(300_000)})),
        ),
        ("too many", Reply::Json(json!({"keys": many}))),
        ("none", Reply::Json(json!({"keys": []}))),
        (
            "a secret",
            Reply::Json(json!({"keys": [{"kty": "oct", "k": "aaaa", "kid": "one"}]})),
        ),
        ("for encryption", Reply::Json(json!({"keys": [encryption]}))),
        ("for signing", Reply::Json(json!({"keys": [signing]}))),
        ("an error", Reply::Status(StatusCode::INTERNAL_SERVER_ERROR)),
        ("half an answer", Reply::Broken),
        ("no answer", Reply::Hang),
    ] {
        let scene = Scene::new().await;
        scene.issuer.reply("/keys", reply);
        let denied = scene.denied(&scene.token()).await;
        assert_eq!(denied.status(), StatusCode::SERVICE_UNAVAILABLE, "{name}");
    }
}

#[tokio::test]
async fn one_bad_key_does_not_spoil_the_set() {
    let scene = Scene::new().await;
    let bad = json!({"kty": "RSA", "kid": "bad"});
    let unknown = json!({"kty": "AKP", "alg": "ML-DSA-44", "kid": "new", "pub": "a"});
    scene
        .issuer
        .publish(&[bad, unknown, json!(7), scene.signer.jwk("one")]);
    assert!(scene.ask(&scene.token()).await.is_ok());
}

#[tokio::test]
async fn a_key_that_names_its_algorithm_verifies_no_other() {
    let scene = Scene::new().await;
    let rsa = Signer::rsa();
    let mut jwk = rsa.jwk("rsa");
    jwk["alg"] = json!("PS256");
    scene.issuer.publish(&[jwk]);
    for (algorithm, good) in [("PS256", true), ("RS256", false), ("PS384", false)] {
        let token = rsa.sign(&json!({"alg": algorithm, "kid": "rsa"}), &scene.claims());
        assert_eq!(scene.ask(&token).await.is_ok(), good, "{algorithm}");
    }
}

async fn with_file(keys: IssuerKeys) -> Scene {
    Scene::with(|options| options.issuers[0].keys = keys).await
}

#[tokio::test]
async fn keys_can_be_in_a_file_and_are_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    let write = |file: &Path, signer: &Signer, id| {
        let keys = json!({"keys": [signer.jwk(id)]});
        std::fs::write(file, keys.to_string()).unwrap();
    };
    let first = Signer::ed25519();
    write(&file, &first, "one");
    let scene = with_file(IssuerKeys::KeySetFile(file.clone())).await;
    let token =
        |signer: &Signer, id| signer.sign(&json!({"alg": "EdDSA", "kid": id}), &scene.claims());
    assert!(scene.ask(&token(&first, "one")).await.is_ok());
    let second = Signer::ed25519();
    write(&file, &second, "two");
    assert!(scene.ask(&token(&second, "two")).await.is_ok());
    assert_eq!(scene.issuer.fetches(), 0);
}

/// The public key of the fixture, and one of each other kind, as `openssl pkey -pubout`
/// writes them: the fixed head of its kind, then the key.
fn pem(signer: &Signer) -> String {
    use base64::Engine as _;
    let head: &[u8] = match signer {
        Signer::Es256(_) => b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00",
        Signer::Es384(_) => b"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00",
        Signer::Ed(_) => b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00",
        Signer::Rsa(_) => b"\x30\x82\x01\x22\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x82\x01\x0f\x00",
    };
    let body = base64::engine::general_purpose::STANDARD.encode([head, &signer.public()].concat());
    format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
}

#[tokio::test]
async fn a_public_key_in_a_pem_file_verifies_whatever_the_token_calls_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.pem");
    for (signer, algorithm) in [
        (Signer::es256(), "ES256"),
        (Signer::es384(), "ES384"),
        (Signer::ed25519(), "EdDSA"),
        (Signer::rsa(), "RS256"),
    ] {
        std::fs::write(&file, pem(&signer)).unwrap();
        let scene = with_file(IssuerKeys::PemFile(file.clone())).await;
        for header in [
            json!({"alg": algorithm}),
            json!({"alg": algorithm, "kid": "any"}),
        ] {
            let token = signer.sign(&header, &scene.claims());
            let asked = scene.ask(&token).await;
            assert!(asked.is_ok(), "{header}: {asked:?}");
        }
        let denied = scene.denied(&scene.token()).await;
        assert_eq!(denied.status(), StatusCode::UNAUTHORIZED, "{algorithm}");
    }
}

#[tokio::test]
async fn a_file_without_keys_keeps_the_server_from_starting() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys");
    for (text, says) in [
        (None, "No such file"),
        (Some("{}"), "missing field"),
        (Some("{\"keys\": []}"), "empty"),
    ] {
        if let Some(text) = text {
            std::fs::write(&file, text).unwrap();
        }
        let mut options = options("https://auth.example.com");
        options.issuers[0].keys = IssuerKeys::KeySetFile(file.clone());
        let error = Authorizer::new(options).unwrap_err().to_string();
        assert!(
            error.contains(says) && error.contains("auth.example.com"),
            "{error}"
        );
    }
    let mut options = options("https://auth.example.com");
    options.issuers[0].keys = IssuerKeys::PemFile(file);
    let error = Authorizer::new(options).unwrap_err().to_string();
    assert!(error.contains("no PUBLIC KEY"), "{error}");
}
