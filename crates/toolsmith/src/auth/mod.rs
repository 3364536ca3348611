//! Who is let in: tokens of authorization servers, API keys, and whatever else knows callers.
//!
//! An [`Authorizer`] is made of [`AuthOptions`] and asked for every request. It implements
//! the resource server's part of `basic/authorization`, revisions 2025-06-18, 2025-11-25 and
//! 2026-07-28.
//!
//! - Signed tokens (RFC 9068) of the issuers that are named, whose keys are discovered,
//!   fetched, kept and rotated.
//! - Other tokens, by asking their authorization server (RFC 7662).
//! - [API keys](api_keys), which `toolsmith key` makes, kept as digests in a file.
//! - A [`Verifier`](crate::ports::Verifier) of one's own.
//!
//! Clients find the authorization server by the [metadata](ResourceMetadata) of the resource
//! (RFC 9728), which a [`Challenge`] names. No token and no secret is logged or handed on.

mod address;
mod api_key;
mod authorizer;
mod cache;
mod challenge;
mod claims;
mod clock;
mod denied;
mod flights;
mod introspection;
mod jwt;
mod metadata;
mod options;
mod presented;
mod resources;
mod scopes;
mod secret;
#[cfg(test)]
mod tests;

pub use api_key::manage as api_keys;
pub use authorizer::Authorizer;
pub use challenge::Challenge;
pub use denied::Denied;
pub use jwt::Algorithm;
pub use metadata::{ResourceMetadata, metadata_path, metadata_url};
pub use options::{
    ApiKeyOptions, AuthOptions, IntrospectionOptions, IssuerKeys, IssuerOptions, TenantResource,
};
pub use secret::SecretSource;
