//! Lists of resources (RFC 7644 §3.4.2, RFC 9865 §2).

use http::StatusCode;
use serde::Serialize;

use crate::answer::Answer;
use crate::error::Problem;
use crate::request_id::RequestId;

const LIST_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// One page of a list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct List<'a, R> {
    schemas: [&'static str; 1],
    total_results: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_index: Option<i64>,
    items_per_page: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<&'a str>,
    #[serde(rename = "Resources")]
    resources: Vec<R>,
}

impl<'a, R: Serialize> List<'a, R> {
    /// A page that begins at a 1-based position.
    pub(crate) fn by_index(resources: Vec<R>, total: i64, start_index: i64) -> Self {
        Self { start_index: Some(start_index), ..Self::by_cursor(resources, total, "") }
    }

    /// A page of a walk by cursor, with the cursor of the next one; empty, there is none.
    pub(crate) fn by_cursor(resources: Vec<R>, total: i64, next_cursor: &'a str) -> Self {
        Self {
            schemas: [LIST_RESPONSE],
            total_results: total,
            start_index: None,
            items_per_page: resources.len(),
            next_cursor: (!next_cursor.is_empty()).then_some(next_cursor),
            resources,
        }
    }

    /// A list that is answered whole.
    pub(crate) fn whole(resources: Vec<R>) -> Self {
        let total = i64::try_from(resources.len()).unwrap_or(i64::MAX);
        Self::by_index(resources, total, 1)
    }

    /// The answer.
    pub(crate) fn into_answer(self, request: &RequestId) -> Result<Answer, Problem> {
        json(StatusCode::OK, &self, request)
    }
}

/// The answer of a value as JSON.
pub(crate) fn json(
    status: StatusCode,
    value: &impl Serialize,
    request: &RequestId,
) -> Result<Answer, Problem> {
    match serde_json::to_vec(value) {
        Ok(body) => Ok(Answer::json(status, body)),
        Err(error) => {
            tracing::error!(%error, request_id = %request, "an answer could not be written as JSON");
            Err(Problem::internal(request))
        }
    }
}
