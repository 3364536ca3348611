//! A provider whose resources need scopes.

use std::future::Future;
use std::pin::Pin;

use super::{ResourceProvider, ResourceResult};
use crate::caller::Scopes;
use crate::protocol::ResourceDefinition;
use crate::server::Context;

/// A provider whose resources need scopes: see [`ResourceProvider::with_scopes`].
#[derive(Debug)]
pub struct Scoped<P> {
    pub(super) provider: P,
    pub(super) scopes: Scopes,
}

impl<P: ResourceProvider> ResourceProvider for Scoped<P> {
    fn list<'a>(
        &'a self,
        context: &'a Context,
    ) -> Pin<Box<dyn Future<Output = Vec<ResourceDefinition>> + Send + 'a>> {
        self.provider.list(context)
    }

    fn templates(&self) -> Vec<ResourceDefinition> {
        self.provider.templates()
    }

    fn owns(&self, uri: &str) -> bool {
        self.provider.owns(uri)
    }

    fn read<'a>(
        &'a self,
        uri: &'a str,
        context: &'a Context,
    ) -> Pin<Box<dyn Future<Output = ResourceResult> + Send + 'a>> {
        self.provider.read(uri, context)
    }

    fn problems(&self) -> Vec<String> {
        self.provider.problems()
    }

    fn scopes(&self) -> Scopes {
        self.provider.scopes().and(&self.scopes)
    }
}
