//! The published limits of the service.

use std::time::Duration;

/// Limits that an operator may set. Each is announced in ServiceProviderConfig where the RFCs have a place for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Users in a page when the client does not say.
    pub default_page_size: u32,
    /// Users in a page at most.
    pub max_page_size: u32,
    /// Operations in one PATCH at most.
    pub max_patch_operations: usize,
    /// Members of a group in one request at most: as many as the largest body can name.
    pub max_members_per_request: usize,
    /// Operations in one bulk request at most.
    pub max_bulk_operations: usize,
    /// Bytes of JSON in one bulk request at most: the gateway's limit, which the core announces.
    pub max_bulk_bytes: usize,
    /// How long a page token stays valid.
    pub page_token_lifetime: Duration,
    /// How long events are kept.
    pub event_retention: Duration,
    /// Requests that the identity provider of a directory may send in a second, and at once; `None`, as many as it likes.
    pub max_requests_per_second: Option<u32>,
    /// Requests of one directory that are served at once; `None`, as many as there are.
    pub requests_of_one_directory: Option<u32>,
    /// Passwords that may be tried for one user in a minute, until one is right.
    pub password_attempts_per_user: u32,
    /// How long a session of the console lasts without being used.
    pub session_idle: Duration,
    /// How long a session of the console lasts, used or not.
    pub session_lifetime: Duration,
    /// Passwords that one credential may try in a minute.
    pub password_attempts_per_key: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            default_page_size: 100,
            max_page_size: 1000,
            max_patch_operations: 5000,
            max_members_per_request: 1_000_000,
            max_bulk_operations: 1000,
            max_bulk_bytes: 32 * 1024 * 1024,
            page_token_lifetime: Duration::from_hours(1),
            event_retention: Duration::from_hours(90 * 24),
            max_requests_per_second: Some(10_000),
            requests_of_one_directory: None,
            session_idle: Duration::from_hours(1),
            session_lifetime: Duration::from_hours(12),
            password_attempts_per_user: 10,
            password_attempts_per_key: 600,
        }
    }
}
