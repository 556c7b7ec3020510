//! The sign-in, and signing in with an admin key.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::header::SET_COOKIE;
use http::{HeaderMap, StatusCode};
use rollcall_api::client;
use rollcall_api::v1::{CreateSessionRequest, ErrorReason};

use crate::assets::{ASSETS, Assets};
use crate::call::with_secret;
use crate::cookies::{self, Theme};
use crate::dress::render;
use crate::form::Fields;
use crate::pages::{Parameters, given};
use crate::problem::Problem;
use crate::{Console, PATH, Peer, url};

/// The page.
#[derive(Debug, Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    assets: &'a Assets,
    theme: Theme,
    /// Where to go on.
    to: &'a str,
    error: Option<&'a str>,
    expired: bool,
    signed_out: bool,
    /// What people know the OpenID provider by, where there is one.
    provider: Option<&'a str>,
    /// Where a sign-in with it begins.
    start: String,
}

pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    headers: HeaderMap,
    query: Parameters,
) -> Response {
    let to = url::inside(given(&query, "to"));
    render(&SignInPage {
        assets: &ASSETS,
        theme: Theme::of(&headers),
        to,
        error: None,
        expired: given(&query, "because") == "expired",
        signed_out: given(&query, "because") == "signed-out",
        provider: console.provider_name(),
        start: start(to),
    })
}

/// Where a sign-in with OpenID Connect begins that goes on to a page.
fn start(to: &str) -> String {
    let to = if to == PATH { "" } else { to };
    format!("{PATH}/oidc/start{}", url::query(&[("to", to)]))
}

/// Makes a session of the key, and hands its secret to the browser. The key itself is forgotten.
pub(crate) async fn sign_in(
    State(console): State<Arc<Console>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let peer = parts.extensions.get::<Peer>().map(|peer| peer.0);
    let fields = Fields::read(Request::from_parts(parts.clone(), body)).await?;
    let to = url::inside(fields.text("to"));
    let request = with_secret(fields.text("key"), CreateSessionRequest::default());
    let error = match console.answered(client::sessions(console.core()).create_session(request)).await {
        Ok(made) => {
            console.wrong_keys.succeeded(peer);
            console.attempts.succeeded(peer);
            console.end_previous(&parts).await;
            let mut response = Redirect::to(to).into_response();
            let cookie = cookies::set_session(&parts, &made.secret).ok_or_else(Problem::late)?;
            response.headers_mut().append(SET_COOKIE, cookie);
            return Ok(response);
        }
        Err(Problem::SignedOut) => "This is no valid admin key. It may be mistyped, expired or revoked.",
        Err(Problem::Refused { reason: ErrorReason::ScopeMissing | ErrorReason::ScimOff, .. }) => {
            "This is no admin key: tokens and other service keys cannot sign in here."
        }
        Err(Problem::Refused { reason: ErrorReason::Forbidden, message }) => &message.clone(),
        Err(problem) => return Err(problem),
    };
    console.wrong_keys.count(peer, console.now()).map_err(Problem::TooOften)?;
    let page = SignInPage {
        assets: &ASSETS,
        theme: Theme::of(&parts.headers),
        to,
        error: Some(error),
        expired: false,
        signed_out: false,
        provider: console.provider_name(),
        start: start(to),
    };
    Ok((StatusCode::UNAUTHORIZED, render(&page)).into_response())
}
