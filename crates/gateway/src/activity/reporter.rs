//! Who empties the queue of reports: many in one call, and no faster than the core takes them in.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use http::header::AUTHORIZATION;
use http::{HeaderValue, StatusCode};
use rollcall_api::channel::CoreChannel;
use rollcall_api::client;
use rollcall_api::error::reason_from;
use rollcall_api::v1::{ActivityReport, AnsweredRequest, ErrorReason, RecordActivityRequest};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tonic::Request;

use super::{Report, Waiting, micros};

/// Reports in one call at most.
const LARGEST_BATCH: usize = 512;
/// Requests without a good credential in one call at most: whoever floods the gateway with them does not keep out others.
const UNAUTHORIZED: usize = 50;
/// How long the core may take for a call.
const PATIENCE: Duration = Duration::from_secs(10);
/// The shortest and the longest pause between two calls.
const PAUSE: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(250));
/// The pause is so many times as long as the last call took. After a full batch there is none: there is more to come.
const REST: u32 = 10;
/// The pause after the core did not take the key.
const UNWELCOME: Duration = Duration::from_secs(30);
/// The pause after a call that failed: it doubles from the first to the second.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));

/// Takes reports out of the queue and tells the core of them.
#[derive(Debug)]
pub struct Reporter {
    process: String,
    /// What the core is shown. In its own process it asks for nothing.
    key: Option<HeaderValue>,
    reports: mpsc::Receiver<Report>,
    waiting: Arc<Waiting>,
    epoch: Instant,
}

impl Reporter {
    pub(super) fn new(
        process: &str,
        reports: mpsc::Receiver<Report>,
        waiting: Arc<Waiting>,
        epoch: Instant,
    ) -> Self {
        Self { process: process.to_owned(), key: None, reports, waiting, epoch }
    }

    /// The same, which shows the core this header `Authorization`: a service key with the scope `activity.write`.
    #[must_use]
    pub fn with_key(self, key: HeaderValue) -> Self {
        Self { key: Some(key), ..self }
    }

    /// Reports to the core until the gateway is gone. While the core is away the reports wait. After `stop` nothing is
    /// waited for: what the core does not take in then is dropped.
    pub async fn run(mut self, core: CoreChannel, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        let mut stopping = false;
        let mut batch = Vec::with_capacity(LARGEST_BATCH);
        let mut calls = 0_u64;
        while self.reports.recv_many(&mut batch, LARGEST_BATCH).await > 0 {
            let is_full = batch.len() >= LARGEST_BATCH;
            let reports = self.grouped(batch.drain(..));
            let call = format!("{}-{calls:x}", self.process);
            calls += 1;
            let mut back_off = BACK_OFF.0;
            loop {
                let started = tokio::time::Instant::now();
                let sent = self.send(core.clone(), reports.clone(), call.clone()).await;
                let is_over = sent != Sent::Later || stopping;
                if is_over && sent != Sent::Done {
                    let lost: usize = reports.iter().map(|report| report.requests.len()).sum();
                    self.waiting.lose(lost as u64);
                }
                let pause = match sent {
                    Sent::Unwelcome => UNWELCOME,
                    _ if is_over => (started.elapsed() * REST).clamp(PAUSE.0, PAUSE.1),
                    _ => back_off,
                };
                let is_pressed = is_full && is_over && sent != Sent::Unwelcome;
                let rests = !(stopping || is_pressed);
                if rests {
                    tokio::select! {
                        biased;
                        () = &mut stop => stopping = true,
                        () = sleep(pause) => {}
                    }
                }
                if is_over {
                    break;
                }
                back_off = (back_off * 2).min(BACK_OFF.1);
            }
            self.tell_of_drops();
        }
    }

    /// Reports by the credential of their requests.
    fn grouped(&self, batch: impl Iterator<Item = Report>) -> Vec<ActivityReport> {
        let mut groups: HashMap<Option<HeaderValue>, Vec<AnsweredRequest>> = HashMap::new();
        let mut unauthorized = 0;
        for Report { authorization, request, bytes } in batch {
            self.waiting.bytes.fetch_sub(bytes, Ordering::Relaxed);
            if request.status == i32::from(StatusCode::UNAUTHORIZED.as_u16()) {
                unauthorized += 1;
                if unauthorized > UNAUTHORIZED {
                    self.waiting.lose(1);
                    continue;
                }
            }
            groups.entry(authorization).or_default().push(request);
        }
        let report = |(authorization, requests): (Option<HeaderValue>, _)| ActivityReport {
            authorization: authorization.map(|value| value.as_bytes().to_vec()).unwrap_or_default(),
            requests,
        };
        groups.into_iter().map(report).collect()
    }

    async fn send(&self, core: CoreChannel, reports: Vec<ActivityReport>, call_id: String) -> Sent {
        let now_micros = micros(self.epoch.elapsed());
        let mut call = Request::new(RecordActivityRequest { reports, now_micros, call_id });
        if let Some(key) = &self.key {
            call.metadata_mut().as_mut().insert(AUTHORIZATION, key.clone());
        }
        let mut client = client::activity(core);
        match timeout(PATIENCE, client.record_activity(call)).await {
            Ok(Ok(_)) => Sent::Done,
            Ok(Err(status)) if reason_from(&status) == ErrorReason::Unavailable => Sent::Later,
            Ok(Err(status)) => {
                tracing::warn!(cause = %status, "the core does not take in what was reported of requests");
                if is_of_key(reason_from(&status)) { Sent::Unwelcome } else { Sent::Never }
            }
            Err(_) => Sent::Later,
        }
    }

    fn tell_of_drops(&self) {
        let requests = self.waiting.dropped.swap(0, Ordering::Relaxed);
        if requests > 0 {
            tracing::warn!(
                requests,
                "requests are missing from the activity log: there was no room for them"
            );
        }
    }
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    Done,
    /// The core cannot be reached; it may take the same later.
    Later,
    /// The core will never take it.
    Never,
    /// The core does not take the key.
    Unwelcome,
}

/// Whether the core refused the key, and not what came with it.
fn is_of_key(reason: ErrorReason) -> bool {
    matches!(
        reason,
        ErrorReason::CredentialMissing
            | ErrorReason::CredentialInvalid
            | ErrorReason::ScopeMissing
            | ErrorReason::Forbidden
    )
}

#[cfg(test)]
mod tests {
    use http::request::Parts;
    use http::{HeaderMap, Request};

    use super::*;
    use crate::activity::{ActivityLog, Exchange, LONGEST_QUEUE};
    use crate::answer::Answer;
    use crate::body::Incoming;
    use crate::request_id::RequestIds;
    use crate::routing::route;

    fn parts(token: Option<&str>) -> Parts {
        let mut request = Request::builder().uri("/scim/v2/Users/7?count=1");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        request.body(()).unwrap().into_parts().0
    }

    fn report(log: &ActivityLog, token: Option<&str>, status: StatusCode) {
        let parts = parts(token);
        let exchange = Exchange {
            parts: &parts,
            request_id: &RequestIds::with_prefix("r").of(&HeaderMap::new()),
            route: &route(parts.uri.path()),
            body: &Incoming::new(axum::body::Body::empty(), &parts.headers, Duration::from_secs(1)),
            answer: &Answer::json(status, "{}"),
            address: None,
            started: Instant::now(),
            took: Duration::from_micros(7),
        };
        log.report(exchange, Vec::new());
    }

    fn everything(reporter: &mut Reporter) -> Vec<ActivityReport> {
        let mut batch = Vec::new();
        while let Ok(report) = reporter.reports.try_recv() {
            batch.push(report);
        }
        reporter.grouped(batch.into_iter())
    }

    #[test]
    fn requests_are_grouped_by_the_credential_that_they_came_with() {
        let (log, mut reporter) = ActivityLog::new("test");
        for token in [Some("one"), Some("two"), None, Some("one")] {
            report(&log, token, StatusCode::OK);
        }
        let mut groups: Vec<_> = everything(&mut reporter)
            .into_iter()
            .map(|group| (String::from_utf8(group.authorization).unwrap(), group.requests.len()))
            .collect();
        groups.sort();
        assert_eq!(groups, [(String::new(), 1), ("Bearer one".to_owned(), 2), ("Bearer two".to_owned(), 1)]);
        assert_eq!(reporter.waiting.bytes.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn whoever_has_no_good_credential_does_not_keep_out_others() {
        let (log, mut reporter) = ActivityLog::new("test");
        for _ in 0..200 {
            report(&log, None, StatusCode::UNAUTHORIZED);
        }
        report(&log, Some("good"), StatusCode::OK);
        let reports = everything(&mut reporter);
        assert_eq!(reports.iter().map(|group| group.requests.len()).sum::<usize>(), UNAUTHORIZED + 1);
        assert_eq!(reporter.waiting.dropped.load(Ordering::Relaxed), 150);
    }

    #[test]
    fn a_full_queue_drops_and_counts_and_nobody_waits() {
        let (log, mut reporter) = ActivityLog::new("test");
        for _ in 0..LONGEST_QUEUE + 5 {
            report(&log, Some("one"), StatusCode::OK);
        }
        assert_eq!(reporter.waiting.dropped.load(Ordering::Relaxed), 5);
        let reports = everything(&mut reporter);
        assert_eq!(reports[0].requests.len(), LONGEST_QUEUE);
        let first = &reports[0].requests[0];
        assert_eq!((first.path.as_str(), first.query.as_str()), ("/scim/v2/Users/7", "count=1"));
        assert_eq!((first.target_type.as_str(), first.target_id.as_str()), ("User", "7"));
        assert!(first.response_body.is_empty(), "a read that succeeded has none");
    }
}
