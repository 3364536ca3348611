//! Talks with the server of `two_way.rs` through the official Rust client, in both eras.
//!
//! `rmcp-client legacy|modern CAPABILITY,… URL`, or `-- CMD ARGS…` in place of the URL. Its
//! last line says which revision was agreed on, what the server is called, and for every
//! capability `null` or what went wrong.
#![expect(
    clippy::print_stdout,
    reason = "what was seen is printed, for whoever started this"
)]
#![expect(
    deprecated,
    reason = "roots, sampling and logging are deprecated, and served nevertheless"
)]

mod answers;
mod checks;

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rmcp::ClientServiceExt as _;
use rmcp::RoleClient;
use rmcp::model::ProtocolVersion;
use rmcp::service::{ClientLifecycleMode, RunningService};
use rmcp::transport::{StreamableHttpClientTransport, TokioChildProcess};
use serde_json::{Map, Value, json};
use tokio::process::Command;

use answers::Answers;

/// How long one capability may take.
const LIMIT: Duration = Duration::from_secs(15);

type Service = RunningService<RoleClient, Answers>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [era, names, target @ ..] = args.as_slice() else {
        bail!("say which era, which capabilities, and which server");
    };
    let modern = era == "modern";
    let answers = Answers::default();
    let arrivals = answers.arrivals();
    let service = connect(answers, modern, target).await?;

    let mut seen = Map::new();
    for name in names.split(',') {
        arrivals.send_modify(Vec::clear);
        let check = checks::run(name, &service, modern);
        let problem = match tokio::time::timeout(LIMIT, check).await {
            Ok(Ok(())) => Value::Null,
            Ok(Err(error)) => format!("{error:#}").into(),
            Err(_) => format!(
                "nothing within {} s; notified: {:?}",
                LIMIT.as_secs(),
                *arrivals.borrow()
            )
            .into(),
        };
        seen.insert(name.to_owned(), problem);
    }
    let server = service.peer().peer_info().context("no server")?;
    let name = server.server_info.as_ref().map(|info| info.name.clone());
    println!(
        "{}",
        json!({"revision": server.protocol_version, "server": name, "seen": seen})
    );
    let _ = service.cancel().await;
    Ok(())
}

async fn connect(answers: Answers, modern: bool, target: &[String]) -> Result<Service> {
    // Found by the client itself, as the other clients find it.
    let lifecycle = match modern {
        true => ClientLifecycleMode::Auto {
            preferred_versions: vec![ProtocolVersion::LATEST],
            legacy_version: Some(ProtocolVersion::LATEST_WITH_INITIALIZE),
        },
        false => ClientLifecycleMode::Initialize,
    };
    match target {
        [dashes, program, args @ ..] if dashes == "--" => {
            let mut command = Command::new(program);
            command.args(args);
            let transport = TokioChildProcess::new(command)?;
            Ok(answers.serve_with_lifecycle(transport, lifecycle).await?)
        }
        [url] => {
            // The client is built with a TLS provider or not at all.
            let _ = rustls::crypto::ring::default_provider().install_default();
            let transport = StreamableHttpClientTransport::from_uri(url.as_str());
            Ok(answers.serve_with_lifecycle(transport, lifecycle).await?)
        }
        _ => bail!("say which server: a URL, or -- and a command"),
    }
}
