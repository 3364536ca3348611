//! Where what tenants keep is kept.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::kinds::{File, Size, Time};
use super::values::Values;
use crate::server::Server;
use crate::store::{StoreOptions, StoredTasks, Stores};
use crate::{Error, Result};

/// What was said of it.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    directory: Option<PathBuf>,
    options: StoreOptions,
    /// Whether anything was said at all.
    said: bool,
}

impl Kept {
    pub(super) fn read(values: &Values) -> Result<Self> {
        let bytes = |size: usize| u64::try_from(size).unwrap_or(u64::MAX);
        let directory = values.read::<File>("data")?;
        let quota = values.read_said::<Size>("tenant_storage")?;
        let of_files = [
            ("data_memory", "--data-memory"),
            ("data_idle", "--data-idle"),
        ];
        if directory.is_none()
            && let Some((_, flag)) = of_files.iter().find(|(name, _)| values.is_said(name))
        {
            return Err(Error::setting(format!(
                "{flag} is about a data directory, and there is none"
            ))
            .with_hint("name one with --data"));
        }
        Ok(Self {
            said: directory.is_some() || quota.is_some(),
            directory,
            options: StoreOptions {
                quota: bytes(values.read::<Size>("tenant_storage")?),
                memory: bytes(values.read::<Size>("data_memory")?),
                idle: Duration::max(values.read::<Time>("data_idle")?, Duration::from_millis(1)),
            },
        })
    }

    /// Gives the server its stores. Where nothing was said, those that its author gave stay.
    pub(super) fn apply(&self, server: Server) -> Result<Server> {
        if !self.said {
            return Ok(server);
        }
        let stores = match &self.directory {
            Some(directory) => Stores::open(directory, &self.options)?,
            None => Stores::in_memory(&self.options),
        };
        let server = server.shared_state(Arc::new(stores.clone()));
        let Some(key) = stores.state_key()? else {
            return Ok(server);
        };
        let server = match server.has_state_key() {
            true => server,
            false => server.state_key(key),
        };
        Ok(server.task_store_or(|limits| Arc::new(StoredTasks::new(stores, limits))))
    }
}
