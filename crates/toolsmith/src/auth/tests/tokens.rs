//! Which tokens are good.

use proptest::prelude::*;
use ring::hmac;

use super::*;
use crate::auth::Algorithm;

#[tokio::test]
async fn a_good_token_says_who_asks_and_what_they_may_do() {
    let scene = Scene::with(|options| options.tenant_claim = Some("org".into())).await;
    let verified = scene.ask(&scene.token()).await.unwrap();
    let principal = format!("{}#alice", scene.issuer.url);
    assert_eq!(*verified.principal, *principal);
    assert_eq!(verified.tenant.as_deref(), Some("acme"));
    assert!(verified.has_scope("files:read") && verified.has_scope("files:write"));
    assert_eq!(verified.claims["org"], "acme");
    let expires = verified.expires.expect("it ends");
    assert!(expires > std::time::SystemTime::now() + Duration::from_secs(3500));
}

#[tokio::test]
async fn every_algorithm_that_is_accepted_is_verified_and_fits_its_key() {
    let signers = [
        ("es256", Signer::es256(), &["ES256"][..]),
        ("es384", Signer::es384(), &["ES384"]),
        ("ed", Signer::ed25519(), &["EdDSA"]),
        (
            "rsa",
            Signer::rsa(),
            &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
        ),
    ];
    let scene = Scene::new().await;
    let keys: Vec<_> = signers
        .iter()
        .map(|(id, signer, _)| signer.jwk(id))
        .collect();
    scene.issuer.publish(&keys);
    let mut seen = 0;
    for (id, signer, algorithms) in &signers {
        for algorithm in Algorithm::ALL.map(Algorithm::name) {
            let header = json!({"alg": algorithm, "kid": id});
            let token = signer.sign(&header, &scene.claims());
            let asked = scene.ask(&token).await;
            let fits = algorithms.contains(&algorithm);
            assert_eq!(asked.is_ok(), fits, "{algorithm} with {id}: {asked:?}");
            seen += usize::from(fits);
        }
    }
    assert_eq!(seen, Algorithm::ALL.len());
}

/// A header, claims and what is said of them: each is a good token with one thing changed.
fn changed() -> Vec<(&'static str, Value, Value, &'static str)> {
    let change = |header: Value, claims: Value| (header, claims);
    let none = || json!({});
    let cases = [
        (
            "another issuer",
            change(none(), json!({"iss": "https://evil.example"})),
            "issuer",
        ),
        ("no issuer", change(none(), json!({"iss": null})), "issuer"),
        (
            "a list of issuers",
            change(none(), json!({"iss": ["ISSUER"]})),
            "issuer",
        ),
        (
            "another audience",
            change(none(), json!({"aud": "https://other.example"})),
            "another resource",
        ),
        (
            "no audience",
            change(none(), json!({"aud": null})),
            "another resource",
        ),
        (
            "a client for audience",
            change(none(), json!({"aud": ["client"]})),
            "another resource",
        ),
        (
            "expired",
            change(none(), json!({"exp": in_seconds(-61)})),
            "expired",
        ),
        ("no end", change(none(), json!({"exp": null})), "claim"),
        (
            "an end that is no date",
            change(none(), json!({"exp": "tomorrow"})),
            "claim",
        ),
        (
            "not yet valid",
            change(none(), json!({"nbf": in_seconds(120)})),
            "not valid yet",
        ),
        (
            "made tomorrow",
            change(none(), json!({"iat": in_seconds(120)})),
            "not valid yet",
        ),
        ("nobody's", change(none(), json!({"sub": null})), "claim"),
        (
            "an ID token by type",
            change(json!({"typ": "id+jwt"}), none()),
            "not an access token",
        ),
        (
            "a logout token",
            change(json!({"typ": "logout+jwt"}), none()),
            "not an access token",
        ),
        (
            "an ID token by claim",
            change(json!({"typ": "JWT"}), json!({"at_hash": "x"})),
            "not an access token",
        ),
        (
            "a refresh token",
            change(json!({"typ": null}), json!({"typ": "Refresh"})),
            "not an access token",
        ),
        (
            "an extension",
            change(json!({"crit": ["b64"], "b64": false}), none()),
            "cannot be read",
        ),
        (
            "a kid that is no text",
            change(json!({"kid": 7}), none()),
            "cannot be read",
        ),
        ("none", change(json!({"alg": "none"}), none()), "algorithm"),
        ("None", change(json!({"alg": "None"}), none()), "algorithm"),
        (
            "a shared secret",
            change(json!({"alg": "HS256"}), none()),
            "algorithm",
        ),
        (
            "an algorithm of another key",
            change(json!({"alg": "ES384"}), none()),
            "key",
        ),
        (
            "an unknown key",
            change(json!({"kid": "two"}), none()),
            "key",
        ),
    ];
    cases
        .into_iter()
        .map(|(name, (header, claims), says)| (name, header, claims, says))
        .collect()
}

/// Puts members into an object, or takes those out that are null.
fn merge(into: &mut Value, changes: Value, issuer: &str) {
    let into = into.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value.is_null() {
            true => into.remove(name),
            false if *value == json!(["ISSUER"]) => into.insert(name.clone(), json!([issuer])),
            false => into.insert(name.clone(), value.clone()),
        };
    }
}

#[tokio::test]
async fn a_token_with_one_thing_wrong_is_refused_and_its_client_told_what() {
    for (name, header_changes, claim_changes, says) in changed() {
        let scene = Scene::new().await;
        let (mut header, mut claims) = (header("one"), scene.claims());
        merge(&mut header, header_changes, &scene.issuer.url);
        merge(&mut claims, claim_changes, &scene.issuer.url);
        let (status, challenge, _) =
            told(&scene.denied(&scene.signer.sign(&header, &claims)).await);
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{name}: {challenge}");
        assert!(
            challenge.contains("error=\"invalid_token\""),
            "{name}: {challenge}"
        );
        assert!(challenge.contains(says), "{name}: {challenge}");
        assert!(
            challenge.contains("resource_metadata=\"https://mcp.example.com/.well-known"),
            "{challenge}"
        );
        assert!(
            scene.ask(&scene.token()).await.is_ok(),
            "{name}: a good one is good"
        );
    }
}

#[tokio::test]
async fn a_signature_that_is_not_the_issuers_is_refused() {
    let scene = Scene::new().await;
    let other = Signer::es256();
    let forged = scene.token_of(&other, "one");
    let good = scene.token();
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (head, _) = message.split_once('.').unwrap();
    let mut claims = scene.claims();
    claims["sub"] = json!("mallory");
    let tampered = format!("{}.{signature}", unsigned(&header("one"), &claims));
    // The key that the token brings along is nobody's.
    let mut own = header("one");
    own["jwk"] = other.jwk("one");
    let brought = other.sign(&own, &scene.claims());
    let tag = hmac::Key::new(hmac::HMAC_SHA256, &scene.signer.public());
    let mac = unsigned(&json!({"alg": "HS256", "kid": "one"}), &scene.claims());
    let mac = format!("{mac}.{}", b64(hmac::sign(&tag, mac.as_bytes()).as_ref()));
    let bare = unsigned(&json!({"alg": "none"}), &scene.claims());
    for (name, token, says) in [
        ("another key", forged.as_str(), "signature"),
        ("other claims", &tampered, "signature"),
        ("a key of its own", &brought, "signature"),
        ("no signature", &format!("{message}."), "signature"),
        ("half of one", &good[..good.len() - 42], "signature"),
        ("the public key as a secret", &mac, "algorithm"),
        ("none", &format!("{bare}."), "algorithm"),
        ("no claims", &format!("{head}..{signature}"), "not known"),
        ("two parts", &bare, "not known"),
    ] {
        let denied = scene.denied(token).await;
        assert_eq!(denied.status(), StatusCode::UNAUTHORIZED, "{name}");
        assert!(denied.description().contains(says), "{name}: {denied:?}");
    }
}

#[tokio::test]
async fn what_goes_without_saying_is_accepted() {
    let scene = Scene::new().await;
    for changes in [
        json!({"typ": null}),
        json!({"typ": "JWT"}),
        json!({"typ": "AT+JWT"}),
        json!({"typ": "application/at+jwt"}),
        json!({"kid": null}),
    ] {
        let mut header = header("one");
        merge(&mut header, changes, "");
        let token = scene.signer.sign(&header, &scene.claims());
        assert!(scene.ask(&token).await.is_ok(), "{header}");
    }
    let mut claims = scene.claims();
    claims["aud"] = json!(["https://other.example", RESOURCE]);
    claims["exp"] = json!(in_seconds(-50));
    claims["nbf"] = json!(in_seconds(50));
    let token = scene.signer.sign(&header("one"), &claims);
    assert!(scene.ask(&token).await.is_ok(), "within the leeway");
}

#[tokio::test]
async fn an_algorithm_that_the_operator_left_out_is_refused() {
    let scene = Scene::with(|options| options.algorithms = vec![Algorithm::EdDsa]).await;
    let denied = scene.denied(&scene.token()).await;
    assert!(denied.description().contains("algorithm"), "{denied:?}");
    assert_eq!(scene.issuer.fetches(), 0, "no key is fetched for it");
}

#[tokio::test]
async fn a_token_that_is_too_long_is_refused_unread() {
    let scene = Scene::new().await;
    let mut claims = scene.claims();
    claims["padding"] = json!("a".repeat(16 * 1024));
    let denied = scene
        .denied(&scene.signer.sign(&header("one"), &claims))
        .await;
    assert!(denied.description().contains("too long"), "{denied:?}");
    assert_eq!(scene.issuer.fetches(), 0);
}

#[test]
fn whatever_comes_for_a_token_is_refused_and_nothing_panics() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let scene = runtime.block_on(Scene::new());
    let issuer = scene.issuer.url.clone();
    let part = prop_oneof![
        "[A-Za-z0-9_=-]{0,40}",
        Just(b64(br#"{"alg":"ES256","kid":"one"}"#)),
        Just(b64(format!(r#"{{"iss":"{issuer}"}}"#).as_bytes())),
        "\\{[\"a-z:,0-9\\[\\]]{0,40}\\}".prop_map(|json| b64(json.as_bytes())),
    ];
    let token = proptest::collection::vec(part, 1..5).prop_map(|parts| parts.join("."));
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let checked = runner.run(&token, |token| {
        let Ok(value) = HeaderValue::try_from(format!("Bearer {token}")) else {
            return Ok(());
        };
        let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        let said = runtime.block_on(scene.authorizer.authorize(&headers, None, None));
        let denied = said.expect_err("it was let in");
        prop_assert!(denied.status().is_client_error(), "{token}: {denied:?}");
        Ok(())
    });
    checked.unwrap();
}
