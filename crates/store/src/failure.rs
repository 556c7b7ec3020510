//! What an error of a database driver means.

use sqlx::error::{DatabaseError, ErrorKind};

use crate::{Error, ResourceType};

/// The error of a statement, in the store's words.
pub(crate) fn failure(error: sqlx::Error) -> Error {
    match &error {
        sqlx::Error::Database(database) => match meaning(&**database) {
            // Which type it is, the caller knows: see `failure_of`.
            Meaning::NameTaken => Error::NameTaken(ResourceType::User),
            Meaning::DirectoryNameTaken => Error::DirectoryNameTaken,
            Meaning::SecretTaken => Error::SecretTaken,
            Meaning::Conflict => Error::Conflict(error),
            Meaning::Unavailable => Error::Unavailable(error),
            Meaning::Fault => Error::Driver(error),
        },
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => Error::Unavailable(error),
        _ => Error::Driver(error),
    }
}

/// The error of a statement that wrote a resource of a type.
pub(crate) fn failure_of(resource_type: ResourceType) -> impl Fn(sqlx::Error) -> Error {
    move |error| match failure(error) {
        Error::NameTaken(_) => Error::NameTaken(resource_type),
        error => error,
    }
}

enum Meaning {
    NameTaken,
    DirectoryNameTaken,
    SecretTaken,
    Conflict,
    Unavailable,
    Fault,
}

fn meaning(error: &dyn DatabaseError) -> Meaning {
    if error.kind() == ErrorKind::UniqueViolation {
        return unique(error);
    }
    let code = error.code().unwrap_or_default();
    match &*code {
        // PostgreSQL: serialization failure, deadlock, lock not available. SQLite: another process holds the lock, or
        // wrote since this transaction began to read.
        "40001" | "40P01" | "55P03" | "5" | "261" | "517" => Meaning::Conflict,
        // SQLite: the disk cannot be read or written, is full, or cannot be opened.
        "10" | "13" | "14" => Meaning::Unavailable,
        // PostgreSQL: connection exceptions, insufficient resources, shutting down or starting up.
        _ if code.len() == 5 && ["08", "53", "57"].iter().any(|class| code.starts_with(class)) => {
            Meaning::Unavailable
        }
        _ => Meaning::Fault,
    }
}

/// PostgreSQL names the constraint; SQLite lists its columns in the message.
fn unique(error: &dyn DatabaseError) -> Meaning {
    let named = error.constraint().unwrap_or_else(|| error.message());
    match named {
        _ if named.contains("unique_name") => Meaning::NameTaken,
        _ if named.contains("directories") && named.contains("name") => Meaning::DirectoryNameTaken,
        _ if named.contains("hash") => Meaning::SecretTaken,
        // Another process made the same row at the same time.
        _ => Meaning::Conflict,
    }
}
