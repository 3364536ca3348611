//! The traits through which the outside comes in, each with its in-memory version.

mod answer;
mod session;

pub use answer::Answer;
pub use session::{MemorySessions, SessionId, SessionStore, SessionsFull};
