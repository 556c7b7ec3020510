//! `/oauth2/token` (RFC 6749 §3.2 and §4.4): an access token for whoever knows the secret of a client. It speaks OAuth and
//! not SCIM: forms in, and errors as RFC 6749 §5.2 has them.

mod form;

use std::pin::Pin;

use data_encoding::BASE64;
use http::{HeaderMap, Method, StatusCode, header};
use rollcall_api::client;
use rollcall_api::error::{reason_from, retry_after};
use rollcall_api::v1::{ErrorReason, IssueAccessTokenRequest};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use tokio::time::timeout;
use tonic::Status;

use self::form::Form;
use crate::answer::Answer;
use crate::body::Incoming;
use crate::call::{Call, with_metadata};
use crate::error::whole_seconds;

/// The largest form in bytes.
const LARGEST_FORM: usize = 16 * 1024;
/// The seconds after which a client may try again what was refused for a while.
const RETRY_AFTER: &str = "5";

/// The value of a parameter of a form; `None`, it is refused or not there.
#[cfg(feature = "fuzzing")]
pub(crate) fn form_value(body: &[u8], name: &str) -> Option<String> {
    Form::parse(body).ok()?.get(name).ok()?.map(str::to_owned)
}

/// A request that gets no token, and why.
#[derive(Debug)]
struct OAuthError {
    status: StatusCode,
    /// One of RFC 6749 §5.2.
    error: &'static str,
    description: String,
    header: Option<(header::HeaderName, String)>,
}

impl OAuthError {
    fn new(error: &'static str, description: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error, description: description.into(), header: None }
    }

    fn request(description: impl Into<String>) -> Self {
        Self::new("invalid_request", description)
    }

    fn client(description: impl Into<String>) -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            header: Some((
                header::WWW_AUTHENTICATE,
                "Basic realm=\"Rollcall\", charset=\"UTF-8\"".to_owned(),
            )),
            ..Self::new("invalid_client", description)
        }
    }

    fn with(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }
}

/// The client that a request says to come from.
struct Credentials {
    id: String,
    secret: SecretString,
}

/// Answers a request to the token endpoint.
pub(crate) async fn token(call: &Call<'_>, body: &mut Incoming) -> Answer {
    let mut answer = match issue(call, body).await {
        Ok(answer) => answer,
        Err(OAuthError { status, error, description, header }) => {
            let mut answer = Answer::json(
                status,
                json!({"error": error, "error_description": plain(&description)}).to_string(),
            );
            if let Some((name, value)) = header {
                answer.header(name, &value);
            }
            answer
        }
    };
    answer.header(header::PRAGMA, "no-cache");
    answer
}

async fn issue(call: &Call<'_>, body: &mut Incoming) -> Result<Answer, OAuthError> {
    if call.parts.method != Method::POST {
        let error =
            OAuthError::request("a token is asked for with POST").with(StatusCode::METHOD_NOT_ALLOWED);
        return Err(OAuthError { header: Some((header::ALLOW, "POST".to_owned())), ..error });
    }
    let form = read(call, body).await?;
    let credentials = credentials(&call.parts.headers, &form)?;
    match form.get("grant_type")? {
        Some("client_credentials") => {}
        Some(_) => {
            return Err(OAuthError::new(
                "unsupported_grant_type",
                "grant_type: only client_credentials is supported here",
            ));
        }
        None => return Err(OAuthError::request("grant_type: it is missing; send client_credentials")),
    }
    let scope = form.get("scope")?.unwrap_or_default().to_owned();
    let Credentials { id: client_id, secret } = credentials;
    let client_secret = secret.expose_secret().to_owned();
    let request = IssueAccessTokenRequest { client_id, client_secret, scope };
    // The credential of an OAuth client is in the message, and no bearer token.
    let mut metadata = call.metadata();
    metadata.remove(header::AUTHORIZATION);
    let asking: Pin<Box<_>> = Box::pin(async {
        client::oauth(call.core()).issue_access_token(with_metadata(metadata, request)).await
    });
    let issued = match timeout(call.gateway.core_timeout, asking).await {
        Ok(Ok(issued)) => issued.into_inner(),
        Ok(Err(status)) => return Err(refused(call, &status)),
        Err(_) => return Err(unavailable()),
    };
    let body = json!({
        "access_token": issued.access_token,
        "token_type": "Bearer",
        "expires_in": issued.expires_in.unwrap_or_default().seconds,
        "scope": issued.scope,
    });
    Ok(Answer::json(StatusCode::OK, body.to_string()))
}

async fn read(call: &Call<'_>, body: &mut Incoming) -> Result<Form, OAuthError> {
    let headers = &call.parts.headers;
    let media_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(OAuthError::request("Content-Type: send application/x-www-form-urlencoded"));
    }
    match body.read_within(LARGEST_FORM).await {
        Ok(true) => Form::parse(body.bytes()),
        Ok(false) => Err(OAuthError::request(format!("the body is longer than {LARGEST_FORM} bytes"))
            .with(StatusCode::PAYLOAD_TOO_LARGE)),
        Err(problem) => Err(OAuthError::request(problem.detail()).with(problem.status())),
    }
}

/// Who asks: by `client_secret_basic` or by `client_secret_post` (RFC 6749 §2.3.1), and not by both.
fn credentials(headers: &HeaderMap, form: &Form) -> Result<Credentials, OAuthError> {
    let mut sent = headers.get_all(header::AUTHORIZATION).iter();
    let basic = sent.next();
    if sent.next().is_some() {
        return Err(OAuthError::request("Authorization: it is sent twice"));
    }
    let (id, secret) = (form.get("client_id")?, form.get("client_secret")?);
    let Some(basic) = basic else {
        return match (id, secret) {
            (Some(id), Some(secret)) => Ok(Credentials { id: id.to_owned(), secret: secret.into() }),
            _ => Err(OAuthError::client(
                "no client authentication: send client_id and client_secret in the form, or as Authorization: Basic",
            )),
        };
    };
    if secret.is_some() {
        return Err(OAuthError::request(
            "the client authenticates in two ways: send its secret in Authorization or in the form",
        ));
    }
    let credentials = basic
        .to_str()
        .ok()
        .and_then(read_basic)
        .ok_or_else(|| OAuthError::client("Authorization: it is no Basic authentication of a client"))?;
    match id {
        Some(id) if id != credentials.id => {
            Err(OAuthError::request("client_id: it is another one than in Authorization"))
        }
        _ => Ok(credentials),
    }
}

/// RFC 6749 §2.3.1: name and password of HTTP's Basic authentication, each form-encoded before.
fn read_basic(value: &str) -> Option<Credentials> {
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = Zeroizing::new(BASE64.decode(encoded.trim().as_bytes()).ok()?);
    let (id, secret) = std::str::from_utf8(&bytes).ok()?.split_once(':')?;
    Some(Credentials { id: form::decode(id)?, secret: form::decode(secret)?.into() })
}

fn refused(call: &Call<'_>, status: &Status) -> OAuthError {
    match reason_from(status) {
        ErrorReason::CredentialInvalid => OAuthError::client(status.message()),
        ErrorReason::InvalidValue => OAuthError::new("invalid_scope", status.message()),
        ErrorReason::RateLimited => {
            let wait = retry_after(status).unwrap_or_default();
            let wait = whole_seconds(wait).to_str().unwrap_or(RETRY_AFTER).to_owned();
            let error = OAuthError::new("temporarily_unavailable", status.message());
            OAuthError {
                header: Some((header::RETRY_AFTER, wait)),
                ..error.with(StatusCode::TOO_MANY_REQUESTS)
            }
        }
        ErrorReason::Internal => {
            let request = call.request_id;
            let description =
                format!("the server failed; its log has the cause under the id of this request, {request}");
            OAuthError::new("server_error", description).with(StatusCode::INTERNAL_SERVER_ERROR)
        }
        _ => {
            tracing::warn!(
                code = %status.code(),
                cause = status.message(),
                request_id = %call.request_id,
                trace_id = call.request_id.trace_id(),
                "no access token was issued"
            );
            unavailable()
        }
    }
}

fn unavailable() -> OAuthError {
    let error = OAuthError::new("temporarily_unavailable", "the service cannot answer now; try again later");
    let header = Some((header::RETRY_AFTER, RETRY_AFTER.to_owned()));
    OAuthError { header, ..error.with(StatusCode::SERVICE_UNAVAILABLE) }
}

/// The characters that RFC 6749 §5.2 allows in a description.
fn plain(text: &str) -> String {
    let allowed = |c: char| matches!(c, ' '..='~') && c != '"' && c != '\\';
    text.chars().map(|c| if allowed(c) { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(text: &str) -> Option<(String, String)> {
        let value = format!("Basic {}", BASE64.encode(text.as_bytes()));
        read_basic(&value).map(|Credentials { id, secret }| (id, secret.expose_secret().to_owned()))
    }

    #[test]
    fn basic_authentication_is_form_encoded_within() {
        assert_eq!(basic("id:secret"), Some(("id".to_owned(), "secret".to_owned())));
        assert_eq!(basic("i%3Ad:a+b%2B:c"), Some(("i:d".to_owned(), "a b+:c".to_owned())));
        assert_eq!(basic("no colon"), None);
        assert_eq!(basic("id:%ff"), None);
        assert!(
            read_basic("Bearer x").is_none()
                && read_basic("Basic").is_none()
                && read_basic("Basic ?").is_none()
        );
    }

    #[test]
    fn a_description_has_no_characters_that_oauth_forbids() {
        assert_eq!(plain("é \"x\" \\ y"), "? ?x? ? y");
    }
}
