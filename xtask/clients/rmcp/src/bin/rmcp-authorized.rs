//! Calls the server of `edge.rs` through the official Rust client where that takes a token.
//!
//! `rmcp-authorized URL REDIRECT`. It prints where a browser is to go, as `{"visit": URL}`,
//! and reads a line with the address that the browser was sent back to. Its last line says
//! what it saw.
#![expect(
    clippy::print_stdout,
    reason = "what was seen is printed, for whoever started this"
)]

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rmcp::model::{CallToolRequestParams, ProtocolVersion};
use rmcp::service::{ClientLifecycleMode, RunningService, ServiceError};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::auth::{
    AuthClient, AuthorizationCallback, AuthorizationManager, AuthorizationRequest, OAuthState,
};
use rmcp::transport::streamable_http_client::{
    InsufficientScopeError, StreamableHttpClientTransportConfig,
};
use rmcp::{ClientServiceExt as _, RoleClient};
use serde_json::{Value, json};
use tokio::sync::Mutex;

/// How long everything may take.
const LIMIT: Duration = Duration::from_secs(45);

type Service = RunningService<RoleClient, ()>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [url, redirect] = args.as_slice() else {
        bail!("say which server, and where a browser is sent back to");
    };
    // The client is built with a TLS provider or not at all.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let seen = tokio::time::timeout(LIMIT, Box::pin(go(url, redirect))).await;
    println!("{}", seen.context("it took too long")??);
    Ok(())
}

async fn go(url: &str, redirect: &str) -> Result<Value> {
    let challenge = challenge(url).await?;
    let manager = log_in(url, redirect, &challenge).await?;
    let client = AuthClient::new(reqwest::Client::new(), manager);
    let manager = Arc::clone(&client.auth_manager);
    let config = StreamableHttpClientTransportConfig::with_uri(url);
    let transport = StreamableHttpClientTransport::with_client(client, config);
    let service = ().serve_with_lifecycle(transport, lifecycle()).await?;
    let revision = service.peer().peer_info().context("no server")?;
    let revision = revision.protocol_version.to_string();
    let call = text(&service, "add", json!({"a": 2, "b": 3})).await?;
    let before = manager.lock().await.get_current_scopes().await;
    let write = || text(&service, "write", json!({"name": "rmcp", "step": 1}));
    let missing = match write().await {
        Ok(text) => bail!("`write` needs a scope, and said {text}"),
        Err(error) => missing(&error)?,
    };
    step_up(&manager, &missing).await?;
    let step_up = write().await?;
    let after = manager.lock().await.get_current_scopes().await;
    let _ = service.cancel().await;
    Ok(json!({
        "challenge": challenge, "revision": revision, "call": call, "missing": missing,
        "step_up": step_up, "before": before, "after": after,
    }))
}

fn lifecycle() -> ClientLifecycleMode {
    ClientLifecycleMode::Auto {
        preferred_versions: vec![ProtocolVersion::LATEST],
        legacy_version: Some(ProtocolVersion::LATEST_WITH_INITIALIZE),
    }
}

/// What the server says to who brings no token.
async fn challenge(url: &str) -> Result<String> {
    let transport = StreamableHttpClientTransport::from_uri(url);
    match ().serve_with_lifecycle(transport, lifecycle()).await {
        Ok(_) => bail!("the server lets in who has no token"),
        Err(error) => {
            let challenge = error.auth_challenge().map(str::to_owned);
            challenge.with_context(|| format!("no challenge: {error}"))
        }
    }
}

/// Finds who gives out tokens, registers, logs in, and gets one.
async fn log_in(url: &str, redirect: &str, challenge: &str) -> Result<AuthorizationManager> {
    let mut state = OAuthState::new(url, None).await?;
    let request = AuthorizationRequest::new(redirect)
        .with_client_name("edge")
        .with_challenge(challenge)
        .with_initial_scope_selection();
    state.start_authorization(request).await?;
    let back = visit(&state.get_authorization_url().await?)?;
    state.handle_callback_url(&back).await?;
    let manager = state.into_authorization_manager();
    manager.context("it is not authorized")
}

/// Asks for more scopes, as the server said.
async fn step_up(manager: &Mutex<AuthorizationManager>, missing: &str) -> Result<()> {
    let manager = manager.lock().await;
    let back = visit(&manager.request_scope_upgrade(missing).await?)?;
    let AuthorizationCallback {
        code,
        csrf_token,
        issuer,
        ..
    } = AuthorizationCallback::from_redirect_url(&back)?;
    manager
        .exchange_code_for_token_with_issuer(&code, &csrf_token, issuer.as_deref())
        .await?;
    Ok(())
}

/// Has a browser go there, and says where it was sent back to.
fn visit(page: &str) -> Result<String> {
    println!("{}", json!({"visit": page}));
    let mut back = String::new();
    std::io::stdin().read_line(&mut back)?;
    Ok(back.trim().to_owned())
}

/// Which scopes a call was refused for want of.
fn missing(error: &ServiceError) -> Result<String> {
    let mut source: Option<&(dyn Error + 'static)> = match error {
        ServiceError::TransportSend(error) => Some(error.error.as_ref()),
        _ => None,
    };
    while let Some(current) = source {
        if let Some(it) = current.downcast_ref::<InsufficientScopeError>() {
            let scope = it.required_scope.clone();
            return scope.with_context(|| format!("no scope: {}", it.www_authenticate_header));
        }
        source = current.source();
    }
    bail!("not refused for want of scopes: {error}")
}

async fn text(
    service: &Service,
    tool: &'static str,
    arguments: Value,
) -> Result<String, ServiceError> {
    let arguments = arguments.as_object().cloned().unwrap_or_default();
    let params = CallToolRequestParams::new(tool).with_arguments(arguments);
    let result = service.call_tool(params).await?;
    let blocks = result.content.iter().filter_map(|block| block.as_text());
    Ok(blocks.map(|block| block.text.as_str()).collect())
}
