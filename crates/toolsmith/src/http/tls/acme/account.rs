//! The account with the authority.

use instant_acme::{Account, NewAccount};

use super::Acme;
use super::order::Failed;

/// What an authority says of an account that it does not know.
const UNKNOWN: &str = "urn:ietf:params:acme:error:accountDoesNotExist";

impl Acme {
    /// The account that was kept, or a new one.
    pub(super) async fn account(&self) -> Result<Account, Failed> {
        let builder = || Account::builder_with_http(Box::new(self.client.clone()));
        let kept = self.cache.account().map(|text| serde_json::from_str(&text));
        match kept {
            Some(Ok(credentials)) => return Ok(builder().from_credentials(credentials).await?),
            Some(Err(_)) => {
                tracing::warn!(directory = %self.cache.path(), "the account that was kept cannot be read; a new one is made");
            }
            None => {}
        }
        let contact = format!("mailto:{}", self.email);
        let contact = [contact.as_str()];
        let wanted = NewAccount {
            contact: if self.email.is_empty() { &[] } else { &contact },
            terms_of_service_agreed: true,
            only_return_existing: false,
        };
        let directory = self.directory.clone();
        let (account, credentials) = builder().create(&wanted, directory, None).await?;
        tracing::info!(
            directory = self.directory,
            "an account was made with the authority"
        );
        let text = serde_json::to_string(&credentials).unwrap_or_default();
        if let Err(error) = self.cache.save_account(&text) {
            tracing::warn!(%error, directory = %self.cache.path(), "the account could not be kept");
        }
        Ok(account)
    }

    /// Whether an order failed because the account is not known any more.
    pub(super) fn is_unknown(failed: &Failed) -> bool {
        matches!(
            failed,
            Failed::Acme(instant_acme::Error::Api(problem))
                if problem.r#type.as_deref() == Some(UNKNOWN)
        )
    }
}
