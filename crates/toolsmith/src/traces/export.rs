//! Sending spans to a collector.

use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracerProvider, Tracer};
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

use crate::fetch::Fetcher;
use crate::warnings::Warnings;
use crate::{Error, Result};

/// How long sending spans may take.
const TIME: Duration = Duration::from_secs(10);
/// How long the end of the program waits until the last ones are sent.
const LAST: Duration = Duration::from_secs(5);
/// The largest answer of a collector that is read.
const MOST: usize = 64 * 1024;

/// What sends spans for as long as it lives, and the last of them when it is dropped.
#[derive(Debug)]
pub(crate) struct Exporter(SdkTracerProvider);

impl Drop for Exporter {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown_with_timeout(LAST) {
            tracing::warn!(%error, "the last spans were not sent to the collector");
        }
    }
}

/// Begins to send spans to a collector, by OTLP over HTTP. The variables of OpenTelemetry
/// for the name of the service, its resource, the sampler, batches and header fields hold.
pub(crate) fn export(endpoint: &str, server: &str) -> Result<(Exporter, Tracer)> {
    let wrong = |why: &dyn fmt::Display| {
        Error::setting(format!("--otlp-endpoint '{endpoint}' cannot be used: {why}"))
            .with_hint("it is the address of a collector that takes OTLP over HTTP, such as http://127.0.0.1:4318")
    };
    let base = endpoint.trim_end_matches('/');
    let is_http = base.starts_with("http://") || base.starts_with("https://");
    if !is_http || base.parse::<http::Uri>().is_err() {
        return Err(wrong(&"it is no http:// or https:// address"));
    }
    let url = match base.ends_with("/v1/traces") {
        true => base.to_owned(),
        false => format!("{base}/v1/traces"),
    };
    let client = Client::new(base.starts_with("https://"))?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_endpoint(url)
        .with_timeout(TIME)
        .build()
        .map_err(|error| wrong(&error))?;
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource(server))
        .build();
    let tracer = provider.tracer("toolsmith");
    Ok((Exporter(provider), tracer))
}

/// What the spans are of: the server, unless the environment says otherwise.
fn resource(server: &str) -> Resource {
    let named = std::env::var_os("OTEL_SERVICE_NAME").is_some_and(|it| !it.is_empty());
    let builder = Resource::builder();
    let builder = match named {
        true => builder,
        false => builder.with_service_name(server.to_owned()),
    };
    let distribution = KeyValue::new("telemetry.distro.name", "toolsmith");
    builder.with_attribute(distribution).build()
}

/// What sends them. The thread that asks it to has nothing else to do, so it works there.
struct Client {
    runtime: Runtime,
    fetcher: Fetcher,
    failures: Mutex<Warnings>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

impl Client {
    fn new(tls: bool) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build();
        Ok(Self {
            runtime: runtime.map_err(|error| Error::io("making a runtime for traces", error))?,
            fetcher: Fetcher::new(tls, None, TIME)?,
            failures: Mutex::default(),
        })
    }

    /// Says in the log that spans are lost, and not each time where it goes on.
    fn warn(&self, why: &dyn fmt::Display) {
        let failures = self.failures.lock();
        let mut failures = failures.unwrap_or_else(PoisonError::into_inner);
        let due = failures.due(Instant::now());
        drop(failures);
        if let Some(times) = due {
            tracing::warn!(%why, times, "spans could not be sent to the collector, and are lost");
        }
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.runtime.block_on(self.fetcher.exchange(request, MOST));
        match &sent {
            Ok(response) if response.status().is_success() => {}
            Ok(response) => self.warn(&response.status()),
            Err(error) => self.warn(error),
        }
        sent.map_err(|error| HttpError::from(io::Error::other(error.to_string())))
    }
}
