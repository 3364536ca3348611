//! Flags and environment of a real server.

mod features;
mod file;
mod flags;
mod panics;
mod refused;
mod startup;
