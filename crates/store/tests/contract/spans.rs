//! How many requests came in, span by span, and since when.

use rollcall_store::{Activity, ActivityCount, ActivityPart, ActivityQuery, Store};
use uuid::Uuid;

use crate::databases::Database;

crate::on_both_databases!(
    requests_and_failures_are_counted_in_spans_of_equal_length,
    requests_are_found_from_a_time_on_however_long_they_took_to_be_recorded,
);

const ACME: Uuid = Uuid::from_u128(1);
/// A time in µs, and a whole number of milliseconds.
const NOON: i64 = 1_764_417_600_000_000;
const SECOND: i64 = 1_000_000;

/// A request that came in so many µs after noon, and was recorded, with a key of that time, so much later.
fn request(number: u128, after: i64, later: i64, status: i64) -> Activity {
    let millis = u128::try_from((NOON + after + later) / 1000).unwrap();
    Activity {
        directory: ACME,
        id: Uuid::from_u128((millis << 80) + number),
        time: NOON + after,
        status,
        request_id: number.to_string(),
        ..Activity::default()
    }
}

async fn record(store: &dyn Store, requests: &[Activity]) {
    let mut transaction = store.begin().await.unwrap();
    transaction.insert_activities(requests).await.unwrap();
    transaction.save().await.unwrap();
}

fn count(span: i64, requests: i64, failures: i64) -> ActivityCount {
    ActivityCount { span, requests, failures }
}

async fn requests_and_failures_are_counted_in_spans_of_equal_length(database: &dyn Database) {
    let store = database.store().await;
    let other = Activity { directory: Uuid::from_u128(2), ..request(9, 0, 0, 200) };
    record(
        &*store,
        &[
            request(1, -1, 1, 500),
            request(2, 0, 0, 399),
            request(3, SECOND - 1, 0, 400),
            request(4, SECOND, SECOND, 200),
            request(5, 3 * SECOND, 5 * SECOND, 404),
            request(6, 3 * SECOND + 7, 5 * SECOND, 503),
            request(7, 4 * SECOND, 0, 500),
        ],
    )
    .await;
    record(&*store, &[other]).await;
    let counted = store.activity_counts(ACME, NOON, NOON + 4 * SECOND, SECOND).await.unwrap();
    assert_eq!(counted, [count(0, 2, 1), count(1, 1, 0), count(3, 2, 2)]);
    let counted = store.activity_counts(ACME, NOON - 500, NOON + 9 * SECOND, 99 * SECOND).await.unwrap();
    assert_eq!(counted, [count(0, 7, 5)]);
}

async fn requests_are_found_from_a_time_on_however_long_they_took_to_be_recorded(database: &dyn Database) {
    let store = database.store().await;
    record(&*store, &[request(1, -1, SECOND, 200), request(2, 0, 0, 200), request(3, 5, SECOND, 200)]).await;
    let query = ActivityQuery { from: Some(NOON), ..ActivityQuery::default() };
    let found = store.activities(ACME, &query, ActivityPart::Before(None), 9).await.unwrap();
    let ids: Vec<_> = found.iter().map(|activity| activity.request_id.as_str()).collect();
    assert_eq!(ids, ["3", "2"]);
}
