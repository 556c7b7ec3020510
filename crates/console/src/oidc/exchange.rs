//! A code in exchange for tokens, and the claims that the provider adds to them.

use openidconnect::core::{CoreErrorResponseType, CoreGenderClaim, CoreTokenResponse};
use openidconnect::{
    AdditionalClaims, AuthorizationCode, OAuth2TokenResponse as _, PkceCodeVerifier, RedirectUrl,
    RequestTokenError, SubjectIdentifier, UserInfoClaims, UserInfoError,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::administrators::Claims;
use super::provider::{Metadata, Provider};
use super::refusal::{Flaw, Refusal, Refused, known_error};

/// The claims that the standard does not name.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Others(Map<String, Value>);

impl AdditionalClaims for Others {}

impl Provider {
    /// The tokens for a code.
    pub(super) async fn exchange(
        &self,
        known: &Metadata,
        redirect_uri: RedirectUrl,
        code: AuthorizationCode,
        verifier: PkceCodeVerifier,
    ) -> Result<CoreTokenResponse, Refused> {
        let client = self.client(known).set_redirect_uri(redirect_uri);
        let secret_code = code.secret().clone();
        let request = client
            .exchange_code(code)
            .map_err(|error| Refusal::Unreachable.because(format!("its configuration: {error}")))?
            .set_pkce_verifier(verifier);
        request.request_async(&self.connector).await.map_err(|error| match error {
            RequestTokenError::ServerResponse(response) => {
                let cause = format!("the token endpoint: {}", known_error(response.error().as_ref()));
                let refusal = match response.error() {
                    CoreErrorResponseType::InvalidGrant => Refusal::CodeRefused,
                    CoreErrorResponseType::InvalidClient | CoreErrorResponseType::UnauthorizedClient => {
                        Refusal::ClientRefused
                    }
                    _ => Refusal::ProviderFailed,
                };
                let description = response.error_description().map_or("", String::as_str);
                let is_secret = description.contains(&secret_code) || self.is_secret(description);
                refusal.because(cause).saying(if is_secret { "" } else { description })
            }
            RequestTokenError::Request(error) => error.into(),
            // An ID token without what one must have is none, and no fault of the endpoint.
            RequestTokenError::Parse(error, answer) if has_id_token(&answer) => Refusal::Token(Flaw::Missing)
                .because(format!("the ID token cannot be read at {:?}", error.path().to_string())),
            // What it answered may be a token.
            RequestTokenError::Parse(error, _) => {
                let what = format!(
                    "the answer of the token endpoint cannot be read at {:?}",
                    error.path().to_string()
                );
                Refusal::ProviderFailed.because(what)
            }
            RequestTokenError::Other(_) => Refusal::ProviderFailed.because("the token endpoint failed"),
        })
    }

    /// The claims with those that the user info endpoint has beside them, if there is one. What the ID token says stands.
    pub(super) async fn more(
        &self,
        tokens: &CoreTokenResponse,
        claims: Claims,
        now: i64,
    ) -> Result<Claims, Refused> {
        let known = self.known(now).await?;
        let client = self.client(&known);
        let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default().to_owned();
        let Ok(request) =
            client.user_info(tokens.access_token().clone(), Some(SubjectIdentifier::new(subject)))
        else {
            return Ok(claims);
        };
        let answered: Result<UserInfoClaims<Others, CoreGenderClaim>, _> =
            request.request_async(&self.connector).await;
        let told = answered.map_err(|error| match error {
            UserInfoError::Request(error) => error.into(),
            UserInfoError::ClaimsVerification(_) => Refusal::ProviderFailed
                .because("the UserInfo endpoint speaks of somebody else, or for somebody else"),
            UserInfoError::Response(status, ..) => {
                Refusal::ProviderFailed.because(format!("the UserInfo endpoint answers {status}"))
            }
            _ => Refusal::ProviderFailed.because("the answer of the UserInfo endpoint cannot be read"),
        })?;
        let told = serde_json::to_value(told).unwrap_or_default();
        let mut all = match told {
            Value::Object(all) => all,
            _ => Map::new(),
        };
        all.extend(claims);
        Ok(all)
    }
}

/// Whether an answer of the token endpoint has what stands for an ID token.
fn has_id_token(answer: &[u8]) -> bool {
    serde_json::from_slice::<Map<String, Value>>(answer).is_ok_and(|answer| answer.contains_key("id_token"))
}
