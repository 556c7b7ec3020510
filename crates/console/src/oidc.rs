//! Signing in with OpenID Connect: the authorization code flow with PKCE (OpenID Connect Core 1.0 §3.1, RFC 7636).
//!
//! An [`Attempt`] is what a sign-in begins with and what its callback has to bring back; [`OpenIdConnect`] talks to the
//! provider and proves who came; [`Administrators`] says whether that is one.

mod administrators;
mod attempt;
mod connector;
mod exchange;
mod id_token;
mod invalid_settings;
mod provider;
mod refusal;
mod settings;

use openidconnect::core::CoreAuthenticationFlow;
use openidconnect::{AuthorizationCode, CsrfToken, PkceCodeVerifier, RedirectUrl, Scope};
use rollcall_api::v1::Person;
use secrecy::{ExposeSecret as _, SecretString};

pub use self::invalid_settings::InvalidSettings;
pub use self::settings::OpenIdConnectSettings;

pub(crate) use self::attempt::Attempt;
pub(crate) use self::refusal::{Flaw, Refusal, Refused, known_error};

use self::administrators::Administrators;
use self::provider::Provider;

/// An OpenID provider that administrators sign in with.
#[derive(Debug)]
pub struct OpenIdConnect {
    /// What people know the provider by.
    pub(crate) name: String,
    /// What the core is asked with for a session: the secret of the console's key.
    pub(crate) service_key: SecretString,
    provider: Provider,
    scopes: Vec<Scope>,
    administrators: Administrators,
}

/// What the callback of a sign-in has brought.
#[derive(Clone, Copy)]
pub(crate) struct Returned<'a> {
    pub(crate) code: &'a str,
    /// Whom it says that it comes from; empty, nobody.
    pub(crate) issuer: &'a str,
}

/// Where a sign-in goes on, and what its callback will be compared with.
pub(crate) struct Beginning {
    /// The authorization endpoint of the provider, with the request.
    pub(crate) address: String,
    pub(crate) attempt: Attempt,
}

impl OpenIdConnect {
    /// Whether this is the issuer identifier of the provider.
    pub(crate) fn is_issuer(&self, issuer: &str) -> bool {
        self.provider.issuer() == issuer
    }

    /// Begins a sign-in that comes back to `redirect_uri` and then goes on to `to`. `choose`: the provider is to ask which
    /// account it shall be.
    pub(crate) async fn begin(
        &self,
        redirect_uri: RedirectUrl,
        to: &str,
        choose: bool,
        now: i64,
    ) -> Result<Beginning, Refused> {
        let known = self.provider.known(now).await?;
        let client = self.provider.client(&known).set_redirect_uri(redirect_uri);
        let attempt = Attempt::new(to);
        let state = CsrfToken::new(attempt.state.expose_secret().to_owned());
        let nonce = attempt.nonce.clone();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let mut request = client
            .authorize_url(flow, move || state, move || nonce)
            .add_scopes(self.scopes.iter().cloned())
            .set_pkce_challenge(attempt.challenge());
        if choose {
            request = request.add_prompt(openidconnect::core::CoreAuthPrompt::SelectAccount);
        }
        let (address, ..) = request.url();
        Ok(Beginning { address: address.into(), attempt })
    }

    /// Finds out who came back, and that it is an administrator.
    pub(crate) async fn finish(
        &self,
        redirect_uri: RedirectUrl,
        attempt: &Attempt,
        returned: Returned<'_>,
        now: i64,
    ) -> Result<Person, Refused> {
        let known = self.provider.known(now).await?;
        if returned.issuer.is_empty()
            && known.additional_metadata().authorization_response_iss_parameter_supported
        {
            let cause =
                "the callback names no issuer, though the provider announces that each does (RFC 9207)";
            return Err(Refusal::Token(Flaw::Issuer).because(cause));
        }
        let tokens = self
            .provider
            .exchange(
                &known,
                redirect_uri,
                AuthorizationCode::new(returned.code.to_owned()),
                PkceCodeVerifier::new(attempt.verifier.expose_secret().to_owned()),
            )
            .await?;
        let claims = self.provider.proven(known, &tokens, &attempt.nonce, now).await?;
        let is_in = self.administrators.judge(&claims).is_ok();
        if is_in && administrators::is_named(&claims) {
            return Ok(administrators::person(self.provider.issuer(), &claims));
        }
        // What an ID token leaves out, the UserInfo endpoint may tell (OpenID Connect Core 1.0 §5.3).
        let claims = match self.provider.more(&tokens, claims.clone(), now).await {
            Err(_) if is_in => claims,
            told => told?,
        };
        self.administrators.judge(&claims)?;
        Ok(administrators::person(self.provider.issuer(), &claims))
    }
}
