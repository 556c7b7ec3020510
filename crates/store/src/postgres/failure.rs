//! What an error of PostgreSQL, or of the way there, means.

use sqlx::error::{DatabaseError, ErrorKind};

use crate::taken::{Taken, taken};
use crate::{Error, ResourceType};

/// The error of a statement, in the store's words.
pub(super) fn failure(error: sqlx::Error) -> Error {
    match &error {
        sqlx::Error::Database(database) => match meaning(&**database) {
            // Of which type the resource is, the caller knows: see `Error::of`.
            Meaning::Taken(Taken::Name) => Error::NameTaken(ResourceType::User),
            Meaning::Taken(Taken::DirectoryName) => Error::DirectoryNameTaken,
            Meaning::Taken(Taken::Secret) => Error::SecretTaken,
            Meaning::Taken(Taken::Row) | Meaning::Conflict => Error::Conflict(Box::new(error)),
            Meaning::Unavailable => Error::Unavailable(Box::new(error)),
            Meaning::Fault => Error::Driver(Box::new(error)),
        },
        // A protocol error is what a proxy answers that has nobody behind it.
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => {
            Error::Unavailable(Box::new(error))
        }
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::TypeNotFound { .. } => {
            Error::Damaged(error.to_string())
        }
        _ => Error::Driver(Box::new(error)),
    }
}

/// Whether a connection is of no use any more after this error: it is broken, its server shuts down, or does not take
/// changes.
pub(super) fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            code.starts_with("08") || code.starts_with("57P") || [READ_ONLY, UNKNOWN].contains(&&*code)
        }
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => true,
        _ => false,
    }
}

/// Whether a server said by this error that it did not do what it was asked.
pub(super) fn is_told(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.is_some_and(|code| !code.starts_with("08") && code != UNKNOWN)
}

const DIVISION_BY_ZERO: &str = "22012";
/// Nobody knows whether the statement was completed: distributed engines say so of a COMMIT.
const UNKNOWN: &str = "40003";
/// The server is a standby, or has become one.
const READ_ONLY: &str = "25006";

enum Meaning {
    Taken(Taken),
    Conflict,
    Unavailable,
    Fault,
}

fn meaning(error: &dyn DatabaseError) -> Meaning {
    if error.kind() == ErrorKind::UniqueViolation {
        return Meaning::Taken(taken(error.constraint().unwrap_or_else(|| error.message())));
    }
    let code = error.code().unwrap_or_default();
    match &*code {
        // Serialization failure, deadlock. Nothing of ours divides but what finds out that a row has changed since it was
        // read: see `Queue`.
        "40001" | "40P01" | DIVISION_BY_ZERO => Meaning::Conflict,
        // Somebody else has had a lock for too long, or the statement took too long: whoever asks may ask again, but not at
        // once.
        "55P03" | READ_ONLY | UNKNOWN => Meaning::Unavailable,
        // Connection exceptions, insufficient resources, cancelled, shutting down or starting up.
        _ if code.len() == 5 && ["08", "53", "57"].iter().any(|class| code.starts_with(class)) => {
            Meaning::Unavailable
        }
        // The session was ended while its transaction was idle.
        "25P03" => Meaning::Unavailable,
        _ => Meaning::Fault,
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::error::Error as StdError;
    use std::fmt;

    use super::*;

    /// What the server says of an error.
    #[derive(Debug, Default)]
    struct Said {
        code: &'static str,
        constraint: Option<&'static str>,
        is_unique: bool,
    }

    impl fmt::Display for Said {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("said")
        }
    }

    impl StdError for Said {}

    impl DatabaseError for Said {
        fn message(&self) -> &'static str {
            "said"
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

    fn said(code: &'static str) -> sqlx::Error {
        sqlx::Error::Database(Box::new(Said { code, ..Said::default() }))
    }

    #[test]
    fn what_may_go_well_at_once_is_a_conflict() {
        for code in ["40001", "40P01", "22012"] {
            assert!(matches!(failure(said(code)), Error::Conflict(_)), "{code}");
        }
        let same_row = Said { is_unique: true, constraint: Some("leases_pkey"), ..Said::default() };
        let error = failure(sqlx::Error::Database(Box::new(same_row)));
        assert!(matches!(error, Error::Conflict(_)), "{error:?}");
    }

    #[test]
    fn a_database_that_cannot_be_reached_waits_or_takes_no_changes_is_unavailable_and_all_else_a_fault() {
        for code in ["08006", "53300", "57P01", "57014", "55P03", "25006", "25P03", "40003"] {
            assert!(matches!(failure(said(code)), Error::Unavailable(_)), "{code}");
        }
        for code in ["", "1", "42601", "22P02", "08", "5300", "530000"] {
            assert!(matches!(failure(said(code)), Error::Driver(_)), "{code}");
        }
        let reset = sqlx::Error::Io(std::io::Error::other("reset"));
        assert!(matches!(failure(reset), Error::Unavailable(_)));
        let proxy = sqlx::Error::Protocol("unexpected response from SSLRequest".into());
        assert!(matches!(failure(proxy), Error::Unavailable(_)));
        assert!(matches!(failure(sqlx::Error::RowNotFound), Error::Driver(_)));
    }

    #[test]
    fn a_connection_goes_when_its_server_does_or_takes_no_changes() {
        for code in ["08006", "57P01", "25006", "40003"] {
            assert!(is_lost(&said(code)), "{code}");
        }
        for code in ["23505", "57014", "55P03", "40001"] {
            assert!(!is_lost(&said(code)), "{code}");
        }
        assert!(is_lost(&sqlx::Error::Io(std::io::Error::other("reset"))));
        assert!(!is_lost(&sqlx::Error::RowNotFound));
    }

    #[test]
    fn what_was_asked_is_known_not_to_be_done_where_the_server_says_so() {
        for code in ["57P01", "25006", "23505", "40001"] {
            assert!(is_told(&said(code)), "{code}");
        }
        for code in ["08006", "08P01", "40003"] {
            assert!(!is_told(&said(code)), "{code}");
        }
        assert!(!is_told(&sqlx::Error::Io(std::io::Error::other("reset"))));
    }

    #[test]
    fn a_name_is_taken_among_the_resources_of_the_type_that_was_written() {
        let taken = Said { is_unique: true, constraint: Some("resources_unique_name"), ..Said::default() };
        let error = failure(sqlx::Error::Database(Box::new(taken))).of(ResourceType::Group);
        assert!(matches!(error, Error::NameTaken(ResourceType::Group)), "{error:?}");
    }
}
