//! A real server of our own, inside the test.

use std::ops::Deref;
use std::sync::Arc;

use tokio::task::JoinHandle;
use toolsmith::http::McpService;
use toolsmith::{Http, Server};

use super::endpoint::Endpoint;
use super::tools::{Gate, server};

/// A server on a port of its own, which ends with the test.
#[derive(Debug)]
pub(crate) struct TestServer {
    endpoint: Endpoint,
    /// The address for those who operate it.
    pub(crate) admin: Option<Endpoint>,
    pub(crate) service: McpService,
    pub(crate) gate: Arc<Gate>,
    task: JoinHandle<toolsmith::Result<()>>,
}

impl TestServer {
    /// With the defaults.
    pub(crate) fn start() -> Self {
        Self::with(|http| http)
    }

    /// With settings.
    pub(crate) fn with(settings: impl FnOnce(Http) -> Http) -> Self {
        let gate = Arc::new(Gate::default());
        Self::of(server(&gate), gate, settings)
    }

    /// With a server of its own.
    pub(crate) fn of(server: Server, gate: Arc<Gate>, settings: impl FnOnce(Http) -> Http) -> Self {
        let listening = settings(Http::bind("127.0.0.1:0")).listen().unwrap();
        let endpoint = Endpoint::at(&listening.url());
        let admin = listening.admin_addr();
        let admin = admin.map(|it| Endpoint::at(&format!("http://{it}/metrics")));
        let service = listening.service(server).unwrap();
        let task = tokio::spawn(listening.serve(service.clone()));
        Self {
            endpoint,
            admin,
            service,
            gate,
            task,
        }
    }
}

impl Deref for TestServer {
    type Target = Endpoint;

    fn deref(&self) -> &Endpoint {
        &self.endpoint
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
