//! Sessions, signing out, and the theme.

use std::sync::Arc;

use askama::Template;
use axum::extract::{FromRequest as _, Request, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::header::SET_COOKIE;
use rollcall_api::client;
use rollcall_api::v1::{
    EndAllSessionsRequest, EndSessionRequest, ListSessionsRequest, Person, WhoAmIRequest,
};

use crate::assets::Assets;
use crate::cookies::{self, Theme};
use crate::dress::render;
use crate::form::Submission;
use crate::pages::{Parameters, done, given, to_page};
use crate::problem::Problem;
use crate::session::SignedIn;
use crate::shell::{Section, Shell};
use crate::time::Moment;
use crate::{Console, PATH, url};

/// One line of the list.
#[derive(Debug)]
struct Row {
    id: String,
    name: String,
    /// What else is known of who it is.
    detail: String,
    current: bool,
    began: Option<Moment>,
    used: Option<Moment>,
    ends: Option<Moment>,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "sessions.html")]
struct SessionsPage {
    assets: &'static Assets,
    theme: Theme,
    shell: Shell,
    prefix: String,
    /// Who is signed in, where an OpenID provider says so.
    person: Option<Person>,
    rows: Vec<Row>,
    dialog: String,
}

pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    session: SignedIn,
    query: Parameters,
) -> Result<Response, Problem> {
    let listed = async {
        let request = session.message(ListSessionsRequest::default());
        console.answered(client::sessions(console.core()).list_sessions(request)).await
    };
    let who = async {
        let request = session.message(WhoAmIRequest::default());
        console.answered(client::identity(console.core()).who_am_i(request)).await
    };
    let (shell, listed, who) = tokio::try_join!(console.shell(&session, Section::Account), listed, who)?;
    let now = console.now();
    let mut here = listed.sessions.iter().filter(|session| session.current);
    let person = here.next().and_then(|session| session.person.clone());
    let rows = listed.sessions.into_iter().map(|session| Row {
        detail: detail(session.person.as_ref()),
        began: Moment::of(session.created.as_ref(), now),
        used: Moment::of(session.last_used.as_ref(), now),
        ends: Moment::of(session.idle_expires.as_ref(), now),
        id: session.id,
        name: session.name,
        current: session.current,
    });
    Ok(render(&SessionsPage {
        assets: shell.assets,
        theme: shell.theme,
        shell: shell.with_notice(done(&query)),
        prefix: who.prefix,
        person,
        rows: rows.collect(),
        dialog: given(&query, "dialog").to_owned(),
    }))
}

/// How somebody has signed in, beside what the session is called.
fn detail(person: Option<&Person>) -> String {
    match person {
        None => "with the key".to_owned(),
        Some(person) if person.name.is_empty() || person.email.is_empty() => "by OpenID Connect".to_owned(),
        Some(person) => format!("{}, by OpenID Connect", person.name),
    }
}

/// Ends another session of the same person, else of the key.
pub(crate) async fn end(State(console): State<Arc<Console>>, form: Submission) -> Result<Response, Problem> {
    let id = form.text("session");
    if id.is_empty() {
        // To the core it would be the session of whoever asks.
        return Err(Problem::value("The form does not say which session is to end."));
    }
    let request =
        form.session.message(EndSessionRequest { id: id.to_owned(), ..EndSessionRequest::default() });
    console.answered(client::sessions(console.core()).end_session(request)).await?;
    Ok(to_page("/admin/session", "session-ended"))
}

/// Ends every session of the person, else of the key.
pub(crate) async fn end_all(
    State(console): State<Arc<Console>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let form = Submission::from_request(Request::from_parts(parts.clone(), body), &console).await?;
    let request = form.session.message(EndAllSessionsRequest::default());
    console.answered(client::sessions(console.core()).end_all_sessions(request)).await?;
    Ok(signed_out(&parts))
}

/// The sign-in, without the cookie of the session that has ended.
fn signed_out(parts: &http::request::Parts) -> Response {
    let mut response = Redirect::to(&format!("{PATH}/sign-in?because=signed-out")).into_response();
    if let Some(cookie) = cookies::clear_session(parts) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// Ends the session, and takes its cookie away.
pub(crate) async fn sign_out(
    State(console): State<Arc<Console>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let form = Submission::from_request(Request::from_parts(parts.clone(), body), &console).await?;
    let request = form.session.message(EndSessionRequest::default());
    match console.answered(client::sessions(console.core()).end_session(request)).await {
        Ok(_) | Err(Problem::SignedOut) => {}
        Err(problem) => return Err(problem),
    }
    Ok(signed_out(&parts))
}

/// Chooses the theme, for browsers without the script.
pub(crate) async fn theme(form: Submission) -> Response {
    let mut response = Redirect::to(url::inside(form.text("to"))).into_response();
    response.headers_mut().append(SET_COOKIE, cookies::set_theme(Theme::named(form.text("theme"))));
    response
}
