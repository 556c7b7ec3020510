//! What every database must do alike: one suite, run on SQLite, on PostgreSQL, and on PostgreSQL as it is used through a pooler.
//!
//! PostgreSQL is the one that `ROLLCALL_TEST_POSTGRES_URL` names; each test makes a schema of its own there. Without it
//! the tests on PostgreSQL fail: they are not skipped.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that fails panics")]

mod activity;
mod administrators;
mod audit;
mod callers;
mod commits;
mod credentials;
mod databases;
mod deletion;
mod departed;
mod directories;
mod events;
mod fixture;
mod guards;
mod leads;
mod leases;
mod members;
mod migrations;
mod moving;
mod names;
mod oracle;
mod outbox;
mod pages;
mod passwords;
mod provenance;
mod resources;
mod schemas;
mod sessions;
mod sign_ins;
mod spans;
mod statuses;

/// Instantiates the tests of a module for each database.
macro_rules! on_both_databases {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(&crate::databases::Sqlite::new()).await;
            })*
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(&crate::databases::Postgres::new().await).await;
            })*
        }

        mod pooled {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(&crate::databases::Postgres::pooled().await).await;
            })*
        }
    };
}
pub(crate) use on_both_databases;
