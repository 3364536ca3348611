//! The connection to a server, on rmcp's client.

use std::ffi::OsString;
use std::process::Stdio;
use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig, ErrorCode,
    Implementation, PaginatedRequestParams, Prompt, ProtocolVersion, Resource, ResourceTemplate,
    ServerPeerInfo, Tool,
};
use rmcp::service::{
    ClientInitializeError, ClientLifecycleMode, RunningService, serve_client_with_lifecycle,
};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::transport::{IntoTransport, StreamableHttpClientTransport, TokioChildProcess};
use rmcp::{RoleClient, ServiceError};
use tokio::process::Command;

use crate::args::{CommonArgs, Era};
use crate::error::{Exit, Failure, Result};
use crate::refusal;
use crate::server_log::ServerLog;
use crate::target::Target;

/// A server's lists are read this many pages long, no further.
const MAX_PAGES: usize = 1_000;

/// How long a server may take to end after its input has ended; then it is killed.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);

type Service = RunningService<RoleClient, ClientConfig>;

/// An open connection. Close it; a dropped one kills a started server instead.
#[derive(Debug)]
pub(crate) struct Client {
    service: Service,
    log: ServerLog,
}

/// Reads every page of one list.
macro_rules! all_pages {
    ($self:ident, $request:ident, $items:ident) => {{
        let mut all = Vec::new();
        let mut cursor = None;
        for _ in 0..MAX_PAGES {
            let params = PaginatedRequestParams::default().with_cursor(cursor);
            let page = match $self.service.peer().$request(Some(params)).await {
                Ok(page) => page,
                Err(ServiceError::McpError(error)) if error.code == ErrorCode::METHOD_NOT_FOUND => {
                    return Ok(all);
                }
                Err(error) => return Err($self.failure(error).await),
            };
            all.extend(page.$items);
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(all);
            }
        }
        Err(Failure::new(
            Exit::Protocol,
            format!("the server's list has more than {MAX_PAGES} pages"),
        ))
    }};
}

impl Client {
    /// Opens the connection, within the time that was given.
    pub(crate) async fn connect(target: &Target, options: &CommonArgs) -> Result<Self> {
        match target {
            Target::Url(url) => Self::connect_http(url, options).await,
            Target::Command(command) => Self::start(command, options).await,
        }
    }

    async fn connect_http(url: &str, options: &CommonArgs) -> Result<Self> {
        // The client is built with a TLS provider or not at all. A second call changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = StreamableHttpClientTransportConfig::with_uri(url)
            .custom_headers(options.headers.iter().cloned().collect())
            .reinit_on_expired_session(false);
        let transport = StreamableHttpClientTransport::from_config(config);
        match open(transport, options).await? {
            Ok(service) => Ok(Self {
                service,
                log: ServerLog::none(),
            }),
            Err(error) => Err(refusal::of_http(&error, url, options.era)),
        }
    }

    async fn start(command: &[OsString], options: &CommonArgs) -> Result<Self> {
        let (program, arguments) = command
            .split_first()
            .ok_or_else(|| Failure::usage("the command is empty"))?;
        let mut process = Command::new(program);
        process.args(arguments).kill_on_drop(true);
        let stderr = match options.verbose {
            true => Stdio::inherit(),
            false => Stdio::piped(),
        };
        let (transport, stderr) = TokioChildProcess::builder(process)
            .stderr(stderr)
            .spawn()
            .map_err(|error| refusal::of_program(&error, program))?;
        let log = ServerLog::read(stderr);
        let failure = match open(transport, options).await {
            Ok(Ok(service)) => return Ok(Self { service, log }),
            Ok(Err(error)) => refusal::of_command(&error, program, options.era),
            Err(timed_out) => timed_out,
        };
        Err(failure.server_log(log.last_lines().await))
    }

    /// What the server said of itself when the connection was opened.
    pub(crate) fn server(&self) -> Result<std::sync::Arc<ServerPeerInfo>> {
        self.service
            .peer()
            .peer_info()
            .ok_or_else(|| Failure::new(Exit::Protocol, "the server said nothing about itself"))
    }

    pub(crate) async fn tools(&self) -> Result<Vec<Tool>> {
        all_pages!(self, list_tools, tools)
    }

    pub(crate) async fn resources(&self) -> Result<Vec<Resource>> {
        all_pages!(self, list_resources, resources)
    }

    pub(crate) async fn resource_templates(&self) -> Result<Vec<ResourceTemplate>> {
        all_pages!(self, list_resource_templates, resource_templates)
    }

    pub(crate) async fn prompts(&self) -> Result<Vec<Prompt>> {
        all_pages!(self, list_prompts, prompts)
    }

    pub(crate) async fn call(&self, request: CallToolRequestParams) -> Result<CallToolResult> {
        match self.service.call_tool(request).await {
            Ok(result) => Ok(result),
            Err(error) => Err(self.failure(error).await),
        }
    }

    async fn failure(&self, error: ServiceError) -> Failure {
        let failure = refusal::of_request(&error);
        match error {
            // A server that went away has said why on stderr, if anywhere.
            ServiceError::TransportClosed | ServiceError::TransportSend(_) => {
                failure.server_log(self.log.last_lines().await)
            }
            _ => failure,
        }
    }

    /// Ends the session and a started server.
    pub(crate) async fn close(mut self) {
        // What is left after that time is killed when the runtime ends.
        let _ = self.service.close_with_timeout(CLOSE_WITHIN).await;
    }
}

/// Opens the connection; the outer error is that the time was up.
async fn open<T, E, A>(
    transport: T,
    options: &CommonArgs,
) -> Result<Result<Service, ClientInitializeError>>
where
    T: IntoTransport<RoleClient, E, A>,
    E: std::error::Error + Send + Sync + 'static,
{
    let opening = serve_client_with_lifecycle(client_config(), transport, lifecycle(options.era));
    tokio::time::timeout(options.timeout, opening)
        .await
        .map_err(|_| refusal::of_time(options, "no connection"))
}

fn client_config() -> ClientConfig {
    let name = Implementation::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    ClientConfig::new(ClientCapabilities::default(), name)
        .with_protocol_version(ProtocolVersion::LATEST_WITH_INITIALIZE)
}

fn lifecycle(era: Era) -> ClientLifecycleMode {
    let preferred_versions = vec![ProtocolVersion::LATEST];
    match era {
        Era::Legacy => ClientLifecycleMode::Initialize,
        Era::Modern => ClientLifecycleMode::Discover { preferred_versions },
        Era::Auto => ClientLifecycleMode::Auto {
            preferred_versions,
            legacy_version: Some(ProtocolVersion::LATEST_WITH_INITIALIZE),
        },
    }
}
