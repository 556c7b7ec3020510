//! What an operator may set.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::activity::ActivityLog;
use crate::client_address::Network;
use crate::request_id::RequestIds;

/// The settings of a gateway.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The URL that clients reach the gateway by, without the base path, as [`parse_public_url`](crate::parse_public_url)
    /// gives it; such as `https://id.example.com`. Absent, the scheme of the port and the `Host` of each request.
    pub public_url: Option<String>,
    /// Whether the port itself has TLS.
    pub is_encrypted: bool,
    /// The largest body of a request about a user, in bytes.
    pub max_user_body_bytes: usize,
    /// The largest body of a request about groups, or of a bulk request, in bytes.
    pub max_large_body_bytes: usize,
    /// The memory, in bytes, that bodies of more than 64 KiB may take up together while they are read and passed on. Further ones
    /// wait, for as long as a client may take to send a body.
    pub body_memory_bytes: usize,
    /// How long the core may take to answer.
    pub core_timeout: Duration,
    /// How long a client may take to send a body.
    pub body_timeout: Duration,
    /// Where the ids of requests that come without one are taken from.
    pub request_ids: RequestIds,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Whether answers have the [`Bearer`](rollcall_api::bearer::Bearer) of the request among their extensions, for an access log.
    pub tells_bearers: bool,
    /// Where answered requests are reported.
    pub activity: ActivityLog,
    /// Whether `/readyz` may answer that the gateway is ready.
    pub readiness: Readiness,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_url: None,
            is_encrypted: false,
            max_user_body_bytes: 2 * 1024 * 1024,
            max_large_body_bytes: 32 * 1024 * 1024,
            body_memory_bytes: 64 * 1024 * 1024,
            core_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(30),
            request_ids: RequestIds::default(),
            trusted_proxies: Vec::new(),
            tells_bearers: false,
            activity: ActivityLog::default(),
            readiness: Readiness::default(),
        }
    }
}

/// Whether new requests are welcome. Clones share one state: whoever drains the process keeps one.
#[derive(Debug, Clone, Default)]
pub struct Readiness {
    draining: Arc<AtomicBool>,
}

impl Readiness {
    /// Turns readiness off for good: load balancers are to send their requests elsewhere. Requests that come all the
    /// same are still answered.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether it has been turned off.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}
