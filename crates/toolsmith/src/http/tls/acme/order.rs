//! One order, from the wish to the certificate.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Error as AcmeError, Identifier, NewOrder, Order,
    OrderStatus, RetryPolicy,
};

use super::Acme;
use super::challenges::answer;

/// How long the authority may take to look, or to sign.
const PATIENCE: RetryPolicy = RetryPolicy::new().timeout(Duration::from_secs(120));
/// How much of what an authority says is repeated.
const MAX_SAID: usize = 500;

/// Why there is no certificate.
#[derive(Debug)]
pub(super) enum Failed {
    /// The authority says no, or cannot be reached.
    Acme(AcmeError),
    /// It looked, and was not content.
    Refused(String),
    /// It has no challenge that can be answered here.
    NoChallenge(String),
    /// A certificate cannot be made or used.
    Certificate(String),
    TookTooLong,
}

impl From<AcmeError> for Failed {
    fn from(error: AcmeError) -> Self {
        Self::Acme(error)
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = match self {
            Failed::Acme(error) => whole(error),
            Failed::Refused(why) => format!(
                "the authority did not find this server: {why}; it connects to port 443 of each domain, which must lead here"
            ),
            Failed::NoChallenge(domain) => {
                format!("the authority does not offer the challenge tls-alpn-01 for {domain}")
            }
            Failed::Certificate(why) => format!("a certificate cannot be used: {why}"),
            Failed::TookTooLong => "the order took too long".to_owned(),
        };
        let shown = said
            .char_indices()
            .nth(MAX_SAID)
            .map_or(said.len(), |(at, _)| at);
        f.write_str(&said[..shown])
    }
}

/// An error and what caused it, in one line.
fn whole(error: &AcmeError) -> String {
    let mut said = error.to_string();
    let mut cause = match error {
        AcmeError::Other(error) => error.source(),
        error => error.source(),
    };
    while let Some(error) = cause {
        said = format!("{said}: {error}");
        cause = error.source();
    }
    said
}

impl Acme {
    /// Orders a certificate. Gives the key and the chain, as PEM.
    pub(super) async fn order(&self) -> Result<(String, String), Failed> {
        let account = self.account().await?;
        match self.order_with(&account).await {
            Err(failed) if Self::is_unknown(&failed) => {
                self.cache.forget_account();
                let account = self.account().await?;
                self.order_with(&account).await
            }
            ordered => ordered,
        }
    }

    async fn order_with(&self, account: &Account) -> Result<(String, String), Failed> {
        let domains = self.domains.iter().cloned();
        let identifiers: Vec<_> = domains.map(Identifier::Dns).collect();
        let mut order = account.new_order(&NewOrder::new(&identifiers)).await?;
        let mut answers = Vec::new();
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization?;
            if authorization.status == AuthorizationStatus::Valid {
                continue;
            }
            let domain = authorization.identifier().to_string();
            let challenge = authorization.challenge(ChallengeType::TlsAlpn01);
            let Some(mut challenge) = challenge else {
                return Err(Failed::NoChallenge(domain));
            };
            let digest = challenge.key_authorization().digest();
            answers.push(answer(&self.challenges, domain, digest.as_ref())?);
            challenge.set_ready().await?;
        }
        if order.poll_ready(&PATIENCE).await? != OrderStatus::Ready {
            return Err(Failed::Refused(why(&mut order).await));
        }
        drop(answers);
        let key = order.finalize().await?;
        let chain = order.poll_certificate(&PATIENCE).await?;
        Ok((key, chain))
    }
}

/// What an authority found wrong, if it says so.
async fn why(order: &mut Order) -> String {
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        if let Ok(state) = authorization.refresh().await
            && let Some(problem) = state.challenges.iter().find_map(|it| it.error.as_ref())
        {
            return problem.to_string();
        }
    }
    "it does not say why".to_owned()
}
