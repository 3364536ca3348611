//! What a tool may return.

use std::borrow::Cow;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::to_raw_value;

use super::ToolResult;
use crate::protocol::{Content, EmbeddedResource, ToolOutput};
use crate::server::handler::{IntoToolError, ToolError};

/// What becomes the result of a tool.
///
/// Text, numbers, `bool` and `()` become text; [`Content`] and [`ToolOutput`] are taken as
/// they are; [`Json`] becomes structured content with an output schema; `None` becomes an
/// empty result; the error of a `Result` becomes `isError`.
#[diagnostic::on_unimplemented(
    message = "a tool cannot return `{Self}`",
    label = "not a result of a tool",
    note = "for structured content, derive `serde::Serialize` and `schemars::JsonSchema` and return `Json<…>`",
    note = "otherwise return text, a number, `bool`, `()`, `Content`, `Vec<Content>`, `ToolOutput`, or an `Option` or `Result` of one of these"
)]
pub trait IntoToolOutput {
    /// The result.
    ///
    /// # Errors
    ///
    /// The tool's own failure, or a value that cannot be written as JSON.
    fn into_tool_output(self) -> ToolResult;

    /// The schema of structured results, for the types that have them.
    fn output_schema() -> Option<Value>
    where
        Self: Sized,
    {
        None
    }
}

/// A structured result: any value that serialises and has a schema.
///
/// Modern clients are sent the value as it is. Legacy clients, whose revisions demand an
/// object, are sent `{"result": …}` where it is none. Either way a text block carries the
/// same JSON for those that read only text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: Serialize + JsonSchema> IntoToolOutput for Json<T> {
    fn into_tool_output(self) -> ToolResult {
        let json = to_raw_value(&self.0).map_err(ToolError::internal)?;
        Ok(ToolOutput {
            structured: Some(json.clone().into()),
            ..ToolOutput::text(String::from(Box::<str>::from(json)))
        })
    }

    fn output_schema() -> Option<Value> {
        let mut settings = SchemaSettings::draft2020_12().for_serialize();
        settings.inline_subschemas = true;
        let mut schema = settings.into_generator().into_root_schema_for::<T>();
        schema.remove("$schema");
        Some(schema.to_value())
    }
}

impl IntoToolOutput for ToolOutput {
    fn into_tool_output(self) -> ToolResult {
        Ok(self)
    }
}

impl IntoToolOutput for Content {
    fn into_tool_output(self) -> ToolResult {
        vec![self].into_tool_output()
    }
}

impl IntoToolOutput for Vec<Content> {
    fn into_tool_output(self) -> ToolResult {
        Ok(ToolOutput {
            content: self,
            ..ToolOutput::default()
        })
    }
}

impl IntoToolOutput for EmbeddedResource {
    fn into_tool_output(self) -> ToolResult {
        Content::resource(self).into_tool_output()
    }
}

impl IntoToolOutput for () {
    fn into_tool_output(self) -> ToolResult {
        Ok(ToolOutput::default())
    }
}

impl<T: IntoToolOutput> IntoToolOutput for Option<T> {
    fn into_tool_output(self) -> ToolResult {
        self.map_or_else(|| Ok(ToolOutput::default()), T::into_tool_output)
    }
}

impl<T: IntoToolOutput, E: IntoToolError> IntoToolOutput for Result<T, E> {
    fn into_tool_output(self) -> ToolResult {
        self.map_err(E::into_tool_error)
            .and_then(T::into_tool_output)
    }

    fn output_schema() -> Option<Value> {
        T::output_schema()
    }
}

macro_rules! text {
    ($($type:ty),*) => {
        // The notes on the trait say it in fewer words than a list of all of these.
        $(#[diagnostic::do_not_recommend]
        impl IntoToolOutput for $type {
            fn into_tool_output(self) -> ToolResult {
                Ok(ToolOutput::text(self))
            }
        })*
    };
}

text!(String, &'static str, Cow<'static, str>, Box<str>, char);

macro_rules! displayed {
    ($($type:ty),*) => {
        $(#[diagnostic::do_not_recommend]
        impl IntoToolOutput for $type {
            fn into_tool_output(self) -> ToolResult {
                Ok(ToolOutput::text(self.to_string()))
            }
        })*
    };
}

displayed!(
    bool, i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize, f32, f64
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_carries_the_same_value_twice_and_a_schema() {
        let output = Json(vec![1, 2]).into_tool_output().unwrap();
        assert_eq!(output.structured.unwrap().get(), "[1,2]");
        assert_eq!(output.content, [Content::text("[1,2]")]);
        let schema = <Result<Json<Vec<u32>>, String>>::output_schema().unwrap();
        assert_eq!(schema["type"], "array");
        assert!(schema.get("$schema").is_none());
    }
}
