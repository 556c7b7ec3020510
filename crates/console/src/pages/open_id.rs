//! Signing in with OpenID Connect: where it begins, and where the provider sends the browser back to.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, Request, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::header::{REFERRER_POLICY, SET_COOKIE};
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use openidconnect::RedirectUrl;
use rollcall_api::client;
use rollcall_api::v1::{CreateSessionRequest, ErrorReason, Person};
use secrecy::ExposeSecret as _;

use crate::assets::{ASSETS, Assets};
use crate::call::with_secret;
use crate::cookies::{self, Theme};
use crate::dress::render;
use crate::oidc::{Attempt, OpenIdConnect, Refusal, Refused, Returned, known_error};
use crate::pages::{Parameters, given};
use crate::problem::Problem;
use crate::{Console, Peer, origin};

/// The path of the callback, which the state cookie is for.
const CALLBACK: &str = "/admin/oidc/callback";

/// The page that goes on to the console. It has to be one of ours: the cookie of a session does not go along with a request
/// that another site has led to.
#[derive(Debug, Template)]
#[template(path = "signed_in.html")]
struct SignedInPage<'a> {
    assets: &'a Assets,
    theme: Theme,
    to: &'a str,
}

/// Leads to the provider. Who comes from elsewhere is welcome too: a portal of the provider begins a sign-in so, with its
/// issuer (OpenID Connect Core 1.0 §4).
pub(crate) async fn start(
    State(console): State<Arc<Console>>,
    query: Parameters,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let oidc = console.oidc()?;
    let peer = parts.extensions.get::<Peer>().map(|peer| peer.0);
    console.attempts.check(peer, console.now()).map_err(Problem::TooOften)?;
    console.starts.count(peer, console.now()).map_err(Problem::TooOften)?;
    let begun = async {
        let issuer = given(&query, "iss");
        if !issuer.is_empty() && !oidc.is_issuer(issuer) {
            return Err(Refusal::NotBegun.because("a sign-in with another issuer was asked for"));
        }
        let choose = given(&query, "account") == "other";
        oidc.begin(console.callback(&parts)?, given(&query, "to"), choose, console.now()).await
    };
    let begun = begun.await.map_err(|refused| console.refuse(&parts, refused))?;
    let mut response = Redirect::to(&begun.address).into_response();
    let cookie = cookies::set_attempt(&parts, CALLBACK, &begun.attempt.cookie()).ok_or_else(Problem::late)?;
    response.headers_mut().append(SET_COOKIE, cookie);
    Ok(response)
}

/// Takes what the provider has sent along, and makes a session of it. Whatever comes of it, the attempt is over.
pub(crate) async fn callback(
    State(console): State<Arc<Console>>,
    query: Parameters,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let peer = parts.extensions.get::<Peer>().map(|peer| peer.0);
    console.attempts.check(peer, console.now()).map_err(Problem::TooOften)?;
    let oidc = console.oidc()?;
    let attempt = cookies::attempt(&parts).and_then(Attempt::of_cookie);
    // Anybody can lead a browser here. What brings no attempt back asks nobody for anything, and counts for nothing.
    let Some(attempt) = attempt.filter(|attempt| attempt.is_answered_by(given(&query, "state"))) else {
        let refused = Refusal::NotBegun.because("there is no attempt of this state");
        return Err(console.refuse(&parts, refused));
    };
    let signed_in = async {
        let returned = returned(oidc, &query)?;
        let person = oidc.finish(console.callback(&parts)?, &attempt, returned, console.now()).await?;
        console.session_of(oidc, person).await
    };
    let mut response = match signed_in.await {
        Ok(Ok(secret)) => {
            console.attempts.succeeded(peer);
            let page = SignedInPage { assets: &ASSETS, theme: Theme::of(&parts.headers), to: &attempt.to };
            let mut response = render(&page);
            let cookie = cookies::set_session(&parts, &secret).ok_or_else(Problem::late)?;
            response.headers_mut().append(SET_COOKIE, cookie);
            response
        }
        Ok(Err(problem)) => problem.into_response(),
        Err(refused) => {
            // What the provider or the settings are to blame for must not keep out whoever has a key.
            if refused.refusal.status() == StatusCode::FORBIDDEN {
                console.attempts.failed(peer, console.now());
            }
            console.refuse(&parts, refused).into_response()
        }
    };
    // The address of this page has the code in it.
    response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if let Some(cookie) = cookies::clear_attempt(&parts, CALLBACK) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// What the provider has sent along (RFC 6749 §4.1.2, RFC 9207).
fn returned<'a>(oidc: &OpenIdConnect, Query(query): &'a Parameters) -> Result<Returned<'a>, Refused> {
    let given = |name: &str| query.get(name).map_or("", String::as_str);
    let issuer = given("iss");
    if !issuer.is_empty() && !oidc.is_issuer(issuer) {
        return Err(Refusal::Token(crate::oidc::Flaw::Issuer).because("the callback names another issuer"));
    }
    let (error, code) = (given("error"), given("code"));
    if !error.is_empty() {
        let refusal = match error {
            "access_denied"
            | "login_required"
            | "interaction_required"
            | "consent_required"
            | "account_selection_required" => Refusal::Denied,
            "unauthorized_client" => Refusal::ClientRefused,
            _ => Refusal::ProviderFailed,
        };
        let cause = format!("the provider answers {:?}", known_error(error));
        return Err(refusal.because(cause).saying(given("error_description")));
    }
    if code.is_empty() {
        return Err(Refusal::ProviderFailed.because("the callback has neither a code nor an error"));
    }
    Ok(Returned { code, issuer })
}

impl Console {
    /// The provider, where there is one.
    fn oidc(&self) -> Result<&OpenIdConnect, Problem> {
        self.settings.oidc.as_deref().ok_or(Problem::NoPage)
    }

    /// The URL of the callback, by the host that the browser named. The provider knows which hosts are right: it sends nobody
    /// to a callback that is not registered.
    fn callback(&self, parts: &Parts) -> Result<RedirectUrl, Refused> {
        let base = origin::base(parts, self.settings.public_url.as_deref(), self.settings.is_encrypted);
        let url = base.and_then(|base| RedirectUrl::new(format!("{base}{CALLBACK}")).ok());
        url.ok_or_else(|| Refusal::NotBegun.because("the request names no host"))
    }

    /// A session of the console's key for a person. Errors: the core refuses the key; and, inside, another problem with the
    /// core.
    async fn session_of(
        &self,
        oidc: &OpenIdConnect,
        person: Person,
    ) -> Result<Result<String, Problem>, Refused> {
        let request = CreateSessionRequest { name: String::new(), person: Some(person) };
        let request = with_secret(oidc.service_key.expose_secret(), request);
        let cause = match self.answered(client::sessions(self.core()).create_session(request)).await {
            Ok(made) => return Ok(Ok(made.secret)),
            Err(Problem::SignedOut) => "the core does not know the key, or it has ended",
            Err(Problem::Refused { reason: ErrorReason::ScopeMissing, .. }) => {
                "the key lacks the scope admin"
            }
            Err(Problem::Refused { reason: ErrorReason::Forbidden | ErrorReason::ScimOff, .. }) => {
                "what is set as the key is none"
            }
            Err(problem) => return Ok(Err(problem)),
        };
        Err(Refusal::ServiceKey.because(cause))
    }

    /// Says in the log why somebody does not come in, and makes the page of it. What the provider says of it may name them: that
    /// is for whoever looks for a mistake.
    fn refuse(&self, parts: &Parts, refused: Refused) -> Problem {
        let Refused { refusal, cause, said } = refused;
        let peer = parts.extensions.get::<Peer>().map(|peer| peer.0.to_string()).unwrap_or_default();
        tracing::warn!(peer, reason = ?refusal, cause, "signing in with OpenID Connect failed");
        if !said.is_empty() {
            tracing::debug!(peer, said, "what the OpenID provider says of it");
        }
        let provider = self.settings.oidc.as_ref().map(|oidc| oidc.name.clone()).unwrap_or_default();
        Problem::OpenId { refusal, provider }
    }
}
