//! Making, listing and revoking API keys: what `toolsmith key` does.
//!
//! A server that has the file sees a change within a second.
//!
//! ```
//! use toolsmith::auth::api_keys::{self, NewApiKey};
//!
//! # let folder = tempfile::tempdir().unwrap();
//! # let file = folder.path().join("keys.toml");
//! let made = api_keys::create(&file, NewApiKey::new("ci").scope("files:read"))?;
//! assert!(made.key().starts_with("tsk_"));
//! assert_eq!(api_keys::list(&file)?[0].name, "ci");
//! assert!(api_keys::revoke(&file, &made.info.id)?);
//! # Ok::<(), toolsmith::Error>(())
//! ```

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::file::{self, Document, MAX_KEYS};
use super::record::{Hash, Moment, Record};
use super::text;
use crate::auth::address::shown;
use crate::auth::cache::digest;
use crate::auth::scopes::is_scope;
use crate::{Error, Result};

/// How long to wait for another who changes the file.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest name, and the longest tenant, in bytes.
const MAX_NAME: usize = 256;

/// A key that is to be made.
#[derive(Clone, Debug)]
pub struct NewApiKey {
    name: String,
    scopes: Vec<String>,
    tenant: Option<String>,
    lifetime: Option<Duration>,
}

impl NewApiKey {
    /// One that people call this.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            scopes: Vec::new(),
            tenant: None,
            lifetime: None,
        }
    }

    /// It grants this scope, too.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        self
    }

    /// Who has it is of this tenant.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// It is good for so long.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }
}

/// A key that was made.
pub struct CreatedApiKey {
    key: String,
    /// What is known of it.
    pub info: ApiKeyInfo,
}

impl CreatedApiKey {
    /// The key itself. Nobody can find it out again.
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// Does not show the key.
impl fmt::Debug for CreatedApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedApiKey")
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiKeyInfo {
    /// By what it is revoked. It is no secret.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it grants.
    pub scopes: Vec<String>,
    /// The tenant of who has it.
    pub tenant: Option<String>,
    /// When it was made.
    pub created: SystemTime,
    /// When it ends, if it does.
    pub expires: Option<SystemTime>,
}

/// Makes a key and puts its digest into a file, which is made if there is none.
///
/// # Errors
///
/// When what is wanted makes no sense, or the file cannot be read and written.
pub fn create(file: &Path, new: NewApiKey) -> Result<CreatedApiKey> {
    check(&new)?;
    let made = text::generate().map_err(|error| std::io::Error::other(error.to_string()));
    let (id, secret) = made.map_err(|error| Error::io("finding random bytes", error))?;
    let now = SystemTime::now();
    let expires = match new.lifetime {
        None => None,
        Some(time) => match now.checked_add(time) {
            Some(at) => Some(Moment(at)),
            None => return Err(Error::setting("the key would be good for too long")),
        },
    };
    let record = Record {
        hash: Hash(digest(&secret)),
        id,
        name: new.name,
        scopes: new.scopes,
        tenant: new.tenant,
        created: Moment(now),
        expires,
    };
    let key = text::whole(&record.id, &secret);
    let info = info(&record);
    change(file, |document| {
        if document.keys.len() >= MAX_KEYS {
            return Err(format!(
                "has {MAX_KEYS} keys, and there is no room for more"
            ));
        }
        document.keys.push(record);
        Ok(())
    })?;
    Ok(CreatedApiKey { key, info })
}

/// The keys of a file, in the order in which they were made.
///
/// # Errors
///
/// When the file cannot be read.
pub fn list(file: &Path) -> Result<Vec<ApiKeyInfo>> {
    let read = file::read(file).map_err(|why| Error::io("reading the API keys", named(file, &why)));
    read.map(|(document, _)| document.keys.iter().map(info).collect())
}

/// Takes a key out of a file. `false` where it has no key of this id.
///
/// # Errors
///
/// When the file cannot be read and written.
pub fn revoke(file: &Path, id: &str) -> Result<bool> {
    let (document, _) = file::read(file).map_err(|why| bad(file, &why))?;
    if document.keys.iter().all(|key| key.id != id) {
        return Ok(false);
    }
    let mut was_there = false;
    change(file, |document| {
        let before = document.keys.len();
        document.keys.retain(|key| key.id != id);
        was_there = document.keys.len() < before;
        Ok(())
    })?;
    Ok(was_there)
}

/// Changes a file while nobody else does.
fn change(file: &Path, change: impl FnOnce(&mut Document) -> Result<(), String>) -> Result<()> {
    let _lock = lock(file)?;
    let mut document = match file.exists() {
        true => file::read(file).map_err(|why| bad(file, &why))?.0,
        false => Document::default(),
    };
    change(&mut document).map_err(|why| bad(file, &why))?;
    file::write(file, &document).map_err(|why| bad(file, &why))
}

/// A file beside it stands for the right to change it: the file itself is replaced. It stays,
/// because another may be waiting for it.
fn lock(file: &Path) -> Result<File> {
    let mut name = file.as_os_str().to_owned();
    name.push(".lock");
    let path = PathBuf::from(name);
    let no_lock = |error| bad(file, &format!("cannot be locked: {error}"));
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let lock = options.open(&path).map_err(no_lock)?;
    let until = Instant::now() + PATIENCE;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::WouldBlock) if Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(TryLockError::WouldBlock) => {
                let why = format!(
                    "is being changed by another, who holds '{}'",
                    path.display()
                );
                return Err(bad(file, &why));
            }
            Err(TryLockError::Error(error)) => return Err(no_lock(error)),
        }
    }
}

fn check(new: &NewApiKey) -> Result<()> {
    let fits =
        |text: &str| !text.is_empty() && text.len() <= MAX_NAME && !text.contains(char::is_control);
    if !fits(&new.name) {
        return Err(Error::setting("a key needs a name of 1 to 256 bytes"));
    }
    if new.tenant.as_deref().is_some_and(|it| !fits(it)) {
        return Err(Error::setting("a tenant has a name of 1 to 256 bytes"));
    }
    match new.scopes.iter().find(|it| !is_scope(it)) {
        None => Ok(()),
        Some(scope) => Err(Error::setting(format!("'{}' is no scope", shown(scope)))
            .with_hint("a scope is one word of visible ASCII without \" and \\")),
    }
}

fn bad(file: &Path, why: &str) -> Error {
    Error::io("changing the API keys", named(file, why))
}

fn named(file: &Path, why: &str) -> std::io::Error {
    std::io::Error::other(format!("the file '{}' {why}", file.display()))
}

fn info(record: &Record) -> ApiKeyInfo {
    ApiKeyInfo {
        id: record.id.clone(),
        name: record.name.clone(),
        scopes: record.scopes.clone(),
        tenant: record.tenant.clone(),
        created: record.created.0,
        expires: record.expires.map(|it| it.0),
    }
}
