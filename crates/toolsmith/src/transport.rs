//! How a server meets its clients.

use std::future::Future;

use crate::Result;
use crate::log::LogSettings;
use crate::server::{Engine, Server};
use crate::startup::Announce;

/// A way to meet clients: [`Stdio`](crate::Stdio), [`Http`](crate::Http), or
/// [`Args`](crate::Args), which chooses one of them by flags and environment.
///
/// Sealed: a transport of your own takes an [`Engine`] and needs none of this.
pub trait Transport: sealed::Sealed + Send + 'static {
    /// Serves until the clients are gone or the process is told to stop.
    #[doc(hidden)]
    fn serve_engine(
        self,
        engine: Engine,
        announce: Announce,
    ) -> impl Future<Output = Result<()>> + Send;

    /// How to log, where the transport says.
    #[doc(hidden)]
    fn log_settings(&self) -> LogSettings {
        LogSettings::default()
    }

    /// Changes that the transport makes to the server before it is built.
    #[doc(hidden)]
    fn configure(&self, server: Server) -> Result<Server> {
        Ok(server)
    }
}

pub(crate) mod sealed {
    /// Keeps the trait closed, so that it can grow.
    pub trait Sealed {}
}

/// Serves a [`Server`] over a [`Transport`].
pub trait ServerExt: Sized {
    /// Serves, and returns when there is nothing left to serve.
    ///
    /// Blocks, and brings its own runtime, its own log on standard error and the start-up
    /// lines. Inside a runtime, use [`serve`](Self::serve). When it returns, plain
    /// functions that still run are left behind and end with the process.
    ///
    /// A process that was told to stop by SIGTERM or SIGINT finishes what was begun and
    /// returns; told a second time, it ends at once with the status that shells give it, 143
    /// or 130.
    ///
    /// # Errors
    ///
    /// When the server or a setting is wrong, the address cannot be listened on, calls had to
    /// be cut off when it was told to stop, or there is a runtime around it already.
    ///
    /// ```no_run
    /// use toolsmith::prelude::*;
    /// use toolsmith::Stdio;
    ///
    /// /// Add two integers and return the sum.
    /// #[tool]
    /// fn add(a: i64, b: i64) -> i64 {
    ///     a + b
    /// }
    ///
    /// fn main() -> toolsmith::Result<()> {
    ///     Server::new("hello-toolsmith").tool::<add>().run(Stdio::new())
    /// }
    /// ```
    fn run(self, transport: impl Transport) -> Result<()>;

    /// Serves inside a runtime that is already there, with the log of whoever made it.
    ///
    /// Dropping the future stops serving at once and cuts calls off.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    fn serve(self, transport: impl Transport) -> impl Future<Output = Result<()>> + Send;
}

impl ServerExt for Server {
    fn run(self, transport: impl Transport) -> Result<()> {
        if tokio::runtime::Handle::try_current().is_ok() {
            return Err(crate::Error::inside_runtime());
        }
        let log = crate::log::init(&transport.log_settings(), self.name())?;
        let engine = transport.configure(self)?.build()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|e| crate::Error::io("starting the runtime", e))?;
        let serving = crate::log::Serving::begin();
        let ended = runtime.block_on(transport.serve_engine(engine, Announce::People));
        // Waiting for threads of the pool would keep a client that is gone waiting too.
        runtime.shutdown_background();
        drop(serving);
        log.ends();
        if let Err(error) = &ended
            && let Some(status) = error.status_of_signal()
        {
            // Whoever said it twice does not want to wait for what `main` does next.
            tracing::warn!("{error}");
            std::process::exit(status);
        }
        ended
    }

    async fn serve(self, transport: impl Transport) -> Result<()> {
        let engine = transport.configure(self)?.build()?;
        transport.serve_engine(engine, Announce::Log).await
    }
}
