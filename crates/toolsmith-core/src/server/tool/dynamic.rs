//! Tools that are made while the program runs.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::{IntoToolOutput, Registered, ToolResult};
use crate::protocol::ToolDefinition;
use crate::server::Context;
use crate::server::handler::{Call, Closure, ToolError};

/// A tool made while the program runs: a definition, and a closure that is called with
/// the arguments and the context.
///
/// The arguments are an object; they are not checked against the schema, which may say
/// anything. What the closure makes of them is its own affair.
///
/// ```
/// use serde_json::json;
/// use toolsmith_core::server::handler::ToolError;
/// use toolsmith_core::server::tool::DynamicTool;
///
/// let schema = json!({
///     "type": "object",
///     "properties": {"name": {"type": "string"}},
///     "required": ["name"],
/// });
/// let greet = DynamicTool::new("greet", schema, |arguments, _context| async move {
///     let name = arguments.get("name").and_then(|v| v.as_str());
///     let name = name.ok_or_else(|| ToolError::user("`name` is a string"))?;
///     Ok::<_, ToolError>(format!("Hello, {name}!"))
/// })
/// .description("Greet somebody.");
/// # let _ = greet;
/// ```
#[derive(Clone, Debug)]
pub struct DynamicTool {
    definition: ToolDefinition,
    handler: Closure<Map<String, Value>, ToolResult>,
}

impl DynamicTool {
    /// A tool with a name, the JSON Schema of its arguments, and what it does.
    pub fn new<H, F>(name: impl Into<String>, input_schema: Value, handler: H) -> Self
    where
        H: Fn(Map<String, Value>, Context) -> F + Send + Sync + 'static,
        F: Future<Output: IntoToolOutput> + Send + 'static,
    {
        Self {
            definition: ToolDefinition {
                input_schema,
                ..ToolDefinition::new(name)
            },
            handler: Closure::new(handler, IntoToolOutput::into_tool_output),
        }
    }

    /// With what it does, for the model.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.definition.description = Some(description.into());
        self
    }

    /// With the JSON Schema of its structured results.
    #[must_use]
    pub fn output_schema(mut self, schema: Value) -> Self {
        self.definition.output_schema = Some(schema);
        self
    }

    /// With scopes that a caller needs to call it, all of them; `files:write` or the like.
    #[must_use]
    pub fn scopes<S: Into<String>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.define(|it| it.scopes.extend(scopes.into_iter().map(Into::into)))
    }

    /// With anything else that its definition may say.
    #[must_use]
    pub fn define(mut self, change: impl FnOnce(&mut ToolDefinition)) -> Self {
        change(&mut self.definition);
        self
    }

    pub(in crate::server) fn into_parts(self) -> (ToolDefinition, Arc<dyn Registered>) {
        let definition = self.definition.clone();
        (definition, Arc::new(self))
    }
}

impl Registered for DynamicTool {
    fn call(&self, call: Call) -> Pin<Box<dyn Future<Output = ToolResult> + Send>> {
        let handler = self.handler.clone();
        Box::pin(async move {
            let arguments = match call.arguments() {
                [] => Ok(Map::new()),
                json => serde_json::from_slice(json),
            };
            match arguments {
                Ok(arguments) => handler.run(call, arguments).await,
                Err(error) => Err(ToolError::user(format!("Invalid arguments: {error}"))),
            }
        })
    }
}
