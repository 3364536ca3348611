//! What tools keep: a store for each tenant, with keys and values ([`Kv`]) and plain SQL
//! ([`Db`]).
//!
//! A tool asks for one of them as a parameter, and has that of its caller's tenant and of no
//! other. With a data directory (`--data DIR`) each tenant has a SQLite file there; without,
//! its store is in memory and gone when the process ends. The code of the tool is the same.
//!
//! What many calls of a tenant write at the same time is one write to the disk, and nobody is
//! told that something was kept before it is there.

mod authority;
mod batch;
mod budget;
mod cell;
mod cells;
mod connection;
mod db;
mod directory;
mod durable;
mod error;
mod handle;
mod kv;
mod migrations;
mod params;
#[cfg(test)]
mod tests;
mod threads;
mod work;

pub use cells::{StoreOptions, Stores};
pub use db::{Db, DbTransaction};
pub(crate) use durable::StoredTasks;
#[cfg(feature = "http")]
pub(crate) use durable::{StoredEvents, StoredSessions};
pub use error::StoreError;
pub use kv::{Kv, KvTransaction};
pub use work::StoreFuture;
