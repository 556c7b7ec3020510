//! Migrating.

use futures_util::future::join_all;
use rollcall_store::{Error, Options, open};
use uuid::Uuid;

use crate::databases::Database;

crate::on_both_databases!(migrations_are_applied_once, of_several_who_migrate_at_once_one_does);

async fn migrations_are_applied_once(database: &dyn Database) {
    let store = database.open().await;
    let pending = store.pending_migrations().await.unwrap();
    assert!(!pending.is_empty());
    assert_eq!(store.migrate(Uuid::from_u128(1), &|| 0).await.unwrap(), pending);
    assert_eq!(store.pending_migrations().await.unwrap(), Vec::<String>::new());
    assert_eq!(store.migrate(Uuid::from_u128(2), &|| 0).await.unwrap(), Vec::<String>::new());
    assert_eq!(store.directories(None, 1).await.unwrap(), []);
}

async fn of_several_who_migrate_at_once_one_does(database: &dyn Database) {
    let stores = [database.open().await, database.open().await, database.open().await];
    let pending = stores[0].pending_migrations().await.unwrap();
    let applied = join_all(
        stores
            .iter()
            .zip(1..)
            .map(async |(store, holder)| store.migrate(Uuid::from_u128(holder), &|| 0).await.unwrap()),
    )
    .await;
    let at_work: Vec<_> = applied.into_iter().filter(|applied| !applied.is_empty()).collect();
    assert_eq!(at_work, [pending]);
}

#[tokio::test]
async fn a_url_of_no_database_is_refused() {
    for url in ["", "mysql://localhost/x", "sqlite::memory:", "sqlite:", "postgres://[", "/tmp/file"] {
        let error = open(url, &Options::default()).await.expect_err(url);
        assert!(matches!(error, Error::Url(_)), "{url}: {error}");
    }
}
