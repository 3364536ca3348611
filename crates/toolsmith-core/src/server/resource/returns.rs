//! What a resource may return.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use super::ResourceResult;
use crate::protocol::{ResourceContents, ResourceOutput};
use crate::server::handler::{IntoToolError, ToolError};
use crate::server::tool::Json;

/// What becomes the content of a resource.
///
/// Text is text; bytes are bytes; [`Json`] is text of type `application/json`; `None` means
/// that there is no such resource.
#[diagnostic::on_unimplemented(
    message = "a resource cannot return `{Self}`",
    label = "not the content of a resource",
    note = "return text, bytes (`Vec<u8>`), `Json<…>`, `ResourceContents`, `Vec<ResourceContents>`, `ResourceOutput`, or an `Option` or `Result` of one of these"
)]
pub trait IntoResourceOutput {
    /// The content.
    ///
    /// # Errors
    ///
    /// The resource's own failure; that it is not there.
    fn into_resource_output(self) -> ResourceResult;

    /// Resources have no structured results.
    #[doc(hidden)]
    fn output_schema() -> Option<Value>
    where
        Self: Sized,
    {
        None
    }
}

impl IntoResourceOutput for ResourceOutput {
    fn into_resource_output(self) -> ResourceResult {
        Ok(self)
    }
}

impl IntoResourceOutput for Vec<ResourceContents> {
    fn into_resource_output(self) -> ResourceResult {
        Ok(ResourceOutput {
            contents: self,
            ..ResourceOutput::default()
        })
    }
}

impl IntoResourceOutput for ResourceContents {
    fn into_resource_output(self) -> ResourceResult {
        vec![self].into_resource_output()
    }
}

impl<T: Serialize> IntoResourceOutput for Json<T> {
    fn into_resource_output(self) -> ResourceResult {
        let text = serde_json::to_string(&self.0).map_err(ToolError::internal)?;
        ResourceContents::text(text)
            .mime_type("application/json")
            .into_resource_output()
    }
}

impl<T: IntoResourceOutput> IntoResourceOutput for Option<T> {
    fn into_resource_output(self) -> ResourceResult {
        self.map_or_else(|| Err(ToolError::not_found()), T::into_resource_output)
    }
}

impl<T: IntoResourceOutput, E: IntoToolError> IntoResourceOutput for Result<T, E> {
    fn into_resource_output(self) -> ResourceResult {
        self.map_err(E::into_tool_error)
            .and_then(T::into_resource_output)
    }
}

macro_rules! content {
    ($make:ident: $($type:ty),*) => {
        // The notes on the trait say it in fewer words than a list of all of these.
        $(#[diagnostic::do_not_recommend]
        impl IntoResourceOutput for $type {
            fn into_resource_output(self) -> ResourceResult {
                ResourceContents::$make(self).into_resource_output()
            }
        })*
    };
}

content!(text: String, &'static str, Cow<'static, str>);
content!(blob: Vec<u8>, Bytes, &'static [u8]);
