//! Why the store did not do what it was asked to do.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use rusqlite::ErrorCode;

use crate::server::handler::{IntoToolError, ToolError};

/// Why a tenant's store did not do what it was asked to do.
///
/// A tool may pass it on with `?`. The model is told of those that it can do something about:
/// that the store is full, that it is busy, that the time is over. Every other is masked, and
/// the log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreError {
    kind: Kind,
    message: Cow<'static, str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The tenant's room is used up.
    Full,
    /// The disk has no room, or does not take anything.
    Disk,
    /// Too much waits.
    Busy,
    /// The call is over.
    Over,
    /// The file is not what it should be.
    Damaged,
    /// The file is of a later version of this library.
    Newer,
    /// The statement does what it may not.
    Denied,
    /// A constraint of a table does not hold.
    Constraint,
    /// There is more than may be asked for, or given, at once.
    TooLarge,
    /// What is kept is not of the type that was asked for, or cannot be kept.
    Type,
    /// The statement is wrong.
    Sql,
    /// A transaction of the author's panicked.
    Panicked,
    /// A transaction of the author's came to this.
    Own,
}

impl StoreError {
    pub(super) fn new(kind: Kind, message: impl Into<Cow<'static, str>>) -> Self {
        let message = message.into();
        Self { kind, message }
    }

    /// An error of one's own, to end a transaction with and undo what it did.
    pub fn own(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Own, message)
    }

    /// The room that the tenant may use is used up.
    pub fn is_full(&self) -> bool {
        self.kind == Kind::Full
    }

    /// The disk has no room, is read-only, or failed.
    pub fn is_disk(&self) -> bool {
        self.kind == Kind::Disk
    }

    /// Too much waits for the store of this tenant. Trying again later may help.
    pub fn is_busy(&self) -> bool {
        self.kind == Kind::Busy
    }

    /// The call is over: cancelled, or out of time.
    pub fn is_over(&self) -> bool {
        self.kind == Kind::Over
    }

    /// The file of the tenant is not what it should be.
    pub fn is_damaged(&self) -> bool {
        self.kind == Kind::Damaged
    }

    /// The file of the tenant is of a later version of this library, and was left as it is.
    pub fn is_newer(&self) -> bool {
        self.kind == Kind::Newer
    }

    /// The statement does what a tool may not, such as `ATTACH`.
    pub fn is_denied(&self) -> bool {
        self.kind == Kind::Denied
    }

    /// A constraint of a table does not hold, such as `UNIQUE`.
    pub fn is_constraint(&self) -> bool {
        self.kind == Kind::Constraint
    }

    /// More was asked for, or given, than may be at once.
    pub fn is_too_large(&self) -> bool {
        self.kind == Kind::TooLarge
    }

    /// What is kept is not of the type that was asked for.
    pub fn is_type(&self) -> bool {
        self.kind == Kind::Type
    }

    /// It is one of the author's own, see [`own`](Self::own).
    pub fn is_own(&self) -> bool {
        self.kind == Kind::Own
    }

    pub(super) fn busy() -> Self {
        Self::new(
            Kind::Busy,
            "too much waits for the store of this tenant; try again later",
        )
    }

    pub(super) fn over() -> Self {
        Self::new(
            Kind::Over,
            "the call is over, so its work in the store was stopped",
        )
    }

    pub(super) fn unreadable(why: impl fmt::Display) -> Self {
        Self::new(Kind::Damaged, format!("a record cannot be read: {why}"))
    }

    pub(super) fn panicked() -> Self {
        Self::new(Kind::Panicked, "a transaction panicked and was undone")
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for StoreError {}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let kind = match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => {
                return Self::new(
                    Kind::Full,
                    "the room of this tenant is used up, or the disk is full; delete something, or give it more",
                );
            }
            Some(ErrorCode::OperationInterrupted) => return Self::over(),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Kind::Damaged,
            Some(
                ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::FileLockingProtocolFailed,
            ) => Kind::Disk,
            Some(ErrorCode::AuthorizationForStatementDenied) => Kind::Denied,
            Some(ErrorCode::ConstraintViolation) => Kind::Constraint,
            Some(ErrorCode::TooBig) => Kind::TooLarge,
            Some(ErrorCode::TypeMismatch) => Kind::Type,
            _ => Kind::Sql,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<serde_rusqlite::Error> for StoreError {
    fn from(error: serde_rusqlite::Error) -> Self {
        match error {
            serde_rusqlite::Error::Rusqlite(error) => error.into(),
            error => Self::new(Kind::Type, error.to_string()),
        }
    }
}

impl From<StoreError> for ToolError {
    fn from(error: StoreError) -> Self {
        match error.kind {
            Kind::Full | Kind::Busy | Kind::Over => ToolError::user(error.message),
            _ => ToolError::internal(error),
        }
    }
}

impl IntoToolError for StoreError {
    fn into_tool_error(self) -> ToolError {
        self.into()
    }
}
