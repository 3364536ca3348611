//! The directory that keeps the account and the certificate.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// How much of a URL stands in the name of a file.
const MAX_NAME: usize = 100;

/// The directory; one for several servers and authorities, if need be.
#[derive(Debug)]
pub(super) struct Cache {
    directory: PathBuf,
    account: PathBuf,
    certificate: PathBuf,
}

impl Cache {
    /// Makes the directory if it is not there.
    ///
    /// # Errors
    ///
    /// When it cannot be used.
    pub(super) fn open(directory: PathBuf, authority: &str, domains: &[String]) -> Result<Self> {
        let shown = directory.display().to_string();
        let opened = make(&directory).and_then(|()| {
            // It is better to know now than when there is a certificate to keep.
            let probe = directory.join(format!("probe-{}", std::process::id()));
            write(&probe, b"")?;
            fs::remove_file(&probe)
        });
        opened.map_err(|error| {
            Error::setting(format!("--acme-cache: '{shown}' cannot be used: {error}"))
                .with_hint("it is a directory that the server may write to, and nobody else")
        })?;
        if is_open_to_others(&directory) {
            tracing::warn!(
                directory = shown,
                "other users of this machine may look into the directory of --acme-cache, which holds private keys; take that away with chmod go-rwx"
            );
        }
        let place = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let authority = authority.trim_start_matches("https://").chars().map(place);
        let authority: String = authority.take(MAX_NAME).collect();
        let domain = domains.first().map_or("none", String::as_str);
        Ok(Self {
            account: directory.join(format!("{authority}.account.json")),
            certificate: directory.join(format!("{authority}.{domain}.pem")),
            directory,
        })
    }

    /// Where it is.
    pub(super) fn path(&self) -> impl std::fmt::Display {
        self.directory.display()
    }

    /// The account, if there is one.
    pub(super) fn account(&self) -> Option<String> {
        read(&self.account)
    }

    pub(super) fn save_account(&self, text: &str) -> io::Result<()> {
        write(&self.account, text.as_bytes())
    }

    /// Forgets an account that the authority does not know any more.
    pub(super) fn forget_account(&self) {
        // What cannot be removed is written over.
        let _ = fs::remove_file(&self.account);
    }

    /// The key and the certificate with its chain, as PEM, if they are there.
    pub(super) fn certificate(&self) -> Option<String> {
        read(&self.certificate)
    }

    pub(super) fn save_certificate(&self, text: &str) -> io::Result<()> {
        write(&self.certificate, text.as_bytes())
    }
}

fn read(path: &Path) -> Option<String> {
    match fs::read_to_string(path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            tracing::warn!(%error, file = %path.display(), "a file of --acme-cache cannot be read");
            None
        }
    }
}

/// Writes a file in one step: it is there whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension(format!("new-{}", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)
}

fn make(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(directory)
}

#[cfg(unix)]
fn is_open_to_others(directory: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    const OTHERS: u32 = 0o077;
    fs::metadata(directory).is_ok_and(|it| it.permissions().mode() & OTHERS != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUTHORITY: &str = "https://acme.example:14000/dir";

    #[test]
    fn what_is_kept_is_found_again_and_is_for_nobody_else() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b");
        let domains = ["mcp.example".to_owned()];
        let open = |authority| Cache::open(path.clone(), authority, &domains).unwrap();
        let cache = open(AUTHORITY);
        assert_eq!((cache.account(), cache.certificate()), (None, None));
        cache.save_account("{}").unwrap();
        cache.save_certificate("pem").unwrap();
        let again = open(AUTHORITY);
        assert_eq!(again.account().as_deref(), Some("{}"));
        assert_eq!(again.certificate().as_deref(), Some("pem"));
        let other = open("https://other.example/dir");
        assert_eq!((other.account(), other.certificate()), (None, None));
        again.forget_account();
        assert_eq!(cache.account(), None);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&path), 0o700);
            assert_eq!(mode(&cache.certificate), 0o600);
        }
        let left: Vec<_> = fs::read_dir(&path).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }

    #[test]
    fn a_directory_that_cannot_be_used_is_refused_with_its_name() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().join("inside");
        let error = Cache::open(path, AUTHORITY, &[]).unwrap_err();
        let said = format!("{error:?}");
        let name = file.path().to_str().unwrap();
        assert!(
            said.contains("--acme-cache") && said.contains(name),
            "{said}"
        );
    }
}
