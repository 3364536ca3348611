//! Keys that change, and keys that cannot be had.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use serde_json::json;
use socket2::{Domain, Socket, Type};

use super::calls::{Refusal, accepted, add, refused, send, unavailable, with};
use super::rows::{EXPIRED, KEY, LEEWAY, now};
use super::{Authority, Lab, NEEDED};
use crate::edge::kit::until;
use crate::edge::proc::{MIB, peak};
use crate::servers::HttpServer;

/// How long an answer may take where keys cannot be had: the limit of a fetch, and a moment.
const PATIENCE: Duration = Duration::from_secs(9);
/// The most that a server may take of a key set that is too large.
const TAKEN: u64 = 8 * MIB;
/// Where an authorization server has its keys.
const KEYS: &str = "/jwks";
/// For how long a token is good that ends between two calls, in seconds, and how much later
/// that may be seen.
const GOOD_FOR: i64 = 5;
const LATE: Duration = Duration::from_secs(5);
const BROKEN: [&str; 3] = ["error", "huge", "hang"];

pub(super) fn check(lab: &Lab<'_>) -> Result<String> {
    let (ours, issuer) = (&lab.ours, &lab.ours.issuer);
    nobody_there(lab)?;
    lab.with_server(issuer, |back| {
        let failed = Failed::new(ours, back)?;
        lab.with_server(issuer, |server| {
            let ending = Ending::new(server, ours)?;
            // The time passes that both take.
            meanwhile(lab)?;
            ending.ends(server).context("a token that ends")
        })?;
        failed.comes_back(ours, back).context("comes back")
    })?;
    Ok("503 where no key can decide, 200 by kept ones; a new key without a restart".into())
}

/// What else there is to see of keys.
fn meanwhile(lab: &Lab<'_>) -> Result<()> {
    let (ours, issuer) = (&lab.ours, &lab.ours.issuer);
    for mode in BROKEN {
        broken(lab, mode).with_context(|| format!("`{mode}`"))?;
    }
    lab.with_server(issuer, |server| joined(ours, server))
        .context("a key more")?;
    lab.with_server(issuer, |server| replaced(ours, server))
        .context("another key")
}

/// A good token that no server has seen.
fn fresh(ours: &Authority, server: &HttpServer) -> Result<String> {
    let id = format!("{:?}", Instant::now());
    ours.mint(&json!({"claims": {"aud": server.url, "jti": id}}))
}

/// Nobody listens where the issuer is said to be.
fn nobody_there(lab: &Lab<'_>) -> Result<()> {
    // Bound, so that nobody else gets the port, and not listened at.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&"127.0.0.1:0".parse::<std::net::SocketAddr>()?.into())?;
    let address = socket.local_addr()?.as_socket().context("no address")?;
    let issuer = format!("http://{address}");
    lab.with_server(&issuer, |server| {
        let claims = json!({"iss": issuer, "aud": server.url});
        let token = lab.ours.mint(&json!({"claims": claims}))?;
        unavailable(&send(server, &with(add(), &token))?).context("nobody there")
    })?;
    Ok(())
}

/// The keys are answered for otherwise than they should be, for one server that has them
/// and one that has not.
fn broken(lab: &Lab<'_>, mode: &str) -> Result<()> {
    let (ours, issuer) = (&lab.ours, &lab.ours.issuer);
    let seen = lab.with_server(issuer, |warm| {
        accepted(warm, &fresh(ours, warm)?)?;
        lab.with_server(issuer, |cold| {
            ours.answer_for_keys(mode)?;
            std::thread::scope(|scope| {
                let other = scope.spawn(|| without_keys(ours, cold));
                let seen = with_keys(ours, warm);
                let other = other.join().map_err(|_| anyhow!("it panicked"))?;
                seen.context("with keys").and(other.context("without keys"))
            })
        })
    });
    // Those who come next find it as it was.
    ours.answer_for_keys("up")?;
    seen
}

/// Who has no keys says that it cannot tell, and has taken little of what came.
fn without_keys(ours: &Authority, server: &HttpServer) -> Result<()> {
    let asked = ours.times_asked(KEYS)?;
    let before = peak(server.id())?;
    cannot_tell(server, &fresh(ours, server)?)?;
    ensure!(ours.times_asked(KEYS)? > asked, "nobody asked for the keys");
    let grown = peak(server.id())?.saturating_sub(before);
    ensure!(grown < TAKEN, "it took {grown} bytes");
    Ok(())
}

/// Who has keys goes on with them, and cannot tell of others.
fn with_keys(ours: &Authority, server: &HttpServer) -> Result<()> {
    accepted(server, &fresh(ours, server)?)?;
    let claims = json!({"aud": server.url});
    let newer = json!({"claims": claims, "header": {"kid": "newer"}});
    cannot_tell(server, &ours.mint(&newer)?).context("by a key that is not kept")?;
    accepted(server, &fresh(ours, server)?)
}

/// That is said in time, however long the keys take.
fn cannot_tell(server: &HttpServer, token: &str) -> Result<u64> {
    let began = Instant::now();
    let after = unavailable(&send(server, &with(add(), token))?)?;
    ensure!(began.elapsed() < PATIENCE, "after {:?}", began.elapsed());
    Ok(after)
}

/// A server that could not get the keys, which are there again.
struct Failed {
    at: Instant,
    /// What it told its client.
    after: Duration,
}

impl Failed {
    fn new(ours: &Authority, server: &HttpServer) -> Result<Self> {
        ours.answer_for_keys("error")?;
        let after = cannot_tell(server, &fresh(ours, server)?);
        ours.answer_for_keys("up")?;
        Ok(Self {
            at: Instant::now(),
            after: Duration::from_secs(after?),
        })
    }

    /// Who comes back when it was told to is let in, without a restart.
    fn comes_back(&self, ours: &Authority, server: &HttpServer) -> Result<()> {
        std::thread::sleep(self.after.saturating_sub(self.at.elapsed()));
        accepted(server, &fresh(ours, server)?)
    }
}

/// A token that ends between two calls.
struct Ending(String);

impl Ending {
    /// One that is accepted for the difference of clocks alone.
    fn new(server: &HttpServer, ours: &Authority) -> Result<Self> {
        let claims = json!({"aud": server.url, "exp": now()? - LEEWAY + GOOD_FOR});
        let token = ours.mint(&json!({"claims": claims}))?;
        accepted(server, &token).context("a token that is to end")?;
        Ok(Self(token))
    }

    fn ends(&self, server: &HttpServer) -> Result<()> {
        let answers = || send(server, &with(add(), &self.0));
        let status = || answers().map_or(0, |it| it.status);
        until(LATE, "the end of a token", || status() != 200)?;
        let refusal = Refusal {
            status: 401,
            error: Some("invalid_token"),
            why: EXPIRED,
            scope: Some(NEEDED),
        };
        refused(server, &answers()?, refusal, &self.0)
    }
}

/// A key that joins the old one is found at once, and the old one stays good.
fn joined(ours: &Authority, server: &HttpServer) -> Result<()> {
    let old = fresh(ours, server)?;
    accepted(server, &old)?;
    let asked = ours.times_asked(KEYS)?;
    ours.rotate(true)?;
    accepted(server, &fresh(ours, server)?).context("by the new key")?;
    ensure!(ours.times_asked(KEYS)? == asked + 1, "not one look for it");
    accepted(server, &old).context("by the old key")?;
    ensure!(
        ours.times_asked(KEYS)? == asked + 1,
        "a look for a key that is there"
    );
    Ok(())
}

/// A key that takes the place of the old one is found at once, and what the old one signed
/// is good no more, although it was verified before.
fn replaced(ours: &Authority, server: &HttpServer) -> Result<()> {
    // Of before the look for the new key: one of the same second might be by a newer one.
    let claims = json!({"aud": server.url, "iat": now()? - 2 * LEEWAY});
    let old = ours.mint(&json!({"claims": claims}))?;
    accepted(server, &old)?;
    ours.rotate(false)?;
    accepted(server, &fresh(ours, server)?).context("by the new key")?;
    let gone = Refusal {
        status: 401,
        error: Some("invalid_token"),
        why: KEY,
        scope: Some(NEEDED),
    };
    refused(server, &send(server, &with(add(), &old))?, gone, &old)?;
    accepted(server, &fresh(ours, server)?)
}
