//! Finds by trait, on concrete types, what a parameter or a return type is.
//!
//! The output of `#[tool]` cannot know whether a type is injected or an argument, and a
//! type may be both. It calls a method on a reference to a probe; the method that needs
//! the fewest dereferences wins, so the order of the implementations below is the order
//! of precedence.

use std::error::Error;
use std::fmt;
use std::marker::PhantomData;

use super::slots::{ArgumentSlot, InjectedSlot, UnusableSlot};
use super::{Argument, FromContext, IntoToolOutput, Parameter, ToolError, ToolResult};
use serde_json::Value;

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

/// Asks what a return type is. Call `.kind()` on `&&&ReturnProbe`.
pub struct ReturnProbe<T>(PhantomData<fn() -> T>);

impl<T> ReturnProbe<T> {
    /// A probe.
    pub const NEW: Self = Self(PhantomData);
}

impl<T> fmt::Debug for ReturnProbe<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReturnProbe")
    }
}

/// How a returned value becomes a result.
pub trait ReturnKind {
    /// What is returned.
    type Value;

    /// The result.
    ///
    /// # Errors
    ///
    /// The tool's own error.
    fn result(self, value: Self::Value) -> ToolResult;

    /// The schema of structured results.
    fn schema(self) -> Option<Value>;
}

/// The type says itself what it becomes.
#[derive(Clone, Copy, Debug)]
pub struct Declared<T>(PhantomData<fn() -> T>);

impl<T: IntoToolOutput> ReturnKind for Declared<T> {
    type Value = T;

    fn result(self, value: T) -> ToolResult {
        value.into_tool_output()
    }

    fn schema(self) -> Option<Value> {
        T::output_schema()
    }
}

/// A `Result` whose error does not say that it is for the model: it is masked.
#[derive(Clone, Copy, Debug)]
pub struct Masked<T, E>(PhantomData<fn() -> (T, E)>);

impl<T, E> ReturnKind for Masked<T, E>
where
    T: IntoToolOutput,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    type Value = Result<T, E>;

    fn result(self, value: Result<T, E>) -> ToolResult {
        value
            .map_err(ToolError::internal)
            .and_then(IntoToolOutput::into_tool_output)
    }

    fn schema(self) -> Option<Value> {
        T::output_schema()
    }
}

/// First: [`Declared`].
pub trait DeclaredKind<T> {
    /// How.
    fn kind(&self) -> Declared<T>;
}

impl<T: IntoToolOutput> DeclaredKind<T> for &&ReturnProbe<T> {
    fn kind(&self) -> Declared<T> {
        Declared(PhantomData)
    }
}

/// Second: [`Masked`].
pub trait MaskedKind<T, E> {
    /// How.
    fn kind(&self) -> Masked<T, E>;
}

impl<T, E> MaskedKind<T, E> for &ReturnProbe<Result<T, E>>
where
    T: IntoToolOutput,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    fn kind(&self) -> Masked<T, E> {
        Masked(PhantomData)
    }
}

/// Last: neither, which is a compile error that says what to do.
pub trait UnusableReturn<T> {
    /// Never compiles.
    fn kind(&self) -> Unusable<T>
    where
        T: IntoToolOutput;
}

impl<T> UnusableReturn<T> for ReturnProbe<T> {
    fn kind(&self) -> Unusable<T>
    where
        T: IntoToolOutput,
    {
        Unusable(PhantomData)
    }
}

/// Neither, in a program that does not compile. It has everything that is asked of it, so
/// that the one error that says what to do is the only one.
#[derive(Clone, Copy, Debug)]
pub struct Unusable<T>(PhantomData<fn() -> T>);

impl<T> ReturnKind for Unusable<T> {
    type Value = T;

    fn result(self, _: T) -> ToolResult {
        Err(ToolError::user("this result cannot be sent"))
    }

    fn schema(self) -> Option<Value> {
        None
    }
}
