//! Events: their numbers, who reads them, and their end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::{join, join_all};
use rollcall_store::{
    Actor, Author, CredentialKind, Event, EventKind, EventQuery, EventRange, NumberedEvent, Person,
    ResourceType, Store,
};
use uuid::Uuid;

use crate::databases::{Database, Postgres};
use crate::directories::credential;
use crate::fixture::{directory, event, id, insert, named, overwrite};

crate::on_both_databases!(
    events_are_numbered_for_each_directory_without_a_gap,
    a_transaction_that_is_dropped_leaves_no_gap,
    events_without_a_version_keep_their_place_among_those_of_their_subject,
    an_event_tells_its_whole_story,
    events_of_some_kinds_are_found_in_part_of_the_list,
    the_history_of_one_subject_is_read_from_either_end,
    followers_miss_nothing_while_many_write,
    old_events_go_and_the_numbers_go_on,
    who_waits_hears_of_events_and_of_nothing_else,
);

/// The directory that tests write in.
const ACME: Option<Uuid> = Some(Uuid::from_u128(1));

async fn write(store: &dyn Store, events: &[Event]) {
    let mut transaction = store.begin().await.unwrap();
    for event in events {
        transaction.insert_event(event).await.unwrap();
    }
    transaction.save().await.unwrap();
}

/// Every event of a directory that has a number now.
async fn numbered(store: &dyn Store, directory: Option<Uuid>) -> Vec<NumberedEvent> {
    while store.number_events(directory).await.unwrap() {}
    let range = store.event_range(directory).await.unwrap();
    let until = range.newest;
    let query = EventQuery { directory, after: range.expired, until, limit: 10_000, ..EventQuery::default() };
    store.events(&query).await.unwrap()
}

fn numbers(events: &[NumberedEvent]) -> Vec<i64> {
    events.iter().map(|event| event.number).collect()
}

async fn events_are_numbered_for_each_directory_without_a_gap(database: &dyn Database) {
    let store = database.store().await;
    let other = Some(Uuid::from_u128(2));
    for number in 0..6 {
        let directory = [ACME, other, None][number % 3];
        write(&*store, &[Event { directory, ..event(1, id(number as u128)) }]).await;
    }
    for directory in [ACME, other, None] {
        let events = numbered(&*store, directory).await;
        assert_eq!(numbers(&events), [1, 2]);
        assert!(events.iter().all(|event| event.event.directory == directory));
        let range = store.event_range(directory).await.unwrap();
        assert_eq!(range, EventRange { expired: 0, newest: 2, pending: false });
    }
    let nobody = store.event_range(Some(Uuid::from_u128(3))).await.unwrap();
    assert_eq!(nobody, EventRange { expired: 0, newest: 0, pending: false });
    assert_eq!(store.unnumbered().await.unwrap(), []);
    assert_eq!(store.directories_with_events().await.unwrap(), [None, ACME, other]);
}

async fn a_transaction_that_is_dropped_leaves_no_gap(database: &dyn Database) {
    let store = database.store().await;
    write(&*store, &[event(1, id(1))]).await;
    let mut dropped = store.begin().await.unwrap();
    dropped.insert_event(&event(2, id(2))).await.unwrap();
    drop(dropped);
    write(&*store, &[event(3, id(3))]).await;
    let events = numbered(&*store, ACME).await;
    assert_eq!(numbers(&events), [1, 2]);
    assert_eq!(events.iter().map(|event| event.event.time).collect::<Vec<_>>(), [1, 3]);
}

async fn events_without_a_version_keep_their_place_among_those_of_their_subject(database: &dyn Database) {
    let store = database.store().await;
    let linked = |time| Event { kind: EventKind::SignInLinked, ..event(time, id(1)) };
    let written = [
        event(1, id(1)).of(1),
        linked(2),
        event(3, id(2)).of(1),
        event(4, id(1)).of(2),
        linked(5),
        event(6, id(1)).of(3),
    ];
    for event in &written {
        write(&*store, std::slice::from_ref(event)).await;
    }
    let times: Vec<i64> = numbered(&*store, ACME).await.iter().map(|event| event.event.time).collect();
    assert_eq!(times, [1, 2, 3, 4, 5, 6]);
}

async fn an_event_tells_its_whole_story(database: &dyn Database) {
    let store = database.store().await;
    let credential = credential(70, CredentialKind::ServiceKey, None);
    let ana = Person {
        issuer: "https://op.example".to_owned(),
        subject: "1".to_owned(),
        email: "ana@example.com".to_owned(),
        name: "Ana \"A\"".to_owned(),
    };
    let by_key =
        Event { actor: Actor::Credential(credential.id), person: Some(ana), ..event(2, id(1)).of(3) };
    let by_itself = Event { kind: EventKind::GroupDeleted, ..event(3, id(2)) };
    let mut transaction = store.begin().await.unwrap();
    transaction.insert_credential(&credential).await.unwrap();
    transaction.save().await.unwrap();
    write(&*store, &[by_key.clone(), by_itself.clone()]).await;
    let author =
        Author { id: credential.id, kind: CredentialKind::ServiceKey, prefix: credential.prefix.clone() };
    assert_eq!(
        numbered(&*store, ACME).await,
        [
            NumberedEvent { number: 1, event: by_key, author: Some(author) },
            NumberedEvent { number: 2, event: by_itself, author: None },
        ]
    );
}

async fn events_of_some_kinds_are_found_in_part_of_the_list(database: &dyn Database) {
    let store = database.store().await;
    let kinds = [EventKind::UserCreated, EventKind::UserUpdated, EventKind::GroupUpdated];
    let events: Vec<Event> =
        (0..30).map(|n| Event { kind: kinds[n % 3], ..event(1, id(n as u128)) }).collect();
    write(&*store, &events).await;
    numbered(&*store, ACME).await;
    let found = |after, until, kinds, limit| {
        let store = &store;
        let query = EventQuery { directory: ACME, after, until, kinds, limit, ..EventQuery::default() };
        async move { numbers(&store.events(&query).await.unwrap()) }
    };
    assert_eq!(found(0, 30, &[], 3).await, [1, 2, 3]);
    assert_eq!(found(27, 29, &[], 9).await, [28, 29]);
    assert_eq!(found(4, 30, &[EventKind::UserCreated], 2).await, [7, 10]);
    assert_eq!(found(0, 6, &[EventKind::GroupUpdated, EventKind::UserUpdated], 9).await, [2, 3, 5, 6]);
    assert_eq!(found(0, 30, &[EventKind::UserDeleted], 9).await, [0_i64; 0]);
}

/// Changes users in many transactions at once, of which some fail, and returns the ids of the events that were saved.
async fn change_users(stores: &[std::sync::Arc<dyn Store>]) -> BTreeSet<Uuid> {
    let saved = join_all((0..16_usize).map(async |writer| {
        let store = &stores[writer % stores.len()];
        let mut saved = Vec::new();
        for step in 0..12_usize {
            let user = id((writer + step) as u128 % 5);
            let mut transaction = store.begin().await.unwrap();
            let mut resource =
                transaction.resource(Uuid::from_u128(1), ResourceType::User, user).await.unwrap().unwrap();
            resource.version += 1;
            let before = resource.attributes.clone();
            overwrite(&mut *transaction, Uuid::from_u128(1), &resource, &before).await.unwrap();
            // The clocks of replicas differ.
            let told = event(1_000 - i64::try_from(writer + step).unwrap(), user).of(resource.version);
            transaction.insert_event(&told).await.unwrap();
            if (writer + step) % 3 == 0 {
                tokio::time::sleep(std::time::Duration::from_millis((writer % 4) as u64)).await;
            }
            if (writer + step) % 7 == 0 {
                drop(transaction);
            } else {
                transaction.save().await.unwrap();
                saved.push(told.id);
            }
        }
        saved
    }))
    .await;
    saved.into_iter().flatten().collect()
}

/// Follows the events of a directory to the last one that was there when `done` was set.
async fn follow(store: &dyn Store, done: &AtomicBool, limit: u32) -> Vec<NumberedEvent> {
    let mut seen: Vec<NumberedEvent> = Vec::new();
    loop {
        let is_last = done.load(Ordering::SeqCst);
        store.number_events(ACME).await.unwrap();
        let range = store.event_range(ACME).await.unwrap();
        loop {
            let after = seen.last().map_or(0, |event| event.number);
            let until = range.newest;
            let query = EventQuery { directory: ACME, after, until, limit, ..EventQuery::default() };
            let part = store.events(&query).await.unwrap();
            if part.is_empty() {
                break;
            }
            seen.extend(part);
        }
        if is_last {
            return seen;
        }
    }
}

/// The versions of each subject ascend.
fn require_versions_in_order(events: &[NumberedEvent]) {
    let mut versions = BTreeMap::<Uuid, i64>::new();
    for NumberedEvent { event, number, .. } in events {
        let version = event.version.unwrap();
        let before = versions.insert(event.subject, version).unwrap_or_default();
        assert!(version > before, "event {number} has version {version} after {before}");
    }
}

async fn the_history_of_one_subject_is_read_from_either_end(database: &dyn Database) {
    let store = database.store().await;
    for number in 1..=12_u128 {
        let subject = id(700 + number % 3);
        let kind = if number == 9 { EventKind::UserDeleted } else { EventKind::UserUpdated };
        write(&*store, &[Event { subject, kind, ..event(1, id(number)) }]).await;
    }
    write(&*store, &[Event { subject: id(700), directory: Some(Uuid::from_u128(2)), ..event(1, id(99)) }])
        .await;
    numbered(&*store, ACME).await;
    let found = |after, until, newest_first, kinds, limit| {
        let (store, subject) = (&store, Some(id(700)));
        let query = EventQuery { directory: ACME, after, until, kinds, subject, newest_first, limit };
        async move { numbers(&store.events(&query).await.unwrap()) }
    };
    assert_eq!(found(0, 12, false, &[], 10).await, [3, 6, 9, 12]);
    assert_eq!(found(0, 12, true, &[], 10).await, [12, 9, 6, 3]);
    assert_eq!(found(0, 12, true, &[], 2).await, [12, 9]);
    assert_eq!(found(0, 8, true, &[], 2).await, [6, 3]);
    assert_eq!(found(3, 11, false, &[], 10).await, [6, 9]);
    assert_eq!(found(0, 12, true, &[EventKind::UserDeleted], 10).await, [9]);
    let nobody =
        EventQuery { directory: ACME, until: 12, subject: Some(id(5)), limit: 9, ..EventQuery::default() };
    assert_eq!(store.events(&nobody).await.unwrap(), []);
}

async fn followers_miss_nothing_while_many_write(database: &dyn Database) {
    let stores = [database.store().await, database.open().await];
    let acme = directory(&*stores[0], 1).await;
    let users: Vec<_> = (0..5).map(|number| named(number, &format!("user{number}"))).collect();
    insert(&*stores[0], &acme, &users).await;
    let done = AtomicBool::new(false);
    let writing = async {
        let saved = change_users(&stores[..database.writers()]).await;
        done.store(true, Ordering::SeqCst);
        saved
    };
    let following = join(follow(&*stores[0], &done, 7), follow(&*stores[1], &done, 500));
    let (saved, (one, other)) = join(writing, following).await;
    assert_eq!(numbers(&one), (1..=i64::try_from(saved.len()).unwrap()).collect::<Vec<_>>());
    assert_eq!(one.iter().map(|event| event.event.id).collect::<BTreeSet<_>>(), saved);
    assert_eq!(one, other);
    require_versions_in_order(&one);
}

async fn old_events_go_and_the_numbers_go_on(database: &dyn Database) {
    let store = database.store().await;
    // The fourth one is old by a clock that goes wrong; it waits for those before it.
    let events: Vec<Event> = [10, 20, 50, 15, 60].map(|time| event(time, id(1))).to_vec();
    write(&*store, &events).await;
    assert_eq!(numbered(&*store, ACME).await.len(), 5);
    assert!(!store.expire_events(ACME, 5).await.unwrap());
    assert_eq!(store.event_range(ACME).await.unwrap().expired, 0);
    assert!(!store.expire_events(ACME, 30).await.unwrap());
    assert_eq!(numbers(&numbered(&*store, ACME).await), [3, 4, 5]);
    assert_eq!(store.event_range(ACME).await.unwrap(), EventRange { expired: 2, newest: 5, pending: false });
    assert_eq!(store.directories_with_events().await.unwrap(), [ACME]);
    store.expire_events(ACME, 1000).await.unwrap();
    assert_eq!(store.directories_with_events().await.unwrap(), []);
    assert_eq!(store.event_range(ACME).await.unwrap(), EventRange { expired: 5, newest: 5, pending: false });
    write(&*store, &[event(70, id(1))]).await;
    assert_eq!(numbers(&numbered(&*store, ACME).await), [6]);
    let many: Vec<Event> = (0..2500).map(|_| event(80, id(1))).collect();
    write(&*store, &many).await;
    numbered(&*store, ACME).await;
    assert!(store.expire_events(ACME, 1000).await.unwrap(), "it goes in parts");
    while store.expire_events(ACME, 1000).await.unwrap() {}
    assert_eq!(
        store.event_range(ACME).await.unwrap(),
        EventRange { expired: 2506, newest: 2506, pending: false }
    );
}

async fn who_waits_hears_of_events_and_of_nothing_else(database: &dyn Database) {
    let store = database.store().await;
    let written = store.written();
    let mut transaction = store.begin().await.unwrap();
    transaction.insert_event(&event(1, id(1))).await.unwrap();
    drop(transaction);
    directory(&*store, 1).await;
    assert!(!written.has_changed().unwrap());
    write(&*store, &[event(1, id(1))]).await;
    assert!(written.has_changed().unwrap());
}

/// What only happens where several write at once.
mod postgres_alone {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_committed_late_gets_a_late_number() {
        let database = Postgres::new().await;
        let store = database.store().await;
        let mut late = store.begin().await.unwrap();
        late.insert_event(&event(1, id(1))).await.unwrap();
        write(&*store, &[event(2, id(2))]).await;
        let seen = numbered(&*store, ACME).await;
        assert_eq!(seen.iter().map(|event| event.event.subject).collect::<Vec<_>>(), [id(2)]);
        late.save().await.unwrap();
        assert_eq!(store.unnumbered().await.unwrap(), [ACME]);
        assert!(store.event_range(ACME).await.unwrap().pending);
        let subjects = numbered(&*store, ACME).await;
        assert_eq!(numbers(&subjects), [1, 2]);
        assert_eq!(subjects.iter().map(|event| event.event.subject).collect::<Vec<_>>(), [id(2), id(1)]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_began_after_a_commit_comes_after_it_whatever_the_clocks_say() {
        let database = Postgres::new().await;
        let stores = [database.store().await, database.open().await];
        for step in 0..40_u8 {
            let told = event(1_000 - i64::from(step), id(u128::from(step)));
            write(&*stores[usize::from(step % 2)], &[told]).await;
        }
        let subjects: Vec<Uuid> =
            numbered(&*stores[0], ACME).await.iter().map(|event| event.event.subject).collect();
        assert_eq!(subjects, (0..40).map(id).collect::<Vec<_>>());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_many_who_number_at_once_none_numbers_twice() {
        let database = Postgres::new().await;
        let stores = [database.store().await, database.open().await];
        let events: Vec<Event> = (0..5000).map(|number| event(1, id(number))).collect();
        write(&*stores[0], &events).await;
        join_all((0..8_usize).map(
            async |number| {
                while stores[number % 2].number_events(ACME).await.unwrap() {}
            },
        ))
        .await;
        assert_eq!(numbers(&numbered(&*stores[0], ACME).await), (1..=5000).collect::<Vec<_>>());
    }

    /// As distributed engines do it, so that connections take turns and the positions do not.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn versions_come_in_order_though_a_sequence_is_handed_out_in_blocks() {
        let database = Postgres::new().await;
        let stores = [database.store().await, database.open().await];
        database.alter("ALTER SEQUENCE SCHEMA.events_position CACHE 100").await;
        for version in 1..=40_usize {
            let told = event(1, id(1)).of(i64::try_from(version).unwrap());
            write(&*stores[version % 2], &[told]).await;
        }
        let events = numbered(&*stores[0], ACME).await;
        assert_eq!(events.len(), 40);
        require_versions_in_order(&events);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_replicas_of_the_version_before_write_is_numbered_among_the_others() {
        let database = Postgres::new().await;
        let store = database.store().await;
        let (directory, subject) = (ACME.unwrap(), id(1));
        write(&*store, &[event(1, subject).of(1)]).await;
        let written_before = format!(
            "INSERT INTO SCHEMA.events (id, directory_id, number, kind, subject, version, time, request_id, changes) \
             VALUES ('{}', '{directory}', NULL, 'user.updated', '{subject}', 2, 1, 'r', '{{}}')",
            id(99)
        );
        database.alter(&written_before).await;
        write(&*store, &[event(1, subject).of(3)]).await;
        assert!(store.event_range(ACME).await.unwrap().pending);
        let events = numbered(&*store, ACME).await;
        assert_eq!(numbers(&events), [1, 2, 3]);
        require_versions_in_order(&events);
        assert_eq!(store.unnumbered().await.unwrap(), []);
    }
}
