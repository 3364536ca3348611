//! The tools of the example `bench`, on rmcp: a peer that a user could pick instead.
//!
//! `rmcp-peer http [--nodelay] [--stateless] [--tools N]` serves Streamable HTTP as
//! "Stateless Streamable HTTP" of rmcp's README mounts its service: in an axum router, with
//! a factory that makes a handler. `--nodelay` sets TCP_NODELAY, which that does not;
//! `--stateless` is the configuration of that section, plain JSON and no sessions in any
//! revision, and shares one table of tools between the handlers.
//! `rmcp-peer stdio [--tools N]` is the server of "stdio" there.
#![expect(
    clippy::print_stderr,
    reason = "it says where it listens, as our servers do"
)]

mod tools;

use anyhow::{Context as _, Result, bail};
use axum::serve::ListenerExt as _;
use rmcp::ServiceExt as _;
use rmcp::transport::stdio;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};

use tools::Peer;

const USAGE: &str = "usage: rmcp-peer http|stdio [--nodelay] [--stateless] [--tools N]";

#[derive(Default)]
struct Flags {
    nodelay: bool,
    stateless: bool,
    tools: usize,
}

impl Flags {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self> {
        let mut flags = Self::default();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--nodelay" => flags.nodelay = true,
                "--stateless" => flags.stateless = true,
                "--tools" => flags.tools = words.next().context(USAGE)?.parse().context(USAGE)?,
                _ => bail!(USAGE),
            }
        }
        Ok(flags)
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let transport = words.next().context(USAGE)?;
    let flags = Flags::parse(words)?;
    match transport.as_str() {
        "http" => http(flags).await,
        "stdio" => {
            let service = Peer::new(flags.tools).serve(stdio()).await?;
            service.waiting().await?;
            Ok(())
        }
        _ => bail!(USAGE),
    }
}

async fn http(flags: Flags) -> Result<()> {
    let service = match flags.stateless {
        false => StreamableHttpService::new(
            move || Ok(Peer::new(flags.tools)),
            LocalSessionManager::default().into(),
            StreamableHttpServerConfig::default(),
        ),
        true => {
            let peer = Peer::new(flags.tools);
            StreamableHttpService::new(
                move || Ok(peer.clone()),
                LocalSessionManager::default().into(),
                StreamableHttpServerConfig::default()
                    .with_legacy_session_mode(false)
                    .with_json_response(true),
            )
        }
    };
    let router = axum::Router::new().nest_service("/mcp", service);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    eprintln!("-> MCP endpoint: http://{}/mcp", listener.local_addr()?);
    if !flags.nodelay {
        return Ok(axum::serve(listener, router).await?);
    }
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    Ok(axum::serve(listener, router).await?)
}
