//! What an author writes with `#[tool]`, and what clients see of it.

mod arguments;
mod definition;
mod dynamic;
mod errors;
mod injection;
mod returns;
mod running;
mod strict;
