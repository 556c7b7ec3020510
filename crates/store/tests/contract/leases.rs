//! Leases: locks that are rows.

use futures_util::future::join_all;
use uuid::Uuid;

use crate::databases::Database;

crate::on_both_databases!(
    a_lease_is_held_until_it_ends_or_is_given_back,
    only_its_holder_gives_a_lease_back,
    of_several_who_ask_at_once_one_gets_the_lease,
);

const ANA: Uuid = Uuid::from_u128(1);
const BEN: Uuid = Uuid::from_u128(2);

async fn a_lease_is_held_until_it_ends_or_is_given_back(database: &dyn Database) {
    let store = database.store().await;
    assert!(store.take_lease("jobs", ANA, 0, 10).await.unwrap());
    assert!(!store.take_lease("jobs", BEN, 9, 19).await.unwrap());
    assert!(store.take_lease("other", BEN, 9, 19).await.unwrap(), "another lease is another one's");
    assert!(store.take_lease("jobs", ANA, 9, 19).await.unwrap(), "its holder renews it");
    assert!(!store.take_lease("jobs", BEN, 18, 28).await.unwrap());
    assert!(store.take_lease("jobs", BEN, 19, 29).await.unwrap(), "it has ended");
    assert!(!store.take_lease("jobs", ANA, 20, 30).await.unwrap());
    store.give_back_lease("jobs", BEN).await.unwrap();
    assert!(store.take_lease("jobs", ANA, 20, 30).await.unwrap());
}

async fn only_its_holder_gives_a_lease_back(database: &dyn Database) {
    let store = database.store().await;
    store.take_lease("jobs", ANA, 0, 10).await.unwrap();
    store.give_back_lease("jobs", BEN).await.unwrap();
    store.give_back_lease("none", BEN).await.unwrap();
    assert!(!store.take_lease("jobs", BEN, 5, 15).await.unwrap());
}

async fn of_several_who_ask_at_once_one_gets_the_lease(database: &dyn Database) {
    let stores = [database.store().await, database.open().await];
    let taken = join_all((0..20_u128).map(async |number| {
        let store = &stores[usize::from(number % 2 == 0)];
        store.take_lease("jobs", Uuid::from_u128(100 + number), 0, 10).await.unwrap()
    }))
    .await;
    assert_eq!(taken.into_iter().filter(|taken| *taken).count(), 1);
}
