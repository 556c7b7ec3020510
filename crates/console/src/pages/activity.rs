//! The activity log: the list, one request, and the list as it grows.

mod advice;
mod filter;
mod holder;
mod stream;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use rollcall_api::client;
use rollcall_api::v1::{
    Activity, ActivityBody, GetActivityRequest, ListActivityRequest, ListActivityResponse, ListGroupsRequest,
    ListUsersRequest,
};

use crate::assets::Assets;
use crate::cookies::Theme;
use crate::dress::render;
use crate::pages::Parameters;
use crate::problem::Problem;
use crate::session::SignedIn;
use crate::shell::{Section, Shell, directory_path};
use crate::time::{Moment, grouped};
use crate::{Console, url};
use advice::Advice;
use filter::Filter;

pub(crate) use stream::stream;

/// Requests in a page.
const PAGE: i32 = 50;
/// What no request is before: where nothing is listed, whatever comes is new.
const BEFORE_ALL: &str = "00000000-0000-0000-0000-000000000000";

/// The answers that can be asked for: what the form calls them, and in words.
const ANSWERS: &[(&str, &str)] = &[
    ("failed", "Errors"),
    ("2xx", "Successes"),
    ("4xx", "4xx: the request was wrong"),
    ("5xx", "5xx: the server failed"),
    ("400", "400: it was not understood"),
    ("401", "401: no good token"),
    ("403", "403: not allowed, or held back"),
    ("404", "404: not there"),
    ("409", "409: a name is taken"),
    ("412", "412: changed meanwhile"),
    ("429", "429: too many, or held"),
];

/// One line.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) id: String,
    /// The address of its page.
    pub(crate) path: String,
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) status: i32,
    pub(crate) tone: &'static str,
    pub(crate) scim_type: String,
    pub(crate) detail: String,
    pub(crate) notes: usize,
    pub(crate) took: String,
    pub(crate) time: Option<Moment>,
}

/// A row alone, for the stream.
#[derive(Debug, Template)]
#[template(path = "activity_row.html")]
struct RowPart<'a> {
    row: &'a Row,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "activity.html")]
struct ActivityPage {
    assets: &'static Assets,
    theme: Theme,
    shell: Shell,
    name: String,
    page: String,
    filter: Filter,
    rows: Vec<Row>,
    first: String,
    next: String,
    /// Where the page follows what comes; empty, it shows what was.
    stream: String,
    /// Why the filter cannot be answered.
    error: Option<String>,
}

/// The page of one request.
#[derive(Debug, Template)]
#[template(path = "request.html")]
struct RequestPage {
    assets: &'static Assets,
    theme: Theme,
    shell: Shell,
    list: String,
    row: Row,
    advice: Option<Advice>,
    sent: Option<Body>,
    got: Option<Body>,
    notes: Vec<String>,
    facts: Vec<(&'static str, String)>,
    /// The address of the user or group that it was about.
    subject: String,
    subject_text: String,
    /// The address of whoever has the name that the request asked for, and the name.
    holder: Option<(String, String)>,
}

/// A body, and how long it was.
#[derive(Debug)]
struct Body {
    text: String,
    size: String,
}

pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    session: SignedIn,
    Path(name): Path<String>,
    query: Parameters,
) -> Result<Response, Problem> {
    let filter = Filter::of(&query);
    let now = console.now();
    let listed = console.activities(&session, &name, &filter, now);
    let shell = console.directory_shell(&session, Section::Activity, &name);
    let ((shell, _), (listed, error)) = tokio::try_join!(shell, listed)?;
    let page = path(&name);
    let newest = listed.activities.first().map_or(BEFORE_ALL, |activity| activity.id.as_str()).to_owned();
    let is_first = filter.token.is_empty();
    let status = if error.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let stream = if is_first && error.is_none() {
        let address = filter.address(&format!("{page}/stream"), "");
        let joint = if address.contains('?') { '&' } else { '?' };
        format!("{address}{joint}after={newest}")
    } else {
        String::new()
    };
    let page = render(&ActivityPage {
        assets: shell.assets,
        theme: shell.theme,
        shell,
        rows: listed.activities.into_iter().map(|activity| row(activity, &page, now)).collect(),
        first: if is_first { String::new() } else { filter.address(&page, "") },
        next: match listed.next_page_token.as_str() {
            "" => String::new(),
            token => filter.address(&page, token),
        },
        stream,
        error,
        page,
        name,
        filter,
    });
    Ok((status, page).into_response())
}

pub(crate) async fn one(
    State(console): State<Arc<Console>>,
    session: SignedIn,
    Path((name, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let request =
        session.message(GetActivityRequest { directory: name.clone(), id, ..GetActivityRequest::default() });
    let activity = async { console.answered(client::activity(console.core()).get_activity(request)).await };
    let shell = console.directory_shell(&session, Section::Activity, &name);
    let ((shell, directory), activity) = tokio::try_join!(shell, activity)?;
    let activity = activity.activity.ok_or(Problem::NoPage)?;
    let list = path(&name);
    let folder = match activity.target_type.as_str() {
        "User" => "users",
        "Group" => "groups",
        _ => "",
    };
    let holder = console.holder(&session, &name, &activity).await?;
    let subject = if folder.is_empty() || activity.target_id.is_empty() {
        String::new()
    } else {
        format!("{}/{folder}/{}", directory_path(&name), url::escape(&activity.target_id))
    };
    Ok(render(&RequestPage {
        assets: shell.assets,
        theme: shell.theme,
        shell,
        advice: advice::advice(&activity, &directory),
        sent: activity.request_body.as_ref().map(body),
        got: activity.response_body.as_ref().map(body),
        notes: activity.notes.clone(),
        facts: facts(&activity),
        subject,
        subject_text: activity.target_id.clone(),
        holder,
        row: row(activity, &list, console.now()),
        list,
    }))
}

impl Console {
    /// The requests that are asked for; where that cannot be answered, none and why.
    async fn activities(
        &self,
        session: &SignedIn,
        directory: &str,
        filter: &Filter,
        now: i64,
    ) -> Result<(ListActivityResponse, Option<String>), Problem> {
        let listed = match filter.message(now) {
            Ok(message) => {
                let request = session.message(ListActivityRequest {
                    directory: directory.to_owned(),
                    filter: Some(message),
                    page_size: PAGE,
                    page_token: filter.token.clone(),
                    ..ListActivityRequest::default()
                });
                self.answered(client::activity(self.core()).list_activity(request)).await
            }
            Err(problem) => Err(problem),
        };
        match listed {
            Ok(listed) => Ok((listed, None)),
            Err(problem) => Ok((ListActivityResponse::default(), Some(problem.correctable()?))),
        }
    }

    /// Whoever has the name that a request asked for in vain: the address of the page, and the name.
    async fn holder(
        &self,
        session: &SignedIn,
        directory: &str,
        activity: &Activity,
    ) -> Result<Option<(String, String)>, Problem> {
        let Some((attribute, name)) = holder::taken(activity) else { return Ok(None) };
        let filter = format!("{attribute} eq {}", serde_json::Value::from(name.as_str()));
        let (directory_name, base) = (directory.to_owned(), directory_path(directory));
        let page = if attribute == "userName" {
            let request = session.message(ListUsersRequest {
                directory: directory_name,
                filter,
                ..ListUsersRequest::default()
            });
            let found = self.answered(client::users(self.core()).list_users(request)).await?.users;
            found.first().map(|user| format!("{base}/users/{}", url::escape(&user.id)))
        } else {
            let request = session.message(ListGroupsRequest {
                directory: directory_name,
                filter,
                ..ListGroupsRequest::default()
            });
            let found = self.answered(client::groups(self.core()).list_groups(request)).await?.groups;
            found.first().map(|group| format!("{base}/groups/{}", url::escape(&group.id)))
        };
        Ok(page.map(|page| (page, name)))
    }
}

/// The path of the log of a directory.
pub(crate) fn path(name: &str) -> String {
    format!("{}/activity", directory_path(name))
}

/// A request as a line; `page` is the path of the log.
pub(crate) fn row(activity: Activity, page: &str, now: i64) -> Row {
    let mut target = activity.path;
    if !activity.query.is_empty() {
        target = format!("{target}?{}", activity.query);
    }
    Row {
        path: format!("{page}/{}", url::escape(&activity.id)),
        id: activity.id,
        method: activity.method,
        target,
        tone: match activity.status {
            ..=299 => "good",
            300..=399 => "",
            404 | 409 | 412 => "warn",
            _ => "bad",
        },
        status: activity.status,
        scim_type: activity.scim_type,
        detail: activity.detail,
        notes: activity.notes.len(),
        took: took(activity.latency_micros),
        time: Moment::of(activity.time.as_ref(), now),
    }
}

fn facts(activity: &Activity) -> Vec<(&'static str, String)> {
    let time = Moment::of(activity.time.as_ref(), 0).map(|time| time.exact).unwrap_or_default();
    let token = match activity.token_prefix.as_str() {
        "" => "none that is known".to_owned(),
        prefix => format!("{prefix}…"),
    };
    let facts = [
        ("Time", time),
        ("Token", token),
        ("From", activity.client_address.clone()),
        ("User-Agent", activity.user_agent.clone()),
        ("Request id", activity.request_id.clone()),
    ];
    facts.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

fn body(body: &ActivityBody) -> Body {
    let text = serde_json::from_str::<serde_json::Value>(&body.json)
        .and_then(|json| serde_json::to_string_pretty(&json))
        .unwrap_or_else(|_| body.json.clone());
    let bytes = u64::try_from(body.bytes).unwrap_or_default();
    let size =
        format!("{} bytes{}", grouped(bytes), if body.cut { ", of which this is the beginning" } else { "" });
    Body { text, size }
}

/// A duration in µs, as short as it can be told.
fn took(micros: i64) -> String {
    match micros {
        ..=999 => format!("{micros} µs"),
        1000..=999_999 => format!("{}.{} ms", micros / 1000, micros % 1000 / 100),
        _ => format!("{}.{} s", micros / 1_000_000, micros % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        assert_eq!(took(120), "120 µs");
        assert_eq!(took(12_340), "12.3 ms");
        assert_eq!(took(1_250_000), "1.2 s");
    }
}
