//! Hello projects, as the documentation of each library begins them.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::Bench;
use crate::bench::subject::{Program, Subject};

/// Where the one-line edit is made: the body of the tool.
pub(super) const BODY: &str = "a + b";

const MAIN_OF_OURS: &str = include_str!("../../../../examples/hello.rs");

/// Over a pipe or HTTP, by an argument, as ours is.
const MAIN_OF_RMCP: &str = r#"use rmcp::handler::server::wrapper::Parameters;
use rmcp::transport::stdio;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ServerHandler, ServiceExt, schemars, tool, tool_handler, tool_router};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Terms {
    /// The first addend.
    a: i64,
    /// The second addend.
    b: i64,
}

#[derive(Clone)]
struct Hello;

#[tool_router]
impl Hello {
    #[tool(description = "Add two integers and return the sum.")]
    async fn add(&self, Parameters(Terms { a, b }): Parameters<Terms>) -> String {
        (a + b).to_string()
    }
}

#[tool_handler]
impl ServerHandler for Hello {}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    if std::env::args().nth(1).as_deref() != Some("http") {
        Hello.serve(stdio()).await?.waiting().await?;
        return Ok(());
    }
    let service = StreamableHttpService::new(
        || Ok(Hello),
        LocalSessionManager::default().into(),
        StreamableHttpServerConfig::default(),
    );
    let router = axum::Router::new().nest_service("/mcp", service);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
    Ok(axum::serve(listener, router).await?)
}
"#;

const DEPENDENCIES_OF_RMCP: &str = r#"anyhow = "1"
axum = "0.8"
rmcp = { version = "3.9", features = ["server", "transport-io", "transport-streamable-http-server"] }
serde = { version = "1", features = ["derive"] }
tokio = { version = "1", features = ["full"] }
"#;

/// Writes the project of a subject, and returns its folder.
pub(super) fn write(bench: &Bench<'_>, subject: &Subject) -> Result<PathBuf> {
    let dir = bench.home.join("projects").join(subject.id);
    let root = &bench.workspace.root;
    let (main, dependencies) = match subject.program {
        Program::Rmcp => (MAIN_OF_RMCP, DEPENDENCIES_OF_RMCP.to_owned()),
        _ => (MAIN_OF_OURS, on_ours(root)),
    };
    let manifest = format!(
        "[package]\nname = \"hello\"\nversion = \"0.1.0\"\nedition = \"2024\"\npublish = false\n\n[workspace]\n\n[dependencies]\n{dependencies}"
    );
    std::fs::create_dir_all(dir.join("src")).context("the build folder cannot be written to")?;
    std::fs::write(dir.join("Cargo.toml"), manifest)?;
    std::fs::write(dir.join("src/main.rs"), main)?;
    // The versions that the rest of the bench has.
    std::fs::copy(root.join("Cargo.lock"), dir.join("Cargo.lock"))
        .context("the workspace has no Cargo.lock")?;
    Ok(dir)
}

fn on_ours(root: &Path) -> String {
    let path = root.join("crates/toolsmith");
    format!("toolsmith = {{ path = {path:?} }}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_line_to_edit() {
        for main in [MAIN_OF_OURS, MAIN_OF_RMCP] {
            assert_eq!(main.matches(BODY).count(), 1);
        }
    }
}
