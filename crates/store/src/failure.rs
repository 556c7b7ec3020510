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

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::error::Error as StdError;
    use std::fmt;

    use super::*;

    /// What a driver says of an error.
    #[derive(Debug, Default)]
    struct Said {
        code: &'static str,
        message: &'static str,
        constraint: Option<&'static str>,
        is_unique: bool,
    }

    impl fmt::Display for Said {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.message)
        }
    }

    impl StdError for Said {}

    impl DatabaseError for Said {
        fn message(&self) -> &str {
            self.message
        }

        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.code.into())
        }

        fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
            self
        }

        fn as_error_mut(&mut self) -> &mut (dyn StdError + Send + Sync + 'static) {
            self
        }

        fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
            self
        }

        fn constraint(&self) -> Option<&str> {
            self.constraint
        }

        fn kind(&self) -> ErrorKind {
            if self.is_unique { ErrorKind::UniqueViolation } else { ErrorKind::Other }
        }
    }

    fn of_code(code: &'static str) -> Error {
        failure(sqlx::Error::Database(Box::new(Said { code, ..Said::default() })))
    }

    fn of_unique(constraint: Option<&'static str>, message: &'static str) -> Error {
        failure(sqlx::Error::Database(Box::new(Said { code: "08000", message, constraint, is_unique: true })))
    }

    #[test]
    fn what_may_go_well_the_next_time_is_a_conflict() {
        for code in ["40001", "40P01", "55P03", "5", "261", "517"] {
            assert!(matches!(of_code(code), Error::Conflict(_)), "{code}");
        }
        let same_row = of_unique(Some("leases_pkey"), "duplicate key");
        assert!(matches!(same_row, Error::Conflict(_)), "{same_row:?}");
    }

    #[test]
    fn a_database_that_cannot_be_reached_or_has_no_room_is_unavailable_and_all_else_a_fault() {
        for code in ["10", "13", "14", "08006", "53300", "57P01"] {
            assert!(matches!(of_code(code), Error::Unavailable(_)), "{code}");
        }
        for code in ["", "1", "42601", "22P02", "08", "5300", "530000"] {
            assert!(matches!(of_code(code), Error::Driver(_)), "{code}");
        }
        for error in [
            sqlx::Error::Io(std::io::Error::other("reset")),
            sqlx::Error::PoolTimedOut,
            sqlx::Error::PoolClosed,
            sqlx::Error::WorkerCrashed,
        ] {
            assert!(matches!(failure(error), Error::Unavailable(_)));
        }
        assert!(matches!(failure(sqlx::Error::RowNotFound), Error::Driver(_)));
    }

    #[test]
    fn what_is_taken_is_told_by_the_constraint_or_by_the_columns() {
        for error in [
            of_unique(Some("resources_unique_name"), "duplicate key"),
            of_unique(None, "UNIQUE constraint failed: resources.directory_id, resources.unique_name"),
        ] {
            assert!(matches!(error, Error::NameTaken(_)), "{error:?}");
        }
        for error in [
            of_unique(Some("directories_name_key"), "duplicate key"),
            of_unique(None, "UNIQUE constraint failed: directories.name"),
        ] {
            assert!(matches!(error, Error::DirectoryNameTaken), "{error:?}");
        }
        for error in [
            of_unique(Some("credentials_hash_key"), "duplicate key"),
            of_unique(None, "UNIQUE constraint failed: credentials.hash"),
        ] {
            assert!(matches!(error, Error::SecretTaken), "{error:?}");
        }
        for other in ["directories_pkey", "names_pkey"] {
            assert!(matches!(of_unique(Some(other), "duplicate key"), Error::Conflict(_)), "{other}");
        }
    }

    #[test]
    fn a_name_is_taken_among_the_resources_of_the_type_that_was_written() {
        let taken = Said { is_unique: true, constraint: Some("resources_unique_name"), ..Said::default() };
        let error = failure_of(ResourceType::Group)(sqlx::Error::Database(Box::new(taken)));
        assert!(matches!(error, Error::NameTaken(ResourceType::Group)), "{error:?}");
        let error = failure_of(ResourceType::Group)(sqlx::Error::PoolClosed);
        assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
    }
}
