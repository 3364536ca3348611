//! Resources that somebody else keeps, such as the files of a directory.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use super::ResourceResult;
use crate::protocol::ResourceDefinition;
use crate::server::Context;

/// Has resources of its own, which are found and listed when they are asked for.
///
/// A provider is asked after the resources and templates that the server knows by URI.
pub trait ResourceProvider: Send + Sync + fmt::Debug + 'static {
    /// What to show beside the resources that the server knows, in a fixed order. It is
    /// asked for each page, so it is bounded and quick.
    fn list<'a>(
        &'a self,
        context: &'a Context,
    ) -> Pin<Box<dyn Future<Output = Vec<ResourceDefinition>> + Send + 'a>>;

    /// The templates by which clients can name its resources.
    fn templates(&self) -> Vec<ResourceDefinition>;

    /// Whether a URI is one of its own, whether or not there is something there.
    fn owns(&self, uri: &str) -> bool;

    /// Reads one of its own.
    fn read<'a>(
        &'a self,
        uri: &'a str,
        context: &'a Context,
    ) -> Pin<Box<dyn Future<Output = ResourceResult> + Send + 'a>>;
}
