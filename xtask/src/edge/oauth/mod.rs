//! Authorization with a real authorization server: the whole way that clients of others go,
//! tokens that must be refused, keys that cannot be had or change, and logs without secrets.

mod authority;
mod calls;
mod challenge;
mod flows;
mod front;
mod keys;
mod leaks;
mod rows;
mod scopes;
mod tokens;

use std::cell::{Cell, RefCell};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rustix::process::Signal;

use super::Notes;
use super::kit::{Kit, signal};
use crate::run::tail;
use crate::servers::HttpServer;
use authority::Authority;

/// What every request needs.
const NEEDED: &str = "files:read";
/// How long a server may take to end that was told so.
const END: Duration = Duration::from_secs(15);

/// Three authorization servers, and what the servers under test said.
struct Lab<'a> {
    kit: &'a Kit<'a>,
    /// Signs with elliptic curves.
    ours: Authority,
    /// Signs with RSA.
    other: Authority,
    /// Gives out tokens that nobody can read but itself.
    opaque: Authority,
    started: Cell<usize>,
    logs: RefCell<Vec<String>>,
}

pub(super) fn check(kit: &Kit<'_>) -> Result<Notes> {
    let lab = Lab::new(kit)?;
    let mut notes = vec![
        flows::check(&lab).context("the whole way")?,
        tokens::check(&lab).context("the table of tokens")?,
        scopes::check(&lab).context("scopes")?,
        keys::check(&lab).context("keys")?,
    ];
    let mut secrets = Vec::new();
    for authority in [&lab.ours, &lab.other, &lab.opaque] {
        secrets.extend(authority.secrets()?);
    }
    notes.push(leaks::search(&secrets, &lab.logs.borrow()).context("secrets")?);
    Ok(notes)
}

impl<'a> Lab<'a> {
    fn new(kit: &'a Kit<'a>) -> Result<Self> {
        // All at once, because each takes a while to be ready.
        let ours = authority::start(kit, "ec", &[])?;
        let other = authority::start(kit, "rsa", &["--alg", "RS256"])?;
        let opaque = authority::start(kit, "opaque", &["--format", "opaque"])?;
        Ok(Self {
            kit,
            ours: Authority::ready(ours)?,
            other: Authority::ready(other)?,
            opaque: Authority::ready(opaque)?,
            started: Cell::new(0),
            logs: RefCell::default(),
        })
    }

    /// Does something with a server that takes the tokens of an issuer, has the server end,
    /// and keeps what it said. Every other one says it as JSON.
    fn with_server<T>(
        &self,
        issuer: &str,
        work: impl FnOnce(&HttpServer) -> Result<T>,
    ) -> Result<T> {
        self.with_flags(&["--auth-issuer", issuer], work)
    }

    fn with_flags<T>(
        &self,
        flags: &[&str],
        work: impl FnOnce(&HttpServer) -> Result<T>,
    ) -> Result<T> {
        let count = self.started.replace(self.started.get() + 1);
        let form = if count.is_multiple_of(2) {
            "text"
        } else {
            "json"
        };
        let common = [
            "--auth-scope",
            NEEDED,
            "--log-level",
            "trace",
            "--log",
            form,
        ];
        let mut server = self.kit.server(&[&common[..], flags].concat())?;
        let done = work(&server);
        let done = done.with_context(|| format!("the server said:\n{}", tail(&server.log())))?;
        signal(&server, Signal::TERM)?;
        let (status, said) = server.last_words(END)?;
        ensure!(status.success(), "it ended with {status}:\n{}", tail(&said));
        let is_json = said.lines().all(|line| line.starts_with('{'));
        ensure!(is_json == (form == "json"), "not {form}:\n{}", tail(&said));
        self.logs.borrow_mut().push(said);
        Ok(done)
    }
}
