//! Every setting, declared once: flag, environment variable, default, help.
//!
//! The command line and the help come from the table in `declared`. A flag of a feature
//! that this program was built without is known all the same, and answers with the feature
//! to add.

mod args;
#[macro_use]
pub(crate) mod declared;
mod file;
mod keys;
pub(crate) mod kinds;
#[cfg(test)]
mod reference;
mod server_options;
pub(crate) mod values;

#[cfg(feature = "http")]
#[path = "with_http.rs"]
mod http;
#[cfg(feature = "store")]
#[path = "with_store.rs"]
mod kept;
#[cfg(not(feature = "store"))]
#[path = "without_store.rs"]
mod kept;
#[cfg(feature = "stdio")]
#[path = "with_stdio.rs"]
mod stdio;
#[cfg(not(all(feature = "http", feature = "stdio")))]
mod without;

#[cfg(not(feature = "http"))]
use without as http;
#[cfg(not(feature = "stdio"))]
use without as stdio;

pub use args::Args;
