//! Request ids: one name for a request in the logs of every process that it passes through, beside the trace that it belongs to.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use rollcall_api::traceparent::{TraceId, Traceparent};
use tracing::field::{DisplayValue, display};

/// The header, and the metadata key, under which a request id travels.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken from a client, in bytes.
const MAX_LENGTH: usize = 64;

/// Where ids of requests come from: a prefix and a counter. Clones count on together.
#[derive(Debug, Clone)]
pub struct RequestIds {
    prefix: Arc<str>,
    next: Arc<AtomicU64>,
}

impl RequestIds {
    /// Ids that begin with `prefix`, of ASCII letters, digits, `.`, `_` and `-`, at most 40 of them: others are left
    /// out. Give each start of each replica one of its own, of random characters.
    pub fn with_prefix(prefix: &str) -> Self {
        let prefix: String = prefix.chars().filter(|&c| is_plain(c)).take(40).collect();
        Self { prefix: prefix.into(), next: Arc::default() }
    }

    /// The id that the client gave to its request, if it is well-formed and not its credential, else a new one.
    pub(crate) fn of(&self, headers: &HeaderMap) -> RequestId {
        let sent =
            headers.get(REQUEST_ID).filter(|value| is_well_formed(value) && !is_credential(value, headers));
        let value = sent.cloned().or_else(|| {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            HeaderValue::try_from(format!("{}-{number:x}", self.prefix)).ok()
        });
        RequestId {
            id: value.unwrap_or_else(|| HeaderValue::from_static("unknown")),
            trace_id: Traceparent::of(headers).map(Traceparent::trace_id),
        }
    }
}

impl Default for RequestIds {
    /// Ids that begin with `gateway`, as those of every other gateway with this default do.
    fn default() -> Self {
        Self::with_prefix("gateway")
    }
}

/// The id of one request, and that of the trace which it came with: the layer around the router sees to it that it has one.
#[derive(Debug, Clone)]
pub(crate) struct RequestId {
    id: HeaderValue,
    trace_id: Option<TraceId>,
}

impl RequestId {
    /// The id as a header.
    pub(crate) fn header(&self) -> HeaderValue {
        self.id.clone()
    }

    /// The id of the trace, as it is logged.
    pub(crate) fn trace_id(&self) -> Option<DisplayValue<TraceId>> {
        self.trace_id.map(display)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id.to_str().unwrap_or_default())
    }
}

fn is_well_formed(value: &HeaderValue) -> bool {
    (1..=MAX_LENGTH).contains(&value.len()) && value.as_bytes().iter().all(|&byte| is_plain(byte.into()))
}

/// Whether an id, which is logged, is what the request is allowed by.
fn is_credential(id: &HeaderValue, headers: &HeaderMap) -> bool {
    headers.get_all(AUTHORIZATION).iter().any(|credential| {
        let scheme = credential.as_bytes().strip_suffix(id.as_bytes());
        scheme.is_some_and(|scheme| scheme.is_empty() || scheme.ends_with(b" "))
    })
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_for(sent: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_str(sent).unwrap());
        RequestIds::with_prefix("p q\n").of(&headers).to_string()
    }

    #[test]
    fn an_id_of_the_client_is_kept_if_it_is_well_formed() {
        assert_eq!(id_for("3f2a-b.c_D"), "3f2a-b.c_D");
        assert_eq!(id_for(""), "pq-0");
        assert_eq!(id_for("two words"), "pq-0");
        assert_eq!(id_for(&"a".repeat(65)), "pq-0");
    }

    #[test]
    fn a_credential_is_no_id() {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_static("s3cr3t"));
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer s3cr3t"));
        assert_eq!(RequestIds::with_prefix("p").of(&headers).to_string(), "p-0");
        headers.insert(REQUEST_ID, HeaderValue::from_static("t"));
        assert_eq!(RequestIds::with_prefix("p").of(&headers).to_string(), "t");
    }

    #[test]
    fn the_trace_is_the_one_that_it_came_with() {
        let trace_id = |traceparent: &'static str| {
            let headers = HeaderMap::from_iter([(
                HeaderName::from_static("traceparent"),
                HeaderValue::from_static(traceparent),
            )]);
            RequestIds::default().of(&headers).trace_id().map(|id| format!("{id:?}"))
        };
        let sent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(trace_id(sent).as_deref(), Some("0af7651916cd43dd8448eb211c80319c"));
        assert_eq!(trace_id("odd"), None);
    }

    #[test]
    fn ids_that_are_made_differ_across_clones() {
        let ids = RequestIds::with_prefix("x");
        let (first, second) = (ids.of(&HeaderMap::new()), ids.clone().of(&HeaderMap::new()));
        assert_ne!(first.to_string(), second.to_string());
    }
}
