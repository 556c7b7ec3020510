//! Leases: locks that are rows.

use futures_util::future::join_all;
use uuid::Uuid;

use crate::databases::Database;

crate::on_both_databases!(
    a_lease_is_held_until_it_ends_or_is_given_back,
    a_lease_that_a_clock_ahead_took_does_not_count,
    only_its_holder_gives_a_lease_back,
    of_several_who_ask_at_once_one_gets_the_lease,
);

const ANA: Uuid = Uuid::from_u128(1);
const BEN: Uuid = Uuid::from_u128(2);

/// So long that no test sees its end, in µs.
const HOUR: i64 = 3_600_000_000;

async fn a_lease_is_held_until_it_ends_or_is_given_back(database: &dyn Database) {
    let store = database.store().await;
    let take = async |name, holder, length| store.take_lease(name, holder, HOUR, length).await.unwrap();
    assert!(take("jobs", ANA, HOUR).await);
    assert!(!take("jobs", BEN, HOUR).await);
    assert!(take("other", BEN, HOUR).await, "another lease is another one's");
    assert!(take("jobs", ANA, 0).await, "its holder renews it");
    assert!(take("jobs", BEN, HOUR).await, "it has ended");
    assert!(!take("jobs", ANA, HOUR).await);
    store.give_back_lease("jobs", BEN).await.unwrap();
    assert!(take("jobs", ANA, HOUR).await);
}

async fn a_lease_that_a_clock_ahead_took_does_not_count(database: &dyn Database) {
    let store = database.store().await;
    assert!(store.take_lease("jobs", ANA, 0, 720 * HOUR).await.unwrap());
    assert!(store.take_lease("jobs", BEN, 0, HOUR).await.unwrap());
    assert!(!store.take_lease("jobs", ANA, 0, 720 * HOUR).await.unwrap(), "it counts like any other");
}

async fn only_its_holder_gives_a_lease_back(database: &dyn Database) {
    let store = database.store().await;
    store.take_lease("jobs", ANA, 0, HOUR).await.unwrap();
    store.give_back_lease("jobs", BEN).await.unwrap();
    store.give_back_lease("none", BEN).await.unwrap();
    assert!(!store.take_lease("jobs", BEN, 0, HOUR).await.unwrap());
}

async fn of_several_who_ask_at_once_one_gets_the_lease(database: &dyn Database) {
    let stores = [database.store().await, database.open().await];
    let taken = join_all((0..20_u128).map(async |number| {
        let store = &stores[usize::from(number % 2 == 0)];
        store.take_lease("jobs", Uuid::from_u128(100 + number), 0, HOUR).await.unwrap()
    }))
    .await;
    assert_eq!(taken.into_iter().filter(|taken| *taken).count(), 1);
}
