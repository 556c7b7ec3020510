//! The users who were deleted and are kept: for how long, and the way back.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode};
use rollcall_api::client;
use rollcall_api::v1::{DeletedUser, ListDeletedUsersRequest, RestoreUserRequest};

use crate::assets::Assets;
use crate::cookies::Theme;
use crate::dress::render;
use crate::form::Submission;
use crate::pages::actor::Actor;
use crate::pages::{Parameters, done, given, to_page};
use crate::problem::Problem;
use crate::session::SignedIn;
use crate::shell::{Section, Shell, directory_path};
use crate::time::{Moment, count};
use crate::{Console, url};

/// Users in a page.
const PAGE: i32 = 50;

/// One line.
#[derive(Debug)]
struct Row {
    id: String,
    title: String,
    sub: String,
    deleted: Option<Moment>,
    kept_until: Option<Moment>,
    by: Option<Actor>,
    restore: String,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "deleted.html")]
struct DeletedPage {
    assets: &'static Assets,
    theme: Theme,
    shell: Shell,
    base: String,
    page: String,
    list: DeletedList,
    /// The user whose return is to be confirmed.
    restoring: Option<Restoring>,
}

/// The users of the page, which the search replaces as one types.
#[derive(Debug, Template)]
#[template(path = "deleted_results.html")]
struct DeletedList {
    base: String,
    page: String,
    q: String,
    rows: Vec<Row>,
    summary: String,
    retention_days: i64,
    first: String,
    next: String,
}

/// A confirmation.
#[derive(Debug)]
struct Restoring {
    id: String,
    title: String,
    error: Option<String>,
}

pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    session: SignedIn,
    Path(name): Path<String>,
    headers: HeaderMap,
    query: Parameters,
) -> Result<Response, Problem> {
    let (q, token) = (given(&query, "q").trim(), given(&query, "page"));
    let page = console.deleted_page(&session, &name, q, token).await?;
    if headers.contains_key("x-partial") {
        return Ok(render(&page.list));
    }
    let restoring = page.confirmation(given(&query, "restore"), None);
    Ok(render(&DeletedPage { shell: page.shell.with_notice(done(&query)), restoring, ..page }))
}

/// Restores a user, and leads to their page; what is in the way is told where it was to be confirmed.
pub(crate) async fn restore(
    State(console): State<Arc<Console>>,
    Path((name, id)): Path<(String, String)>,
    form: Submission,
) -> Result<Response, Problem> {
    let request = form.session.message(RestoreUserRequest { directory: name.clone(), id: id.clone() });
    match console.answered(client::users(console.core()).restore_user(request)).await {
        Ok(_) => {
            let user = format!("{}/users/{}", directory_path(&name), url::escape(&id));
            Ok(to_page(&user, "restored"))
        }
        Err(problem) => {
            let status = problem.status();
            let error = problem.correctable()?;
            let page = console.deleted_page(&form.session, &name, "", "").await?;
            let restoring = page.confirmation(&id, Some(error.clone())).or(Some(Restoring {
                title: form.text("title").to_owned(),
                id,
                error: Some(error),
            }));
            Ok((StatusCode::max(status, StatusCode::BAD_REQUEST), render(&DeletedPage { restoring, ..page }))
                .into_response())
        }
    }
}

impl Console {
    async fn deleted_page(
        &self,
        session: &SignedIn,
        name: &str,
        q: &str,
        token: &str,
    ) -> Result<DeletedPage, Problem> {
        let request = session.message(ListDeletedUsersRequest {
            directory: name.to_owned(),
            page_size: PAGE,
            page_token: token.to_owned(),
            user_name_prefix: q.to_owned(),
        });
        let listed = async { self.answered(client::users(self.core()).list_deleted_users(request)).await };
        let shell = self.directory_shell(session, Section::Users, name);
        let ((shell, directory), listed) = tokio::try_join!(shell, listed)?;
        let base = directory_path(name);
        let page = format!("{base}/users/deleted");
        let address = |token: &str| format!("{page}{}", url::query(&[("q", q), ("page", token)]));
        let now = self.now();
        let row = |user| row(user, &format!("{page}{}", url::query(&[("q", q), ("page", token)])), now);
        let list = DeletedList {
            rows: listed.users.into_iter().map(row).collect(),
            summary: count(u64::try_from(listed.total_results).unwrap_or_default(), "deleted user"),
            retention_days: i64::from(directory.retention_days),
            first: if token.is_empty() { String::new() } else { address("") },
            next: match listed.next_page_token.as_str() {
                "" => String::new(),
                next => address(next),
            },
            q: q.to_owned(),
            base: base.clone(),
            page: page.clone(),
        };
        Ok(DeletedPage { assets: shell.assets, theme: shell.theme, shell, base, page, list, restoring: None })
    }
}

impl DeletedList {
    /// For how long users are kept.
    fn kept_for(&self) -> String {
        count(u64::try_from(self.retention_days).unwrap_or_default(), "day")
    }
}

impl DeletedPage {
    /// The confirmation for a user of the page.
    fn confirmation(&self, id: &str, error: Option<String>) -> Option<Restoring> {
        let row = self.list.rows.iter().find(|row| row.id == id)?;
        Some(Restoring { id: row.id.clone(), title: row.title.clone(), error })
    }
}

fn row(deleted: DeletedUser, page: &str, now: i64) -> Row {
    let user = deleted.user.unwrap_or_default();
    let user_name = user.user_name.unwrap_or_default();
    let called = user.display_name.or_else(|| user.name.and_then(|name| name.formatted));
    let joint = if page.contains('?') { '&' } else { '?' };
    Row {
        restore: format!("{page}{joint}restore={}", url::escape(&user.id)),
        sub: if called.is_some() { user_name.clone() } else { String::new() },
        title: called.unwrap_or(user_name),
        deleted: Moment::of(deleted.deleted_time.as_ref(), now),
        kept_until: Moment::of(deleted.purge_time.as_ref(), now),
        by: deleted.deleted_by.as_ref().map(Actor::of),
        id: user.id,
    }
}
