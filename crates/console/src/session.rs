//! Who is signed in.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use rollcall_api::client;
use rollcall_api::v1::EndSessionRequest;
use secrecy::{ExposeSecret as _, SecretString};
use tonic::Request;

use crate::Console;
use crate::call::with_secret;
use crate::cookies::{self, Theme};
use crate::csrf;
use crate::origin;
use crate::problem::Problem;

/// A request with the cookie of a session. Whether that is a live one, the core says when it is asked for what the page shows:
/// every page asks it for something.
#[derive(Debug)]
pub(crate) struct SignedIn {
    /// The secret of the session.
    pub(crate) secret: SecretString,
    /// The theme that was chosen.
    pub(crate) theme: Theme,
    /// The path and query of the page.
    pub(crate) here: String,
    /// The host that the browser named.
    pub(crate) host: String,
}

impl SignedIn {
    /// Who the request is from.
    pub(crate) fn of(parts: &Parts) -> Result<Self, Problem> {
        let secret = cookies::session(parts).ok_or(Problem::SignedOut)?.into();
        let host = origin::host(parts).unwrap_or_default();
        Ok(Self {
            secret,
            theme: Theme::of(&parts.headers),
            here: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            host: host.to_owned(),
        })
    }

    /// A message to the core as this session.
    pub(crate) fn message<T>(&self, message: T) -> Request<T> {
        with_secret(self.secret.expose_secret(), message)
    }

    /// What the forms of this session carry.
    pub(crate) fn csrf(&self) -> String {
        csrf::token(self.secret.expose_secret())
    }
}

impl Console {
    /// Ends the session that a browser brings along where it has been given another one. What is left of it ends by itself: whoever
    /// signs in does not wait for it.
    pub(crate) async fn end_previous(&self, parts: &Parts) {
        let Ok(previous) = SignedIn::of(parts) else { return };
        let request = previous.message(EndSessionRequest::default());
        if let Err(problem) = self.answered(client::sessions(self.core()).end_session(request)).await {
            tracing::debug!(?problem, "the session before could not be ended");
        }
    }
}

impl FromRequestParts<Arc<Console>> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Console>) -> Result<Self, Problem> {
        Self::of(parts)
    }
}
