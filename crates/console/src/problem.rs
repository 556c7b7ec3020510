//! What goes wrong, and the page that says so.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use rollcall_api::error::{mapping, reason_from};
use rollcall_api::v1::ErrorReason;
use tonic::Status;

use crate::oidc::Refusal;

/// Why there is no page. It travels in the extensions of an empty answer until [`dress`](crate::dress) writes the page, which
/// knows the theme and where the request wanted to go.
#[derive(Debug, Clone)]
pub(crate) enum Problem {
    /// Nobody is signed in, or no longer.
    SignedOut,
    /// The form comes from elsewhere, or is older than the session.
    Forged,
    /// There is no such page.
    NoPage,
    /// The core refused what was asked, in words for whoever asked.
    Refused {
        /// Why.
        reason: ErrorReason,
        /// The same in words.
        message: String,
    },
    /// The OpenID provider, by its name, did not let somebody in.
    OpenId {
        /// Why.
        refusal: Refusal,
        /// What people know the provider by.
        provider: String,
    },
    /// Tried too often.
    TooOften(Duration),
}

impl Problem {
    /// A status of the core.
    pub(crate) fn from_core(status: &Status) -> Self {
        let reason = reason_from(status);
        match reason {
            ErrorReason::CredentialInvalid | ErrorReason::CredentialMissing => Self::SignedOut,
            ErrorReason::RateLimited => Self::TooOften(Duration::from_mins(1)),
            ErrorReason::Internal => {
                tracing::warn!(code = %status.code(), cause = status.message(), "the core failed");
                Self::Refused { reason, message: "The server failed. Its log says why.".to_owned() }
            }
            ErrorReason::Unavailable => {
                tracing::warn!(code = %status.code(), cause = status.message(), "the core cannot be reached");
                Self::late()
            }
            reason => Self::Refused { reason, message: status.message().to_owned() },
        }
    }

    /// The core does not answer.
    pub(crate) fn late() -> Self {
        Self::Refused {
            reason: ErrorReason::Unavailable,
            message: "The core or its database does not answer at present. Try again in a moment.".to_owned(),
        }
    }

    /// What a form lacks.
    pub(crate) fn value(message: impl Into<String>) -> Self {
        Self::Refused { reason: ErrorReason::InvalidValue, message: message.into() }
    }

    /// The status of the answer.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::SignedOut => StatusCode::UNAUTHORIZED,
            Self::Forged => StatusCode::FORBIDDEN,
            Self::NoPage => StatusCode::NOT_FOUND,
            Self::OpenId { refusal, .. } => refusal.status(),
            Self::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Refused { reason, .. } => StatusCode::from_u16(mapping(*reason).http_status)
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    /// What whoever filled in a form can mend there; every other problem goes on.
    pub(crate) fn correctable(self) -> Result<String, Self> {
        match self {
            Self::Refused { reason, message }
                if !matches!(
                    reason,
                    ErrorReason::NotFound
                        | ErrorReason::Internal
                        | ErrorReason::Unavailable
                        | ErrorReason::ScopeMissing
                ) =>
            {
                Ok(message)
            }
            other => Err(other),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
