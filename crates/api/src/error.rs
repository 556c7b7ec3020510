//! The one table of errors: each reason with its gRPC code, its HTTP status and its `scimType`.

use std::collections::HashMap;
use std::time::Duration;

use rollcall_scim::ScimType;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::ERROR_DOMAIN;
use crate::v1::ErrorReason;

/// What one reason is called on each side of the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mapping {
    /// The gRPC status code.
    pub code: Code,
    /// The HTTP status of the SCIM answer.
    pub http_status: u16,
    /// The `scimType` of the SCIM error body (RFC 7644 §3.12, RFC 9865 §2.1).
    pub scim_type: Option<&'static str>,
}

/// The table.
pub fn mapping(reason: ErrorReason) -> Mapping {
    let (code, http_status, scim_type) = match reason {
        ErrorReason::CredentialMissing | ErrorReason::CredentialInvalid => (Code::Unauthenticated, 401, None),
        ErrorReason::ScopeMissing
        | ErrorReason::ScimOff
        | ErrorReason::Forbidden
        | ErrorReason::HoldRejected
        | ErrorReason::DryRun => (Code::PermissionDenied, 403, None),
        ErrorReason::NotFound => (Code::NotFound, 404, None),
        ErrorReason::Uniqueness => (Code::AlreadyExists, 409, Some("uniqueness")),
        ErrorReason::VersionMismatch => (Code::FailedPrecondition, 412, None),
        ErrorReason::InvalidFilter => (Code::InvalidArgument, 400, Some("invalidFilter")),
        ErrorReason::InvalidPath => (Code::InvalidArgument, 400, Some("invalidPath")),
        ErrorReason::InvalidSyntax => (Code::InvalidArgument, 400, Some("invalidSyntax")),
        ErrorReason::InvalidValue => (Code::InvalidArgument, 400, Some("invalidValue")),
        ErrorReason::Mutability => (Code::InvalidArgument, 400, Some("mutability")),
        ErrorReason::NoTarget => (Code::InvalidArgument, 400, Some("noTarget")),
        ErrorReason::TooMany => (Code::ResourceExhausted, 400, Some("tooMany")),
        ErrorReason::InvalidCursor => (Code::InvalidArgument, 400, Some("invalidCursor")),
        ErrorReason::ExpiredCursor => (Code::InvalidArgument, 400, Some("expiredCursor")),
        ErrorReason::InvalidCount => (Code::InvalidArgument, 400, Some("invalidCount")),
        ErrorReason::InvalidVersion => (Code::InvalidArgument, 400, Some("invalidVers")),
        ErrorReason::Sensitive => (Code::InvalidArgument, 403, Some("sensitive")),
        ErrorReason::NotEmpty | ErrorReason::LastAdministrator | ErrorReason::HoldDecided => {
            (Code::FailedPrecondition, 409, None)
        }
        ErrorReason::Conflict => (Code::Aborted, 409, None),
        ErrorReason::NotImplemented => (Code::Unimplemented, 501, None),
        ErrorReason::Unavailable => (Code::Unavailable, 503, None),
        ErrorReason::PayloadTooLarge => (Code::OutOfRange, 413, None),
        ErrorReason::RateLimited | ErrorReason::Held => (Code::ResourceExhausted, 429, None),
        ErrorReason::EventsExpired => (Code::OutOfRange, 410, None),
        ErrorReason::EventsAhead => (Code::OutOfRange, 400, None),
        ErrorReason::Unspecified | ErrorReason::Internal => (Code::Internal, 500, None),
    };
    Mapping { code, http_status, scim_type }
}

/// The reason that stands for a `scimType` of the language.
pub fn reason_of(scim_type: ScimType) -> ErrorReason {
    match scim_type {
        ScimType::InvalidFilter => ErrorReason::InvalidFilter,
        ScimType::InvalidSyntax => ErrorReason::InvalidSyntax,
        ScimType::InvalidValue => ErrorReason::InvalidValue,
        ScimType::InvalidPath => ErrorReason::InvalidPath,
        ScimType::NoTarget => ErrorReason::NoTarget,
        ScimType::Mutability => ErrorReason::Mutability,
        ScimType::TooMany => ErrorReason::TooMany,
    }
}

/// The longest message of a status in bytes. It travels in two headers of the answer, and clients refuse long ones.
const LONGEST_MESSAGE: usize = 1000;

/// A gRPC status that carries the reason as `google.rpc.ErrorInfo`. A message that repeats a long input is cut short.
pub fn status(reason: ErrorReason, message: impl Into<String>) -> Status {
    status_with_retry(reason, message, None)
}

/// The same with a `google.rpc.RetryInfo`: how long to wait before trying again.
pub fn status_with_retry(
    reason: ErrorReason,
    message: impl Into<String>,
    retry_after: Option<Duration>,
) -> Status {
    let mut message = message.into();
    if message.len() > LONGEST_MESSAGE {
        message.truncate(message.floor_char_boundary(LONGEST_MESSAGE));
        message.push('…');
    }
    let mut details = ErrorDetails::with_error_info(reason_name(reason), ERROR_DOMAIN, HashMap::new());
    if retry_after.is_some() {
        details.set_retry_info(retry_after);
    }
    Status::with_error_details(mapping(reason).code, message, details)
}

/// The reason that a status carries; a status that did not come from the core (a broken connection, a cancelled
/// call) has the one that fits its code best.
pub fn reason_from(status: &Status) -> ErrorReason {
    let named = status.get_details_error_info().filter(|info| info.domain == ERROR_DOMAIN);
    if let Some(reason) = named.and_then(|info| reason_from_name(&info.reason)) {
        return reason;
    }
    match status.code() {
        // A connection that breaks amid a call is `Unknown`; one that the other end closes is what HTTP/2 makes of its reason.
        Code::Unavailable
        | Code::DeadlineExceeded
        | Code::Cancelled
        | Code::Unknown
        | Code::ResourceExhausted
        | Code::Internal => ErrorReason::Unavailable,
        Code::OutOfRange => ErrorReason::PayloadTooLarge,
        Code::Unimplemented => ErrorReason::NotImplemented,
        _ => ErrorReason::Internal,
    }
}

/// How long to wait before trying again, where a status says so.
pub fn retry_after(status: &Status) -> Option<Duration> {
    status.get_details_retry_info().and_then(|info| info.retry_delay)
}

fn reason_name(reason: ErrorReason) -> &'static str {
    reason.as_str_name().trim_start_matches("ERROR_REASON_")
}

fn reason_from_name(name: &str) -> Option<ErrorReason> {
    ErrorReason::from_str_name(&format!("ERROR_REASON_{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_repeats_a_long_input_fits_into_a_header() {
        let status = status(ErrorReason::NotFound, format!("there is no {}", "é".repeat(100_000)));
        assert!(status.message().len() < LONGEST_MESSAGE + 4);
        assert!(status.message().starts_with("there is no é") && status.message().ends_with("é…"));
        assert_eq!(reason_from(&status), ErrorReason::NotFound);
    }

    #[test]
    fn a_status_says_how_long_to_wait_where_that_is_known() {
        let wait = Duration::from_millis(40);
        let limited = status_with_retry(ErrorReason::RateLimited, "too often", Some(wait));
        assert_eq!(retry_after(&limited), Some(wait));
        assert_eq!(retry_after(&status(ErrorReason::RateLimited, "too often")), None);
    }

    #[test]
    fn a_status_that_is_not_the_core_s_has_the_reason_that_fits_its_code() {
        let reason = |code| reason_from(&Status::new(code, "transport error"));
        assert_eq!(reason(Code::Unknown), ErrorReason::Unavailable);
        assert_eq!(reason(Code::Unavailable), ErrorReason::Unavailable);
        assert_eq!(reason(Code::OutOfRange), ErrorReason::PayloadTooLarge);
        assert_eq!(reason(Code::Internal), ErrorReason::Unavailable);
        assert_eq!(reason(Code::ResourceExhausted), ErrorReason::Unavailable);
    }
}
