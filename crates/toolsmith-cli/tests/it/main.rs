//! The command as it is run: its output, its errors and its exit codes.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking, its helpers too"
)]

mod keys;
#[cfg(unix)]
mod legacy_server;
mod new_files;
mod new_project;
mod no_server;
mod our_server;
mod support;
mod usage;
