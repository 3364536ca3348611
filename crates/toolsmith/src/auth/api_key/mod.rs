//! API keys: long-lived, given out by this server's operator, kept as digests in a file.

mod file;
mod live;
pub mod manage;
mod record;
#[cfg(test)]
mod tests;
mod text;

use std::fmt;
use std::sync::Arc;

use http::HeaderName;
use subtle::ConstantTimeEq as _;

use super::authorizer::field_name;
use super::cache::digest;
use super::clock::Clock;
use super::options::ApiKeyOptions;
use super::scopes::ScopeHierarchy;
use crate::Result;
use crate::ports::{Credentials, Refusal, Verdict};
use crate::protocol::HeaderField;
use live::LiveFile;

/// Verifies the keys of a file.
pub(super) struct ApiKeys {
    file: LiveFile,
    field: HeaderName,
    clock: Clock,
}

impl ApiKeys {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or others can write it.
    pub(super) fn open(
        options: &ApiKeyOptions,
        hierarchy: Arc<ScopeHierarchy>,
        clock: &Clock,
    ) -> Result<Self> {
        Ok(Self {
            file: LiveFile::open(&options.file, hierarchy, clock)?,
            field: field_name(&options.field)?,
            clock: clock.clone(),
        })
    }

    /// The header field that may hold a key.
    pub(super) fn field(&self) -> &HeaderName {
        &self.field
    }

    /// Says whose a key is. What does not look like one of ours is not ours.
    pub(super) async fn verify(&self, credentials: &Credentials<'_>) -> Verdict {
        let presented = match (credentials.bearer(), credentials.field(self.field.as_str())) {
            (Some(token), _) => token,
            (None, HeaderField::One(value)) => match std::str::from_utf8(value) {
                Ok(value) => value,
                Err(_) => return Verdict::NotMine,
            },
            (None, HeaderField::Repeated) => {
                let detail = format!("`{}` comes more than once", self.field);
                return Verdict::refused(Refusal::Malformed, detail);
            }
            (None, HeaderField::Missing) => return Verdict::NotMine,
        };
        if !text::is_ours(presented) {
            return Verdict::NotMine;
        }
        let Some(key) = text::Presented::parse(presented) else {
            return Verdict::refused(Refusal::Malformed, "it begins like an API key and is none");
        };
        let table = self.file.table().await;
        let known = table.get(key.id);
        // The same is done for an id that nobody has, so that an answer takes as long.
        let expected = known.map_or([0; 32], |it| it.digest);
        let is_same = bool::from(digest(key.secret).ct_eq(&expected));
        match known.filter(|_| is_same) {
            None => Verdict::refused(Refusal::Unknown, "no API key is this one"),
            Some(key) if key.has_ended(self.clock.now()) => {
                let detail = format!("the API key {} has expired", key.verified.principal);
                Verdict::refused(Refusal::Expired, detail)
            }
            Some(key) => Verdict::Accepted(Arc::clone(&key.verified)),
        }
    }
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeys")
            .field("file", &self.file)
            .field("field", &self.field)
            .finish_non_exhaustive()
    }
}
