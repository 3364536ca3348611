//! Flags and environment of a real server.

mod authorization;
mod features;
mod file;
mod flags;
mod limits;
mod panics;
mod refused;
mod startup;
