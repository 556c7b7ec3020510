//! The administrators of the application among the users.

use rollcall_store::{Administrator, ResourceType, Store, UserOrigin};
use serde_json::json;
use uuid::Uuid;

use crate::databases::Database;
use crate::fixture::{directory, id, insert, named, user};

crate::on_both_databases!(
    a_role_makes_administrators_of_active_users_as_long_as_they_have_it,
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
    let administrators = transaction.administrators(acme.id, None).await.unwrap();
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
    assert_eq!(transaction.administrators(acme.id, None).await.unwrap(), administrators[1..]);
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
        changed.version += 1;
        crate::fixture::overwrite(&mut *transaction, acme.id, &changed, &created.attributes).await.unwrap();
        transaction.save().await.unwrap();
        let stored = store.resource(acme.id, ResourceType::User, id(number)).await.unwrap().unwrap();
        assert_eq!((stored.administrator, stored.origin), (true, Some(origin)));
    }
}

async fn a_role_makes_administrators_of_active_users_as_long_as_they_have_it(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await, directory(&*store, 2).await);
    let with_role = |number, name: &str, active: bool| {
        user(
            number,
            json!({ "userName": name, "active": active, "roles": [{ "value": "App Admin" }, { "value": "x" }] }),
        )
    };
    let users =
        [with_role(1, "ana", true), with_role(2, "ben", true), with_role(3, "cleo", false), named(4, "dan")];
    insert(&*store, &acme, &users).await;
    insert(&*store, &other, &[with_role(5, "ana", true)]).await;
    mark(&*store, acme.id, &[2]).await;
    let who = async |role: Option<&str>| {
        let mut transaction = store.begin().await.unwrap();
        let found = transaction.administrators(acme.id, role).await.unwrap();
        found.into_iter().map(|administrator| administrator.id).collect::<Vec<_>>()
    };
    assert_eq!(who(None).await, [id(2)]);
    assert_eq!(who(Some("APP admin")).await, [id(1), id(2)], "whoever is both counts once");
    assert_eq!(who(Some("app")).await, [id(2)]);
    let has_other = async |number, role: Option<&str>| {
        let mut transaction = store.begin().await.unwrap();
        transaction.has_other_administrator(acme.id, id(number), role).await.unwrap()
    };
    assert!(!has_other(2, None).await);
    assert!(has_other(2, Some("app admin")).await);
    assert!(has_other(1, Some("app admin")).await);

    let mut transaction = store.begin().await.unwrap();
    let mut ana = transaction.resource(acme.id, ResourceType::User, id(1)).await.unwrap().unwrap();
    ana.attributes.insert("roles".to_owned(), json!([{ "value": "x" }]));
    ana.version += 1;
    crate::fixture::overwrite(&mut *transaction, acme.id, &ana, &users[0].attributes).await.unwrap();
    transaction.save().await.unwrap();
    assert_eq!(who(Some("App Admin")).await, [id(2)]);
    assert!(!has_other(2, Some("App Admin")).await);
    let mut transaction = store.begin().await.unwrap();
    transaction.delete_resource(acme.id, ResourceType::User, id(1)).await.unwrap();
    transaction.save().await.unwrap();
    assert_eq!(who(Some("x")).await, [id(2)]);
}
