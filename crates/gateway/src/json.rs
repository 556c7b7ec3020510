//! Values as JSON, and as answers.

use http::StatusCode;
use serde::Serialize;

use crate::answer::Answer;
use crate::error::Problem;
use crate::request_id::RequestId;

/// The answer of a value as JSON.
pub(crate) fn answer(
    status: StatusCode,
    value: &impl Serialize,
    request: &RequestId,
) -> Result<Answer, Problem> {
    Ok(Answer::json(status, bytes_of(value, request)?))
}

/// A value as JSON.
pub(crate) fn bytes_of(value: &impl Serialize, request: &RequestId) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(value).map_err(|error| {
        tracing::error!(
            %error,
            request_id = %request,
            trace_id = request.trace_id(),
            "an answer could not be written as JSON"
        );
        Problem::internal(request)
    })
}
