//! The traits through which the outside comes in, each with its in-memory version.

mod answer;
mod bus;
mod change;
mod event_log;
mod session;
mod task;
mod verifier;
mod written;

pub use answer::Answer;
pub use bus::{Bus, Listener, MemoryBus};
pub use change::{Audience, Change, Event};
pub use event_log::{EventId, EventLimits, EventLog, MemoryEvents, Replay, StreamKind, StreamNo};
pub(crate) use session::BySession;
pub use session::{
    MemorySessions, SessionAnswer, SessionChange, SessionId, SessionRecord, SessionStore,
    SessionStoreError,
};
pub use task::{
    MemoryTasks, TASK_TTL, TaskAnswer, TaskLimits, TaskOwner, TaskPlace, TaskRecord, TaskStore,
    TaskStoreError,
};
pub use verifier::{
    CredentialFields, Credentials, Refusal, Refused, Verdict, Verified, Verifier, Verifiers,
};
pub use written::Unreadable;
