//! Whole conversations over real connections: what a server says unasked, asks back,
//! breaks off and takes up again.

mod asking;
mod batches;
mod cancelling;
mod changes;
mod listening;
mod logging;
pub(crate) mod offers;
mod pipes;
mod resuming;
mod same_id;
mod scripted;
mod tasks;
