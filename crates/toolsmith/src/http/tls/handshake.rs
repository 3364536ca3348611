//! The handshake: from a connection to a private one, and which HTTP is spoken on it.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_io_timeout::TimeoutWriter;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::certificates::{CHALLENGE, HTTP_2};
use crate::warnings::Warnings;

/// With this byte a client begins that speaks TLS.
const HANDSHAKE: u8 = 0x16;
/// What a client is told that does not.
const PLAIN: &str = "this port speaks HTTPS; begin the URL with https://\n";
/// How much of what it has sent is read, and for how long, so that it gets to read that.
const MAX_READ: u64 = 64 * 1024;
const READ_TIME: Duration = Duration::from_secs(1);

/// A connection that nobody else reads. The bound on writes is below the encryption, so that
/// it holds in the handshake, too.
pub(in crate::http) type Secured = TlsStream<Pin<Box<TimeoutWriter<TcpStream>>>>;

/// Which HTTP was agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Protocol {
    Http1,
    Http2,
}

/// Shakes hands. Clones are the same.
#[derive(Clone, Debug)]
pub(in crate::http) struct Handshakes {
    config: Arc<ServerConfig>,
    failures: Arc<Mutex<Warnings>>,
}

impl Handshakes {
    pub(super) fn new(config: Arc<ServerConfig>) -> Self {
        Self {
            config,
            failures: Arc::default(),
        }
    }

    /// Shakes hands with one client. It has as long as its caller polls this.
    ///
    /// Gives nothing where there is nothing to serve: the client speaks no TLS or none of
    /// ours, is gone, or has only looked at the answer to a challenge.
    pub(in crate::http) async fn accept(
        &self,
        stream: TcpStream,
        write_time: Duration,
    ) -> Option<(Secured, Protocol)> {
        let mut first = [0];
        match stream.peek(&mut first).await {
            Ok(0) | Err(_) => return None,
            Ok(_) if first[0] != HANDSHAKE => {
                self.failed(&"the client speaks no TLS");
                // Whether it was heard makes no difference.
                let _ = refuse(stream).await;
                return None;
            }
            Ok(_) => {}
        }
        let mut stream = TimeoutWriter::new(stream);
        stream.set_timeout(Some(write_time));
        let acceptor = TlsAcceptor::from(Arc::clone(&self.config));
        let stream = match acceptor.accept(Box::pin(stream)).await {
            Ok(stream) => stream,
            Err(error) => {
                self.failed(&error);
                return None;
            }
        };
        match stream.get_ref().1.alpn_protocol() {
            Some(CHALLENGE) => None,
            Some(HTTP_2) => Some((stream, Protocol::Http2)),
            _ => Some((stream, Protocol::Http1)),
        }
    }

    fn failed(&self, error: &dyn std::fmt::Display) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(times) = failures.due(Instant::now()) {
            tracing::debug!(%error, times, "a TLS handshake failed");
        }
    }
}

/// Tells a client that speaks plain HTTP where it is.
async fn refuse(mut stream: TcpStream) -> io::Result<()> {
    let length = PLAIN.len();
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{PLAIN}"
    );
    let telling = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        let mut rest = stream.take(MAX_READ);
        tokio::io::copy(&mut rest, &mut tokio::io::sink()).await
    };
    timeout(READ_TIME, telling).await??;
    Ok(())
}
