//! Passwords of users.

use rollcall_store::{PasswordHolder, ResourceType, Store, UserKey};
use serde_json::json;
use uuid::Uuid;

use crate::databases::Database;
use crate::fixture::{directory, id, insert, named, user};

crate::on_both_databases!(
    a_password_is_found_by_id_and_by_name_in_its_directory_alone,
    a_new_password_takes_the_place_of_the_old_one,
    a_password_goes_with_its_user,
    a_directory_forgets_the_passwords_of_all_its_users,
);

async fn set(store: &dyn Store, directory: Uuid, user: u128, hash: &str) {
    let mut transaction = store.begin().await.unwrap();
    transaction.set_password(directory, id(user), hash).await.unwrap();
    transaction.save().await.unwrap();
}

async fn hash(store: &dyn Store, directory: Uuid, user: u128) -> Option<String> {
    store.password(directory, UserKey::Id(id(user))).await.unwrap().unwrap().hash
}

async fn a_password_is_found_by_id_and_by_name_in_its_directory_alone(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await, directory(&*store, 2).await);
    let ana = user(7, json!({"userName": "Ana É", "active": true}));
    let ben = user(8, json!({"userName": "ben", "active": false}));
    insert(&*store, &acme, &[ana.clone(), ben.clone()]).await;
    set(&*store, acme.id, 7, "$argon2id$a").await;

    let found = PasswordHolder { user: ana.id, active: true, hash: Some("$argon2id$a".to_owned()) };
    assert_eq!(store.password(acme.id, UserKey::Id(ana.id)).await.unwrap(), Some(found.clone()));
    assert_eq!(store.password(acme.id, UserKey::Name("aNA é")).await.unwrap(), Some(found.clone()));
    let without = PasswordHolder { user: ben.id, active: false, hash: None };
    assert_eq!(store.password(acme.id, UserKey::Name("ben")).await.unwrap(), Some(without));
    assert_eq!(store.password(acme.id, UserKey::Name("eve")).await.unwrap(), None);
    assert_eq!(store.password(other.id, UserKey::Id(ana.id)).await.unwrap(), None);
    assert!(!format!("{found:?}").contains("argon2id"), "a hash is not printed");
}

async fn a_new_password_takes_the_place_of_the_old_one(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    insert(&*store, &acme, &[named(7, "ana")]).await;
    set(&*store, acme.id, 7, "old").await;
    set(&*store, acme.id, 7, "new").await;
    assert_eq!(hash(&*store, acme.id, 7).await.as_deref(), Some("new"));
    let mut transaction = store.begin().await.unwrap();
    assert!(transaction.delete_password(acme.id, id(7)).await.unwrap());
    assert!(!transaction.delete_password(acme.id, id(7)).await.unwrap());
    transaction.save().await.unwrap();
    assert_eq!(hash(&*store, acme.id, 7).await, None);
}

async fn a_password_goes_with_its_user(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let ana = named(7, "ana");
    insert(&*store, &acme, std::slice::from_ref(&ana)).await;
    set(&*store, acme.id, 7, "old").await;
    let mut transaction = store.begin().await.unwrap();
    transaction.delete_resource(acme.id, ResourceType::User, ana.id).await.unwrap();
    transaction.save().await.unwrap();
    insert(&*store, &acme, &[ana]).await;
    assert_eq!(hash(&*store, acme.id, 7).await, None);
}

async fn a_directory_forgets_the_passwords_of_all_its_users(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await, directory(&*store, 2).await);
    insert(&*store, &acme, &[named(7, "ana"), named(8, "ben")]).await;
    insert(&*store, &other, &[named(9, "ana")]).await;
    for (directory, user) in [(acme.id, 7), (acme.id, 8), (other.id, 9)] {
        set(&*store, directory, user, "hash").await;
    }
    let mut transaction = store.begin().await.unwrap();
    transaction.delete_passwords(acme.id).await.unwrap();
    transaction.save().await.unwrap();
    assert_eq!(hash(&*store, acme.id, 7).await, None);
    assert_eq!(hash(&*store, acme.id, 8).await, None);
    assert_eq!(hash(&*store, other.id, 9).await.as_deref(), Some("hash"));
}
