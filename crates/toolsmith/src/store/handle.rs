//! The store of whoever asks, as a tool is given it.

use std::fmt;

use super::connection::Connection;
use super::work::Lane;
use super::{StoreError, StoreFuture, StoreOptions, Stores};
use crate::Caller;
use crate::server::{Cancellation, Context};

/// The store of the caller's tenant, for as long as the call goes on.
#[derive(Clone)]
pub(super) struct Handle {
    stores: Stores,
    caller: Caller,
    /// None outside a call.
    call: Option<Cancellation>,
}

impl Handle {
    /// That of whoever asks. A server that was given no stores has some in memory.
    pub(super) fn of(context: &Context) -> Self {
        let stores = context
            .states()
            .get_or_make(|| Stores::in_memory(&StoreOptions::default()));
        Self {
            stores: Stores::clone(&stores),
            caller: context.caller().clone(),
            call: Some(context.cancellation()),
        }
    }

    /// That of a tenant, outside a call.
    pub(super) fn outside(stores: Stores, tenant: &str) -> Self {
        Self {
            stores,
            caller: Caller::new(tenant),
            call: None,
        }
    }

    pub(super) fn ask<T, F>(&self, function: F) -> StoreFuture<T>
    where
        T: Send + 'static,
        F: FnMut(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.stores.ask(
            self.caller.tenant(),
            Lane::Tools,
            self.call.clone(),
            function,
        )
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}
