//! How much room reports take up while they wait.

use axum::body::Body;
use http::{Request, StatusCode};

use super::*;
use crate::request_id::RequestIds;
use crate::routing::route;

/// Reports a request that failed with an answer of so many bytes.
async fn report(log: &ActivityLog, uri: &str, request_bytes: usize, answer_bytes: usize) {
    let (parts, ()) = Request::post(uri).body(()).unwrap().into_parts();
    let mut body =
        Incoming::new(Body::from(vec![b'x'; request_bytes]), &parts.headers, Duration::from_secs(1));
    body.read_within(usize::MAX - 1).await.unwrap();
    let exchange = Exchange {
        parts: &parts,
        request_id: &RequestIds::with_prefix("r").of(&parts.headers),
        route: &route(parts.uri.path()),
        body: &body,
        answer: &Answer::json(StatusCode::BAD_REQUEST, vec![b'y'; answer_bytes]),
        address: None,
        started: Instant::now(),
        took: Duration::ZERO,
    };
    log.report(exchange, Vec::new());
}

fn waiting(log: &ActivityLog) -> &Waiting {
    &log.0.as_ref().unwrap().waiting
}

/// The bytes of the only report of a request.
async fn bytes_of(uri: &str, request_bytes: usize, answer_bytes: usize) -> usize {
    let (log, _reporter) = ActivityLog::new("test");
    report(&log, uri, request_bytes, answer_bytes).await;
    waiting(&log).bytes.load(Ordering::Relaxed)
}

#[tokio::test]
async fn a_report_takes_up_as_much_room_as_its_texts_are_long() {
    let least = bytes_of("/a", 0, 0).await;
    assert_eq!(bytes_of("/abcde", 0, 0).await, least + 4);
    assert_eq!(bytes_of("/a?xyz", 0, 0).await, least + 3);
    assert_eq!(bytes_of("/a", 70, 0).await, least + 70);
    assert_eq!(bytes_of("/abcde?xyz", 70, 700).await, least + 777);
    assert_eq!(bytes_of("/a", 100_000, 100_000).await, least + 2 * 16 * 1024);
}

#[tokio::test]
async fn reports_of_long_bodies_fill_the_queue_before_they_are_many() {
    let (log, _reporter) = ActivityLog::new("test");
    let each = bytes_of("/a", 16 * 1024, 16 * 1024).await;
    let fit = 67_108_864 / each + 1;
    for _ in 0..fit + 3 {
        report(&log, "/a", 16 * 1024, 16 * 1024).await;
    }
    let waiting = waiting(&log);
    assert_eq!(waiting.bytes.load(Ordering::Relaxed), fit * each);
    assert_eq!(waiting.dropped.load(Ordering::Relaxed), 3);
}

#[test]
fn times_are_reported_in_microseconds_and_the_longest_as_the_longest_there_is() {
    assert_eq!(micros(Duration::from_millis(7)), 7000);
    assert_eq!(micros(Duration::MAX), i64::MAX);
}
