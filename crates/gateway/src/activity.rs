//! What is told the core of each request that was answered, for the activity log of its directory. Nobody waits for it: a
//! request puts its report into a queue, and where that is full the report is dropped and counted.

mod reporter;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use http::header::{AUTHORIZATION, CONTENT_LENGTH, USER_AGENT};
use http::request::Parts;
use http::{HeaderValue, Method};
use rollcall_api::v1::AnsweredRequest;
use tokio::sync::mpsc;

pub use self::reporter::Reporter;
use crate::answer::Answer;
use crate::body::Incoming;
use crate::request_id::RequestId;
use crate::routing::{Endpoint, Route};
use crate::shown::shown_method;

/// Reports that wait at most.
const LONGEST_QUEUE: usize = 10_000;
/// Bytes of the reports that wait at most.
const LARGEST_QUEUE: usize = 64 * 1024 * 1024;
/// So much of a body is reported, in bytes; the core keeps no more.
const LONGEST_BODY: usize = 16 * 1024;
/// So much of a path, of a query and of every other text is reported, in bytes.
const LONGEST_TEXT: usize = 2048;

/// The end of the queue into which reports are put. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct ActivityLog(Option<Arc<Queue>>);

#[derive(Debug)]
struct Queue {
    sender: mpsc::Sender<Report>,
    waiting: Arc<Waiting>,
    /// What times are counted from.
    epoch: Instant,
}

/// What the reporter must know of the queue.
#[derive(Debug, Default)]
struct Waiting {
    /// The bytes of the reports that wait.
    bytes: AtomicUsize,
    /// How many reports have been dropped since that was last said.
    dropped: AtomicU64,
    /// How many have been dropped in all.
    dropped_in_all: AtomicU64,
}

/// A request that was answered, and the credential that it came with.
#[derive(Debug)]
struct Report {
    authorization: Option<HeaderValue>,
    request: AnsweredRequest,
    bytes: usize,
}

/// A request and its answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exchange<'a> {
    pub(crate) parts: &'a Parts,
    pub(crate) request_id: &'a RequestId,
    pub(crate) route: &'a Route<'a>,
    pub(crate) body: &'a Incoming,
    pub(crate) answer: &'a Answer,
    /// The address that the request came from.
    pub(crate) address: Option<IpAddr>,
    pub(crate) started: Instant,
    pub(crate) took: Duration,
}

impl ActivityLog {
    /// A queue, and who empties it. Without one, as in the default, nothing is reported. `process` names this start of this
    /// replica and no other one, as the prefix of [`RequestIds`](crate::RequestIds) does.
    pub fn new(process: &str) -> (Self, Reporter) {
        let (sender, receiver) = mpsc::channel(LONGEST_QUEUE);
        let waiting = Arc::<Waiting>::default();
        let epoch = Instant::now();
        let queue = Queue { sender, waiting: Arc::clone(&waiting), epoch };
        (Self(Some(Arc::new(queue))), Reporter::new(process, receiver, waiting, epoch))
    }

    /// What tells how the queue fares.
    pub fn meter(&self) -> ActivityMeter {
        ActivityMeter(self.0.as_ref().map(Arc::downgrade).unwrap_or_default())
    }

    /// Reports an exchange, with what the core noted of it. Never waits.
    pub(crate) fn report(&self, exchange: Exchange<'_>, notes: Vec<String>) {
        let Some(queue) = &self.0 else { return };
        let room = queue.sender.try_reserve();
        let Ok(place) = room else { return queue.waiting.lose(1) };
        if queue.waiting.bytes.load(Ordering::Relaxed) > LARGEST_QUEUE {
            return queue.waiting.lose(1);
        }
        let report = exchange.report(queue.epoch, notes);
        queue.waiting.bytes.fetch_add(report.bytes, Ordering::Relaxed);
        place.send(report);
    }
}

/// Tells how the queue of reports fares. It keeps no queue open: the reporter ends with the gateway.
#[derive(Debug, Clone)]
pub struct ActivityMeter(Weak<Queue>);

impl ActivityMeter {
    /// How many reports wait for the core, and how many have been dropped so far; `None`, there is no queue any more.
    pub fn load(&self) -> Option<(u64, u64)> {
        let queue = self.0.upgrade()?;
        let waiting = queue.sender.max_capacity() - queue.sender.capacity();
        Some((waiting as u64, queue.waiting.dropped_in_all.load(Ordering::Relaxed)))
    }
}

impl Waiting {
    fn lose(&self, reports: u64) {
        self.dropped.fetch_add(reports, Ordering::Relaxed);
        self.dropped_in_all.fetch_add(reports, Ordering::Relaxed);
    }
}

impl Exchange<'_> {
    fn report(self, epoch: Instant, notes: Vec<String>) -> Report {
        let Self { parts, answer, .. } = self;
        let (target_type, target_id) = self.target();
        let (scim_type, detail) = match &answer.problem {
            Some(problem) => (problem.scim_type.unwrap_or_default().to_owned(), problem.detail.to_string()),
            None => (String::new(), String::new()),
        };
        let (request_body, request_body_bytes) = self.request_body();
        let (response_body, response_body_bytes) = self.response_body();
        let request = AnsweredRequest {
            began_micros: micros(self.started.saturating_duration_since(epoch)),
            latency_micros: micros(self.took),
            method: shown_method(&parts.method).to_owned(),
            path: cut(parts.uri.path()),
            query: cut(parts.uri.query().unwrap_or_default()),
            target_type: target_type.to_owned(),
            target_id: cut(&target_id),
            status: answer.status.as_u16().into(),
            scim_type,
            detail,
            client_address: self.address.map(|address| address.to_string()).unwrap_or_default(),
            user_agent: cut(&header(parts, &USER_AGENT)),
            request_id: self.request_id.to_string(),
            notes,
            request_body,
            request_body_bytes,
            response_body,
            response_body_bytes,
        };
        let bytes = size_of::<Report>()
            + request.path.len()
            + request.query.len()
            + request.request_body.len()
            + request.response_body.len();
        Report { authorization: parts.headers.get(AUTHORIZATION).cloned(), request, bytes }
    }

    /// The type and the id of the resource that the request was about. That of a new one is in its location.
    fn target(&self) -> (&'static str, String) {
        let location = || {
            let location = self.answer.headers.get(http::header::LOCATION).and_then(|url| url.to_str().ok());
            location.and_then(|url| url.rsplit('/').next()).unwrap_or_default().to_owned()
        };
        match self.endpoint() {
            Some(Endpoint::User(id)) => ("User", id.to_string()),
            Some(Endpoint::Group(id)) => ("Group", id.to_string()),
            Some(Endpoint::Users) if self.is_write() => ("User", location()),
            Some(Endpoint::Groups) if self.is_write() => ("Group", location()),
            _ => ("", String::new()),
        }
    }

    /// The endpoint that answered, where there is one.
    fn endpoint(&self) -> Option<&Endpoint<'_>> {
        match self.route {
            Route::Scim(_, endpoint) => Some(endpoint),
            _ => None,
        }
    }

    fn is_write(&self) -> bool {
        matches!(self.parts.method, Method::POST | Method::PUT | Method::PATCH | Method::DELETE)
    }

    fn is_search(&self) -> bool {
        matches!(self.endpoint(), Some(Endpoint::Search | Endpoint::UserSearch | Endpoint::GroupSearch))
    }

    /// The beginning of the body that came in, and how long it was, as far as that is known.
    fn request_body(&self) -> (Vec<u8>, i64) {
        let read = self.body.seen();
        let announced = header(self.parts, &CONTENT_LENGTH).parse::<i64>().unwrap_or_default();
        let bytes = i64::try_from(read.len()).unwrap_or(i64::MAX).max(announced);
        (beginning(read), bytes)
    }

    /// The beginning of the body that went out: of changes and failures.
    fn response_body(&self) -> (Vec<u8>, i64) {
        let fails = self.answer.status.is_client_error() || self.answer.status.is_server_error();
        if !fails && (!self.is_write() || self.is_search()) {
            return (Vec::new(), 0);
        }
        let body = &self.answer.body;
        (beginning(body), i64::try_from(body.len()).unwrap_or(i64::MAX))
    }
}

fn header(parts: &Parts, name: &http::HeaderName) -> String {
    let value = parts.headers.get(name).map(HeaderValue::as_bytes).unwrap_or_default();
    String::from_utf8_lossy(value).into_owned()
}

fn beginning(body: &[u8]) -> Vec<u8> {
    body.get(..LONGEST_BODY).unwrap_or(body).to_vec()
}

fn cut(text: &str) -> String {
    text.get(..text.floor_char_boundary(LONGEST_TEXT)).unwrap_or_default().to_owned()
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
