//! The tenant of whoever asks.

mod parameter;

pub use parameter::Tenant;
