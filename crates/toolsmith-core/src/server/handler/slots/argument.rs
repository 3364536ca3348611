//! The slots that a client fills.

use std::fmt;

use schemars::SchemaGenerator;
use serde::Serialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{ArgumentSchema, Slot};
use crate::server::handler::misfit::Misfit;
use crate::server::handler::{Argument, Call, ToolError, read, schema_of};
use crate::server::{MissingState, StateMap};

/// A slot that the client fills.
#[derive(Debug)]
pub struct ArgumentSlot<T> {
    value: Option<T>,
}

impl<T> ArgumentSlot<T> {
    pub(in crate::server::handler) fn new() -> Self {
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
