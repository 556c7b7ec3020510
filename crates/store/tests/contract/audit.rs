//! The audit log.

use rollcall_store::{Actor, AuditQuery, Credential, CredentialKind, Event, EventKind, Person, Store};
use serde_json::json;
use uuid::Uuid;

use crate::databases::Database;
use crate::fixture::directory;

crate::on_both_databases!(
    a_change_by_an_administrator_is_recorded_with_who_made_it,
    what_an_identity_provider_does_is_not_recorded,
    a_change_that_is_not_saved_leaves_no_record,
    records_are_listed_newest_first_and_page_by_page,
    records_are_found_by_directory_actor_and_time,
);

/// The credential that makes the changes.
async fn actor(store: &dyn Store) -> Credential {
    let credential = Credential {
        id: Uuid::from_u128(900),
        kind: CredentialKind::AdminKey,
        directory: None,
        name: "ops".to_owned(),
        prefix: "rc_admin_abc123".to_owned(),
        hash: [7; 32],
        scopes: Vec::new(),
        created: 1,
        expires: None,
        revoked: None,
        user: None,
        client: None,
        secret: None,
        last_use: None,
    };
    let mut transaction = store.begin().await.unwrap();
    transaction.insert_credential(&credential).await.unwrap();
    transaction.save().await.unwrap();
    credential
}

fn event(number: u128, directory: Option<Uuid>, kind: EventKind, actor: Actor) -> Event {
    Event {
        id: Uuid::from_u128(number),
        directory,
        kind,
        subject: Uuid::from_u128(5),
        version: None,
        time: i64::try_from(number).unwrap() * 10,
        actor,
        person: None,
        request_id: format!("request-{number}"),
        changes: json!({ "scim": { "before": true, "after": false } }),
    }
}

async fn write(store: &dyn Store, event: &Event) {
    let mut transaction = store.begin().await.unwrap();
    transaction.insert_event(event).await.unwrap();
    transaction.save().await.unwrap();
}

async fn ids(store: &dyn Store, query: AuditQuery<'_>) -> Vec<u128> {
    let query = AuditQuery { limit: query.limit.max(1), ..query };
    store.audit_records(&query).await.unwrap().iter().map(|record| record.id.as_u128()).collect()
}

const ALL: AuditQuery<'static> = AuditQuery {
    directory: None,
    directory_name: None,
    actor: None,
    actor_prefix: None,
    from: None,
    until: None,
    after: None,
    limit: 100,
};

async fn a_change_by_an_administrator_is_recorded_with_who_made_it(database: &dyn Database) {
    let store = database.store().await;
    let (acme, ops) = (directory(&*store, 1).await, actor(&*store).await);
    let ana = Person {
        issuer: "https://op.example".to_owned(),
        subject: "1".to_owned(),
        email: "ana@example.com".to_owned(),
        name: String::new(),
    };
    let change = event(1, Some(acme.id), EventKind::DirectoryUpdated, Actor::Credential(ops.id));
    write(&*store, &Event { person: Some(ana.clone()), ..change }).await;
    write(&*store, &event(2, None, EventKind::CredentialCreated, Actor::System)).await;
    let records = store.audit_records(&ALL).await.unwrap();
    let [of_rollcall, of_ops] = records.as_slice() else { panic!("two records: {records:?}") };
    assert_eq!(of_ops.directory, Some(acme.id));
    assert_eq!(of_ops.directory_name.as_deref(), Some("directory-1"));
    assert_eq!((of_ops.kind.as_str(), of_ops.time), ("directory.updated", 10));
    assert_eq!(of_ops.subject, Uuid::from_u128(5));
    assert_eq!(of_ops.request_id, "request-1");
    assert_eq!(of_ops.changes, json!({ "scim": { "before": true, "after": false } }));
    let by = of_ops.actor.as_ref().unwrap();
    assert_eq!((by.credential, by.kind), (ops.id, Some(CredentialKind::AdminKey)));
    assert_eq!((by.prefix.as_str(), by.name.as_str()), ("rc_admin_abc123", "ops"));
    assert_eq!(by.person, Some(ana));
    assert_eq!((of_rollcall.directory, &of_rollcall.directory_name), (None, &None));
    assert_eq!(of_rollcall.actor, None);
}

async fn what_an_identity_provider_does_is_not_recorded(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    for (number, kind) in [(1, EventKind::UserCreated), (2, EventKind::GroupUpdated)] {
        write(&*store, &event(number, Some(acme.id), kind, Actor::System)).await;
    }
    assert!(ids(&*store, ALL).await.is_empty());
}

async fn a_change_that_is_not_saved_leaves_no_record(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let mut transaction = store.begin().await.unwrap();
    let lost = event(1, Some(acme.id), EventKind::DirectoryUpdated, Actor::System);
    transaction.insert_event(&lost).await.unwrap();
    drop(transaction);
    assert!(ids(&*store, ALL).await.is_empty());
}

async fn records_are_listed_newest_first_and_page_by_page(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    for number in [2, 1, 3] {
        write(&*store, &event(number, Some(acme.id), EventKind::DirectoryUpdated, Actor::System)).await;
    }
    assert_eq!(ids(&*store, ALL).await, [3, 2, 1]);
    assert_eq!(ids(&*store, AuditQuery { limit: 2, ..ALL }).await, [3, 2]);
    assert_eq!(ids(&*store, AuditQuery { after: Some(Uuid::from_u128(2)), ..ALL }).await, [1]);
}

async fn records_are_found_by_directory_actor_and_time(database: &dyn Database) {
    let store = database.store().await;
    let (one, two) = (directory(&*store, 1).await, directory(&*store, 2).await);
    let ops = actor(&*store).await;
    let by_ops = Actor::Credential(ops.id);
    write(&*store, &event(1, Some(one.id), EventKind::SchemaRegistered, by_ops)).await;
    write(&*store, &event(2, Some(two.id), EventKind::SchemaDeleted, by_ops)).await;
    write(&*store, &event(3, Some(one.id), EventKind::DirectoryUpdated, Actor::System)).await;
    assert_eq!(ids(&*store, AuditQuery { directory: Some(one.id), ..ALL }).await, [3, 1]);
    assert_eq!(ids(&*store, AuditQuery { directory_name: Some("directory-2"), ..ALL }).await, [2]);
    assert_eq!(ids(&*store, AuditQuery { actor: Some(ops.id), ..ALL }).await, [2, 1]);
    assert_eq!(ids(&*store, AuditQuery { actor_prefix: Some("rc_admin_abc123"), ..ALL }).await, [2, 1]);
    assert_eq!(ids(&*store, AuditQuery { actor_prefix: Some("rc_admin"), ..ALL }).await, []);
    assert_eq!(ids(&*store, AuditQuery { from: Some(20), ..ALL }).await, [3, 2]);
    assert_eq!(ids(&*store, AuditQuery { until: Some(20), ..ALL }).await, [1]);
}
