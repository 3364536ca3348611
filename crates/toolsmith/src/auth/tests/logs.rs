//! Nothing that is secret is in any line of the log, at any level.

use std::io::Write;
use std::sync::{Mutex, PoisonError};

use tracing_subscriber::filter::LevelFilter;

use super::*;
use crate::auth::api_keys::{self, NewApiKey};
use crate::auth::{ApiKeyOptions, IntrospectionOptions, SecretSource};

/// What is logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn text(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&lines).into_owned()
    }
}

#[tokio::test]
async fn no_token_and_no_secret_is_in_the_log() {
    let lines = Lines::default();
    let listening = || {
        let writer = lines.clone();
        let listening = tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE);
        tracing::Dispatch::new(listening.with_writer(move || writer.clone()).finish())
    };
    // Beside a second one: with one alone, a line that another test comes to first, on a
    // thread where nobody listens, is taken for one that nobody wants.
    let _second = listening();
    let _guard = tracing::dispatcher::set_default(&listening());

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.toml");
    let key = api_keys::create(&file, NewApiKey::new("ci").scope("a")).unwrap();
    let mut scene = Scene::with(|options| {
        options.api_keys = Some(ApiKeyOptions::new(&file));
        let issuer = options.issuers[0].issuer.clone();
        let endpoint = format!("{issuer}/introspect");
        let secret = concat!(env!("CARGO_MANIFEST_DIR"), "/src/auth/tests/client_secret");
        let secret = SecretSource::File(secret.into());
        options.introspection = Some(IntrospectionOptions::new(endpoint, issuer, "a", secret));
        options.required_scopes = vec!["files:read".into()];
    })
    .await;
    let mut expired = scene.claims();
    expired["exp"] = json!(in_seconds(-100));
    let mut wrong_key = key.key().to_owned();
    wrong_key.replace_range(20..24, "aaaa");
    let unknown = format!("tsk_aaaaaaaaaa_{}", "b".repeat(52));
    let tokens = [
        scene.token(),
        scene.signer.sign(&header("one"), &expired),
        scene.token_of(&Signer::es256(), "one"),
        scene.token_of(&scene.signer, "two"),
        scene.signer.sign(&json!({"alg": "none"}), &scene.claims()),
        "opaque-hunter2".to_owned(),
        "e30.e30.hunter2".to_owned(),
        key.key().to_owned(),
        wrong_key,
        unknown,
        "tsk_hunter2".to_owned(),
    ];
    for round in 0..3 {
        for token in &tokens {
            let _ = scene.ask(token).await;
            let query = format!("access_token={token}");
            let none = HeaderMap::new();
            let _ = scene.authorizer.authorize(&none, Some(&query), None).await;
        }
        let shown = format!("{:?} {key:?}", scene.authorizer);
        tracing::info!(%shown, "what is shown of it");
        scene.clock.advance(Duration::from_secs(15 * 60));
        match round {
            0 => scene.issuer.reply("/keys", Reply::Text("hunter2".into())),
            1 => scene.issuer.die().await,
            _ => {}
        }
    }
    let said = lines.text();
    for expected in ["was refused", "cannot be had", "nobody answers"] {
        assert!(said.contains(expected), "{expected} is not in: {said}");
    }
    let (told, all) = (" INFO ", said.matches("a token was refused").count());
    let refusals = said.lines().filter(|it| it.contains("a token was refused"));
    let told = refusals.filter(|it| it.contains(told)).count();
    assert!(
        told < 12 && all > 2 * told,
        "a flood fills the log: {told} of {all}"
    );
    let parts = tokens
        .iter()
        .flat_map(|it| it.split(['.', '_']))
        .filter(|it| it.len() > 20);
    let secrets = ["hunter2", "p/ss:w%rd", "p%2Fss", "Basic ", "Bearer "];
    for secret in parts.chain(secrets) {
        assert!(!said.contains(secret), "{secret} is in: {said}");
    }
}
