//! What an ID token proves (OpenID Connect Core 1.0 §3.1.3.7).

use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use openidconnect::core::{CoreIdToken, CoreIdTokenVerifier, CoreTokenResponse};
use openidconnect::{
    AccessTokenHash, ClaimsVerificationError, Nonce, OAuth2TokenResponse as _, SignatureVerificationError,
    TokenResponse as _,
};
use serde_json::Value;

use super::administrators::Claims;
use super::provider::{Metadata, Provider};
use super::refusal::{Flaw, Refusal, Refused};

/// So many seconds the clock of a provider may be ahead.
const CLOCKS_DIFFER: i64 = 120;

impl Provider {
    /// The claims of the ID token among the tokens, when it is one for this sign-in. A key that is not known is looked for
    /// once more: providers change theirs.
    pub(super) async fn proven(
        &self,
        known: Arc<Metadata>,
        tokens: &CoreTokenResponse,
        nonce: &Nonce,
        now: i64,
    ) -> Result<Claims, Refused> {
        let token = tokens
            .id_token()
            .ok_or_else(|| Refusal::Token(Flaw::Missing).because("there is no ID token in the answer"))?;
        let mut checked = self.check(&known, tokens, token, nonce);
        if let Err(refused) = &checked
            && refused.refusal == Refusal::Token(Flaw::Signature)
        {
            let newer = self.known_since(&known, now).await;
            if !Arc::ptr_eq(&newer, &known) {
                checked = self.check(&newer, tokens, token, nonce);
            }
        }
        checked?;
        let claims = payload(token);
        let claims =
            claims.ok_or_else(|| Refusal::Token(Flaw::Missing).because("the ID token is no object"))?;
        require_begun(&claims, now)?;
        Ok(claims)
    }

    fn check(
        &self,
        known: &Metadata,
        tokens: &CoreTokenResponse,
        token: &CoreIdToken,
        nonce: &Nonce,
    ) -> Result<(), Refused> {
        let client = self.client(known);
        let verifier = client.id_token_verifier().set_allowed_algs(Self::signatures());
        let claims = token.claims(&verifier, nonce).map_err(|error| refused(&error))?;
        match claims.access_token_hash() {
            Some(told) if *told != actual_hash(tokens, token, &verifier)? => {
                Err(Refusal::Token(Flaw::AccessToken).because("at_hash is another one"))
            }
            _ => Ok(()),
        }
    }
}

/// Refuses a token of the future: it was not issued yet, or is not to be used yet.
fn require_begun(claims: &Claims, now: i64) -> Result<(), Refused> {
    for name in ["iat", "nbf"] {
        let seconds = claims.get(name).and_then(Value::as_i64).unwrap_or_default();
        if seconds.saturating_sub(now / 1_000_000) > CLOCKS_DIFFER {
            return Err(Refusal::Token(Flaw::NotYet).because(format!("{name} is {seconds}")));
        }
    }
    Ok(())
}

fn actual_hash(
    tokens: &CoreTokenResponse,
    token: &CoreIdToken,
    verifier: &CoreIdTokenVerifier<'_>,
) -> Result<AccessTokenHash, Refused> {
    let unsigned =
        |error: SignatureVerificationError| Refusal::Token(Flaw::Signature).because(error.to_string());
    let algorithm = token.signing_alg().map_err(unsigned)?;
    let key = token.signing_key(verifier).map_err(unsigned)?;
    AccessTokenHash::from_token(tokens.access_token(), algorithm, key)
        .map_err(|error| Refusal::Token(Flaw::AccessToken).because(format!("at_hash: {error}")))
}

fn refused(error: &ClaimsVerificationError) -> Refused {
    let flaw = match error {
        ClaimsVerificationError::Expired(_) => Flaw::Expired,
        ClaimsVerificationError::InvalidAudience(_) => Flaw::Audience,
        ClaimsVerificationError::InvalidIssuer(_) => Flaw::Issuer,
        ClaimsVerificationError::InvalidNonce(_) => Flaw::Nonce,
        ClaimsVerificationError::SignatureVerification(_) => Flaw::Signature,
        _ => Flaw::Missing,
    };
    // What else is said of claims may name whom they are about.
    let cause = match error {
        ClaimsVerificationError::SignatureVerification(why) => format!("{error}: {why}"),
        ClaimsVerificationError::Expired(_)
        | ClaimsVerificationError::InvalidAudience(_)
        | ClaimsVerificationError::InvalidIssuer(_) => error.to_string(),
        ClaimsVerificationError::InvalidNonce(_) => "its nonce is another one".to_owned(),
        _ => "its claims are not in order".to_owned(),
    };
    Refusal::Token(flaw).because(cause)
}

/// All that a verified token says, also what the library knows no name for.
fn payload(token: &CoreIdToken) -> Option<Claims> {
    let text = token.to_string();
    let payload = BASE64URL_NOPAD.decode(text.split('.').nth(1)?.as_bytes()).ok()?;
    match serde_json::from_slice(&payload).ok()? {
        Value::Object(claims) => Some(claims),
        _ => None,
    }
}
