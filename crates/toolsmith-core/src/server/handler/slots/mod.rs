//! A slot for each parameter of a function, and all of them together.

mod all;
mod argument;
mod injected;

use schemars::{Schema, SchemaGenerator};
use serde::de::MapAccess;
use serde_json::value::RawValue;

use super::misfit::Misfit;
use super::{Call, ToolError};
use crate::server::{MissingState, StateMap};

pub use all::Slots;
pub use argument::{ArgumentSlot, WithDefault};
pub use injected::{InjectedSlot, MayDefault, MayMirror, UnusableSlot};

/// The schema of one argument.
#[derive(Debug)]
pub struct ArgumentSchema {
    pub(in crate::server::handler) schema: Schema,
    pub(in crate::server::handler) required: bool,
}

/// A place for one parameter.
pub trait Slot {
    /// What ends up in it.
    type Value;

    /// Whether the client fills it.
    const IS_ARGUMENT: bool;

    /// Reads the value that stands next in the JSON.
    ///
    /// # Errors
    ///
    /// When the value does not fit.
    fn read<'de, A: MapAccess<'de>>(&mut self, map: &mut A) -> Result<(), A::Error>;

    /// Whether the client left out what it must give.
    fn is_missing(&self) -> bool;

    /// Reads a value that did not fit, or says what is wrong with it.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the value.
    fn read_again(&mut self, raw: &RawValue) -> Result<(), Vec<Misfit>>;

    /// The value.
    ///
    /// # Errors
    ///
    /// When an injected parameter refuses the call.
    fn take(self, call: &Call) -> Result<Self::Value, ToolError>;

    /// Its schema, when the client fills it.
    fn schema(&self, generator: &mut SchemaGenerator) -> Option<ArgumentSchema>;

    /// The state that it needs and the server has not.
    fn missing_state(&self, states: &StateMap) -> Option<MissingState>;
}
