//! Deleting directories: nothing of theirs stays, and nothing of others goes.

use rollcall_store::{
    Actor, Credential, CredentialKind, DIRECTORY_TABLES, Event, EventKind, KEPT_TABLES, ResourceType, Store,
    UserKey,
};
use serde_json::json;
use uuid::Uuid;

use crate::databases::Database;
use crate::fixture::{add, directory, id, named};

crate::on_both_databases!(
    every_table_of_directories_is_deleted_from_or_kept_on_purpose,
    a_directory_goes_with_all_that_is_its_own_and_nothing_else,
    what_was_written_meanwhile_is_deleted_later,
);

async fn every_table_of_directories_is_deleted_from_or_kept_on_purpose(database: &dyn Database) {
    database.store().await;
    let mut known: Vec<&str> = [DIRECTORY_TABLES, KEPT_TABLES].concat();
    known.sort_unstable();
    let mut found = database.tables_with("directory_id").await;
    found.retain(|table| known.binary_search(&table.as_str()).is_err());
    assert!(found.is_empty(), "each table with a directory_id is in one of the two lists: {found:?}");
}

async fn a_directory_goes_with_all_that_is_its_own_and_nothing_else(database: &dyn Database) {
    let store = database.store().await;
    let (gone, stays) = (directory(&*store, 1).await, directory(&*store, 2).await);
    let mut transaction = store.begin().await.unwrap();
    for (number, each) in [(1, &gone), (2, &stays)] {
        add(&mut *transaction, each.id, &named(number, "ana")).await.unwrap();
        transaction.set_password(each.id, id(number), "hash").await.unwrap();
        let number = u8::try_from(number).unwrap();
        transaction.insert_credential(&token(number, each.id)).await.unwrap();
        transaction.insert_event(&event(number, each.id)).await.unwrap();
    }
    transaction.save().await.unwrap();

    let mut transaction = store.begin().await.unwrap();
    assert_eq!(transaction.count_resources(gone.id, ResourceType::User).await.unwrap(), 1);
    assert_eq!(transaction.count_resources(gone.id, ResourceType::Group).await.unwrap(), 0);
    transaction.delete_directory(gone.id, 5).await.unwrap();
    transaction.save().await.unwrap();

    assert_eq!(store.directory(&gone.name).await.unwrap(), None);
    assert_eq!(store.credential(&[1; 32]).await.unwrap(), None);
    assert_eq!(store.user_id(gone.id, UserKey::Name("ana")).await.unwrap(), None);
    assert!(store.password(gone.id, UserKey::Id(id(1))).await.unwrap().is_none());
    assert_eq!(store.deleted_directories().await.unwrap(), [(gone.id, 5)]);
    let mut transaction = store.begin().await.unwrap();
    assert_eq!(transaction.count_resources(gone.id, ResourceType::User).await.unwrap(), 0);
    assert_eq!(transaction.delete_leftovers(gone.id).await.unwrap(), 0, "a table was forgotten");
    drop(transaction);
    while store.number_events(Some(gone.id)).await.unwrap() {}
    assert_eq!(store.event_range(Some(gone.id)).await.unwrap().newest, 1, "its events stay");

    assert!(store.credential(&[2; 32]).await.unwrap().is_some());
    assert_eq!(store.user_id(stays.id, UserKey::Name("ana")).await.unwrap(), Some(id(2)));
    assert!(store.password(stays.id, UserKey::Id(id(2))).await.unwrap().unwrap().hash.is_some());
    take_name_again(&*store, &gone.name).await;
}

async fn take_name_again(store: &dyn Store, name: &str) {
    let mut again = directory(store, 3).await;
    (again.id, again.name) = (Uuid::from_u128(4), name.to_owned());
    let mut transaction = store.begin().await.unwrap();
    transaction.insert_directory(&again).await.unwrap();
    transaction.save().await.unwrap();
    assert_eq!(store.directory(name).await.unwrap().unwrap().id, again.id);
}

async fn what_was_written_meanwhile_is_deleted_later(database: &dyn Database) {
    let store = database.store().await;
    let gone = directory(&*store, 1).await;
    let mut transaction = store.begin().await.unwrap();
    transaction.delete_directory(gone.id, 5).await.unwrap();
    add(&mut *transaction, gone.id, &named(1, "late")).await.unwrap();
    transaction.save().await.unwrap();
    assert_eq!(store.user_id(gone.id, UserKey::Name("late")).await.unwrap(), Some(id(1)));

    let mut transaction = store.begin().await.unwrap();
    assert!(transaction.delete_leftovers(gone.id).await.unwrap() > 0);
    transaction.forget_deleted_directory(gone.id).await.unwrap();
    transaction.save().await.unwrap();
    assert_eq!(store.user_id(gone.id, UserKey::Name("late")).await.unwrap(), None);
    assert_eq!(store.deleted_directories().await.unwrap(), []);
}

fn token(number: u8, directory: Uuid) -> Credential {
    Credential {
        id: Uuid::from_u128(number.into()),
        kind: CredentialKind::ScimToken,
        directory: Some(directory),
        name: String::new(),
        prefix: format!("rc_{number}"),
        hash: [number; 32],
        scopes: Vec::new(),
        created: 1,
        expires: None,
        revoked: None,
        user: None,
        client: None,
        secret: None,
        last_use: None,
    }
}

fn event(number: u8, directory: Uuid) -> Event {
    Event {
        id: Uuid::from_u128(number.into()),
        directory: Some(directory),
        kind: EventKind::DirectoryUpdated,
        subject: directory,
        version: None,
        time: 1,
        actor: Actor::System,
        person: None,
        request_id: String::new(),
        changes: json!({}),
    }
}
