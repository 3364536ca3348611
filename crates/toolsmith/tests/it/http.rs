//! Streamable HTTP where everything fits.

mod answers;
mod edge;
#[cfg(feature = "axum")]
mod mounted;
mod on_the_wire;
#[cfg(target_os = "linux")]
mod sockets;
mod stalled;
mod stopping;
mod streams;
mod writes;
