//! The whole of it, against servers on this machine.

mod audience;
mod discovery;
mod front;
mod introspection;
mod keys;
mod logs;
mod server;
mod signer;
mod tokens;

use std::sync::Arc;
use std::time::Duration;

use http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::clock::Clock;
use super::{AuthOptions, Authorizer, Denied, IssuerOptions};
use crate::ports::Verified;
use server::{Reply, TestServer};
use signer::{Signer, b64, in_seconds, unsigned};

const RESOURCE: &str = "https://mcp.example.com/mcp";

/// An issuer that has one key, and a server that trusts it.
struct Scene {
    issuer: TestServer,
    signer: Signer,
    clock: Clock,
    authorizer: Authorizer,
}

impl Scene {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut AuthOptions)) -> Self {
        let (issuer, signer) = (TestServer::start().await, Signer::es256());
        issuer.publish(&[signer.jwk("one")]);
        let clock = Clock::default();
        let mut options = options(&issuer.url);
        change(&mut options);
        let authorizer = Authorizer::with_clock(options, clock.clone()).unwrap();
        Self {
            issuer,
            signer,
            clock,
            authorizer,
        }
    }

    fn claims(&self) -> Value {
        claims(&self.issuer.url)
    }

    /// A good token of the one key.
    fn token(&self) -> String {
        self.signer.sign(&header("one"), &self.claims())
    }

    /// A token that is signed by another key, under this name.
    fn token_of(&self, signer: &Signer, id: &str) -> String {
        signer.sign(&header(id), &self.claims())
    }

    async fn ask(&self, token: &str) -> Result<Arc<Verified>, Denied> {
        ask(&self.authorizer, token).await
    }

    /// How a token is denied.
    async fn denied(&self, token: &str) -> Denied {
        self.ask(token).await.expect_err("it was let in")
    }
}

fn options(issuer: &str) -> AuthOptions {
    AuthOptions {
        resource: RESOURCE.to_owned(),
        issuers: vec![IssuerOptions::new(issuer)],
        fetch_timeout: Duration::from_millis(500),
        ..AuthOptions::default()
    }
}

fn header(id: &str) -> Value {
    json!({"alg": "ES256", "typ": "at+jwt", "kid": id})
}

fn claims(issuer: &str) -> Value {
    json!({
        "iss": issuer,
        "sub": "alice",
        "aud": RESOURCE,
        "exp": in_seconds(3600),
        // Before anybody looked for keys.
        "iat": in_seconds(-30),
        "scope": "files:read files:write",
        "org": "acme",
    })
}

async fn ask(authorizer: &Authorizer, token: &str) -> Result<Arc<Verified>, Denied> {
    let headers = bearer(token);
    let asked = authorizer.authorize(&headers, None, None);
    let asked = tokio::time::timeout(Duration::from_secs(10), asked).await;
    asked.expect("it took too long")
}

fn bearer(token: &str) -> HeaderMap {
    let value = HeaderValue::try_from(format!("Bearer {token}")).unwrap();
    HeaderMap::from_iter([(AUTHORIZATION, value)])
}

/// What a client that was denied is told: status, `WWW-Authenticate`, `Retry-After`.
fn told(denied: &Denied) -> (StatusCode, String, String) {
    let mut headers = HeaderMap::new();
    denied.write_to(&mut headers);
    let text = |name| {
        let value = headers.get(name).map(|it| it.to_str().unwrap().to_owned());
        value.unwrap_or_default()
    };
    (denied.status(), text(WWW_AUTHENTICATE), text(RETRY_AFTER))
}

/// That nobody can tell now, and that the client keeps its token.
fn is_unavailable(denied: &Denied) {
    let (status, challenge, retry) = told(denied);
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{denied:?}");
    assert_eq!(challenge, "", "{denied:?}");
    assert!(retry.parse::<u64>().unwrap() >= 1, "{denied:?}");
}
