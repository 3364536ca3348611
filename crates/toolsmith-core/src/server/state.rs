//! What an author shares between tools.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

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
pub struct StateMap {
    given: Values,
    /// What was made when it was first asked for, here and in every server that is mounted.
    made: Arc<Mutex<Values>>,
}

type Values = HashMap<TypeId, Arc<dyn Any + Send + Sync>>;

impl fmt::Debug for StateMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StateMap({} values)", self.given.len())
    }
}

impl StateMap {
    pub(super) fn insert<T: Send + Sync + 'static>(&mut self, value: Arc<T>) {
        self.given.insert(TypeId::of::<T>(), value);
    }

    /// These, and those of another map that are not here.
    pub(super) fn or(&self, other: &StateMap) -> StateMap {
        let mut all = other.clone();
        let given = self.given.iter();
        all.given
            .extend(given.map(|(id, value)| (*id, Arc::clone(value))));
        all
    }

    /// The value of a type.
    ///
    /// # Errors
    ///
    /// [`MissingState`] when the server was given none.
    pub fn get<T: Send + Sync + 'static>(&self) -> Result<Arc<T>, MissingState> {
        let value = self.given.get(&TypeId::of::<T>()).cloned();
        value
            .and_then(|value| value.downcast().ok())
            .ok_or(MissingState {
                type_name: type_name::<T>(),
            })
    }

    /// The value of a type, made now when the server was given none and nobody has asked for
    /// it yet. For parameters of one's own that a server need not be given anything for.
    pub fn get_or_make<T: Send + Sync + 'static>(&self, make: impl FnOnce() -> T) -> Arc<T> {
        if let Ok(given) = self.get() {
            return given;
        }
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = made.get(&TypeId::of::<T>()).cloned()
            && let Ok(value) = value.downcast()
        {
            return value;
        }
        let value = Arc::new(make());
        made.insert(TypeId::of::<T>(), Arc::clone(&value) as _);
        value
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
        let value = context.states().get();
        value
            .map(State)
            .map_err(|missing| ToolError::internal(missing.to_string()))
    }

    fn check(states: &StateMap) -> Result<(), MissingState> {
        states.get::<T>().map(drop)
    }
}
