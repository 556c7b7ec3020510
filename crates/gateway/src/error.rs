//! What goes wrong, as a SCIM error (RFC 7644 §3.12).

use std::borrow::Cow;
use std::error::Error as _;
use std::time::Duration;

use http::{HeaderName, HeaderValue, StatusCode, header};
use rollcall_api::error::{mapping, reason_from, reason_of, retry_after};
use rollcall_api::secrets::hide_own_secrets;
use rollcall_api::v1::ErrorReason;
use serde::Serialize;
use tonic::{Code, Status};

use crate::answer::{Answer, Told};
use crate::request_id::RequestId;

/// The schema of an error.
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// The seconds after which a client may try again what was refused for a while.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

/// What whoever presents nothing is told.
const NO_CREDENTIAL: &str =
    "no credential: send the SCIM token of the directory as Authorization: Bearer <token>";

/// What is told where the core cannot be reached, or was not when the answer was to come.
const OUT_OF_REACH: &str = "the identity core cannot be reached. Where the connection broke off, a change may have been made all \
                            the same: read before sending it again";

/// RFC 6750 §3: no error code where there was no credential.
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"Rollcall\"");
const CHALLENGE_INVALID: HeaderValue =
    HeaderValue::from_static("Bearer realm=\"Rollcall\", error=\"invalid_token\"");
const CHALLENGE_SCOPE: HeaderValue =
    HeaderValue::from_static("Bearer realm=\"Rollcall\", error=\"insufficient_scope\"");

/// A request that is not done, and why.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    scim_type: Option<&'static str>,
    detail: Cow<'static, str>,
    header: Option<(HeaderName, HeaderValue)>,
    /// Whether the core said so, and so has judged the credential.
    from_core: bool,
}

impl Problem {
    /// The request says nothing of who asks: what the core would say of it, and need not be asked for.
    pub(crate) fn no_credential() -> Self {
        Self { from_core: true, ..Self::new(ErrorReason::CredentialMissing, NO_CREDENTIAL) }
    }

    /// A problem out of the table of errors, found by the gateway.
    pub(crate) fn new(reason: ErrorReason, detail: impl Into<Cow<'static, str>>) -> Self {
        let mapping = mapping(reason);
        let header = match reason {
            ErrorReason::CredentialMissing => Some((header::WWW_AUTHENTICATE, CHALLENGE)),
            ErrorReason::CredentialInvalid => Some((header::WWW_AUTHENTICATE, CHALLENGE_INVALID)),
            ErrorReason::ScopeMissing => Some((header::WWW_AUTHENTICATE, CHALLENGE_SCOPE)),
            ErrorReason::Unavailable | ErrorReason::RateLimited => Some((header::RETRY_AFTER, RETRY_AFTER)),
            _ => None,
        };
        Self {
            status: StatusCode::from_u16(mapping.http_status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            scim_type: mapping.scim_type,
            detail: detail.into(),
            header,
            from_core: false,
        }
    }

    /// A problem of HTTP, which the table does not have.
    pub(crate) fn http(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, scim_type: None, detail: detail.into(), header: None, from_core: false }
    }

    /// A method that an endpoint does not have; `allowed` are those that it has, as `Allow` lists them.
    pub(crate) fn method(allowed: &'static str) -> Self {
        let header = Some((header::ALLOW, HeaderValue::from_static(allowed)));
        let detail = format!("this endpoint has no such method; it has {allowed}");
        Self { header, ..Self::http(StatusCode::METHOD_NOT_ALLOWED, detail) }
    }

    /// A fault of the server.
    pub(crate) fn internal(request: &RequestId) -> Self {
        let detail =
            format!("the server failed; its log has the cause under the id of this request, {request}");
        Self { from_core: true, ..Self::new(ErrorReason::Internal, detail) }
    }

    /// The core does not know what this gateway asks of it: it is of a version before.
    pub(crate) fn older_core() -> Self {
        let detail = "the identity core does not know this call: it is older than the gateway";
        Self { from_core: true, ..Self::new(ErrorReason::NotImplemented, detail) }
    }

    /// The core did not answer in time.
    pub(crate) fn late() -> Self {
        let detail = "the identity core did not answer in time; a change may have been made all the same: \
                      read before sending it again";
        Self { from_core: true, ..Self::new(ErrorReason::Unavailable, detail) }
    }

    /// What the core answered instead of a result.
    pub(crate) fn from_core(status: &Status, request: &RequestId) -> Self {
        let problem = Self::said_by_core(status, request);
        match retry_after(status) {
            Some(wait) => Self { header: Some((header::RETRY_AFTER, whole_seconds(wait))), ..problem },
            None => problem,
        }
    }

    fn said_by_core(status: &Status, request: &RequestId) -> Self {
        let reason = reason_from(status);
        // A status without details is not of the core but of the way to it: its text speaks of addresses and of
        // transports, and is for the log.
        let by_core = !status.details().is_empty();
        if !by_core {
            let causes = std::iter::successors(status.source(), |&cause| cause.source());
            let said = std::iter::once(status.message().to_owned()).chain(causes.map(ToString::to_string));
            let (code, cause) = (status.code(), said.collect::<Vec<_>>().join(": "));
            tracing::warn!(
                %code,
                cause,
                request_id = %request,
                trace_id = request.trace_id(),
                "a call of the core failed on its way"
            );
        }
        let detail: Cow<'static, str> = match reason {
            ErrorReason::Internal => return Self::internal(request),
            ErrorReason::CredentialMissing => NO_CREDENTIAL.into(),
            ErrorReason::CredentialInvalid => {
                "the bearer token is not valid: send a SCIM token that has neither expired nor been revoked"
                    .into()
            }
            _ if by_core => status.message().to_owned().into(),
            _ if status.code() == Code::OutOfRange => {
                let detail = "the answer would be too large; ask for fewer resources with count, or for fewer attributes";
                return Self { from_core: true, ..Self::new(ErrorReason::TooMany, detail) };
            }
            ErrorReason::NotImplemented => return Self::older_core(),
            _ => OUT_OF_REACH.into(),
        };
        Self { from_core: true, ..Self::new(reason, detail) }
    }

    /// The same of a request that changes nothing.
    pub(crate) fn of_read(self) -> Self {
        if self.detail != OUT_OF_REACH {
            return self;
        }
        self.saying("the identity core cannot be reached; send the request again later")
    }

    /// The HTTP status.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// The HTTP status as a SCIM error has it.
    pub(crate) fn status_text(&self) -> &str {
        self.status.as_str()
    }

    /// What went wrong, for the client.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// The same for a bulk request, where too many operations are 413 (RFC 7644 §3.7.4).
    pub(crate) fn of_bulk(self) -> Self {
        if self.scim_type != mapping(ErrorReason::TooMany).scim_type {
            return self;
        }
        Self { status: StatusCode::PAYLOAD_TOO_LARGE, scim_type: None, ..self }
    }

    /// The same, in other words.
    pub(crate) fn saying(self, detail: &'static str) -> Self {
        Self { detail: detail.into(), ..self }
    }

    /// Whether the credential has been judged, so that the problem may be told to the client.
    pub(crate) fn is_from_core(&self) -> bool {
        self.from_core
    }

    /// The SCIM error.
    pub(crate) fn body(&self) -> ErrorBody<'_> {
        ErrorBody {
            schemas: [ERROR],
            status: self.status.as_str(),
            scim_type: self.scim_type,
            detail: &self.detail,
        }
    }

    /// The answer.
    pub(crate) fn into_answer(mut self) -> Answer {
        // People paste a secret where an id belongs, and an answer repeats what it did not find.
        let hidden = match hide_own_secrets(&self.detail) {
            Cow::Owned(hidden) => Some(hidden),
            Cow::Borrowed(_) => None,
        };
        self.detail = hidden.map_or(self.detail, Cow::Owned);
        let mut answer = Answer::json(self.status, serde_json::to_vec(&self.body()).unwrap_or_default());
        if let Some((name, value)) = self.header {
            answer.headers.insert(name, value);
        }
        answer.problem = Some(Told { scim_type: self.scim_type, detail: self.detail });
        answer
    }
}

/// A time as `Retry-After` has it (RFC 9110 §10.2.3): rounded up, since one that came too early would be refused again.
pub(crate) fn whole_seconds(wait: Duration) -> HeaderValue {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    HeaderValue::from(seconds.max(1))
}

/// Why a part of a request cannot be done: the problem of the whole request, or of one operation in a bulk.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) reason: ErrorReason,
    pub(crate) detail: Cow<'static, str>,
}

impl Refusal {
    /// For a reason out of the table of errors.
    pub(crate) fn new(reason: ErrorReason, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { reason, detail: detail.into() }
    }

    /// `invalidSyntax`.
    pub(crate) fn syntax(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorReason::InvalidSyntax, detail)
    }

    /// `invalidValue`.
    pub(crate) fn value(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorReason::InvalidValue, detail)
    }
}

impl From<rollcall_scim::Error> for Refusal {
    fn from(error: rollcall_scim::Error) -> Self {
        Self::new(reason_of(error.scim_type), error.detail)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.reason, refusal.detail)
    }
}

impl From<rollcall_scim::Error> for Problem {
    fn from(error: rollcall_scim::Error) -> Self {
        Refusal::from(error).into()
    }
}

/// A SCIM error as it is written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorBody<'a> {
    schemas: [&'static str; 1],
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scim_type: Option<&'static str>,
    detail: &'a str,
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use rollcall_api::error::{status, status_with_retry};
    use serde_json::{Value, json};

    use super::*;
    use crate::request_id::RequestIds;

    fn answered(status: &Status) -> (Answer, Value) {
        let request = RequestIds::with_prefix("r").of(&HeaderMap::new());
        let answer = Problem::from_core(status, &request).into_answer();
        let body = serde_json::from_slice(&answer.body).unwrap();
        (answer, body)
    }

    #[test]
    fn an_error_of_the_core_is_a_scim_error_with_its_status_as_a_string() {
        let (answer, body) = answered(&status(ErrorReason::Uniqueness, "userName: another user has it"));
        assert_eq!(answer.status, StatusCode::CONFLICT);
        assert_eq!(
            body,
            json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
                "status": "409",
                "scimType": "uniqueness",
                "detail": "userName: another user has it",
            })
        );
    }

    #[test]
    fn a_challenge_has_an_error_code_only_where_there_was_a_credential() {
        let challenge = |reason| answered(&status(reason, "")).0.headers[header::WWW_AUTHENTICATE].clone();
        assert_eq!(challenge(ErrorReason::CredentialMissing), "Bearer realm=\"Rollcall\"");
        assert_eq!(
            challenge(ErrorReason::CredentialInvalid),
            "Bearer realm=\"Rollcall\", error=\"invalid_token\""
        );
        assert_eq!(
            challenge(ErrorReason::ScopeMissing),
            "Bearer realm=\"Rollcall\", error=\"insufficient_scope\""
        );
    }

    #[test]
    fn a_fault_names_the_request_and_not_the_cause() {
        let (answer, body) = answered(&status(ErrorReason::Internal, "secret stack trace"));
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        let detail = body["detail"].as_str().unwrap();
        assert!(detail.contains("r-0") && !detail.contains("secret"), "{detail}");
    }

    #[test]
    fn a_core_out_of_reach_is_503_and_its_address_is_not_told() {
        for status in [
            Status::unavailable("tcp connect error: 10.0.0.7:50051"),
            Status::cancelled("timeout"),
            Status::internal("h2 protocol error: 10.0.0.7"),
        ] {
            let (answer, body) = answered(&status);
            assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(answer.headers[header::RETRY_AFTER], "5");
            assert!(!body["detail"].as_str().unwrap().contains("10.0.0.7"), "{body}");
        }
    }

    #[test]
    fn who_was_too_fast_is_told_how_long_to_wait_in_whole_seconds() {
        for (millis, seconds) in [(0, "1"), (40, "1"), (1000, "1"), (1001, "2"), (61_500, "62")] {
            let wait = Some(Duration::from_millis(millis));
            let (answer, body) = answered(&status_with_retry(ErrorReason::RateLimited, "too fast", wait));
            assert_eq!((answer.status, &body["status"]), (StatusCode::TOO_MANY_REQUESTS, &json!("429")));
            assert_eq!(answer.headers[header::RETRY_AFTER], seconds, "{millis} ms");
        }
    }

    #[test]
    fn an_answer_past_the_message_limit_is_too_many() {
        let (answer, body) = answered(&Status::out_of_range("encoded message length too large"));
        assert_eq!((answer.status, &body["scimType"]), (StatusCode::BAD_REQUEST, &json!("tooMany")));
    }
}
