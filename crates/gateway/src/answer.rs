//! Answers: what a request is answered with, before it is a response of HTTP.

use std::borrow::Cow;
use std::fmt;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::media_type::MediaType;
use crate::request_id::{REQUEST_ID, RequestId};

/// Answers are about people: nobody keeps them who was not asked to.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
/// A browser that is led to one takes it for nothing else.
const NO_SNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// An answer. Its body is JSON, or there is none. `Debug` does not show it: that of the token endpoint is a secret.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// The body, or its beginning.
    pub(crate) body: Bytes,
    /// What follows, where the body is not known yet, nor how long it will be.
    more: Option<Body>,
    /// What went wrong, if the answer says so.
    pub(crate) problem: Option<Told>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// What an error tells a client.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) scim_type: Option<&'static str>,
    pub(crate) detail: Cow<'static, str>,
}

impl Answer {
    /// An answer without a body.
    pub(crate) fn new(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new(), more: None, problem: None }
    }

    /// An answer with a JSON body.
    pub(crate) fn json(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..Self::new(status) }
    }

    /// An answer whose JSON body begins so and goes on with `more`.
    pub(crate) fn begun(status: StatusCode, beginning: impl Into<Bytes>, more: Body) -> Self {
        Self { more: Some(more), ..Self::json(status, beginning) }
    }

    /// Adds a header; a value that is none is left out.
    pub(crate) fn header(&mut self, name: header::HeaderName, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
    }

    /// The response. That to a HEAD request says how long the body would be, where that is known, and leaves it out.
    pub(crate) fn into_response(self, media_type: MediaType, request: &RequestId, to_head: bool) -> Response {
        let Self { status, mut headers, body, more, problem: _ } = self;
        headers.insert(REQUEST_ID, request.header());
        headers.insert(header::CACHE_CONTROL, NO_STORE);
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, NO_SNIFF);
        if !body.is_empty() {
            headers.insert(header::CONTENT_TYPE, media_type.header());
            if more.is_none() {
                headers.insert(header::CONTENT_LENGTH, body.len().into());
            }
        }
        let body = match more {
            // One whose length is not known: an empty one would be announced as such.
            Some(_) if to_head => Body::from_stream(stream::empty::<Result<Bytes, axum::Error>>()),
            _ if to_head => Body::empty(),
            None => Body::from(body),
            Some(more) => {
                let beginning = stream::iter([Ok::<_, axum::Error>(body)]);
                Body::from_stream(beginning.chain(more.into_data_stream()))
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }
}
