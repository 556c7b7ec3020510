//! Answers: what a request is answered with, before it is a response of HTTP.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::negotiation::MediaType;
use crate::request_id::{REQUEST_ID, RequestId};

/// An answer. Its body is JSON, or there is none.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// An answer without a body.
    pub(crate) fn new(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// An answer with a JSON body.
    pub(crate) fn json(status: StatusCode, body: Vec<u8>) -> Self {
        Self { status, headers: HeaderMap::new(), body: body.into() }
    }

    /// Adds a header; a value that is none is left out.
    pub(crate) fn header(&mut self, name: header::HeaderName, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
    }

    /// The response. That to a HEAD request says how long the body would be, and leaves it out.
    pub(crate) fn into_response(self, media_type: MediaType, request: &RequestId, to_head: bool) -> Response {
        let Self { status, mut headers, body } = self;
        headers.insert(REQUEST_ID, request.header());
        if !body.is_empty() {
            headers.insert(header::CONTENT_TYPE, media_type.header());
            headers.insert(header::CONTENT_LENGTH, body.len().into());
        }
        let mut response = Response::new(if to_head { Body::empty() } else { Body::from(body) });
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }
}
