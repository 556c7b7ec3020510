//! Users one by one.

use rollcall_store::{Error, Paging, Query, ResourceType, Selection, Store, StoredResource, UserOrigin};
use serde_json::json;

use crate::databases::Database;
use crate::fixture::{add, directory, id, insert, named, overwrite, saved, stored, user};

crate::on_both_databases!(
    a_user_comes_back_as_it_was_stored,
    a_change_replaces_everything,
    a_deleted_user_is_gone_and_its_name_free,
    a_user_name_is_unique_in_its_directory_whatever_its_case,
    a_directory_sees_only_its_own_users,
    what_was_read_before_the_transaction_is_written_as_it_was_read_or_not_at_all,
    the_total_follows_every_change,
    a_user_whom_the_identity_provider_adopts_is_managed_by_it_and_no_other_is,
);

async fn total(store: &dyn Store, directory: uuid::Uuid) -> u64 {
    let everyone = [Selection { resource_type: ResourceType::User, condition: None, sort: None }];
    let query = Query { selections: &everyone, descending: false, paging: Paging::Offset(0), limit: 0 };
    store.resources(directory, &query).await.unwrap().total
}

async fn a_user_comes_back_as_it_was_stored(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let ana = user(
        7,
        json!({
            "userName": "Ana É \u{1F600}",
            "emails": [{"value": "Ana@Ex.com", "primary": true}, {"value": "ana@ex.com"}],
            "urn:example:x": {"decimal": serde_json::from_str::<serde_json::Value>("1.10").unwrap(), "z": 1, "a": []},
        }),
    );
    insert(&*store, &acme, std::slice::from_ref(&ana)).await;
    assert_eq!(stored(&*store, acme.id, ana.id).await, Some(ana));
    assert_eq!(store.resource(acme.id, ResourceType::User, id(8)).await.unwrap(), None);
}

async fn a_change_replaces_everything(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let before = user(7, json!({"userName": "ana", "emails": [{"value": "old@ex.com"}], "active": true}));
    insert(&*store, &acme, std::slice::from_ref(&before)).await;

    let mut after =
        user(7, json!({"userName": "ben", "emails": [{"value": "new@ex.com"}], "externalId": "e"}));
    (after.version, after.created, after.modified) = (2, before.created, 99);
    let mut transaction = store.begin().await.unwrap();
    assert_eq!(
        transaction.resource(acme.id, ResourceType::User, id(7)).await.unwrap().as_ref(),
        Some(&before)
    );
    overwrite(&mut *transaction, acme.id, &after, &before.attributes).await.unwrap();
    transaction.save().await.unwrap();
    assert_eq!(stored(&*store, acme.id, id(7)).await, Some(after));
}

async fn a_deleted_user_is_gone_and_its_name_free(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    insert(&*store, &acme, &[user(7, json!({"userName": "ana", "emails": [{"value": "ana@ex.com"}]}))]).await;
    let mut transaction = store.begin().await.unwrap();
    transaction.delete_resource(acme.id, ResourceType::User, id(7)).await.unwrap();
    transaction.save().await.unwrap();
    assert_eq!(store.resource(acme.id, ResourceType::User, id(7)).await.unwrap(), None);
    insert(&*store, &acme, &[named(8, "ana")]).await;
}

async fn a_user_name_is_unique_in_its_directory_whatever_its_case(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await, directory(&*store, 2).await);
    insert(&*store, &acme, &[named(1, "Straße"), named(2, "ben")]).await;
    insert(&*store, &other, &[named(3, "STRASSE")]).await;

    let mut transaction = store.begin().await.unwrap();
    let twin = named(4, "STRASSE");
    let added = add(&mut *transaction, acme.id, &twin).await;
    let error = saved(transaction, added).await.unwrap_err();
    assert!(matches!(error, Error::NameTaken(ResourceType::User)), "{error}");

    let mut transaction = store.begin().await.unwrap();
    let renamed = StoredResource { version: 2, ..named(2, "strasse") };
    let overwritten = overwrite(&mut *transaction, acme.id, &renamed, &named(2, "ben").attributes).await;
    let error = saved(transaction, overwritten).await.unwrap_err();
    assert!(matches!(error, Error::NameTaken(ResourceType::User)), "{error}");
    assert_eq!(total(&*store, acme.id).await, 2);
}

async fn a_directory_sees_only_its_own_users(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await, directory(&*store, 2).await);
    insert(&*store, &acme, &[named(1, "ana")]).await;
    assert_eq!(store.resource(other.id, ResourceType::User, id(1)).await.unwrap(), None);
    assert_eq!(total(&*store, other.id).await, 0);
    let mut transaction = store.begin().await.unwrap();
    assert_eq!(transaction.resource(other.id, ResourceType::User, id(1)).await.unwrap(), None);
    let before = named(1, "ana").attributes;
    let eve = StoredResource { version: 2, ..named(1, "eve") };
    let overwritten = overwrite(&mut *transaction, other.id, &eve, &before).await;
    assert!(matches!(saved(transaction, overwritten).await, Err(Error::Conflict(_))));
    let ana = stored(&*store, acme.id, id(1)).await.unwrap();
    assert_eq!(ana.attributes["userName"], "ana");
    assert_eq!(store.resource(other.id, ResourceType::User, id(1)).await.unwrap(), None);
}

async fn what_was_read_before_the_transaction_is_written_as_it_was_read_or_not_at_all(
    database: &dyn Database,
) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    insert(&*store, &acme, &[named(1, "ana")]).await;
    let read = store.resource(acme.id, ResourceType::User, id(1)).await.unwrap();
    let before = named(1, "ana").attributes;
    for (name, is_written) in [("eve", true), ("ben", false)] {
        let mut transaction = store.begin().await.unwrap();
        let found = transaction.resource_to_change(acme.id, ResourceType::User, id(1), read.clone()).await;
        // Where nothing is read ahead, it is asked for again, and held.
        let seen = if database.reads_ahead() || is_written { "ana" } else { "eve" };
        assert_eq!(found.unwrap().unwrap().attributes["userName"], seen);
        let changed = StoredResource { version: 2, ..named(1, name) };
        let overwritten = overwrite(&mut *transaction, acme.id, &changed, &before).await;
        match saved(transaction, overwritten).await {
            Ok(()) => assert!(is_written, "{name}"),
            Err(error) => assert!(!is_written && matches!(error, Error::Conflict(_)), "{name}: {error}"),
        }
    }
    assert_eq!(stored(&*store, acme.id, id(1)).await.unwrap().attributes["userName"], "eve");
}

async fn the_total_follows_every_change(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let users: Vec<_> = (1..=50).map(|number| named(number, &format!("user{number}"))).collect();
    insert(&*store, &acme, &users).await;
    assert_eq!(total(&*store, acme.id).await, 50);

    let mut given_up = store.begin().await.unwrap();
    given_up.delete_resource(acme.id, ResourceType::User, id(1)).await.unwrap();
    drop(given_up);
    assert_eq!(total(&*store, acme.id).await, 50);

    let mut transaction = store.begin().await.unwrap();
    for number in 1..=20 {
        transaction.delete_resource(acme.id, ResourceType::User, id(number)).await.unwrap();
    }
    transaction.save().await.unwrap();
    assert_eq!(total(&*store, acme.id).await, 30);
}

async fn a_user_whom_the_identity_provider_adopts_is_managed_by_it_and_no_other_is(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await, directory(&*store, 2).await);
    let own = |number, name| StoredResource {
        origin: Some(UserOrigin::Sso),
        scim_managed: false,
        ..named(number, name)
    };
    insert(&*store, &acme, &[own(7, "ana"), own(8, "bo")]).await;
    insert(&*store, &other, &[own(9, "ana")]).await;
    let mut transaction = store.begin().await.unwrap();
    transaction.adopt_user(acme.id, id(7)).await.unwrap();
    transaction.adopt_user(acme.id, id(9)).await.unwrap();
    transaction.save().await.unwrap();
    for (directory, expected) in [
        (acme.id, StoredResource { scim_managed: true, ..own(7, "ana") }),
        (acme.id, own(8, "bo")),
        (other.id, own(9, "ana")),
    ] {
        assert_eq!(stored(&*store, directory, expected.id).await, Some(expected));
    }
}
