//! How directories are doing.

use rollcall_store::{
    Activity, CredentialKind, DirectoryCounts, DirectoryStatus, Heard, MOST_FAILURES, Mail, MailState, Store,
};
use serde_json::json;
use uuid::Uuid;

use crate::databases::Database;
use crate::directories::credential;
use crate::fixture::{directory, id, insert, named, user};
use crate::guards::{hold, record};
use crate::outbox::mail;

crate::on_both_databases!(
    a_directory_is_listed_with_what_is_known_of_it,
    access_ends_with_the_last_credential_that_lives,
    inactive_users_and_failed_requests_are_counted,
);

const DAY: i64 = 86_400_000_000;

async fn statuses(store: &dyn Store, now: i64) -> Vec<DirectoryStatus> {
    store.directory_statuses(None, now).await.unwrap()
}

async fn a_directory_is_listed_with_what_is_known_of_it(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await, directory(&*store, 2).await);
    let empty = |directory| DirectoryStatus {
        directory,
        heard: None,
        users: 0,
        groups: 0,
        open_holds: 0,
        parked_mails: 0,
        access_ends: None,
    };
    assert_eq!(statuses(&*store, 0).await, [empty(acme.clone()), empty(other.clone())]);
    insert(&*store, &acme, &[named(1, "ana"), named(2, "ben")]).await;
    record(&*store, &acme, &[hold(5, &acme, DAY)], &[]).await;
    let heard =
        Heard { directory: acme.id, entries: 1, last_seen: 7, last_success: Some(7), last_error: None };
    let mut transaction = store.begin().await.unwrap();
    transaction.hear(&heard).await.unwrap();
    let parked = Mail { state: MailState::Parked, ..mail(2, acme.id) };
    for mail in [mail(1, acme.id), parked] {
        transaction.insert_mail(&mail).await.unwrap();
    }
    transaction.save().await.unwrap();
    let known =
        DirectoryStatus { heard: Some(heard), users: 2, open_holds: 1, parked_mails: 1, ..empty(acme) };
    assert_eq!(statuses(&*store, 0).await, [known, empty(other.clone())]);
    let named = store.directory_statuses(Some("directory-2"), 0).await.unwrap();
    assert_eq!(named, [empty(other)]);
    assert_eq!(store.directory_statuses(Some("none"), 0).await.unwrap(), []);
}

async fn access_ends_with_the_last_credential_that_lives(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let add = async |number, kind, expires, revoked| {
        let mut credential = credential(number, kind, Some(acme.id));
        (credential.expires, credential.revoked) = (expires, revoked);
        let mut transaction = store.begin().await.unwrap();
        transaction.insert_credential(&credential).await.unwrap();
        transaction.save().await.unwrap();
    };
    let ends = async |now| statuses(&*store, now).await[0].access_ends;
    add(1, CredentialKind::ScimToken, Some(100), None).await;
    add(2, CredentialKind::ClientSecret, Some(300), None).await;
    add(3, CredentialKind::ScimToken, Some(900), Some(50)).await;
    add(4, CredentialKind::ServiceKey, None, None).await;
    assert_eq!(ends(0).await, Some(300), "neither what was revoked nor a service key counts");
    assert_eq!(ends(300).await, None, "none lives");
    add(5, CredentialKind::ScimToken, None, None).await;
    assert_eq!(ends(0).await, None, "one has no end");
}

async fn inactive_users_and_failed_requests_are_counted(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await, directory(&*store, 2).await);
    let inactive = user(2, json!({ "userName": "ben", "active": false }));
    insert(&*store, &acme, &[named(1, "ana"), inactive]).await;
    let request = |number: u128, time: i64, status| Activity {
        directory: acme.id,
        id: Uuid::from_u128((u128::try_from(time / 1000).unwrap() << 80) + number),
        time,
        method: "GET".to_owned(),
        path: "/scim/v2/Users".to_owned(),
        status,
        client: "127.0.0.1".to_owned(),
        request_id: format!("request-{number}"),
        ..Activity::default()
    };
    let record = async |requests: &[Activity]| {
        let mut transaction = store.begin().await.unwrap();
        transaction.insert_activities(requests).await.unwrap();
        transaction.save().await.unwrap();
    };
    record(&[
        request(1, DAY, 401),
        request(2, 2 * DAY, 200),
        request(3, 2 * DAY, 404),
        request(4, 3 * DAY, 500),
    ])
    .await;
    let counts = async |since| {
        let mut counts = store.directory_counts(&[acme.id, other.id], since).await.unwrap();
        counts.sort_by_key(|counts| counts.directory);
        counts
    };
    let of =
        |directory: Uuid, inactive_users, failures| DirectoryCounts { directory, inactive_users, failures };
    assert_eq!(counts(0).await, [of(acme.id, 1, 3), of(other.id, 0, 0)]);
    assert_eq!(counts(2 * DAY).await, [of(acme.id, 1, 2), of(other.id, 0, 0)]);
    let many: Vec<_> =
        (0..=u128::from(MOST_FAILURES)).map(|number| request(10 + number, 3 * DAY, 500)).collect();
    record(&many).await;
    assert_eq!(counts(0).await[0].failures, i64::from(MOST_FAILURES));
    assert_eq!(store.directory_counts(&[], 0).await.unwrap(), []);
    assert_eq!(store.directory_counts(&[id(99)], 0).await.unwrap(), []);
}
