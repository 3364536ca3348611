//! The data directory: where the file of each tenant is, and who has it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::server::StateKey;
use crate::{Error, Result};

/// Says who has the directory.
const LOCK: &str = "in-use";
/// The key for what travels through clients.
const STATE_KEY: &str = "state-key";
/// Where the files of tenants are.
const TENANTS: &str = "tenants";

/// A data directory that this process has.
#[derive(Debug)]
pub(super) struct DataDirectory {
    path: PathBuf,
    /// Held for as long as the process has the directory; the system lets go of it when the
    /// process ends, however it does.
    _lock: File,
}

impl DataDirectory {
    /// Takes a directory, and makes it first where there is none.
    pub(super) fn open(path: PathBuf) -> Result<Self> {
        let failed = |what: &str, error: &io::Error| {
            Error::setting(format!(
                "the data directory {} cannot be used: {what}: {error}",
                path.display()
            ))
            .with_hint("make it one that this user may write to, or name another with --data")
        };
        private_directory(&path).map_err(|e| failed("making it", &e))?;
        let lock = take(&path)?.map_err(|e| failed("taking its lock", &e))?;
        private_directory(&path.join(TENANTS)).map_err(|e| failed("making it", &e))?;
        Ok(Self { path, _lock: lock })
    }

    /// The key for what travels through clients, made when there is none.
    pub(super) fn state_key(&self) -> Result<StateKey> {
        let path = self.path.join(STATE_KEY);
        let random = || {
            let mut bytes = [0; 32];
            getrandom::fill(&mut bytes).map_err(|e| io::Error::other(e.to_string()))?;
            Ok(hex(&bytes) + "\n")
        };
        let text = read_or_make(&path, random)
            .map_err(|e| Error::setting(format!("{} cannot be used: {e}", path.display())))?;
        StateKey::parse(&text)
            .map_err(|e| Error::setting(format!("{} holds no key: {e}", path.display())))
    }

    /// The file of a tenant. Its name is a hash, so that no tenant can name a place.
    pub(super) fn file_of(&self, tenant: &str) -> PathBuf {
        let hex = hex(&Sha256::digest(tenant.as_bytes()));
        let mut path = self.path.join(TENANTS);
        path.push(&hex[..2]);
        path.push(format!("{hex}.sqlite"));
        path
    }
}

/// Reads a file, or makes it of other text, which is on the disk when this returns: whole or
/// not at all.
fn read_or_make(path: &Path, text: impl FnOnce() -> io::Result<String>) -> io::Result<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        read => return read,
    }
    let text = text()?;
    let folder = path.parent().unwrap_or(Path::new("."));
    // For this user alone.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    File::open(folder)?.sync_all()?;
    Ok(text)
}

/// Makes the folder in which a file is to be, for this user alone.
pub(super) fn make_folder_of(file: &Path) -> io::Result<()> {
    match file.parent() {
        Some(folder) => private_directory(folder),
        None => Ok(()),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Takes the lock of a directory.
fn take(path: &Path) -> Result<io::Result<File>> {
    let opened = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path.join(LOCK));
    let mut file = match opened {
        Ok(file) => file,
        Err(error) => return Ok(Err(error)),
    };
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::Error(error)) => return Ok(Err(error)),
        Err(TryLockError::WouldBlock) => {
            let mut whose = String::new();
            // What it says is for people alone.
            let _ = file.read_to_string(&mut whose);
            return Err(Error::setting(format!(
                "the data directory {} is in use by another process{}",
                path.display(),
                match whose.trim() {
                    "" => String::new(),
                    number => format!(", {number}"),
                }
            ))
            .with_hint("stop that process, or name another directory with --data"));
        }
    }
    let noted = file
        .set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()));
    Ok(noted.map(|()| file))
}

#[cfg(unix)]
fn private_directory(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;

    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

#[cfg(not(unix))]
fn private_directory(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}
