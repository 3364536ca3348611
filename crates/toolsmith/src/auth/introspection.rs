//! Tokens that cannot be read here: their authorization server is asked (RFC 7662).

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, StatusCode, Uri};
use serde_json::{Map, Value};

use super::address;
use super::cache::{Cache, Digest, digest};
use super::claims::{ClaimRules, Origin, refuse};
use super::clock::Clock;
use super::flights::Flights;
use super::options::IntrospectionOptions;
use super::secret::Secret;
use crate::fetch::{FetchError, Fetcher};
use crate::ports::{Refusal, Refused, Verdict, Verified};
use crate::{Error, Result};

/// The longest answer, in bytes.
const MAX_ANSWER: usize = 64 * 1024;
/// How many questions may be asked at the same time.
const MAX_ASKED: usize = 64;
/// How long nobody is asked who did not answer.
const PAUSE: Duration = Duration::from_secs(2);

/// Asks about tokens.
pub(super) struct Introspection {
    asker: Arc<Asker>,
    flights: Arc<Flights<Digest, Verdict>>,
}

/// What a question needs, which goes on when nobody waits for its answer.
struct Asker {
    endpoint: Uri,
    authorization: HeaderValue,
    issuer: String,
    tenant: Option<Arc<str>>,
    keep: Duration,
    require_audience: bool,
    rules: ClaimRules,
    fetcher: Fetcher,
    clock: Clock,
    answers: Cache<Arc<Verified>>,
    /// When nobody answered.
    failed: Mutex<Option<Instant>>,
}

impl Introspection {
    /// Asks as these options say.
    ///
    /// # Errors
    ///
    /// When the endpoint cannot be trusted, or there is no secret.
    pub(super) fn new(
        options: &IntrospectionOptions,
        capacity: usize,
        rules: ClaimRules,
        fetcher: &Fetcher,
        clock: &Clock,
    ) -> Result<Self> {
        let bad = |what| move |why| Error::setting(format!("the {what} {why}"));
        let endpoint = address::trusted(&options.endpoint);
        let endpoint = endpoint.map_err(bad("introspection endpoint"))?;
        address::issuer(&options.issuer).map_err(bad("issuer"))?;
        let secret = options.client_secret.read()?;
        let asker = Asker {
            endpoint,
            authorization: basic(&options.client_id, &secret)?,
            issuer: options.issuer.clone(),
            tenant: options.tenant.as_deref().map(Into::into),
            keep: options.cache,
            require_audience: options.require_audience,
            rules,
            fetcher: fetcher.clone(),
            clock: clock.clone(),
            answers: Cache::new(capacity),
            failed: Mutex::default(),
        };
        Ok(Self {
            asker: Arc::new(asker),
            flights: Flights::new(MAX_ASKED),
        })
    }

    /// Says whose a token is. Several who ask about the same one ask once.
    pub(super) async fn verify(&self, token: &str) -> Verdict {
        let digest = digest(token);
        if let Some(verified) = self.asker.answers.get(&digest, self.asker.clock.now()) {
            return Verdict::Accepted(verified);
        }
        if let Some(retry_after) = self.asker.pause() {
            return Verdict::Unavailable { retry_after };
        }
        let ask = || {
            let (asker, token) = (Arc::clone(&self.asker), token.to_owned());
            async move { asker.ask(&token, digest).await }
        };
        let busy = Verdict::Unavailable {
            retry_after: Duration::from_secs(1),
        };
        match self.flights.join(digest, ask) {
            Some(flight) => flight.await.unwrap_or(busy),
            None => {
                tracing::warn!(most = MAX_ASKED, "too many questions about tokens at once");
                busy
            }
        }
    }
}

impl Asker {
    async fn ask(&self, token: &str, digest: Digest) -> Verdict {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("token", token)
            .append_pair("token_type_hint", "access_token")
            .finish();
        let authorization = self.authorization.clone();
        let asked = self
            .fetcher
            .post(&self.endpoint, authorization, form, MAX_ANSWER);
        let read = match asked.await {
            Ok(answer) => read(&answer),
            Err(error) => return self.no_answer(&error),
        };
        self.answered();
        let claims = match read {
            Ok(claims) => claims,
            Err(why) => {
                tracing::warn!(endpoint = %self.endpoint, %why, "an answer about a token cannot be read");
                return Verdict::Unavailable { retry_after: PAUSE };
            }
        };
        let now = self.clock.now();
        match self.judge(claims, now) {
            Ok(verified) => {
                let verified = Arc::new(verified);
                let until = now + self.keep;
                let until = verified.expires.map_or(until, |at| at.min(until));
                self.answers.put(digest, Arc::clone(&verified), until);
                Verdict::Accepted(verified)
            }
            Err(refused) => Verdict::Refused(refused),
        }
    }

    /// Whether what was answered is good here.
    fn judge(&self, claims: Map<String, Value>, now: SystemTime) -> Result<Verified, Refused> {
        if claims.get("active").and_then(Value::as_bool) != Some(true) {
            return refuse(
                Refusal::Inactive,
                "the authorization server calls it inactive",
            );
        }
        let kind = claims.get("token_type").and_then(Value::as_str);
        if kind.is_some_and(|it| it.eq_ignore_ascii_case("refresh_token")) {
            return refuse(Refusal::Type, "it is a refresh token");
        }
        if claims.get("iss").is_some_and(|it| it != &*self.issuer) {
            return refuse(Refusal::Issuer, "`iss` is another than was expected");
        }
        let expires = self.rules.check_time(&claims, now)?;
        if self.require_audience || claims.contains_key("aud") {
            self.rules.check_audience(&claims)?;
        }
        let origin = Origin {
            issuer: &self.issuer,
            tenant: self.tenant.as_ref(),
        };
        self.rules.verified(claims, expires, &origin)
    }

    fn no_answer(&self, error: &FetchError) -> Verdict {
        let retry_after = PAUSE;
        if !is_down(error) {
            // It may be this token that it chokes on; others are not to wait for that.
            tracing::warn!(endpoint = %self.endpoint, %error, "a question about a token was not answered");
            return Verdict::Unavailable { retry_after };
        }
        let hint = match error {
            FetchError::Status(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                "; are this server's client id and secret right?"
            }
            _ => "",
        };
        let failed = self.failed.lock();
        let before = failed
            .unwrap_or_else(PoisonError::into_inner)
            .replace(self.clock.instant());
        if before.is_none() {
            tracing::warn!(endpoint = %self.endpoint, %error, "nobody answers questions about tokens{hint}");
        }
        Verdict::Unavailable { retry_after }
    }

    fn answered(&self) {
        let failed = self.failed.lock();
        let before = failed.unwrap_or_else(PoisonError::into_inner).take();
        if before.is_some() {
            tracing::info!(endpoint = %self.endpoint, "questions about tokens are answered again");
        }
    }

    /// How long not to ask.
    fn pause(&self) -> Option<Duration> {
        let failed = *self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let gone = self.clock.instant().saturating_duration_since(failed?);
        let rest = PAUSE.checked_sub(gone)?;
        (!rest.is_zero()).then(|| rest.max(Duration::from_secs(1)))
    }
}

/// Whether it is not this question that fails, but any.
fn is_down(error: &FetchError) -> bool {
    match error {
        FetchError::Timeout(_) | FetchError::Connection(_) => true,
        FetchError::Status(status) => matches!(status.as_u16(), 401 | 403 | 404 | 429 | 502..=504),
        FetchError::TooLarge(_) => false,
    }
}

fn read(answer: &[u8]) -> Result<Map<String, Value>, Cow<'static, str>> {
    let claims: Map<String, Value> =
        serde_json::from_slice(answer).map_err(|error| error.to_string())?;
    match claims.get("active") {
        Some(Value::Bool(_)) => Ok(claims),
        _ => Err("there is no `active`".into()),
    }
}

/// `client_secret_basic`: both are form-encoded first (RFC 6749, section 2.3.1).
fn basic(client_id: &str, secret: &Secret) -> Result<HeaderValue> {
    let encoded =
        |text: &str| -> String { form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    let both = format!("{}:{}", encoded(client_id), encoded(secret.text()));
    let value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(both)));
    let mut value = value.map_err(|_| Error::setting("the client secret is too long"))?;
    value.set_sensitive(true);
    Ok(value)
}

impl fmt::Debug for Introspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Introspection")
            .field("endpoint", &self.asker.endpoint)
            .finish_non_exhaustive()
    }
}
