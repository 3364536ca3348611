//! Access tokens that are signed: JSON Web Tokens of issuers that this server trusts.
//!
//! Implements RFC 9068, section 4, as far as issuers follow it, and RFC 8725. The token is
//! taken apart by a library, the signature verified by another, and what the claims must
//! be is decided here: libraries check claims that are there, and a claim that is missing
//! must not be good.

mod algorithm;
mod discovery;
mod issuer;
mod key;
mod key_set;
mod source;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Header;
use serde_json::{Map, Value};

pub use algorithm::Algorithm;

use super::address;
use super::cache::{Cache, Digest, digest};
use super::claims::{self, ClaimRules, Origin, refuse};
use super::clock::Clock;
use super::options::{AuthOptions, IssuerKeys, IssuerOptions};
use crate::fetch::Fetcher;
use crate::ports::{Refusal, Refused, Verdict, Verified};
use crate::{Error, Result};
use issuer::{Ages, Found, Issuer};
use key::Key;
use source::Source;

/// How long a token that was verified is taken for verified.
const KEPT: Duration = Duration::from_secs(5 * 60);

/// Verifies signed tokens.
pub(super) struct JwtVerifier {
    issuers: HashMap<Arc<str>, Arc<Issuer>>,
    algorithms: Vec<Algorithm>,
    rules: ClaimRules,
    verified: Cache<Kept>,
    clock: Clock,
}

#[derive(Clone)]
struct Kept {
    verified: Arc<Verified>,
    issuer: Arc<Issuer>,
    generation: u64,
}

/// A token in its parts, none of which is believed yet.
struct Parts<'a> {
    header: Header,
    claims: Map<String, Value>,
    message: &'a [u8],
    signature: Vec<u8>,
}

impl JwtVerifier {
    /// For the issuers of these options.
    ///
    /// # Errors
    ///
    /// When an issuer is not one that can be trusted, or a file with keys cannot be read.
    pub(super) fn new(
        options: &AuthOptions,
        rules: ClaimRules,
        fetcher: &Fetcher,
        clock: &Clock,
    ) -> Result<Self> {
        let ages = Ages {
            most: options.key_max_age,
            hard: options.key_hard_max_age.max(options.key_max_age),
            retry: options.key_retry,
        };
        let mut issuers = HashMap::new();
        for it in &options.issuers {
            let source = source(it, fetcher)?;
            let mut issuer = Issuer::new(&it.issuer, source, ages, clock.clone());
            issuer.tenant = it.tenant.as_deref().map(Into::into);
            let issuer = Arc::new(issuer);
            if issuers.insert(Arc::clone(&issuer.name), issuer).is_some() {
                let twice = format!("the issuer '{}' is named twice", it.issuer);
                return Err(Error::setting(twice));
            }
        }
        Ok(Self {
            issuers,
            algorithms: options.algorithms.clone(),
            rules,
            verified: Cache::new(options.token_cache),
            clock: clock.clone(),
        })
    }

    /// Says whose a token is.
    pub(super) async fn verify(&self, token: &str) -> Verdict {
        if !is_jwt(token) {
            return Verdict::NotMine;
        }
        let (now, digest) = (self.clock.now(), digest(token));
        if let Some(kept) = self.verified.get(&digest, now)
            && kept.generation == kept.issuer.generation()
        {
            return Verdict::Accepted(kept.verified);
        }
        let Some((issuer, claims)) = self.issuer_of(token) else {
            return Verdict::NotMine;
        };
        let parts = match Parts::read(token, claims) {
            Ok(parts) => parts,
            Err(refused) => return Verdict::Refused(refused),
        };
        self.verify_parts(issuer, parts, digest, now).await
    }

    /// The issuer that a token names, if it is one of ours, and what the token says.
    fn issuer_of(&self, token: &str) -> Option<(&Arc<Issuer>, Map<String, Value>)> {
        let claims = unverified(token)?;
        let issuer = self.issuers.get(claims.get("iss")?.as_str()?)?;
        Some((issuer, claims))
    }

    async fn verify_parts(
        &self,
        issuer: &Arc<Issuer>,
        parts: Parts<'_>,
        digest: Digest,
        now: SystemTime,
    ) -> Verdict {
        // Before the keys: it may change while the signature is verified.
        let checked = self.algorithm(&parts.header).and_then(|algorithm| {
            let expires = self.check(&parts, now)?;
            Ok((algorithm, expires))
        });
        let (algorithm, expires) = match checked {
            Ok(checked) => checked,
            Err(refused) => return Verdict::Refused(refused),
        };
        let issued = claims::date(&parts.claims, "iat").unwrap_or_default();
        let generation = match signed(issuer, &parts, algorithm, issued).await {
            Signed::Yes(generation) => generation,
            Signed::No(reason, detail) => return Verdict::refused(reason, detail),
            Signed::Unknown(retry_after) => return Verdict::Unavailable { retry_after },
        };
        let origin = Origin {
            issuer: &issuer.name,
            tenant: issuer.tenant.as_ref(),
        };
        match self.rules.verified(parts.claims, Some(expires), &origin) {
            Ok(verified) => {
                let verified = Arc::new(verified);
                let kept = Kept {
                    verified: Arc::clone(&verified),
                    issuer: Arc::clone(issuer),
                    generation,
                };
                self.verified.put(digest, kept, expires.min(now + KEPT));
                Verdict::Accepted(verified)
            }
            Err(refused) => Verdict::Refused(refused),
        }
    }

    fn algorithm(&self, header: &Header) -> Result<Algorithm, Refused> {
        match Algorithm::of_header(header.alg) {
            Some(algorithm) if self.algorithms.contains(&algorithm) => Ok(algorithm),
            _ => {
                let detail = format!("`alg` is {:?}", header.alg);
                refuse(Refusal::Algorithm, detail)
            }
        }
    }

    /// What can be checked without a key. It gives when the token ends.
    fn check(&self, parts: &Parts<'_>, now: SystemTime) -> Result<SystemTime, Refused> {
        check_type(&parts.header, &parts.claims)?;
        if parts.header.crit.is_some() {
            return refuse(Refusal::Malformed, "`crit` names extensions; none is known");
        }
        let Some(expires) = self.rules.check_time(&parts.claims, now)? else {
            return refuse(Refusal::Claims, "there is no `exp`");
        };
        self.rules.check_audience(&parts.claims)?;
        Ok(expires)
    }
}

enum Signed {
    /// By a key that was there in this generation.
    Yes(u64),
    No(Refusal, String),
    Unknown(Duration),
}

/// Whether the issuer signed it. The generation is read before the keys are, so that a key
/// that goes meanwhile is noticed later.
async fn signed(
    issuer: &Arc<Issuer>,
    parts: &Parts<'_>,
    algorithm: Algorithm,
    issued: Option<SystemTime>,
) -> Signed {
    let id = parts.header.kid.as_deref();
    let shown = || match id {
        Some(id) => format!("no key '{}' for {algorithm}", address::shown(id)),
        None => format!("no key for {algorithm}"),
    };
    let is_by = |keys: &[Arc<Key>]| {
        let mut keys = keys.iter();
        keys.any(|key| key.verifies(algorithm, parts.message, &parts.signature))
    };
    let generation = issuer.generation();
    match issuer.find(id, algorithm, issued).await {
        Found::Keys(keys) if is_by(&keys) => return Signed::Yes(generation),
        Found::Keys(_) if id.is_some() => {
            let detail = "no key of that name has signed this";
            return Signed::No(Refusal::Signature, detail.to_owned());
        }
        Found::Keys(_) => {}
        Found::Nothing => return Signed::No(Refusal::Key, shown()),
        Found::Unavailable(time) => return Signed::Unknown(time),
    }
    // It names no key, and none that is kept has signed it.
    let generation = issuer.generation();
    match issuer.look_again(id, algorithm, issued).await {
        Found::Keys(keys) if is_by(&keys) => Signed::Yes(generation),
        Found::Keys(_) | Found::Nothing => {
            Signed::No(Refusal::Signature, "no key has signed this".to_owned())
        }
        Found::Unavailable(time) => Signed::Unknown(time),
    }
}

impl<'a> Parts<'a> {
    fn read(token: &'a str, claims: Map<String, Value>) -> Result<Self, Refused> {
        let malformed = |detail| refuse(Refusal::Malformed, detail);
        let header = match jsonwebtoken::decode_header(token) {
            Ok(header) => header,
            Err(_) if has_unknown_algorithm(token) => {
                return refuse(Refusal::Algorithm, "`alg` is not known");
            }
            Err(_) => return malformed("the header cannot be read"),
        };
        let Some((message, signature)) = token.rsplit_once('.') else {
            return malformed("it has no signature");
        };
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else {
            return malformed("the signature cannot be read");
        };
        Ok(Self {
            header,
            claims,
            message: message.as_bytes(),
            signature,
        })
    }
}

/// Whether the header is well-formed and names an algorithm that the library has no word
/// for, such as `none`.
fn has_unknown_algorithm(token: &str) -> bool {
    let header = token.split('.').next().unwrap_or_default();
    let json = URL_SAFE_NO_PAD.decode(header).unwrap_or_default();
    let header: Option<Map<String, Value>> = serde_json::from_slice(&json).ok();
    let algorithm = header.as_ref().and_then(|it| it.get("alg")?.as_str());
    algorithm.is_some_and(|it| it.parse::<jsonwebtoken::Algorithm>().is_err())
}

/// Refuses what is signed by the same issuer and is no access token (RFC 8725, section
/// 3.11): other types, and ID tokens and others that have no type and give themselves away.
fn check_type(header: &Header, claims: &Map<String, Value>) -> Result<(), Refused> {
    let name = header.typ.as_deref().map(str::to_ascii_lowercase);
    let name = name
        .as_deref()
        .map(|it| it.strip_prefix("application/").unwrap_or(it));
    match name {
        Some("at+jwt") => return Ok(()),
        None | Some("jwt") => {}
        Some(other) => {
            let detail = format!("`typ` is '{}'", address::shown(other));
            return refuse(Refusal::Type, detail);
        }
    }
    const NOT_ACCESS: [&str; 5] = ["at_hash", "c_hash", "s_hash", "events", "sub_jwk"];
    if let Some(told) = NOT_ACCESS.iter().find(|it| claims.contains_key(**it)) {
        return refuse(Refusal::Type, format!("an access token has no `{told}`"));
    }
    match claims.get("typ").and_then(Value::as_str) {
        Some("ID" | "Refresh" | "Offline" | "Logout") => refuse(
            Refusal::Type,
            "the claim `typ` says that it is another kind of token",
        ),
        _ => Ok(()),
    }
}

/// Three parts with something in the first two. The third is empty in a token that is not
/// signed, which is refused and not overlooked.
fn is_jwt(token: &str) -> bool {
    let mut parts = token.split('.');
    let first_two = [parts.next(), parts.next()];
    first_two
        .iter()
        .all(|it| it.is_some_and(|it| !it.is_empty()))
        && parts.next().is_some()
        && parts.next().is_none()
}

/// What a token says, which nobody has verified.
fn unverified(token: &str) -> Option<Map<String, Value>> {
    jsonwebtoken::dangerous::insecure_decode_claims(token).ok()
}

/// Why nobody knows a token.
pub(super) fn why_unknown(token: &str) -> Refusal {
    match is_jwt(token).then(|| unverified(token)) {
        None => Refusal::Unknown,
        Some(None) => Refusal::Malformed,
        Some(Some(_)) => Refusal::Issuer,
    }
}

/// Where the keys of an issuer come from. What is in a file is read at once, so that a
/// mistake is seen when the server starts.
fn source(options: &IssuerOptions, fetcher: &Fetcher) -> Result<Source> {
    let name = &options.issuer;
    let bad = |why: String| Error::setting(format!("the issuer {why}"));
    address::issuer(name).map_err(bad)?;
    let source = match &options.keys {
        IssuerKeys::Discovered => Source::discovered(fetcher.clone()),
        IssuerKeys::At(url) => {
            let place = address::trusted(url);
            let place = place.map_err(|why| bad(format!("{name}: its key set {why}")))?;
            let fetcher = fetcher.clone();
            Source::At { fetcher, place }
        }
        IssuerKeys::KeySetFile(path) => Source::KeySetFile(path.clone()),
        IssuerKeys::PemFile(path) => Source::PemFile(path.clone()),
    };
    if let Some(Err(why)) = source.read() {
        let path = match &options.keys {
            IssuerKeys::KeySetFile(path) | IssuerKeys::PemFile(path) => path.display().to_string(),
            IssuerKeys::Discovered | IssuerKeys::At(_) => String::new(),
        };
        return Err(bad(format!("{name}: its keys in '{path}': {why}")));
    }
    Ok(source)
}

impl fmt::Debug for JwtVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtVerifier")
            .field("issuers", &self.issuers)
            .field("algorithms", &self.algorithms)
            .finish_non_exhaustive()
    }
}
