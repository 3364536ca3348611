//! A certificate from an authority: ordered, kept in a directory and renewed in time (ACME,
//! RFC 8555), with the challenge that is answered at the very address that is served
//! (`tls-alpn-01`, RFC 8737).

mod about;
mod account;
mod cache;
mod challenges;
mod client;
mod order;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::server::ResolvesServerCert;
use tokio::time::timeout;
use toolsmith_core::pause;

use self::about::About;
use self::cache::Cache;
use self::challenges::Challenges;
use self::client::Client;
use self::order::Failed;
use super::certificates::Certificates;
use super::pair;
use crate::Result;
use crate::http::options::Options;

/// How long an order may take.
const ORDER_TIME: Duration = Duration::from_secs(300);
/// How long to wait after an order that failed; and how much longer after each further one,
/// up to a bound. Authorities count failures by the hour: Let's Encrypt takes five.
const FIRST_WAIT: Duration = Duration::from_secs(10);
const LONGER: u32 = 4;
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// How long to wait at most before the clock is looked at again, which may have been set.
const LOOK: Duration = Duration::from_secs(3600);

/// Who orders the certificate, and what is needed for it.
#[derive(Debug)]
pub(super) struct Acme {
    domains: Vec<String>,
    email: String,
    directory: String,
    client: Client,
    cache: Cache,
    challenges: Arc<Challenges>,
    /// The certificate that is shown.
    shown: Option<About>,
}

impl Acme {
    /// Takes the settings, and the certificate that the directory has.
    ///
    /// # Errors
    ///
    /// When the directory or the file of roots cannot be used.
    pub(super) fn of(options: &Options) -> Result<Self> {
        let lower = options.acme_domain.iter().map(|it| it.to_ascii_lowercase());
        let domains: Vec<String> = lower.collect();
        let directory = options.acme_directory.clone();
        let path = options.acme_cache.clone().unwrap_or_default();
        let certificates = Arc::new(Certificates::default());
        let mut acme = Self {
            cache: Cache::open(path, &directory, &domains)?,
            client: Client::new(options.acme_ca.as_deref())?,
            challenges: Arc::new(Challenges::new(certificates)),
            email: options.acme_email.clone(),
            domains,
            directory,
            shown: None,
        };
        acme.take_cached();
        Ok(acme)
    }

    /// What shows the certificate, and what answers challenges.
    pub(super) fn resolver(&self) -> Arc<dyn ResolvesServerCert> {
        Arc::<Challenges>::clone(&self.challenges)
    }

    /// Orders a certificate where there is none, and whenever the time has come.
    pub(super) async fn look_after(mut self: Box<Self>) {
        let mut wait = FIRST_WAIT;
        loop {
            let now = SystemTime::now();
            let due = self.shown.as_ref().map(|it| it.renew_at);
            if let Some(rest) = due.and_then(|due| due.duration_since(now).ok()) {
                pause(rest.min(LOOK)).await;
                continue;
            }
            match self.renew().await {
                Ok(()) => wait = FIRST_WAIT,
                Err(error) => {
                    tracing::warn!(
                        %error, domains = ?self.domains, again_in = ?wait,
                        "no certificate was issued"
                    );
                    pause(wait).await;
                    wait = (wait * LONGER).min(LONGEST_WAIT);
                }
            }
        }
    }

    async fn renew(&mut self) -> Result<(), Failed> {
        // Another process may have done it.
        self.take_cached();
        let now = SystemTime::now();
        if self.shown.as_ref().is_some_and(|it| it.renew_at > now) {
            return Ok(());
        }
        tracing::info!(domains = ?self.domains, directory = self.directory, "ordering a certificate");
        let issued = timeout(ORDER_TIME, Box::pin(self.order()));
        let (key, chain) = issued.await.map_err(|_| Failed::TookTooLong)??;
        self.show(&chain, &key).map_err(Failed::Certificate)?;
        if let Some(about) = &self.shown {
            tracing::info!(
                domains = ?self.domains, until = %about.until(), renewed = %about.renewed(),
                "a certificate was issued"
            );
        }
        if let Err(error) = self.cache.save_certificate(&format!("{key}{chain}")) {
            tracing::warn!(%error, directory = %self.cache.path(), "the certificate could not be kept");
        }
        Ok(())
    }

    /// Shows what the directory has, if it can be used and is newer.
    fn take_cached(&mut self) {
        let Some(text) = self.cache.certificate() else {
            return;
        };
        if let Err(why) = self.show(&text, &text) {
            tracing::warn!(why, directory = %self.cache.path(), "the certificate that was kept cannot be used");
        }
    }

    fn show(&mut self, chain: &str, key: &str) -> Result<(), String> {
        let pair = pair::parse(chain.as_bytes(), key.as_bytes());
        let pair = pair.map_err(|problem| problem.to_string())?;
        let leaf = pair.cert.first().ok_or("it is empty")?;
        let about = About::read(leaf)?;
        if !about.is_for(&self.domains) {
            return Err(format!("it is for {:?}", about.names));
        }
        self.challenges.certificates().show(pair);
        self.shown = Some(about);
        Ok(())
    }
}
