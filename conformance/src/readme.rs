//! Nothing but a place in which the README's Rust code is compiled.
#![doc = include_str!("../../README.md")]
