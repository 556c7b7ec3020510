//! Directories, credentials and shared keys.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use rollcall_scim::{Profile, Rule};
use rollcall_store::{
    ActivitySettings, Actor, Credential, CredentialBeside, CredentialKind, Directory, Error, Event,
    EventKind, NoticeSettings, PasswordHandling, Recording, ResourceType,
};
use serde_json::json;
use uuid::Uuid;

use crate::databases::Database;
use crate::fixture::{directory, insert, named, saved};

crate::on_both_databases!(
    directories_are_found_by_name_and_listed_in_order,
    the_settings_of_a_directory_change,
    a_name_of_a_directory_is_taken_once,
    a_credential_is_found_by_its_hash_with_its_directory,
    a_credential_is_found_with_a_resource_of_its_own_directory,
    credentials_are_listed_newest_first_and_ended,
    all_replicas_share_one_key,
    shared_keys_are_made_anew_when_they_were_deleted,
    old_shared_keys_are_deleted,
    an_event_is_written,
);

async fn directories_are_found_by_name_and_listed_in_order(database: &dyn Database) {
    let store = database.store().await;
    let (b, a) = (directory(&*store, 2).await, directory(&*store, 1).await);
    assert_eq!(store.directory("directory-1").await.unwrap(), Some(a.clone()));
    assert_eq!(store.directory("Directory-1").await.unwrap(), None);
    assert_eq!(store.directories(None, 10).await.unwrap(), [a.clone(), b.clone()]);
    assert_eq!(store.directories(None, 1).await.unwrap(), [a]);
    assert_eq!(store.directories(Some("directory-1"), 10).await.unwrap(), [b]);
}

async fn the_settings_of_a_directory_change(database: &dyn Database) {
    let store = database.store().await;
    let mut acme = directory(&*store, 1).await;
    (acme.profile, acme.scim_enabled, acme.groups_enabled, acme.modified) = (Profile::Entra, false, false, 9);
    acme.rule_settings = BTreeMap::from([(Rule::UniqueGroupNames, false), (Rule::PutKeepsMembers, true)]);
    acme.password_handling = PasswordHandling::Store;
    acme.activity = ActivitySettings {
        recording: Recording::FailuresAndWrites,
        days: 7,
        entries: 500,
        redact_personal_data: true,
    };
    acme.notices = NoticeSettings { on_first_sign_in: true, admin_emails: vec!["it@example.com".to_owned()] };
    let mut transaction = store.begin().await.unwrap();
    assert!(transaction.has_directories().await.unwrap());
    assert!(transaction.directory("directory-1").await.unwrap().is_some());
    transaction.update_directory(&acme).await.unwrap();
    transaction.save().await.unwrap();
    assert_eq!(store.directory("directory-1").await.unwrap(), Some(acme.clone()));
    let mut twin = Directory { id: Uuid::from_u128(2), name: "twin".to_owned(), ..acme };
    twin.rule_settings.remove(&Rule::PutKeepsMembers);
    let mut transaction = store.begin().await.unwrap();
    transaction.insert_directory(&twin).await.unwrap();
    transaction.save().await.unwrap();
    assert_eq!(store.directory("twin").await.unwrap(), Some(twin));
}

async fn a_name_of_a_directory_is_taken_once(database: &dyn Database) {
    let store = database.store().await;
    let mut twin = directory(&*store, 1).await;
    twin.id = Uuid::from_u128(77);
    let mut transaction = store.begin().await.unwrap();
    let error = transaction.insert_directory(&twin).await.unwrap_err();
    assert!(matches!(error, Error::DirectoryNameTaken), "{error}");
}

pub(crate) fn credential(number: u8, kind: CredentialKind, directory: Option<Uuid>) -> Credential {
    Credential {
        id: Uuid::from_u128(number.into()),
        kind,
        directory,
        name: "ci".to_owned(),
        prefix: format!("rc_{number}"),
        hash: [number; 32],
        scopes: vec!["directory.read".to_owned(), "events.read".to_owned()],
        created: number.into(),
        expires: None,
        revoked: None,
        user: None,
        client: None,
        secret: None,
        last_use: None,
    }
}

async fn a_credential_is_found_by_its_hash_with_its_directory(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let bound = Credential {
        user: Some(Uuid::from_u128(11)),
        client: Some(Uuid::from_u128(12)),
        secret: Some(Uuid::from_u128(13)),
        ..credential(1, CredentialKind::ScimToken, Some(acme.id))
    };
    let free = credential(2, CredentialKind::AdminKey, None);
    let mut transaction = store.begin().await.unwrap();
    transaction.insert_credential(&bound).await.unwrap();
    transaction.insert_credential(&free).await.unwrap();
    transaction.save().await.unwrap();
    assert_eq!(store.credential(&[1; 32]).await.unwrap(), Some((bound.clone(), Some(acme))));
    assert_eq!(store.credential(&[2; 32]).await.unwrap(), Some((free, None)));
    assert_eq!(store.credential(&[3; 32]).await.unwrap(), None);

    let mut transaction = store.begin().await.unwrap();
    let twin = Credential { id: Uuid::from_u128(9), ..bound };
    let error = transaction.insert_credential(&twin).await.unwrap_err();
    assert!(matches!(error, Error::SecretTaken), "{error}");
}

async fn a_credential_is_found_with_a_resource_of_its_own_directory(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await, directory(&*store, 2).await);
    let (ana, bo) = (named(11, "Ana@example.com"), named(12, "bo@example.com"));
    insert(&*store, &acme, std::slice::from_ref(&ana)).await;
    insert(&*store, &other, std::slice::from_ref(&bo)).await;
    let bound = credential(1, CredentialKind::ScimToken, Some(acme.id));
    let free = credential(2, CredentialKind::AdminKey, None);
    let mut transaction = store.begin().await.unwrap();
    transaction.insert_credential(&bound).await.unwrap();
    transaction.insert_credential(&free).await.unwrap();
    transaction.save().await.unwrap();

    let with = |user| Some((bound.clone(), Some(acme.clone()), user));
    let read = |found: Option<CredentialBeside>| {
        let (credential, directory, user) = found?;
        Some((credential, directory, user.map(|user| user.read().unwrap())))
    };
    let store = &store;
    let by_id = |id| async move {
        read(store.credential_and_resource(&[1; 32], ResourceType::User, id).await.unwrap())
    };
    assert_eq!(by_id(ana.id).await, with(Some(ana.clone())));
    assert_eq!(by_id(bo.id).await, with(None));
    let by_name =
        |hash, name| async move { read(store.credential_and_user(&[hash; 32], name).await.unwrap()) };
    assert_eq!(by_name(1, "ana@example.com").await, with(Some(ana.clone())));
    assert_eq!(by_name(1, "bo@example.com").await, with(None));
    assert_eq!(by_name(2, "ana@example.com").await, Some((free, None, None)));
    assert_eq!(by_name(3, "ana@example.com").await, None);
}

async fn credentials_are_listed_newest_first_and_ended(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let old = credential(1, CredentialKind::ScimToken, Some(acme.id));
    let new = credential(2, CredentialKind::ScimToken, Some(acme.id));
    let mut transaction = store.begin().await.unwrap();
    for each in [&old, &new, &credential(3, CredentialKind::ServiceKey, None)] {
        transaction.insert_credential(each).await.unwrap();
    }
    transaction.end_credential(old.id, Some(5), Some(6)).await.unwrap();
    let ended = Credential { expires: Some(5), revoked: Some(6), ..old };
    let expected = [new, ended];
    assert_eq!(transaction.credentials(CredentialKind::ScimToken, Some(acme.id)).await.unwrap(), expected);
    transaction.save().await.unwrap();
    assert_eq!(store.credentials(CredentialKind::ScimToken, None).await.unwrap(), expected);
    assert_eq!(store.credentials(CredentialKind::ScimToken, Some(Uuid::nil())).await.unwrap(), []);
}

async fn all_replicas_share_one_key(database: &dyn Database) {
    let stores = [database.store().await, database.open().await];
    let keys = join_all((0..10_u8).map(|number| {
        let store = &stores[usize::from(number % 2)];
        async move {
            let mut transaction = store.begin().await.unwrap();
            let key = transaction.shared_key("page-token", &[number; 32], 1).await.unwrap();
            transaction.save().await.unwrap();
            key
        }
    }))
    .await;
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
}

async fn shared_keys_are_made_anew_when_they_were_deleted(database: &dyn Database) {
    let store = database.store().await;
    let mut transaction = store.begin().await.unwrap();
    transaction.shared_key("page-token.1", &[1; 32], 1).await.unwrap();
    transaction.shared_key("other", &[2; 32], 1).await.unwrap();
    transaction.delete_shared_keys("page-token.").await.unwrap();
    assert_eq!(transaction.shared_key("page-token.1", &[3; 32], 1).await.unwrap(), [3; 32]);
    assert_eq!(transaction.shared_key("other", &[4; 32], 1).await.unwrap(), [2; 32]);
}

async fn old_shared_keys_are_deleted(database: &dyn Database) {
    let store = database.store().await;
    let mut transaction = store.begin().await.unwrap();
    for (name, made) in [("page-token.1", 10), ("page-token.2", 20), ("other", 10)] {
        transaction.shared_key(name, &[1; 32], made).await.unwrap();
    }
    transaction.delete_old_shared_keys("page-token.", 20).await.unwrap();
    assert_eq!(transaction.shared_key("page-token.1", &[2; 32], 30).await.unwrap(), [2; 32]);
    assert_eq!(transaction.shared_key("page-token.2", &[2; 32], 30).await.unwrap(), [1; 32]);
    assert_eq!(transaction.shared_key("other", &[2; 32], 30).await.unwrap(), [1; 32]);
}

async fn an_event_is_written(database: &dyn Database) {
    let store = database.store().await;
    let event = Event {
        id: Uuid::from_u128(1),
        directory: None,
        kind: EventKind::DirectoryCreated,
        subject: Uuid::from_u128(2),
        version: None,
        time: 1,
        actor: Actor::System,
        person: None,
        request_id: String::new(),
        changes: json!({"name": {"before": null, "after": "acme"}}),
    };
    let mut transaction = store.begin().await.unwrap();
    transaction.insert_event(&event).await.unwrap();
    let again = transaction.insert_event(&event).await;
    let again = saved(transaction, again).await;
    assert!(again.is_err(), "an event is written once");
}
