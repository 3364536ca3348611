//! All the slots of a function together.

use schemars::SchemaGenerator;
use serde::de::{IgnoredAny, MapAccess};
use serde_json::value::RawValue;

use super::{ArgumentSchema, Slot};
use crate::server::handler::misfit::Misfit;
use crate::server::handler::{Call, ToolError};
use crate::server::{MissingState, StateMap};

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
