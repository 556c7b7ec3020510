//! What an error of SQLite means.

use rusqlite::ErrorCode;
use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};

use crate::taken::{Taken, taken};
use crate::{Error, ResourceType, Result};

/// The error of a statement, in the store's words.
pub(super) fn failure(error: rusqlite::Error) -> Error {
    let rusqlite::Error::SqliteFailure(code, message) = &error else {
        return Error::Driver(Box::new(error));
    };
    match (code.code, code.extended_code) {
        (_, SQLITE_CONSTRAINT_UNIQUE | SQLITE_CONSTRAINT_PRIMARYKEY) => {
            // SQLite lists the columns in the message.
            match taken(message.as_deref().unwrap_or_default()) {
                // Of which type the resource is, the caller knows: see `Error::of`.
                Taken::Name => Error::NameTaken(ResourceType::User),
                Taken::DirectoryName => Error::DirectoryNameTaken,
                Taken::Secret => Error::SecretTaken,
                Taken::Row => Error::Conflict(Box::new(error)),
            }
        }
        (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => Error::Conflict(Box::new(error)),
        // The disk cannot be read or written, is full, or the file cannot be opened; or the statement took too long.
        (
            ErrorCode::SystemIoFailure
            | ErrorCode::DiskFull
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::OperationInterrupted,
            _,
        ) => Error::Unavailable(Box::new(error)),
        _ => Error::Driver(Box::new(error)),
    }
}

/// Whether SQLite did nothing since another process has the file.
pub(super) fn is_busy<T>(asked: &Result<T>) -> bool {
    let Err(Error::Conflict(cause)) = asked else { return false };
    cause.downcast_ref().is_some_and(|cause: &rusqlite::Error| {
        matches!(cause.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
    })
}

/// The store has been closed.
pub(super) fn closed() -> Error {
    Error::Unavailable("the database is closed".into())
}

/// Whether SQLite could not read a file as a database.
pub(super) fn is_no_database(cause: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    cause.downcast_ref().and_then(rusqlite::Error::sqlite_error_code) == Some(ErrorCode::NotADatabase)
}

/// Another process has the file, and goes on having it.
pub(super) fn held() -> Error {
    Error::Unavailable("another process has held the database file for too long".into())
}

/// A statement was interrupted at its deadline.
pub(super) fn too_long() -> Error {
    Error::Unavailable("the statement took too long".into())
}
