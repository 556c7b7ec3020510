//! The whole application in one process: requests go into the gateway's router and the core's services, over the in-memory
//! hop, on a database of the test's own; the clock is the test's to move. What needs no process, socket or command line is
//! tested here, in milliseconds.
//!
//! PostgreSQL is the one that `ROLLCALL_TEST_POSTGRES_URL` names. Without it the tests on PostgreSQL fail: they are not
//! skipped.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that fails panics")]

mod house;

mod activity;
mod activity_log;
mod bulk;
mod credentials;
mod departures;
mod directories;
mod events;
mod every_attribute;
mod groups;
mod holds;
mod imports;
mod keys;
mod lists;
mod notices;
mod oauth;
mod provisioning_rules;
mod sessions;
mod settings;
mod sign_ins;
mod smoke;
mod statuses;
mod users;

/// Instantiates the tests of a module for each database. A test takes the house that is its own.
macro_rules! on_both_databases {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $test() {
                crate::house::run(crate::house::Kind::Sqlite, async |house| super::$test(house).await).await;
            })*
        }

        mod postgres {
            $(#[tokio::test]
            async fn $test() {
                crate::house::run(crate::house::Kind::Postgres, async |house| super::$test(house).await).await;
            })*
        }
    };
}
pub(crate) use on_both_databases;
