//! Callers who stop waiting, and others who hold what is wanted: neither decides how a transaction ends, nor who else is
//! answered.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures_util::future::join_all;
use rollcall_store::{Error, ResourceType, Store};
use uuid::Uuid;

use crate::databases::Database;
use crate::fixture::{add, directory, id, named};

crate::on_both_databases!(
    whoever_stops_waiting_leaves_a_store_that_writes,
    a_save_that_was_begun_ends_by_itself
);

/// Lets a future go on for so many steps, and drops it then.
async fn for_some_steps<F: Future>(steps: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..steps {
        if let Poll::Ready(output) = poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await {
            return Some(output);
        }
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
    None
}

async fn make(store: &dyn Store, directory: Uuid, number: u128) -> rollcall_store::Result<()> {
    let mut transaction = store.begin().await?;
    add(&mut *transaction, directory, &named(number, &format!("user{number}"))).await?;
    transaction.save().await
}

async fn is_there(store: &dyn Store, directory: Uuid, number: u128) -> bool {
    store.resource(directory, ResourceType::User, id(number)).await.unwrap().is_some()
}

async fn whoever_stops_waiting_leaves_a_store_that_writes(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await.id;
    let goes_on = Arc::new(AtomicBool::new(true));
    let writers: Vec<_> = (0..4_u128)
        .map(|writer| {
            let (store, goes_on) = (Arc::clone(&store), Arc::clone(&goes_on));
            tokio::spawn(async move {
                let mut made = Vec::new();
                for number in (writer * 1_000_000)..(writer + 1) * 1_000_000 {
                    if !goes_on.load(Ordering::Relaxed) {
                        break;
                    }
                    make(&*store, acme, number).await.expect("nobody else's going away is felt");
                    made.push(number);
                }
                made
            })
        })
        .collect();
    let mut answered = Vec::new();
    for attempt in 0..400_usize {
        let number = 10_000_000 + attempt as u128;
        if let Some(outcome) = for_some_steps(attempt % 20, make(&*store, acme, number)).await {
            outcome.unwrap();
            answered.push(number);
        }
    }
    goes_on.store(false, Ordering::Relaxed);
    for made in join_all(writers).await {
        answered.extend(made.unwrap());
    }
    assert!(answered.len() > 100, "{} were made", answered.len());
    for number in answered {
        assert!(is_there(&*store, acme, number).await, "{number} was answered, and is not there");
    }
    make(&*store, acme, 20_000_000).await.unwrap();
}

async fn a_save_that_was_begun_ends_by_itself(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await.id;
    for number in 0..20 {
        let mut transaction = store.begin().await.unwrap();
        add(&mut *transaction, acme, &named(number, &format!("user{number}"))).await.unwrap();
        // PostgreSQL may not have been asked yet: there it is either whole or not there.
        _ = for_some_steps(1, transaction.save()).await;
        make(&*store, acme, 1_000 + number).await.unwrap();
    }
    let mut there = Vec::new();
    for number in 0..20 {
        there.push(is_there(&*store, acme, number).await);
    }
    if database.writers() == 1 {
        assert!(there.iter().all(|there| *there), "{there:?}");
    }
}

mod sqlite_alone {
    use super::*;
    use crate::databases::Sqlite;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_file_that_another_process_holds_is_waited_for_and_whoever_gives_up_harms_nobody() {
        let database = Sqlite::new();
        let store = database.store().await;
        let acme = directory(&*store, 1).await.id;
        let other = rusqlite::Connection::open(database.file()).unwrap();
        for round in 0..3 {
            other.execute_batch("BEGIN IMMEDIATE").unwrap();
            let patient = tokio::spawn({
                let store = Arc::clone(&store);
                async move { make(&*store, acme, 100 + round).await }
            });
            for number in 0..10 {
                let given_up = make(&*store, acme, 1_000 + 10 * round + number);
                assert!(tokio::time::timeout(Duration::from_millis(5), given_up).await.is_err());
                // Whoever reads does not wait for whoever writes.
                assert!(!is_there(&*store, acme, 1_000 + 10 * round + number).await);
            }
            other.execute_batch("ROLLBACK").unwrap();
            patient.await.unwrap().unwrap();
            make(&*store, acme, 200 + round).await.unwrap();
        }
    }
}

mod postgres_alone {
    use rollcall_store::Options;

    use super::*;
    use crate::databases::Postgres;
    use crate::fixture::overwrite;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_row_that_another_session_holds_is_waited_for_no_longer_than_a_lock_may_be() {
        let database = Postgres::new().await;
        let options = Options { lock_timeout: Duration::from_millis(100), ..Options::default() };
        database.store().await;
        let store = database.open_with(&options).await;
        let acme = directory(&*store, 1).await.id;
        make(&*store, acme, 7).await.unwrap();
        let mut holder = store.begin().await.unwrap();
        let mut user = holder.resource(acme, ResourceType::User, id(7)).await.unwrap().unwrap();
        user.version += 1;
        let waiting = join_all((0..8).map(|_| async {
            let mut transaction = store.begin().await?;
            transaction.resource(acme, ResourceType::User, id(7)).await.map(drop)
        }));
        for outcome in waiting.await {
            assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
        }
        let before = user.attributes.clone();
        overwrite(&mut *holder, acme, &user, &before).await.unwrap();
        holder.save().await.unwrap();
        make(&*store, acme, 8).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_statement_takes_no_longer_than_it_may_and_the_next_one_is_answered() {
        let database = Postgres::new().await;
        database.store().await;
        let options = Options {
            max_connections: 1,
            statement_timeout: Duration::from_millis(300),
            lock_timeout: Duration::from_mins(1),
            ..Options::default()
        };
        let store = database.open_with(&options).await;
        let acme = directory(&*store, 1).await.id;
        let held = database.hold("SELECT 1 FROM SCHEMA.directories FOR UPDATE").await;
        let mut transaction = store.begin().await.unwrap();
        let outcome = transaction.directory("directory-1").await;
        assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
        drop(transaction);
        make(&*store, acme, 9).await.unwrap();
        drop(held);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_several_hosts_the_first_that_answers_is_used_and_a_silent_one_takes_no_more_than_its_time() {
        let database = Postgres::new().await;
        database.store().await;
        // It takes connections, and never says a word.
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let silent = silent.local_addr().unwrap();
        let options = Options { acquire_timeout: Duration::from_secs(2), ..Options::default() };
        let url = database.url_behind(&silent.to_string());
        let store =
            rollcall_store::open(&format!("{url}&target_session_attrs=read-write"), &options).await.unwrap();
        let acme = directory(&*store, 1).await.id;
        make(&*store, acme, 7).await.unwrap();
        assert!(is_there(&*store, acme, 7).await);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn sessions_that_the_server_ends_are_replaced_and_reads_do_not_feel_it() {
        let database = Postgres::new().await;
        let store = database.store().await;
        let acme = directory(&*store, 1).await.id;
        make(&*store, acme, 7).await.unwrap();
        for _ in 0..3 {
            database.end_sessions().await;
            assert!(is_there(&*store, acme, 7).await);
            database.end_sessions().await;
            store.begin().await.unwrap();
        }
    }
}
