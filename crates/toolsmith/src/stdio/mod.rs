//! One client, over standard input and output.
//!
//! A message a line. Standard output belongs to one writer; the log goes to standard
//! error. Implements the stdio transport of every revision.

mod connection;
mod conversation;
mod lines;
mod pipes;
mod work;
mod writer;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::Result;
use crate::server::Engine;
use crate::startup::Announce;
use crate::transport::{Transport, sealed::Sealed};

/// The longest line that is taken unless told otherwise: 4 MiB.
pub(crate) const MAX_LINE: usize = 4 * 1024 * 1024;

/// Serves one client over standard input and output.
///
/// Ends when the input ends: calls that are still running are given half a second, and
/// subscriptions are answered. With [`run`](crate::ServerExt::run), SIGINT and SIGTERM are
/// the same as the end of the input; inside a runtime of your own they are yours to handle.
#[derive(Clone, Debug)]
pub struct Stdio {
    max_line: usize,
}

impl Default for Stdio {
    fn default() -> Self {
        Self::new()
    }
}

impl Stdio {
    /// With the defaults.
    pub fn new() -> Self {
        Self { max_line: MAX_LINE }
    }

    /// The longest line that is taken, in bytes; 4 MiB unless told otherwise. A longer one
    /// is answered with an error and skipped.
    #[must_use]
    pub fn max_line(mut self, bytes: usize) -> Self {
        self.max_line = bytes;
        self
    }

    /// Serves one client over any pair of streams, with the framing of this transport.
    ///
    /// Dropping the future stops serving and cuts calls off.
    ///
    /// # Errors
    ///
    /// When the input cannot be read.
    pub async fn serve_streams<R, W>(self, engine: Engine, input: R, output: W) -> Result<()>
    where
        R: AsyncRead + Send + Unpin,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let never = std::future::pending();
        connection::serve(engine, input, output, self.max_line, never).await
    }
}

impl Sealed for Stdio {}

impl Transport for Stdio {
    async fn serve_engine(self, engine: Engine, announce: Announce) -> Result<()> {
        let name = &engine.identity().implementation.name;
        announce.started(name, "stdio", None);
        let (input, output) = (pipes::input(), pipes::output());
        match announce {
            Announce::People => {
                let stop = crate::stop::signal();
                connection::serve(engine, input, output, self.max_line, stop).await
            }
            // Where the input is no pipe, the thread that reads keeps a runtime that is not ours from ending, so that a
            // program which caught the signal would stay.
            Announce::Log => self.serve_streams(engine, input, output).await,
        }
    }
}
