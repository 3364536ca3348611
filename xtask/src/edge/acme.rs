//! Certificates from Pebble, a real ACME server: by the test that the library has for it,
//! and by the flags of a server, for a client with another TLS.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::Notes;
use super::certificate::certificate;
use super::kit::Kit;
use super::scripts::Script;
use crate::run::Task;
use crate::setup;

/// Building what is not built yet is within it.
const LIMIT: Duration = Duration::from_secs(20 * 60);
/// What the server is known by.
const NAME: &str = "mcp.test";
/// What is to be held, by the names of the tests.
const HELD: [&str; 2] = [
    "a_certificate_is_ordered_again_and_again_until_there_is_one_and_kept",
    "a_certificate_is_renewed_while_calls_run",
];

pub(super) fn programs() -> Result<()> {
    // The resolver that it asks is in the same package.
    let mut names = ["pebble", "pebble-challtestsrv"].into_iter();
    names.try_for_each(|name| setup::program(name, "pebble"))
}

pub(super) fn check(kit: &Kit<'_>) -> Result<Notes> {
    programs()?;
    tests(kit)?;
    flags(kit).context("by flags")?;
    let version = Task::new("dpkg-query")
        .args(["-W", "-f", "${Version}", "pebble"])
        .output()?
        .stdout;
    Ok(vec![format!("pebble {version}: {} tests", HELD.len())])
}

/// What the library has, with the features that all tests are built with, so that nothing is
/// built twice.
fn tests(kit: &Kit<'_>) -> Result<()> {
    let output = kit
        .workspace
        .cargo(["test", "--workspace", "--all-features", "--test", "acme"])
        .args(["--", "--show-output"])
        .env("PEBBLE", "pebble")
        .limit(LIMIT)
        .output()?
        .success()?;
    let said = output.stdout;
    for name in HELD {
        let line = format!("test {name} ... ok");
        ensure!(said.contains(&line), "no line `{line}`:\n{said}");
    }
    ensure!(!said.contains("left out"), "a test was left out:\n{said}");
    Ok(())
}

/// Pebble, which runs until this is dropped.
struct Pebble {
    directory: String,
    /// What it issues is trusted by.
    root: PathBuf,
    _script: Script,
}

impl Pebble {
    /// One that looks for challenges at a port, with a certificate of its own and its key.
    fn start(kit: &Kit<'_>, port: u16, own: &Path, key: &Path) -> Result<Self> {
        let (port, unused) = (port.to_string(), free()?.to_string());
        let (own, key) = (own.to_string_lossy(), key.to_string_lossy());
        let words = [
            ["--tls-port", &port],
            ["--http-port", &unused],
            ["--certificate", &own],
            ["--key", &key],
        ];
        let said = kit.kept("pebble.log");
        let starting = kit.scripts()?;
        let starting = starting.start("acme/main.mjs", words.as_flattened(), &said)?;
        let (said, script) = starting.ready().context("Pebble")?;
        let text = |name: &str| said[name].as_str().with_context(|| format!("no {name}"));
        let root = kit.kept("pebble-root.pem");
        std::fs::write(&root, text("root")?)?;
        Ok(Self {
            directory: text("directory")?.to_owned(),
            root,
            _script: script,
        })
    }
}

/// A server that is told by flags alone orders a certificate, and OpenSSL trusts it.
fn flags(kit: &Kit<'_>) -> Result<()> {
    let port = free()?;
    let (own, key) = certificate(kit, "localhost")?;
    let pebble = Pebble::start(kit, port, &own, &key)?;
    let folder = tempfile::tempdir()?;
    let cache = folder.path().join("cache");
    let (own, cache) = (own.to_string_lossy(), cache.to_string_lossy());
    let url = format!("https://{NAME}:{port}/mcp");
    let flags = [
        ["--acme-domain", NAME],
        ["--acme-directory", &pebble.directory],
        ["--acme-ca", &own],
        ["--acme-cache", &cache],
        ["--public-url", &url],
    ];
    let server = kit.server_at(port, flags.as_flattened())?;
    let (root, port) = (pebble.root.to_string_lossy(), port.to_string());
    let words = ["--name", NAME, "--port", &port, "--root", &root];
    let seen = kit.scripts()?.report("acme/call.mjs", &words);
    let seen = seen.with_context(|| format!("the server said:\n{}", server.log()))?;
    ensure!(seen["status"] == 200, "{seen}");
    ensure!(seen["names"] == format!("DNS:{NAME}"), "{seen}");
    let body = seen["body"].as_str().unwrap_or_default();
    let message: Value = serde_json::from_str(body)?;
    let text = &message["result"]["content"][0]["text"];
    ensure!(*text == "5", "2 and 3 are {text}: {seen}");
    Ok(())
}

/// A port that nobody listens on.
fn free() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}
