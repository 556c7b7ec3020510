//! Forms that are sent.

use std::sync::Arc;

use axum::extract::{Form, FromRequest, Request};

use crate::Console;
use crate::csrf;
use crate::problem::Problem;
use crate::session::SignedIn;

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
        self.fields.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

/// The fields of a form.
#[derive(Debug)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads the body of a request.
    pub(crate) async fn read(request: Request) -> Result<Self, Problem> {
        let form = Form::<Vec<(String, String)>>::from_request(request, &()).await;
        form.map(|Form(fields)| Self(fields))
            .map_err(|_| Problem::value("This is no form that a page of the console sends."))
    }

    /// A field, without spaces around it; empty where there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.trim())
    }
}

impl FromRequest<Arc<Console>> for Submission {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Arc<Console>) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let session = SignedIn::of(&parts)?;
        let fields = Fields::read(Request::from_parts(parts, body)).await?;
        if !csrf::is_good(&session.secret, fields.text("csrf")) {
            return Err(Problem::Forged);
        }
        Ok(Self { session, fields })
    }
}
