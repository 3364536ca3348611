//! nginx, Caddy and HAProxy in front of the server, with the configurations that
//! `docs/deploy` shows.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::Notes;
use super::certificate::certificate;
use super::debian;
use super::kit::Kit;
use crate::servers::HttpServer;

/// How long a server may take to end that was told so: its delay and a moment.
const END: Duration = Duration::from_secs(15);
/// What every server behind a proxy is started with.
const BEHIND: [&str; 4] = [
    "--trusted-proxy",
    "127.0.0.1",
    "--public-url",
    "https://mcp.example.com/mcp",
];

/// One proxy.
#[derive(Debug)]
struct Proxy {
    name: &'static str,
    /// What has it say its version.
    version: &'static str,
    /// Whether it looks by itself whether a server is ready.
    looks: bool,
}

const PROXIES: [Proxy; 3] = [
    Proxy {
        name: "nginx",
        version: "-v",
        looks: false,
    },
    Proxy {
        name: "caddy",
        version: "version",
        looks: true,
    },
    Proxy {
        name: "haproxy",
        version: "-v",
        looks: true,
    },
];

/// What it is to stand in front of, and how.
#[derive(Debug)]
struct Look<'a> {
    kit: &'a Kit<'a>,
    proxy: &'a Proxy,
    certificate: PathBuf,
    key: PathBuf,
}

pub(super) fn programs() -> Result<()> {
    let mut all = PROXIES.iter();
    all.try_for_each(|it| debian::service(it.name, it.version).map(|_version| ()))
}

pub(super) fn check(kit: &Kit<'_>) -> Result<Notes> {
    // Of the name that the documentation has.
    let (certificate, key) = certificate(kit, "mcp.example.com")?;
    let mut notes = Vec::new();
    for proxy in &PROXIES {
        let version = debian::service(proxy.name, proxy.version)?;
        let look = Look {
            kit,
            proxy,
            certificate: certificate.clone(),
            key: key.clone(),
        };
        let drained = look.all().with_context(|| proxy.name)?;
        notes.push(format!("{version}: {drained}"));
    }
    Ok(notes)
}

impl Look<'_> {
    fn all(&self) -> Result<String> {
        self.streams_and_addresses()?;
        self.drained()
    }

    /// Runs the proxy in front of servers, and looks through it.
    fn report(&self, what: &str, servers: &[&HttpServer]) -> Result<Value> {
        let addresses: Vec<_> = servers.iter().filter_map(|it| it.address()).collect();
        let pids: Vec<_> = servers.iter().map(|it| it.id().to_string()).collect();
        let shown = self.kit.folder("docs/deploy");
        let report = self.kit.scripts()?.report(
            "proxy/main.mjs",
            &[
                "--kind",
                self.proxy.name,
                "--look",
                what,
                "--shown",
                &shown.to_string_lossy(),
                "--servers",
                &addresses.join(","),
                "--pids",
                &pids.join(","),
                "--certificate",
                &self.certificate.to_string_lossy(),
                "--key",
                &self.key.to_string_lossy(),
            ],
        )?;
        ensure!(
            report["failed"].is_null() || report["failed"].is_u64(),
            "{report}"
        );
        Ok(report)
    }

    /// A stream is not held back, and clients are told apart by where they are.
    fn streams_and_addresses(&self) -> Result<()> {
        let server = self.kit.server(&BEHIND)?;
        let seen = self.report("streams", &[&server, &server])?;
        let whole = json!({"status": 200, "steps": [200, 200, 200], "text": "done"});
        ensure!(seen == whole, "a stream was held back: {seen}");
        let flags = [&BEHIND[..], &["--rate-limit", "1/h"]].concat();
        let server = self.kit.server(&flags)?;
        let seen = self.report("addresses", &[&server, &server])?;
        let apart = json!({
            "first": 200, "again": 429,
            "other": 200, "other_again": 429,
            "lying": [429, 429, 429],
        });
        ensure!(
            seen == apart,
            "clients are not told apart: {seen}, not {apart}"
        );
        Ok(())
    }

    /// One of two servers is told to stop, and no call fails.
    fn drained(&self) -> Result<String> {
        let flags = [&BEHIND[..], &["--drain-delay", "4s"]].concat();
        let mut servers = [self.kit.server(&flags)?, self.kit.server(&flags)?];
        let seen = self.report("drained", &[&servers[0], &servers[1]])?;
        ensure!(seen["failed"] == 0, "calls failed: {seen}");
        let stopped = seen["stopped"].to_string();
        let answered: BTreeMap<String, BTreeMap<String, u64>> =
            serde_json::from_value(seen["answered"].clone())?;
        let count = |phase: &str, who: &str| {
            let all = answered.get(phase).and_then(|all| all.get(who));
            all.copied().unwrap_or_default()
        };
        let mut others = servers.iter().map(|it| it.id().to_string());
        let other = others.find(|it| *it != stopped).unwrap_or_default();
        ensure!(count("before", &stopped) > 0, "it was never asked: {seen}");
        let late = count("not ready", &stopped);
        ensure!(
            late == 0 || !self.proxy.looks,
            "it was asked {late} times although it was not ready: {seen}"
        );
        ensure!(
            count("gone", &stopped) == 0,
            "it was asked when it was gone: {seen}"
        );
        ensure!(count("gone", &other) > 0, "nobody answered then: {seen}");
        let server = servers.iter_mut().find(|it| it.id().to_string() == stopped);
        let server = server.with_context(|| format!("a stranger was stopped: {seen}"))?;
        let status = server.wait(END)?;
        ensure!(
            status.success(),
            "it ended with {status}:\n{}",
            server.log()
        );
        let all: u64 = answered.values().flat_map(BTreeMap::values).sum();
        Ok(format!(
            "{all} calls while one of two servers ended, none failed; {late} to it after it was not ready"
        ))
    }
}
