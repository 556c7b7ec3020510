//! A database that is only looked at, beside whoever uses it.

use std::time::Duration;

use sha2::{Digest as _, Sha384};

use crate::{Options, Result, postgres, sqlite};

/// How often the database is asked for nothing, to see how quickly it answers.
pub(crate) const ASKED: usize = 5;

/// What is found of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examination {
    /// The name and the version of what answers, such as `PostgreSQL 17.2`.
    pub engine: String,
    /// How long the quickest of several answers took.
    pub latency: Duration,
    /// How far its clock is ahead of the caller's, in µs; `None`, it has none of its own.
    pub ahead: Option<i64>,
    /// How long it is, in bytes.
    pub bytes: u64,
    /// Whether it takes changes: a standby does not, nor a file that may only be read.
    pub takes_changes: bool,
    /// How many connections it lets in that are nobody's by right; `None`, it counts none.
    pub connections: Option<u32>,
    /// Which migrations it has.
    pub migrations: Migrations,
}

/// Which migrations a database has, of those that this version knows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Migrations {
    /// The names of those that it lacks.
    pub pending: Vec<String>,
    /// The numbers of those that it has of a later version.
    pub later: Vec<i64>,
    /// The numbers of those that were applied with another text.
    pub altered: Vec<i64>,
}

/// Looks at a database that is there, by one connection, and changes nothing; nobody waits for it. `now` is the time in µs.
///
/// Errors: [`Error::Url`](crate::Error::Url), [`Error::Unavailable`](crate::Error::Unavailable), and what the server refuses.
pub async fn examine(url: &str, options: &Options, now: fn() -> i64) -> Result<Examination> {
    if url.starts_with("sqlite:") {
        sqlite::examine(url).await
    } else {
        postgres::examine(url, options, now).await
    }
}

/// Compares what was applied, by number and checksum, with what this version knows.
pub(crate) fn compared(known: &[(i64, &str, &str)], applied: &[(i64, Vec<u8>)]) -> Migrations {
    let mut migrations = Migrations::default();
    for (number, name, sql) in known {
        match applied.iter().find(|(applied, _)| applied == number) {
            None => migrations.pending.push(title(*number, name)),
            Some((_, found)) if *found != checksum(sql) => migrations.altered.push(*number),
            Some(_) => {}
        }
    }
    let is_known = |number: &i64| known.iter().any(|(known, ..)| known == number);
    migrations.later = applied.iter().map(|(number, _)| *number).filter(|number| !is_known(number)).collect();
    migrations
}

/// The checksum of a migration, as sqlx makes it.
pub(crate) fn checksum(sql: &str) -> Vec<u8> {
    Sha384::digest(sql).to_vec()
}

/// What a migration is called.
pub(crate) fn title(number: i64, name: &str) -> String {
    format!("{number:04} {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_pending_later_or_altered() {
        let known = [(1, "one", "a"), (2, "two", "b"), (4, "four", "d")];
        let applied = [(1, checksum("a")), (2, checksum("x")), (9, checksum("z"))];
        let expected = Migrations { pending: vec!["0004 four".to_owned()], later: vec![9], altered: vec![2] };
        assert_eq!(compared(&known, &applied), expected);
        assert_eq!(compared(&[], &[]), Migrations::default());
    }
}
