//! The media types of SCIM (RFC 7644 §8.1).

use http::HeaderValue;

pub(crate) const SCIM_JSON: &str = "application/scim+json";
pub(crate) const JSON: &str = "application/json";

/// The media type of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MediaType {
    /// `application/scim+json`.
    ScimJson,
    /// `application/json`, for who accepts that alone.
    Json,
}

impl MediaType {
    /// The value of `Content-Type`.
    pub(crate) fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::ScimJson => SCIM_JSON,
            Self::Json => JSON,
        })
    }
}
