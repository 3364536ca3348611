//! Where the keys of an issuer come from.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use http::Uri;

use super::discovery;
use super::key::Key;
use super::key_set::KeySet;
use crate::auth::address;
use crate::fetch::{FetchError, Fetcher};

/// The longest metadata and the longest key set, in bytes.
pub(super) const MAX_DOCUMENT: usize = 256 * 1024;

/// Where the keys come from.
pub(super) enum Source {
    /// The issuer's metadata says where they are.
    Discovered {
        fetcher: Fetcher,
        /// What it said last, as long as they are there.
        place: Mutex<Option<Uri>>,
    },
    /// They are there.
    At { fetcher: Fetcher, place: Uri },
    /// A key set in a file.
    KeySetFile(PathBuf),
    /// Public keys in a PEM file.
    PemFile(PathBuf),
}

impl Source {
    pub(super) fn discovered(fetcher: Fetcher) -> Self {
        let place = Mutex::default();
        Self::Discovered { fetcher, place }
    }

    /// Fetches or reads them.
    ///
    /// # Errors
    ///
    /// Why they cannot be had.
    pub(super) async fn load(&self, issuer: &str) -> Result<KeySet, String> {
        match self {
            Self::Discovered { fetcher, place } => {
                let known = place.lock().unwrap_or_else(PoisonError::into_inner).take();
                let at = match known {
                    Some(at) => at,
                    None => discovered(fetcher, issuer).await?,
                };
                let keys = fetched(fetcher, &at).await?;
                // A place where they cannot be had is asked for again.
                *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
                Ok(keys)
            }
            Self::At { fetcher, place } => fetched(fetcher, place).await,
            Self::KeySetFile(_) | Self::PemFile(_) => self.read_in_background().await,
        }
    }

    /// Reads what is in a file; `None` where it is not in one.
    pub(super) fn read(&self) -> Option<Result<KeySet, String>> {
        match self {
            Self::KeySetFile(path) => Some(key_set_file(path)),
            Self::PemFile(path) => Some(Key::from_pem_file(path).map(KeySet::new)),
            Self::Discovered { .. } | Self::At { .. } => None,
        }
    }

    async fn read_in_background(&self) -> Result<KeySet, String> {
        let copy = match self {
            Self::KeySetFile(path) => Self::KeySetFile(path.clone()),
            Self::PemFile(path) => Self::PemFile(path.clone()),
            Self::Discovered { .. } | Self::At { .. } => return Err("it is no file".to_owned()),
        };
        let read = tokio::task::spawn_blocking(move || copy.read()).await;
        match read {
            Ok(Some(keys)) => keys,
            Ok(None) | Err(_) => Err("reading was cut off".to_owned()),
        }
    }
}

fn key_set_file(path: &std::path::Path) -> Result<KeySet, String> {
    use std::io::Read as _;
    let most = MAX_DOCUMENT as u64;
    let mut document = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let read = file.take(most + 1).read_to_end(&mut document);
    read.map_err(|error| error.to_string())?;
    if document.len() > MAX_DOCUMENT {
        return Err(format!("it is longer than {most} bytes"));
    }
    KeySet::parse(&document)
}

async fn fetched(fetcher: &Fetcher, at: &Uri) -> Result<KeySet, String> {
    let document = fetcher.get(at, MAX_DOCUMENT).await;
    let document = document.map_err(|error| format!("{at}: {error}"))?;
    KeySet::parse(&document).map_err(|why| format!("{at}: {why}"))
}

/// Asks at each place where the metadata may be, one after the other.
async fn discovered(fetcher: &Fetcher, issuer: &str) -> Result<Uri, String> {
    let mut said = String::new();
    for place in discovery::candidates(issuer)? {
        let why = match fetcher.get(&place, MAX_DOCUMENT).await {
            Ok(document) => match discovery::jwks_uri(&document, issuer) {
                Ok(uri) => return Ok(uri),
                Err(why) => why,
            },
            // The other places are on the same server.
            Err(error @ (FetchError::Timeout(_) | FetchError::Connection(_))) => {
                return Err(format!("{place}: {error}"));
            }
            Err(error) => error.to_string(),
        };
        if !said.is_empty() {
            said.push_str("; ");
        }
        said.push_str(&format!("{}: {why}", address::shown(&place.to_string())));
    }
    Err(said)
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Discovered { .. } => f.write_str("Discovered"),
            Self::At { place, .. } => f.debug_tuple("At").field(place).finish(),
            Self::KeySetFile(path) => f.debug_tuple("KeySetFile").field(path).finish(),
            Self::PemFile(path) => f.debug_tuple("PemFile").field(path).finish(),
        }
    }
}
