//! The results of a bulk request (RFC 7644 §3.7), written as they come.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use rollcall_api::v1::{ApplyBulkResponse, BulkResult, ErrorReason};
use serde::Serialize;
use tokio::time::timeout;
use tonic::Streaming;

use super::elements::Elements;
use super::operation::{Method, Outline, endpoint};
use crate::call::Call;
use crate::error::{ErrorBody, Problem};
use crate::json::bytes_of;
use crate::pieces::{Text, just};
use crate::request_id::RequestId;
use crate::routing::Endpoint;

const BEGINNING: &str = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkResponse"],"Operations":["#;

/// What stands before the bulkId of another operation.
const REFERENCE: &str = "bulkId:";

/// Results on their way to the client.
#[derive(Debug)]
pub(super) struct Results {
    messages: Streaming<ApplyBulkResponse>,
    /// The operations from `position` on: a result says what its operation is called.
    operations: Elements,
    position: usize,
    is_first: bool,
    base: String,
    request_id: RequestId,
    /// How long the core may take for the next of them.
    time: Duration,
}

impl Results {
    pub(super) fn new(
        messages: Streaming<ApplyBulkResponse>,
        operations: Elements,
        call: &Call<'_>,
        time: Duration,
    ) -> Self {
        Self {
            messages,
            operations,
            position: 0,
            is_first: true,
            base: call.base.clone().into_owned(),
            request_id: call.request_id.clone(),
            time,
        }
    }

    /// The body of the answer.
    pub(super) fn into_json(self) -> Text {
        let results = stream::try_unfold(self, |mut results| async move {
            let Some(message) = results.next().await? else { return Ok(None) };
            Ok(Some((Bytes::from(results.written(&message)?), results)))
        });
        just(BEGINNING).chain(results).chain(just("]}")).boxed()
    }

    async fn next(&mut self) -> Result<Option<ApplyBulkResponse>, Problem> {
        match timeout(self.time, self.messages.message()).await {
            Ok(Ok(message)) => Ok(message),
            Ok(Err(status)) => Err(Problem::from_core(&status, &self.request_id)),
            Err(_) => Err(Problem::late()),
        }
    }

    fn written(&mut self, message: &ApplyBulkResponse) -> Result<Vec<u8>, Problem> {
        let mut text = Vec::new();
        for result in &message.results {
            let outline = self.outline(result)?;
            if !std::mem::replace(&mut self.is_first, false) {
                text.push(b',');
            }
            let problem = problem(result, &self.request_id);
            let json = Json::of(result, &outline, problem.as_ref(), &self.base);
            text.extend(bytes_of(&json, &self.request_id)?);
        }
        Ok(text)
    }

    /// What the operation of a result is called.
    fn outline(&mut self, result: &BulkResult) -> Result<Outline, Problem> {
        let index = usize::try_from(result.index).ok();
        let operation = index.and_then(|index| self.operations.nth(index.checked_sub(self.position)?));
        let (Some(index), Some(operation)) = (index, operation) else {
            let index = result.index;
            tracing::error!(
                request_id = %self.request_id,
                trace_id = self.request_id.trace_id(),
                index,
                "the core answered an operation that it was not sent"
            );
            return Err(Problem::internal(&self.request_id));
        };
        self.position = index + 1;
        Ok(Outline::of(&operation))
    }
}

/// What went wrong with an operation.
fn problem(result: &BulkResult, request: &RequestId) -> Option<Problem> {
    // A reason that this gateway does not know is an error all the same.
    match ErrorReason::try_from(result.reason).unwrap_or(ErrorReason::Internal) {
        ErrorReason::Unspecified => None,
        ErrorReason::Internal => Some(Problem::internal(request)),
        reason => Some(Problem::new(reason, result.message.clone())),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bulk_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<ErrorBody<'a>>,
}

impl<'a> Json<'a> {
    fn of(result: &'a BulkResult, outline: &'a Outline, problem: Option<&'a Problem>, base: &str) -> Self {
        let method = outline.method.as_deref();
        let known = method.and_then(Method::named);
        let location = match result.location.as_str() {
            "" => outline.path.as_deref().filter(|_| known != Some(Method::Post)).and_then(place),
            location => Some(location.to_owned()),
        };
        Self {
            location: location.map(|location| format!("{base}{location}")),
            method: known.map(Method::as_str).or(method),
            bulk_id: outline.bulk_id.as_deref(),
            version: Some(result.version.as_str()).filter(|version| !version.is_empty()),
            status: match (problem, known) {
                (Some(problem), _) => problem.status_text(),
                (None, Some(Method::Post)) => "201",
                (None, Some(Method::Delete)) => "204",
                (None, _) => "200",
            },
            response: problem.map(Problem::body),
        }
    }
}

/// Where the resource is that a path names, relative to the base URL. That of one that was to be created is not known.
fn place(path: &str) -> Option<String> {
    let id = path.split('/').rfind(|segment| !segment.is_empty())?;
    match endpoint(path) {
        Endpoint::User(named) if !named.starts_with(REFERENCE) => Some(format!("/Users/{id}")),
        Endpoint::Group(named) if !named.starts_with(REFERENCE) => Some(format!("/Groups/{id}")),
        _ => None,
    }
}
