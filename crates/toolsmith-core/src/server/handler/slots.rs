//! A slot for each parameter of a tool, and all of them together.

use std::fmt;
use std::marker::PhantomData;

use schemars::{Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::misfit::Misfit;
use super::{Argument, Call, FromContext, ToolError, read, schema_of};
use crate::server::{MissingState, StateMap};

/// The schema of one argument.
#[derive(Debug)]
pub struct ArgumentSchema {
    pub(super) schema: Schema,
    pub(super) required: bool,
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

/// A slot that the client fills.
#[derive(Debug)]
pub struct ArgumentSlot<T> {
    value: Option<T>,
}

impl<T> ArgumentSlot<T> {
    pub(super) fn new() -> Self {
        Self { value: None }
    }
}

impl<T: Argument> ArgumentSlot<T> {
    /// The same slot with a value for when the client leaves it out.
    pub fn with_default(self, default: fn() -> T) -> WithDefault<T>
    where
        T: Serialize,
    {
        WithDefault {
            slot: self,
            default,
            show: |default| serde_json::to_value(default()).ok(),
        }
    }

    /// The same slot, whose value clients repeat in a header field.
    #[must_use]
    pub fn mirrored(self) -> Self {
        self
    }
}

impl<T: Argument> Slot for ArgumentSlot<T> {
    type Value = T;
    const IS_ARGUMENT: bool = true;

    fn read<'de, A: MapAccess<'de>>(&mut self, map: &mut A) -> Result<(), A::Error> {
        if self.value.is_some() {
            return Err(serde::de::Error::custom("given twice"));
        }
        self.value = Some(map.next_value()?);
        Ok(())
    }

    fn is_missing(&self) -> bool {
        self.value.is_none() && absent::<T>().is_none()
    }

    fn read_again(&mut self, raw: &RawValue) -> Result<(), Vec<Misfit>> {
        self.value = Some(read(raw.get(), || Some(schema_of::<T>()))?);
        Ok(())
    }

    fn take(self, _: &Call) -> Result<T, ToolError> {
        self.value
            .or_else(absent)
            .ok_or_else(|| ToolError::user("an argument is missing"))
    }

    fn schema(&self, generator: &mut SchemaGenerator) -> Option<ArgumentSchema> {
        Some(ArgumentSchema {
            schema: generator.subschema_for::<T>(),
            required: absent::<T>().is_none(),
        })
    }

    fn missing_state(&self, _: &StateMap) -> Option<MissingState> {
        None
    }
}

/// A slot that the client may fill.
#[derive(Debug)]
pub struct WithDefault<T> {
    slot: ArgumentSlot<T>,
    default: fn() -> T,
    show: fn(fn() -> T) -> Option<Value>,
}

impl<T> WithDefault<T> {
    /// The same slot, whose value clients repeat in a header field.
    #[must_use]
    pub fn mirrored(self) -> Self {
        self
    }
}

impl<T: Argument> Slot for WithDefault<T> {
    type Value = T;
    const IS_ARGUMENT: bool = true;

    fn read<'de, A: MapAccess<'de>>(&mut self, map: &mut A) -> Result<(), A::Error> {
        self.slot.read(map)
    }

    fn is_missing(&self) -> bool {
        false
    }

    fn read_again(&mut self, raw: &RawValue) -> Result<(), Vec<Misfit>> {
        self.slot.read_again(raw)
    }

    fn take(self, _: &Call) -> Result<T, ToolError> {
        Ok(self.slot.value.unwrap_or_else(self.default))
    }

    fn schema(&self, generator: &mut SchemaGenerator) -> Option<ArgumentSchema> {
        let mut schema = generator.subschema_for::<T>();
        if let Some(default) = (self.show)(self.default) {
            schema.insert("default".to_owned(), default);
        }
        Some(ArgumentSchema {
            schema,
            required: false,
        })
    }

    fn missing_state(&self, _: &StateMap) -> Option<MissingState> {
        None
    }
}

/// A slot that the server fills.
#[derive(Debug)]
pub struct InjectedSlot<T>(PhantomData<fn() -> T>);

impl<T> InjectedSlot<T> {
    pub(super) fn new() -> Self {
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
    pub(super) fn new() -> Self {
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

/// What a type makes of a value that is not there: `None` for an `Option`, by whatever
/// name it goes, and nothing for everything else.
fn absent<T: Argument>() -> Option<T> {
    struct Absent;

    #[derive(Debug)]
    struct Nothing;
    impl fmt::Display for Nothing {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("nothing")
        }
    }
    impl std::error::Error for Nothing {}
    impl serde::de::Error for Nothing {
        fn custom<M: fmt::Display>(_: M) -> Self {
            Nothing
        }
    }

    impl<'de> Deserializer<'de> for Absent {
        type Error = Nothing;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Nothing> {
            Err(Nothing)
        }

        fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Nothing> {
            visitor.visit_none()
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes
            byte_buf unit unit_struct newtype_struct seq tuple tuple_struct map struct
            enum identifier ignored_any
        }
    }

    T::deserialize(Absent).ok()
}

/// The slots of all parameters of a tool.
pub trait Slots {
    /// What ends up in them.
    type Values;

    /// Whether the client fills the slot at an index.
    fn is_argument(&self, index: usize) -> bool;

    /// Reads the value that stands next in the JSON into the slot at an index.
    ///
    /// # Errors
    ///
    /// When the value does not fit.
    fn read<'de, A: MapAccess<'de>>(&mut self, index: usize, map: &mut A) -> Result<(), A::Error>;

    /// Whether the client left out what the slot at an index needs.
    fn is_missing(&self, index: usize) -> bool;

    /// Reads a value that did not fit into the slot at an index, or says what is wrong.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the value.
    fn read_again(&mut self, index: usize, raw: &RawValue) -> Result<(), Vec<Misfit>>;

    /// The schema of the slot at an index, when the client fills it.
    fn schema(&self, index: usize, generator: &mut SchemaGenerator) -> Option<ArgumentSchema>;

    /// The states that the slots need and the server has not.
    fn missing_states(&self, states: &StateMap) -> Vec<MissingState>;

    /// The values.
    ///
    /// # Errors
    ///
    /// When an injected parameter refuses the call.
    fn take(self, call: &Call) -> Result<Self::Values, ToolError>;
}

macro_rules! slots {
    ($($slot:ident $index:tt),*) => {
        impl<$($slot: Slot),*> Slots for ($($slot,)*) {
            type Values = ($($slot::Value,)*);

            fn is_argument(&self, index: usize) -> bool {
                match index {
                    $($index => $slot::IS_ARGUMENT,)*
                    _ => false,
                }
            }

            fn read<'de, Map: MapAccess<'de>>(
                &mut self,
                index: usize,
                map: &mut Map,
            ) -> Result<(), Map::Error> {
                match index {
                    $($index => self.$index.read(map),)*
                    _ => map.next_value::<IgnoredAny>().map(drop),
                }
            }

            fn is_missing(&self, index: usize) -> bool {
                match index {
                    $($index => self.$index.is_missing(),)*
                    _ => false,
                }
            }

            fn read_again(&mut self, index: usize, raw: &RawValue) -> Result<(), Vec<Misfit>> {
                let _ = raw;
                match index {
                    $($index => self.$index.read_again(raw),)*
                    _ => Ok(()),
                }
            }

            fn schema(
                &self,
                index: usize,
                generator: &mut SchemaGenerator,
            ) -> Option<ArgumentSchema> {
                let _ = &generator;
                match index {
                    $($index => self.$index.schema(generator),)*
                    _ => None,
                }
            }

            fn missing_states(&self, states: &StateMap) -> Vec<MissingState> {
                let _ = states;
                let missing: Vec<Option<MissingState>> =
                    vec![$(self.$index.missing_state(states)),*];
                missing.into_iter().flatten().collect()
            }

            fn take(self, call: &Call) -> Result<Self::Values, ToolError> {
                let _ = call;
                Ok(($(self.$index.take(call)?,)*))
            }
        }
    };
}

slots!();
slots!(A 0);
slots!(A 0, B 1);
slots!(A 0, B 1, C 2);
slots!(A 0, B 1, C 2, D 3);
slots!(A 0, B 1, C 2, D 3, E 4);
slots!(A 0, B 1, C 2, D 3, E 4, F 5);
slots!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
slots!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
slots!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
slots!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);
slots!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10);
slots!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11);
slots!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12);
slots!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13);
slots!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14);
slots!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15);
