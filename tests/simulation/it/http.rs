//! Requests over the simulated network, as an identity provider sends them.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::time::timeout;
use turmoil::net::TcpStream;

use crate::gateway_host::PORT;

/// What was answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// What the entity tag says.
    pub(crate) version: Option<i64>,
    pub(crate) retry_after: bool,
    pub(crate) body: Value,
}

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) token: Option<String>,
    pub(crate) if_match: Option<i64>,
    pub(crate) body: Option<Value>,
}

/// Sends a request by a connection of its own. `None`: it was not answered within so long, or the connection broke.
pub(crate) async fn send(gateway: &str, ask: Ask, patience: Duration) -> Option<Answer> {
    timeout(patience, exchange(gateway, ask)).await.ok()?
}

async fn exchange(gateway: &str, ask: Ask) -> Option<Answer> {
    let stream = TcpStream::connect((gateway, PORT)).await.ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    let driving = tokio::spawn(connection);
    let answer = sender.send_request(ask.into_request()).await.ok()?;
    let (parts, body) = answer.into_parts();
    let bytes = body.collect().await.ok()?.to_bytes();
    drop(sender);
    driving.abort();
    let version = parts
        .headers
        .get(header::ETAG)
        .and_then(|tag| tag.to_str().unwrap().trim_start_matches("W/").trim_matches('"').parse().ok());
    Some(Answer {
        status: parts.status.as_u16(),
        version,
        retry_after: parts.headers.contains_key(header::RETRY_AFTER),
        body: serde_json::from_slice(&bytes).unwrap_or_default(),
    })
}

impl Ask {
    fn into_request(self) -> Request<Full<Bytes>> {
        let mut request = Request::builder()
            .method(self.method)
            .uri(format!("/scim/v2{}", self.path.replace(' ', "%20").replace('"', "%22")))
            .header(header::HOST, "id.example.com");
        if let Some(token) = self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(version) = self.if_match {
            request = request.header(header::IF_MATCH, format!("W/\"{version}\""));
        }
        if self.body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/scim+json");
        }
        let body = self.body.map(|body| body.to_string()).unwrap_or_default();
        request.body(Full::from(body)).unwrap()
    }
}
