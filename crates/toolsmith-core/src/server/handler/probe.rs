//! Finds by trait, on concrete types, what a parameter is.
//!
//! The output of the macros cannot know whether a type is injected or an argument, and a
//! type may be both. It calls a method on a reference to a probe; the method that needs
//! the fewest dereferences wins, so the order of the implementations below is the order
//! of precedence.

use std::fmt;
use std::marker::PhantomData;

use super::slots::{ArgumentSlot, InjectedSlot, UnusableSlot};
use super::{Argument, FromContext, Parameter};

/// Asks what a parameter of type `T` is. Call `.slot()` on `&&&ParameterProbe`.
pub struct ParameterProbe<T>(PhantomData<fn() -> T>);

impl<T> ParameterProbe<T> {
    /// A probe.
    pub const NEW: Self = Self(PhantomData);
}

impl<T> fmt::Debug for ParameterProbe<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ParameterProbe")
    }
}

/// First: the server gives it.
pub trait InjectedKind<T> {
    /// A slot that the server fills.
    fn slot(&self) -> InjectedSlot<T>;
}

impl<T: FromContext> InjectedKind<T> for &&ParameterProbe<T> {
    fn slot(&self) -> InjectedSlot<T> {
        InjectedSlot::new()
    }
}

/// Second: the client gives it.
pub trait ArgumentKind<T> {
    /// A slot that the client fills.
    fn slot(&self) -> ArgumentSlot<T>;
}

impl<T: Argument> ArgumentKind<T> for &ParameterProbe<T> {
    fn slot(&self) -> ArgumentSlot<T> {
        ArgumentSlot::new()
    }
}

/// Last: neither, which is a compile error that says what to do.
pub trait UnusableParameter<T> {
    /// Never compiles.
    fn slot<Via>(&self) -> UnusableSlot<T>
    where
        T: Parameter<Via>;
}

impl<T> UnusableParameter<T> for ParameterProbe<T> {
    fn slot<Via>(&self) -> UnusableSlot<T>
    where
        T: Parameter<Via>,
    {
        UnusableSlot::new()
    }
}

/// Asks for a parameter that only the server can give. Call `.slot()` on `&&InjectedOnly`.
pub struct InjectedOnly<T>(PhantomData<fn() -> T>);

impl<T> InjectedOnly<T> {
    /// A probe.
    pub const NEW: Self = Self(PhantomData);
}

impl<T> fmt::Debug for InjectedOnly<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InjectedOnly")
    }
}

/// First: the server gives it.
pub trait InjectedOnlyKind<T> {
    /// A slot that the server fills.
    fn slot(&self) -> InjectedSlot<T>;
}

impl<T: FromContext> InjectedOnlyKind<T> for &InjectedOnly<T> {
    fn slot(&self) -> InjectedSlot<T> {
        InjectedSlot::new()
    }
}

/// Last: nobody does, which is a compile error that says what to do.
pub trait NotInTemplate<T> {
    /// Never compiles.
    fn slot(&self) -> UnusableSlot<T>
    where
        T: GivenByServer;
}

impl<T> NotInTemplate<T> for InjectedOnly<T> {
    fn slot(&self) -> UnusableSlot<T>
    where
        T: GivenByServer,
    {
        UnusableSlot::new()
    }
}

/// A type that the server can give.
#[diagnostic::on_unimplemented(
    message = "the URI has no variable for this parameter, and the server cannot give a `{Self}`",
    label = "neither in the URI nor injected",
    note = "to take it from the URI, put a variable of the parameter's name into the template, such as `{{name}}`",
    note = "to have the server give it, implement `FromContext` for its type, or wrap it in `State<…>`"
)]
pub trait GivenByServer {}

impl<T: FromContext> GivenByServer for T {}
