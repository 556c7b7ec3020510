//! Transactions side by side: what was saved has happened, what was dropped has not.

use futures_util::future::join_all;
use rollcall_store::{Error, Paging, Query, ResourceType, Selection, Store};
use serde_json::json;
use uuid::Uuid;

use crate::databases::Database;
use crate::fixture::{add, directory, id, insert, named, overwrite, stored, user};

crate::on_both_databases!(
    what_is_saved_has_happened_and_what_is_dropped_has_not,
    of_two_users_with_one_name_one_is_made,
    changes_of_one_user_queue_and_none_is_lost,
    a_transaction_that_fails_takes_no_other_one_with_it,
    a_part_of_a_transaction_is_kept_or_undone,
    a_closed_store_takes_no_more_writes,
);

async fn what_is_saved_has_happened_and_what_is_dropped_has_not(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    join_all((0..200_u128).map(|number| {
        let store = &store;
        async move {
            let user = named(number, &format!("user{number}"));
            let mut transaction = store.begin().await.unwrap();
            add(&mut *transaction, acme_id(), &user).await.unwrap();
            if number % 3 != 0 {
                transaction.save().await.unwrap();
                // The answer comes after the commit: whoever reads now sees it.
                assert!(store.resource(acme_id(), ResourceType::User, user.id).await.unwrap().is_some());
            }
        }
    }))
    .await;
    for number in 0..200_u128 {
        let found = store.resource(acme.id, ResourceType::User, id(number)).await.unwrap().is_some();
        assert_eq!(found, number % 3 != 0, "user {number}");
    }
    assert_eq!(total(&*store, acme.id).await, 133);
}

async fn total(store: &dyn Store, directory: Uuid) -> u64 {
    let everyone = [Selection { resource_type: ResourceType::User, condition: None, sort: None }];
    let query = Query { selections: &everyone, descending: false, paging: Paging::Offset(0), limit: 0 };
    store.resources(directory, &query).await.unwrap().total
}

fn acme_id() -> Uuid {
    Uuid::from_u128(1)
}

async fn of_two_users_with_one_name_one_is_made(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let outcomes = join_all((0..20_u128).map(|number| {
        let (store, acme) = (&store, &acme);
        async move {
            let user = named(number, "ana");
            let made = async {
                let mut transaction = store.begin().await?;
                add(&mut *transaction, acme.id, &user).await?;
                transaction.save().await
            };
            let made = made.await;
            if made.is_err() {
                // Whoever was refused hears of it when everybody can see why.
                store.settled().await?;
                assert_eq!(total(&**store, acme.id).await, 1);
            }
            made
        }
    }))
    .await;
    let made = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let taken = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Err(Error::NameTaken(ResourceType::User))))
        .count();
    assert_eq!((made, taken), (1, 19));
}

async fn changes_of_one_user_queue_and_none_is_lost(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    insert(&*store, &acme, &[user(7, json!({"userName": "ana", "count": 0}))]).await;
    join_all((0..50).map(|_| {
        let (store, acme) = (&store, &acme);
        async move {
            let mut transaction = store.begin().await.unwrap();
            let mut user = transaction.resource(acme.id, ResourceType::User, id(7)).await.unwrap().unwrap();
            let before = user.attributes.clone();
            let count = user.attributes["count"].as_i64().unwrap();
            user.attributes.insert("count".to_owned(), json!(count + 1));
            user.version += 1;
            overwrite(&mut *transaction, acme.id, &user, &before).await.unwrap();
            transaction.save().await.unwrap();
        }
    }))
    .await;
    let user = stored(&*store, acme.id, id(7)).await.unwrap();
    assert_eq!((user.attributes["count"].as_i64(), user.version), (Some(50), 51));
}

async fn a_transaction_that_fails_takes_no_other_one_with_it(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    insert(&*store, &acme, &[named(0, "taken")]).await;
    let outcomes = join_all((1..=60_u128).map(|number| {
        let (store, acme) = (&store, &acme);
        async move {
            let user_name = if number % 2 == 0 { "TAKEN".to_owned() } else { format!("user{number}") };
            let user = named(number, &user_name);
            let mut transaction = store.begin().await?;
            add(&mut *transaction, acme.id, &user).await?;
            transaction.save().await
        }
    }))
    .await;
    for (number, outcome) in (1_u128..).zip(outcomes) {
        assert_eq!(outcome.is_ok(), number % 2 == 1, "user {number}: {outcome:?}");
        assert_eq!(
            store.resource(acme.id, ResourceType::User, id(number)).await.unwrap().is_some(),
            number % 2 == 1
        );
    }
}

async fn a_closed_store_takes_no_more_writes(database: &dyn Database) {
    let store = database.store().await;
    store.close().await;
    assert!(matches!(store.begin().await.map(drop), Err(Error::Unavailable(_))));
    assert!(matches!(store.directories(None, 1).await, Err(Error::Unavailable(_))));
}

async fn a_part_of_a_transaction_is_kept_or_undone(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let mut transaction = store.begin().await.unwrap();
    add(&mut *transaction, acme.id, &named(0, "before")).await.unwrap();
    for (number, name, keep) in [(1, "kept", true), (2, "undone", false), (3, "last", true)] {
        transaction.begin_part().await.unwrap();
        add(&mut *transaction, acme.id, &named(number, name)).await.unwrap();
        transaction.end_part(keep).await.unwrap();
    }
    transaction.begin_part().await.unwrap();
    let taken = add(&mut *transaction, acme.id, &named(4, "kept")).await;
    assert!(matches!(taken, Err(Error::NameTaken(_))), "{taken:?}");
    transaction.end_part(false).await.unwrap();
    add(&mut *transaction, acme.id, &named(5, "undone")).await.unwrap();
    transaction.save().await.unwrap();
    for (number, is_there) in [(0, true), (1, true), (2, false), (3, true), (4, false), (5, true)] {
        let found = store.resource(acme.id, ResourceType::User, id(number)).await.unwrap().is_some();
        assert_eq!(found, is_there, "user {number}");
    }
    assert_eq!(total(&*store, acme.id).await, 4);
}
