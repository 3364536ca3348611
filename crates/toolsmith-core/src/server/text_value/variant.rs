//! A text that names a variant of an enum.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, EnumAccess, VariantAccess, Visitor};

use super::TextError;

/// The variant that a text names.
pub(super) struct NamedVariant<'de>(pub(super) &'de str);

impl<'de> EnumAccess<'de> for NamedVariant<'de> {
    type Error = TextError;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), TextError> {
        let variant = seed.deserialize(BorrowedStrDeserializer::<TextError>::new(self.0))?;
        Ok((variant, self))
    }
}

impl NamedVariant<'_> {
    fn needs_json<T>(&self) -> Result<T, TextError> {
        let name = self.0;
        Err(TextError::new(format!(
            "`{name}` needs more than its name: give an object as JSON"
        )))
    }
}

impl<'de> VariantAccess<'de> for NamedVariant<'de> {
    type Error = TextError;

    fn unit_variant(self) -> Result<(), TextError> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, _: S) -> Result<S::Value, TextError> {
        self.needs_json()
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, TextError> {
        self.needs_json()
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, TextError> {
        self.needs_json()
    }
}
