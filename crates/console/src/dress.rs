//! What holds for every request and every answer of the console.

use std::sync::Arc;

use askama::Template;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, REFERER, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
use rollcall_api::http_route::HttpRoute;

use crate::assets::{ASSETS, Assets};
use crate::cookies::{self, Theme};
use crate::form::received;
use crate::problem::Problem;
use crate::{Console, PATH, origin, url};

/// Nothing from elsewhere, nothing inline, and nobody frames it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    // `no-referrer` would make the Origin of our own forms `null`.
    (REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "clipboard-write=(self)"),
];

/// Refuses what comes from elsewhere, writes the page of a [`Problem`], and puts the headers on.
pub(crate) async fn dress(State(console): State<Arc<Console>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    cookies::conceal(&mut parts.headers);
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    let body = if reads { Ok(body) } else { received(body).await };
    let hosts = parts.headers.get_all(HOST).iter().count();
    let is_unclear = hosts > 1 || hosts == 0 && parts.version == Version::HTTP_11;
    let mut response = if is_unclear {
        // RFC 9112 §3.2: one reader would take the one, and the next one the other.
        Problem::value(format!("The request has {hosts} Host headers; send one.")).into_response()
    } else if !reads && origin::is_foreign(&parts, console.settings.public_url.as_deref()) {
        Problem::Forged.into_response()
    } else {
        match body {
            Ok(body) => next.run(Request::from_parts(parts.clone(), body)).await,
            Err(problem) => problem.into_response(),
        }
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let page = answer(&problem, &parts);
        let told = std::mem::replace(&mut response, page);
        keep(told.headers(), response.headers_mut());
    }
    let route = parts.extensions.get::<MatchedPath>().map(|path| path.as_str().to_owned());
    response.extensions_mut().insert(HttpRoute(route.unwrap_or_default().into()));
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Keeps what a page that was not to be had would have told the browser: that a cookie is over, and not to tell its address.
fn keep(told: &HeaderMap, headers: &mut HeaderMap) {
    for name in [SET_COOKIE, REFERRER_POLICY] {
        for value in told.get_all(&name) {
            headers.append(&name, value.clone());
        }
    }
}

/// What a page of its own says of a problem.
#[derive(Debug, Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    assets: &'a Assets,
    theme: Theme,
    title: &'a str,
    text: &'a str,
    back: &'a str,
    back_text: &'a str,
    /// Another way out, and its text.
    other: Option<(&'a str, &'a str)>,
}

fn answer(problem: &Problem, parts: &Parts) -> Response {
    let (wait, told);
    let (title, text) = match problem {
        Problem::SignedOut => return to_sign_in(parts),
        Problem::Forged => (
            "This form was not accepted",
            "It did not come from a page of this console, or the page is older than your session. Nothing was changed. \
             Open the page again and repeat what you wanted to do.",
        ),
        Problem::NoPage => {
            ("There is no such page", "The address may be mistyped, or what it showed is gone.")
        }
        Problem::OpenId { refusal, provider } => {
            told = refusal.told(provider);
            (told.0, told.1.as_str())
        }
        Problem::TooOften(time) => {
            wait = format!("Wait {} and try again.", crate::time::count(time.as_secs().max(1), "second"));
            ("Too many attempts", wait.as_str())
        }
        Problem::Refused { message, .. } => {
            let title = match problem.status() {
                StatusCode::NOT_FOUND => "It is not there",
                StatusCode::FORBIDDEN => "This is not allowed",
                status if status.is_server_error() => "Something went wrong",
                _ => "That did not work",
            };
            (title, message.as_str())
        }
    };
    let (back, back_text) = match (problem, back(parts)) {
        (Problem::OpenId { refusal, .. }, _) if refusal.is_of_account() => {
            ("/admin/oidc/start?account=other".to_owned(), "Use another account")
        }
        (Problem::OpenId { .. }, _) => ("/admin/sign-in".to_owned(), "Back to the sign-in"),
        (_, Some(page)) => (page, "Back to where you were"),
        (_, None) => (PATH.to_owned(), "To the console"),
    };
    let other = match problem {
        Problem::OpenId { refusal, .. } if refusal.is_of_account() => {
            Some(("/admin/sign-in", "Back to the sign-in"))
        }
        _ => None,
    };
    let page = ProblemPage {
        assets: &ASSETS,
        theme: Theme::of(&parts.headers),
        title,
        text,
        back: &back,
        back_text,
        other,
    };
    let mut response = (problem.status(), render(&page)).into_response();
    if let Problem::TooOften(time) = problem {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(time.as_secs().max(1)));
    }
    response
}

/// Leads to the sign-in, and from there back to where the request wanted to go; a form, to the page that it stood on.
fn to_sign_in(parts: &Parts) -> Response {
    // A script that fetches a part of a page would show the sign-in in the middle of it.
    if parts.headers.contains_key("x-partial") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let to = if parts.method == Method::GET {
        parts.uri.path_and_query().map(ToString::to_string)
    } else {
        back(parts)
    };
    let to = to.unwrap_or_default();
    let to = match url::inside(&to) {
        PATH => "",
        page => page,
    };
    let reason = if cookies::session(parts).is_some() { "expired" } else { "" };
    let query = url::query(&[("to", to), ("because", reason)]);
    let mut response = Redirect::to(&format!("{PATH}/sign-in{query}")).into_response();
    if let (false, Some(cookie)) = (reason.is_empty(), cookies::clear_session(parts)) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// The page of the console that the request came from.
fn back(parts: &Parts) -> Option<String> {
    let referrer = parts.headers.get(REFERER)?.to_str().ok()?;
    let (_, rest) = referrer.split_once("://")?;
    let path = rest.get(rest.find('/')?..)?;
    (url::inside(path) == path).then(|| path.to_owned())
}

/// A page as an answer. One that cannot be written says so to the log.
pub(crate) fn render(page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => Html(text).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
