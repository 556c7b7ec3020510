//! Forms that are sent.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Form, FromRequest, Request};
use rollcall_api::v1::ErrorReason;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::timeout;

use crate::Console;
use crate::csrf;
use crate::problem::Problem;
use crate::session::SignedIn;

/// The bytes of the largest form.
const LARGEST: usize = 256 * 1024;
/// How long a form may take to come in.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reads a form whole before anything is answered: an answer to a form that is still on its way can be lost with its connection.
///
/// Errors: it is too large, breaks off, or does not come.
pub(crate) async fn received(body: Body) -> Result<Body, Problem> {
    match timeout(PATIENCE, to_bytes(body, LARGEST)).await {
        Ok(Ok(bytes)) => Ok(Body::from(bytes)),
        Ok(Err(_)) => Err(Problem::Refused {
            reason: ErrorReason::PayloadTooLarge,
            message: format!(
                "The form broke off, or is larger than the {} KiB allowed here.",
                LARGEST / 1024
            ),
        }),
        Err(_) => Err(Problem::value("The form did not come in in time. Send it again.")),
    }
}

/// A form of a page of ours, sent by somebody who is signed in: no handler sees one whose token is not that of the session.
#[derive(Debug)]
pub(crate) struct Submission {
    pub(crate) session: SignedIn,
    fields: Fields,
}

impl Submission {
    /// A field, without spaces around it; empty where there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.fields.text(name)
    }

    /// Whether there is a field, such as a ticked box.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.fields.0.iter().any(|(field, _)| field == name)
    }

    /// The values of a field that may be there several times.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.expose_secret())
    }
}

/// The fields of a form. One of them may be an admin key.
#[derive(Debug)]
pub(crate) struct Fields(Vec<(String, SecretString)>);

impl Fields {
    /// Reads the body of a request.
    pub(crate) async fn read(request: Request) -> Result<Self, Problem> {
        let form = Form::<Vec<(String, String)>>::from_request(request, &()).await;
        let field = |(name, value): (String, String)| (name, SecretString::from(value));
        form.map(|Form(fields)| Self(fields.into_iter().map(field).collect()))
            .map_err(|_| Problem::value("This is no form that a page of the console sends."))
    }

    /// A field, without spaces around it; empty where there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.expose_secret().trim())
    }
}

impl FromRequest<Arc<Console>> for Submission {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Arc<Console>) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let session = SignedIn::of(&parts)?;
        let fields = Fields::read(Request::from_parts(parts, body)).await?;
        if !csrf::is_good(session.secret.expose_secret(), fields.text("csrf")) {
            return Err(Problem::Forged);
        }
        Ok(Self { session, fields })
    }
}
