//! What an author shares between tools.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::Context;
use super::handler::{FromContext, ToolError};

/// A value that was given to the server with [`Server::state`](super::Server::state), in
/// a tool that asks for it.
///
/// A tool that asks for a type that no state was given for stops the server from
/// starting, with an error that names both.
pub struct State<T>(pub Arc<T>);

impl<T> Clone for State<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: fmt::Debug> fmt::Debug for State<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("State").field(&self.0).finish()
    }
}

impl<T> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// The values given to a server, one for each type.
#[derive(Clone, Default)]
pub struct StateMap(HashMap<TypeId, Arc<dyn Any + Send + Sync>>);

impl fmt::Debug for StateMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StateMap({} values)", self.0.len())
    }
}

impl StateMap {
    pub(super) fn insert<T: Send + Sync + 'static>(&mut self, value: Arc<T>) {
        self.0.insert(TypeId::of::<T>(), value);
    }

    /// These, and those of another map that are not here.
    pub(super) fn or(&self, other: &StateMap) -> StateMap {
        let mut all = other.clone();
        all.0
            .extend(self.0.iter().map(|(id, value)| (*id, Arc::clone(value))));
        all
    }

    /// The value of a type.
    ///
    /// # Errors
    ///
    /// [`MissingState`] when the server was given none.
    pub fn get<T: Send + Sync + 'static>(&self) -> Result<Arc<T>, MissingState> {
        let value = self.0.get(&TypeId::of::<T>()).cloned();
        value
            .and_then(|value| value.downcast().ok())
            .ok_or(MissingState {
                type_name: type_name::<T>(),
            })
    }
}

/// A type that a tool asks for and that the server was not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingState {
    /// The path of the type.
    pub type_name: &'static str,
}

impl fmt::Display for MissingState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "asks for State<{0}>, and the server was given no {0}; add .state(…) with one",
            self.type_name
        )
    }
}

impl<T: Send + Sync + 'static> FromContext for State<T> {
    fn from_context(context: &Context) -> Result<Self, ToolError> {
        let value = context.state_map().get();
        value
            .map(State)
            .map_err(|missing| ToolError::internal(missing.to_string()))
    }

    fn check(states: &StateMap) -> Result<(), MissingState> {
        states.get::<T>().map(drop)
    }
}
