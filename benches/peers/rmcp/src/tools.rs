//! The tools, as "Tools" of rmcp's README and its example `structured_output` write them: a
//! router that the macro makes, in a field of the handler.

use std::sync::Arc;

use rmcp::handler::server::router::tool::{ToolRoute, ToolRouter};
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::ProgressNotificationParam;
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use rmcp::{tool, tool_handler, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;

/// How many steps `progress` has.
const STEPS: u8 = 10;

#[derive(Deserialize, JsonSchema)]
struct Terms {
    a: i64,
    b: i64,
}

#[derive(Deserialize, JsonSchema)]
struct Said {
    text: String,
}

/// What the tools take that are there to be listed.
#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "these tools are listed and never called")]
struct Forecast {
    /// The city whose weather is looked up, with its country
    city: String,
    /// How many days the forecast covers
    #[schemars(range(min = 1, max = 14))]
    days: u8,
    /// The units of the temperatures and of the wind
    units: Option<Units>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Units {
    Metric,
    Imperial,
}

/// The handler. Its table of tools can be shared between handlers.
#[derive(Clone)]
pub(crate) struct Peer {
    tool_router: Arc<ToolRouter<Self>>,
}

#[tool_router]
impl Peer {
    /// With so many tools more.
    pub(crate) fn new(tools: usize) -> Self {
        let mut router = Self::tool_router();
        for number in 1..=tools {
            let mut tool = Self::forecast_tool_attr();
            tool.name = format!("forecast_{number}").into();
            let description = format!("Look up the weather forecast of station {number}.");
            tool.description = Some(description.into());
            router.add_route(ToolRoute::new(tool, Self::forecast));
        }
        Self {
            tool_router: Arc::new(router),
        }
    }

    #[tool(description = "Add two integers and return the sum.")]
    async fn add(&self, Parameters(Terms { a, b }): Parameters<Terms>) -> String {
        (a + b).to_string()
    }

    #[tool(description = "Return the text that was given.")]
    async fn echo(&self, Parameters(Said { text }): Parameters<Said>) -> String {
        text
    }

    #[tool(description = "Work in ten steps, and report each.")]
    async fn progress(&self, context: RequestContext<RoleServer>) -> Result<String, ErrorData> {
        if let Some(token) = context.meta.get_progress_token() {
            for step in 1..=STEPS {
                let report = ProgressNotificationParam::new(token.clone(), step.into());
                let sent = context
                    .peer
                    .notify_progress(report.with_total(STEPS.into()));
                sent.await
                    .map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
            }
        }
        Ok("done".to_owned())
    }
}

/// Outside of the router, so that there are as many as are asked for.
impl Peer {
    #[tool]
    async fn forecast(&self, _: Parameters<Forecast>) -> String {
        "sunny".to_owned()
    }
}

#[tool_handler(router = self.tool_router, name = "bench", version = "1")]
impl ServerHandler for Peer {}
