//! What the tests of the transports share: servers of our own, clients that can say
//! anything, and the check of every message that leaves a server.

mod ask;
mod connection;
mod endpoint;
mod exchange;
mod pipe;
mod process;
mod reply;
mod schema;
mod server;
mod tools;

use std::future::Future;
use std::time::Duration;

pub(crate) use ask::{Ask, MODERN, call, modern, modern_meta, request};
pub(crate) use connection::Connection;
pub(crate) use endpoint::{Endpoint, Session, initialize};
pub(crate) use exchange::Talk;
pub(crate) use pipe::Pipe;
pub(crate) use process::{Program, example};
pub(crate) use reply::{Reply, Stream};
pub(crate) use server::TestServer;
pub(crate) use tools::{Gate, server};

/// How long anything may take that a test waits for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for something, but not for ever.
pub(crate) async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(done) => done,
        Err(_) => panic!("{what} did not happen within {PATIENCE:?}"),
    }
}
