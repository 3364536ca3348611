//! Flags and environment of a real server.

mod features;
mod flags;
mod refused;
mod startup;
