//! What tools, prompts and resources have in common: a function whose parameters are
//! filled from a request, and whose failure says what may be told.
//!
//! Parameters are arguments or injected ([`Argument`], [`FromContext`]); a failure is a
//! [`ToolError`]. The rest is for the output of the macros.

mod arguments;
mod call;
mod closure;
mod error;
mod misfit;
mod parameter;
mod probe;
mod problems;
mod reading;
mod returning;
mod schema;
mod slots;
mod whole;

pub use call::Call;
pub(super) use call::{Arguments, Scope};
pub(super) use closure::Closure;
pub(super) use error::Verdict;
pub use error::{IntoToolError, ToolError, ToolResultExt};
pub(super) use misfit::Misfit;
pub use parameter::{Argument, FromContext, Parameter, ViaArgument, ViaContext};
pub(super) use problems::Problems;
pub(super) use reading::read;
pub(super) use returning::returning;
pub use schema::UriArgument;
pub(super) use schema::schema_of;

/// What the output of the macros names. Not for people, and not stable.
#[doc(hidden)]
pub mod private {
    pub use super::probe::{
        ArgumentKind, InjectedKind, InjectedOnly, InjectedOnlyKind, NotInTemplate, ParameterProbe,
        UnusableParameter,
    };
    pub use super::schema::{ParameterDoc, completers, input_schema, prompt_arguments, variables};
    pub use super::slots::{
        ArgumentSlot, InjectedSlot, MayDefault, MayMirror, Slots, UnusableSlot, WithDefault,
    };
}
