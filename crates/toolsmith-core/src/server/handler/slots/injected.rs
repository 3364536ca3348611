//! The slots that the server fills.

use std::marker::PhantomData;

use schemars::SchemaGenerator;
use serde::de::{IgnoredAny, MapAccess};
use serde_json::value::RawValue;

use super::{ArgumentSchema, Slot};
use crate::server::handler::misfit::Misfit;
use crate::server::handler::{Call, FromContext, ToolError};
use crate::server::{MissingState, StateMap};

/// A slot that the server fills.
#[derive(Debug)]
pub struct InjectedSlot<T>(PhantomData<fn() -> T>);

impl<T> InjectedSlot<T> {
    pub(in crate::server::handler) fn new() -> Self {
        Self(PhantomData)
    }

    /// Never compiles: the server always gives a value.
    #[must_use]
    pub fn with_default<D>(self, _: D) -> Self
    where
        T: MayDefault,
    {
        self
    }

    /// Never compiles: no client sees the value.
    #[must_use]
    pub fn mirrored(self) -> Self
    where
        T: MayMirror,
    {
        self
    }
}

/// Implemented by nothing, so that `#[default]` on an injected parameter is a compile
/// error that says what to do.
#[diagnostic::on_unimplemented(
    message = "`#[default]` is for arguments, and the server gives `{Self}`",
    label = "not an argument",
    note = "remove the `#[default]`"
)]
pub trait MayDefault {}

/// Implemented by nothing, so that `#[header]` on an injected parameter is a compile error
/// that says what to do.
#[diagnostic::on_unimplemented(
    message = "`#[header]` is for arguments, and the server gives `{Self}`",
    label = "not an argument",
    note = "remove the `#[header]`"
)]
pub trait MayMirror {}

impl<T: FromContext> Slot for InjectedSlot<T> {
    type Value = T;
    const IS_ARGUMENT: bool = false;

    fn read<'de, A: MapAccess<'de>>(&mut self, map: &mut A) -> Result<(), A::Error> {
        map.next_value::<IgnoredAny>().map(drop)
    }

    fn is_missing(&self) -> bool {
        false
    }

    fn read_again(&mut self, _: &RawValue) -> Result<(), Vec<Misfit>> {
        Ok(())
    }

    fn take(self, call: &Call) -> Result<T, ToolError> {
        T::from_context(call.context())
    }

    fn schema(&self, _: &mut SchemaGenerator) -> Option<ArgumentSchema> {
        None
    }

    fn missing_state(&self, states: &StateMap) -> Option<MissingState> {
        T::check(states).err()
    }
}

/// The slot of a parameter that is neither, in a program that does not compile. It has
/// everything that a slot has, so that the one error that says what to do is the only one.
#[derive(Debug)]
pub struct UnusableSlot<T>(PhantomData<fn() -> T>);

impl<T> UnusableSlot<T> {
    pub(in crate::server::handler) fn new() -> Self {
        Self(PhantomData)
    }

    /// The same slot.
    #[must_use]
    pub fn with_default(self, _: fn() -> T) -> Self {
        self
    }

    /// The same slot.
    #[must_use]
    pub fn mirrored(self) -> Self {
        self
    }
}

impl<T> Slot for UnusableSlot<T> {
    type Value = T;
    const IS_ARGUMENT: bool = false;

    fn read<'de, A: MapAccess<'de>>(&mut self, map: &mut A) -> Result<(), A::Error> {
        map.next_value::<IgnoredAny>().map(drop)
    }

    fn is_missing(&self) -> bool {
        true
    }

    fn read_again(&mut self, _: &RawValue) -> Result<(), Vec<Misfit>> {
        Ok(())
    }

    fn take(self, _: &Call) -> Result<T, ToolError> {
        Err(ToolError::user("this parameter cannot be filled"))
    }

    fn schema(&self, _: &mut SchemaGenerator) -> Option<ArgumentSchema> {
        None
    }

    fn missing_state(&self, _: &StateMap) -> Option<MissingState> {
        None
    }
}
