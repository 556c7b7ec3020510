//! The activity log, and what is heard of connections.

use rollcall_store::{Activity, ActivityPart, ActivityQuery, Body, ConnectionError, Heard, Named, Store};
use uuid::Uuid;

use crate::databases::Database;

crate::on_both_databases!(
    a_request_comes_back_as_it_was_recorded,
    requests_are_listed_newest_first_and_followed_oldest_first,
    requests_are_found_by_what_is_asked_of_them,
    a_directory_sees_its_own_requests_alone,
    many_requests_are_recorded_at_once,
    the_oldest_requests_are_deleted_by_age_and_by_count,
    what_was_heard_last_counts,
    every_directory_that_was_heard_of_is_listed,
);

const ACME: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);

fn id(number: u128) -> Uuid {
    Uuid::from_u128((1 << 100) + number)
}

fn activity(number: u128) -> Activity {
    Activity {
        directory: ACME,
        id: id(number),
        time: i64::try_from(number).unwrap() * 10,
        duration: 7,
        method: "GET".to_owned(),
        path: "/scim/v2/Users".to_owned(),
        status: 200,
        client: "127.0.0.1".to_owned(),
        request_id: format!("request-{number}"),
        ..Activity::default()
    }
}

fn whole(number: u128) -> Activity {
    Activity {
        method: "PATCH".to_owned(),
        query: Some("attributes=userName".to_owned()),
        target_type: Some("User".to_owned()),
        target_id: Some("é".to_owned()),
        status: 409,
        scim_type: Some("uniqueness".to_owned()),
        detail: Some("userName: taken".to_owned()),
        credential: Some(id(900)),
        token_prefix: Some("rc_scim_abc123".to_owned()),
        user_agent: Some("okta".to_owned()),
        notes: vec!["one".to_owned(), "two \"é\"".to_owned()],
        names: vec!["ana@ex.com".to_owned(), "ana é".to_owned()],
        request_body: Some(Body { json: "{}".to_owned(), cut: false, bytes: 2 }),
        response_body: Some(Body { json: String::new(), cut: true, bytes: 70_000 }),
        ..activity(number)
    }
}

async fn record(store: &dyn Store, activities: &[Activity]) {
    let mut transaction = store.begin().await.unwrap();
    transaction.insert_activities(activities).await.unwrap();
    transaction.save().await.unwrap();
}

async fn listed(store: &dyn Store, query: &ActivityQuery<'_>, part: ActivityPart, limit: u32) -> Vec<u128> {
    let found = store.activities(ACME, query, part, limit).await.unwrap();
    found.iter().map(|activity| activity.id.as_u128() - (1 << 100)).collect()
}

async fn a_request_comes_back_as_it_was_recorded(database: &dyn Database) {
    let store = database.store().await;
    let without_request = Activity { request_body: None, ..whole(3) };
    record(&*store, &[activity(1), whole(2), without_request.clone()]).await;
    assert_eq!(store.activity(ACME, id(1)).await.unwrap(), Some(activity(1)));
    assert_eq!(store.activity(ACME, id(2)).await.unwrap(), Some(whole(2)));
    assert_eq!(store.activity(ACME, id(3)).await.unwrap(), Some(without_request));
    assert_eq!(store.activity(ACME, id(4)).await.unwrap(), None);
    let all = ActivityPart::Before(None);
    let listed = store.activities(ACME, &ActivityQuery::default(), all, 2).await.unwrap();
    assert_eq!(listed[1], Activity { request_body: None, response_body: None, ..whole(2) });
}

async fn requests_are_listed_newest_first_and_followed_oldest_first(database: &dyn Database) {
    let store = database.store().await;
    record(&*store, &[activity(2), activity(1), activity(3), activity(4)]).await;
    let all = ActivityQuery::default();
    assert_eq!(listed(&*store, &all, ActivityPart::Before(None), 3).await, [4, 3, 2]);
    assert_eq!(listed(&*store, &all, ActivityPart::Before(Some(id(2))), 3).await, [1]);
    assert_eq!(listed(&*store, &all, ActivityPart::Between(id(1), id(4)), 10).await, [2, 3]);
    assert_eq!(listed(&*store, &all, ActivityPart::Between(id(0), id(9)), 2).await, [1, 2]);
}

async fn requests_are_found_by_what_is_asked_of_them(database: &dyn Database) {
    let store = database.store().await;
    let odd = Activity {
        path: "/SCIM/v2/Groups/100%".to_owned(),
        target_id: Some(id(77).to_string()),
        ..activity(3)
    };
    record(&*store, &[activity(1), whole(2), odd]).await;
    let none = ActivityQuery::default;
    for (query, found) in [
        (ActivityQuery { min_status: Some(400), ..none() }, vec![2]),
        (ActivityQuery { max_status: Some(399), ..none() }, vec![3, 1]),
        (ActivityQuery { method: Some("PATCH"), ..none() }, vec![2]),
        (ActivityQuery { path_contains: Some("groups/100%"), ..none() }, vec![3]),
        (ActivityQuery { path_contains: Some("?ATTRIBUTES"), ..none() }, vec![2]),
        (ActivityQuery { path_contains: Some("us%s"), ..none() }, vec![]),
        (ActivityQuery { target: Some("é"), ..none() }, vec![2]),
        (ActivityQuery { from: Some(20), ..none() }, vec![3, 2]),
        (ActivityQuery { until: Some(20), ..none() }, vec![1]),
        (ActivityQuery { request_id: Some("request-1"), ..none() }, vec![1]),
        (
            ActivityQuery { request_ids: &["request-1".to_owned(), "request-3".to_owned()], ..none() },
            vec![3, 1],
        ),
        (ActivityQuery { request_ids: &["request-9".to_owned()], ..none() }, vec![]),
        (ActivityQuery { token_prefix: Some("rc_scim_abc123"), ..none() }, vec![2]),
        (about("ana@", &[]), vec![2]),
        (about("NA É", &[]), vec![]),
        (about("na é", &[]), vec![2]),
        (about("nobody", &[]), vec![]),
        (about("nobody", &[id(77), id(78)]), vec![3]),
        (about("ana", &[id(77)]), vec![3, 2]),
        (ActivityQuery { method: Some("PATCH"), max_status: Some(200), ..none() }, vec![]),
    ] {
        assert_eq!(listed(&*store, &query, ActivityPart::Before(None), 10).await, found, "{query:?}");
    }
}

fn about<'a>(part: &'a str, ids: &'a [Uuid]) -> ActivityQuery<'a> {
    ActivityQuery { about: Some(Named { part, ids }), ..ActivityQuery::default() }
}

async fn a_directory_sees_its_own_requests_alone(database: &dyn Database) {
    let store = database.store().await;
    record(&*store, &[whole(1)]).await;
    let all = ActivityPart::Before(None);
    assert!(store.activities(OTHER, &ActivityQuery::default(), all, 10).await.unwrap().is_empty());
    assert_eq!(store.activity(OTHER, id(1)).await.unwrap(), None);
}

async fn many_requests_are_recorded_at_once(database: &dyn Database) {
    let store = database.store().await;
    let many: Vec<Activity> =
        (1..=313).map(|number| if number % 3 == 0 { whole(number) } else { activity(number) }).collect();
    record(&*store, &many).await;
    let found = listed(&*store, &ActivityQuery::default(), ActivityPart::Between(id(0), id(999)), 1000).await;
    assert_eq!(found, (1..=313).collect::<Vec<_>>());
    assert_eq!(store.activity(ACME, id(312)).await.unwrap(), Some(whole(312)));
}

async fn trimmed(store: &dyn Store, before: u128, surplus: i64, limit: u32) -> u64 {
    let mut transaction = store.begin().await.unwrap();
    let gone = transaction.trim_activities(ACME, id(before), surplus, limit).await.unwrap();
    transaction.save().await.unwrap();
    gone
}

async fn the_oldest_requests_are_deleted_by_age_and_by_count(database: &dyn Database) {
    let store = database.store().await;
    let ten: Vec<Activity> = (1..=10).map(whole).collect();
    let others = Activity { directory: OTHER, ..whole(1) };
    record(&*store, &ten).await;
    record(&*store, std::slice::from_ref(&others)).await;
    hear(&*store, Heard { entries: 10, ..heard(1) }).await;
    let left =
        async || listed(&*store, &ActivityQuery::default(), ActivityPart::Between(id(0), id(99)), 99).await;
    assert_eq!(trimmed(&*store, 0, -5, 100).await, 0);
    assert_eq!(trimmed(&*store, 3, 0, 100).await, 2, "by age");
    assert_eq!(left().await, [3, 4, 5, 6, 7, 8, 9, 10]);
    assert_eq!(trimmed(&*store, 0, 3, 100).await, 3, "by count");
    assert_eq!(left().await, [6, 7, 8, 9, 10]);
    assert_eq!(trimmed(&*store, 99, 0, 2).await, 2, "no more at once");
    assert_eq!(left().await, [8, 9, 10]);
    assert_eq!(store.heard(ACME).await.unwrap().unwrap().entries, 3);
    assert_eq!(store.activity(ACME, id(8)).await.unwrap(), Some(whole(8)));
    assert_eq!(store.activity(OTHER, id(1)).await.unwrap(), Some(others));
}

fn heard(time: i64) -> Heard {
    Heard { directory: ACME, entries: 1, last_seen: time, last_success: Some(time), last_error: None }
}

fn failed(time: i64, status: i64) -> ConnectionError {
    ConnectionError { time, status, detail: Some(format!("at {time}")), activity: Some(id(9)) }
}

async fn hear(store: &dyn Store, heard: Heard) {
    let mut transaction = store.begin().await.unwrap();
    transaction.hear(&heard).await.unwrap();
    transaction.save().await.unwrap();
}

async fn what_was_heard_last_counts(database: &dyn Database) {
    let store = database.store().await;
    assert_eq!(store.heard(ACME).await.unwrap(), None);
    hear(&*store, heard(10)).await;
    assert_eq!(store.heard(ACME).await.unwrap(), Some(heard(10)));
    hear(&*store, Heard { last_success: None, last_error: Some(failed(20, 500)), ..heard(20) }).await;
    hear(&*store, Heard { last_error: Some(failed(15, 401)), entries: 5, ..heard(15) }).await;
    let now = Heard {
        directory: ACME,
        entries: 7,
        last_seen: 20,
        last_success: Some(15),
        last_error: Some(failed(20, 500)),
    };
    assert_eq!(store.heard(ACME).await.unwrap(), Some(now));
    let without = Some(ConnectionError { time: 30, status: 403, detail: None, activity: None });
    hear(&*store, Heard { last_error: without.clone(), ..heard(30) }).await;
    assert_eq!(store.heard(ACME).await.unwrap().unwrap().last_error, without);
}

async fn every_directory_that_was_heard_of_is_listed(database: &dyn Database) {
    let store = database.store().await;
    hear(&*store, heard(1)).await;
    hear(&*store, Heard { directory: OTHER, ..heard(1) }).await;
    assert_eq!(store.heard_directories(None, 10).await.unwrap(), [(ACME, 1), (OTHER, 1)]);
    assert_eq!(store.heard_directories(Some(ACME), 10).await.unwrap(), [(OTHER, 1)]);
}
