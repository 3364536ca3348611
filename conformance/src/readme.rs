//! Nothing but a place in which the README's Rust code is compiled, by documentation tests.
#![cfg_attr(doctest, doc = include_str!("../../README.md"))]
