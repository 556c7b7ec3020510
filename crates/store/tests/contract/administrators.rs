//! The administrators of the application among the users.

use rollcall_store::{Administrator, ResourceType, Store, UserOrigin};
use serde_json::json;
use uuid::Uuid;

use crate::databases::Database;
use crate::fixture::{directory, id, insert, named, user};

crate::on_both_databases!(
    the_active_ones_are_listed_with_their_primary_or_first_address,
    being_one_and_the_origin_stay_through_a_change,
);

async fn mark(store: &dyn Store, directory: Uuid, numbers: &[u128]) {
    let mut transaction = store.begin().await.unwrap();
    for number in numbers {
        transaction.set_administrator(directory, id(*number), true).await.unwrap();
    }
    transaction.save().await.unwrap();
}

async fn the_active_ones_are_listed_with_their_primary_or_first_address(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await, directory(&*store, 2).await);
    let users = [
        user(
            1,
            json!({
                "userName": "Ana", "displayName": "Ana Ruiz", "active": true,
                "emails": [{"value": "first@ex.com"}, {"value": "Primary@ex.com", "primary": true}],
            }),
        ),
        user(
            2,
            json!({"userName": "ben", "active": true, "emails": [{"value": "ben@ex.com"}, {"value": "b@ex.com"}]}),
        ),
        user(3, json!({"userName": "cleo", "active": false})),
        named(4, "dan"),
        named(5, "eve"),
    ];
    insert(&*store, &acme, &users).await;
    insert(&*store, &other, &[named(6, "ana")]).await;
    mark(&*store, acme.id, &[5, 3, 2, 1]).await;
    mark(&*store, other.id, &[6]).await;

    let mut transaction = store.begin().await.unwrap();
    let administrators = transaction.administrators(acme.id).await.unwrap();
    let administrator =
        |number, user_name: &str, display_name: Option<&str>, email: Option<&str>| Administrator {
            id: id(number),
            user_name: user_name.to_owned(),
            display_name: display_name.map(str::to_owned),
            email: email.map(str::to_owned),
        };
    assert_eq!(
        administrators,
        [
            administrator(1, "Ana", Some("Ana Ruiz"), Some("Primary@ex.com")),
            administrator(2, "ben", None, Some("ben@ex.com")),
            administrator(5, "eve", None, None),
        ]
    );
    transaction.set_administrator(acme.id, id(1), false).await.unwrap();
    assert_eq!(transaction.administrators(acme.id).await.unwrap(), administrators[1..]);
}

async fn being_one_and_the_origin_stay_through_a_change(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    for (number, origin) in [(1, UserOrigin::Scim), (2, UserOrigin::Sso), (3, UserOrigin::Admin)] {
        let mut created = named(number, &format!("user{number}"));
        created.origin = Some(origin);
        insert(&*store, &acme, std::slice::from_ref(&created)).await;
        mark(&*store, acme.id, &[number]).await;

        let mut transaction = store.begin().await.unwrap();
        let mut changed =
            transaction.resource(acme.id, ResourceType::User, id(number)).await.unwrap().unwrap();
        assert!(changed.administrator);
        changed.attributes.insert("title".to_owned(), json!("Boss"));
        crate::fixture::overwrite(&mut *transaction, acme.id, &changed, &created.attributes).await.unwrap();
        transaction.save().await.unwrap();
        let stored = store.resource(acme.id, ResourceType::User, id(number)).await.unwrap().unwrap();
        assert_eq!((stored.administrator, stored.origin), (true, Some(origin)));
    }
}
