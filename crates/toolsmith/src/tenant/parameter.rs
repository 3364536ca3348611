//! The tenant of whoever asks, as a tool is given it.

use std::fmt;

use serde_json::{Map, Value};

use crate::Caller;
use crate::server::Context;
use crate::server::handler::{FromContext, ToolError};

/// The tenant of whoever asks. A parameter of a tool that asks for it, which does not show in
/// the schema.
///
/// A tenant is the unit of isolation: its store, sessions, tasks and subscriptions are nobody
/// else's. Where a server has one tenant alone, it is `default`.
///
/// ```
/// use toolsmith::prelude::*;
///
/// /// Say who asks.
/// #[tool]
/// fn whoami(tenant: Tenant) -> String {
///     let principal = tenant.principal().unwrap_or("somebody");
///     format!("{principal} of {}", tenant.id())
/// }
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// let client = toolsmith::testing::TestClient::new(Server::new("s").tool::<whoami>())?;
/// let client = client.caller(Caller::new("acme").with_principal("alice"));
/// let said = client.call("whoami", serde_json::json!({})).await?;
/// assert_eq!(said.text(), "alice of acme");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Tenant(Caller);

impl Tenant {
    /// What it is called: `default` where there is only one.
    pub fn id(&self) -> &str {
        self.0.tenant()
    }

    /// Who of the tenant asks, as an issuer and a subject; `None` where nobody said.
    pub fn principal(&self) -> Option<&str> {
        self.0.principal()
    }

    /// What the verified token said, such as `email`; `None` where there was none.
    pub fn claims(&self) -> Option<&Map<String, Value>> {
        self.0.claims()
    }
}

impl FromContext for Tenant {
    fn from_context(context: &Context) -> Result<Self, ToolError> {
        Ok(Self(context.caller().clone()))
    }
}

/// Without what its token said.
impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenant")
            .field("id", &self.id())
            .field("principal", &self.principal())
            .finish_non_exhaustive()
    }
}
