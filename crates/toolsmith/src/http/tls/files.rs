//! A certificate from files, read again when they change.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::server::ResolvesServerCert;
use tokio::task::spawn_blocking;
use toolsmith_core::pause;

use super::certificates::Certificates;
use super::hangup::Hangup;
use super::pair;
use crate::Result;

/// How often to look whether the files have changed.
const LOOK: Duration = Duration::from_secs(3);

/// The two files, and what was in them.
#[derive(Debug)]
pub(super) struct Files {
    cert: PathBuf,
    key: PathBuf,
    certificates: Arc<Certificates>,
    /// How the files were when they were read last, whether that went well or not.
    seen: [Stamp; 2],
}

/// By what a file is seen to have changed; nothing where it is not there.
type Stamp = Option<(Option<SystemTime>, u64)>;

fn stamp(path: &Path) -> Stamp {
    let about = std::fs::metadata(path).ok()?;
    Some((about.modified().ok(), about.len()))
}

impl Files {
    /// Reads them for the first time.
    ///
    /// # Errors
    ///
    /// When they cannot be read or do not belong together.
    pub(super) fn read(cert: &Path, key: &Path) -> Result<Self> {
        let seen = [stamp(cert), stamp(key)];
        let certificates = Arc::new(Certificates::default());
        certificates.show(pair::read(cert, key)?);
        if may_others_read(key) {
            tracing::warn!(
                file = %key.display(),
                "every user of this machine may read the private key of --tls-key; take that away with chmod o-rwx"
            );
        }
        Ok(Self {
            cert: cert.to_owned(),
            key: key.to_owned(),
            certificates,
            seen,
        })
    }

    /// What shows the certificate.
    pub(super) fn resolver(&self) -> Arc<dyn ResolvesServerCert> {
        Arc::<Certificates>::clone(&self.certificates)
    }

    /// Looks again and again whether they have changed.
    pub(super) async fn look_after(mut self) {
        let mut hangup = Hangup::listen();
        loop {
            let told = tokio::select! {
                () = pause(LOOK) => false,
                () = hangup.next() => true,
            };
            // A file may lie on a disk that takes its time.
            let looked = spawn_blocking(move || {
                self.look(told);
                self
            });
            match looked.await {
                Ok(files) => self = files,
                Err(error) => {
                    tracing::error!(%error, "the certificate is not looked after any more");
                    return;
                }
            }
        }
    }

    /// Reads them again if they have changed, or if it is told to. One that is wrong
    /// changes nothing, and is said once.
    fn look(&mut self, told: bool) {
        let now = [stamp(&self.cert), stamp(&self.key)];
        if !told && now == self.seen {
            return;
        }
        self.seen = now;
        match pair::read(&self.cert, &self.key) {
            Ok(pair) => {
                self.certificates.show(pair);
                tracing::info!(file = %self.cert.display(), "the certificate was read again");
            }
            Err(error) => tracing::warn!(
                %error,
                "the certificate could not be read again; the one from before is used until the files change"
            ),
        }
    }
}

/// Whether users may read a file who have nothing to do with it.
#[cfg(unix)]
fn may_others_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    const OTHERS: u32 = 0o004;
    std::fs::metadata(path).is_ok_and(|it| it.permissions().mode() & OTHERS != 0)
}

#[cfg(not(unix))]
fn may_others_read(_: &Path) -> bool {
    false
}
