//! How many SCIM requests the identity provider of a directory may send.

use std::sync::atomic::{AtomicU64, Ordering};

use rollcall_api::v1::ErrorReason;
use uuid::Uuid;

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::rate_limit::RateLimit;

/// The rpcs that a SCIM request makes beside another one, and by which it is not counted again: the members of a group are
/// read after the group, and a credential is asked about where a request cannot be understood or is large.
const BESIDE_ANOTHER: [&str; 2] =
    ["/rollcall.v1.GroupService/ListGroupMembers", "/rollcall.v1.IdentityService/WhoAmI"];

/// So many requests of each directory in a second, and as many at once; each process counts for itself. Only identity
/// providers are counted, not the application's own services.
#[derive(Debug, Default)]
pub(crate) struct Throttle(Option<Limit>);

#[derive(Debug)]
struct Limit {
    requests: u32,
    by_directory: RateLimit<Uuid>,
    refused: AtomicU64,
}

impl Throttle {
    /// A throttle at so many requests a second; `None`, there is none.
    pub(crate) fn new(requests: Option<u32>) -> Self {
        Self(requests.map(|requests| Limit {
            requests,
            by_directory: RateLimit::per_second(requests),
            refused: AtomicU64::default(),
        }))
    }

    /// How many requests have been refused so far.
    pub(crate) fn refused(&self) -> u64 {
        self.0.as_ref().map_or(0, |limit| limit.refused.load(Ordering::Relaxed))
    }

    /// Counts a call of this rpc at a time in µs. Errors: `RATE_LIMITED`, with how long to wait.
    pub(crate) fn count_rpc(&self, path: &str, caller: &Caller, now: i64) -> Result<()> {
        if BESIDE_ANOTHER.contains(&path) { Ok(()) } else { self.count(caller, now) }
    }

    /// Counts a request at a time in µs. Errors: `RATE_LIMITED`, with how long to wait.
    pub(crate) fn count(&self, caller: &Caller, now: i64) -> Result<()> {
        match caller.bound_to() {
            Some(directory) if caller.is_identity_provider() => self.count_of(directory.id, now),
            _ => Ok(()),
        }
    }

    /// Counts a request of the identity provider of a directory at a time in µs. Errors: `RATE_LIMITED`, with how long to wait.
    pub(crate) fn count_of(&self, directory: Uuid, now: i64) -> Result<()> {
        let Some(limit) = &self.0 else { return Ok(()) };
        limit.by_directory.count(directory, now).map_err(|wait| {
            limit.refused.fetch_add(1, Ordering::Relaxed);
            let requests = limit.requests;
            Error::new(
                ErrorReason::RateLimited,
                format!(
                    "this directory takes {requests} requests a second; send this one again after a while"
                ),
            )
            .retry_after(wait)
        })
    }
}
