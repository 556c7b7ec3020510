//! The activity log: the list, one request, and the list as it grows.

mod advice;
mod stream;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use rollcall_api::client;
use rollcall_api::v1::{Activity, ActivityBody, ActivityFilter, GetActivityRequest, ListActivityRequest};

use crate::assets::Assets;
use crate::cookies::Theme;
use crate::dress::render;
use crate::pages::{Parameters, given};
use crate::problem::Problem;
use crate::session::SignedIn;
use crate::shell::{Section, Shell, directory_path};
use crate::time::{Moment, grouped, timestamp};
use crate::{Console, url};
use advice::Advice;

pub(crate) use stream::stream;

/// Requests in a page.
const PAGE: i32 = 50;
/// What no request is before: where nothing is listed, whatever comes is new.
const BEFORE_ALL: &str = "00000000-0000-0000-0000-000000000000";
const HOUR: i64 = 3600 * 1_000_000;

/// Which requests are wanted.
#[derive(Debug)]
struct Filter {
    status: String,
    method: String,
    span: String,
    q: String,
    token: String,
}

impl Filter {
    fn of(query: &Parameters) -> Self {
        let text = |name| given(query, name).trim().to_owned();
        Self {
            status: text("status"),
            method: text("method"),
            span: text("span"),
            q: text("q"),
            token: text("page"),
        }
    }

    fn is_empty(&self) -> bool {
        [&self.status, &self.method, &self.span, &self.q].iter().all(|text| text.is_empty())
    }

    /// The same for the core. A text without a slash that could be an id is one.
    fn message(&self, now: i64) -> ActivityFilter {
        let (min_status, max_status) = match self.status.as_str() {
            "2xx" => (200, 299),
            "4xx" => (400, 499),
            "5xx" => (500, 599),
            _ => (0, 0),
        };
        let hours = match self.span.as_str() {
            "1h" => Some(1),
            "24h" => Some(24),
            "7d" => Some(7 * 24),
            _ => None,
        };
        let is_id = self.q.len() == 36 && self.q.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        let (target_id, path_contains) =
            if is_id { (self.q.clone(), String::new()) } else { (String::new(), self.q.clone()) };
        ActivityFilter {
            min_status,
            max_status,
            failures_only: self.status == "failed",
            method: self.method.clone(),
            target_id,
            path_contains,
            from: hours.map(|hours| timestamp(now.saturating_sub(hours * HOUR))),
            ..ActivityFilter::default()
        }
    }

    fn address(&self, page: &str, token: &str) -> String {
        let query = [
            ("status", self.status.as_str()),
            ("method", &self.method),
            ("span", &self.span),
            ("q", &self.q),
            ("page", token),
        ];
        format!("{page}{}", url::query(&query))
    }
}

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
    let request = session.message(ListActivityRequest {
        directory: name.clone(),
        filter: Some(filter.message(now)),
        page_size: PAGE,
        page_token: filter.token.clone(),
        ..ListActivityRequest::default()
    });
    let listed = async { console.answered(client::activity(console.core()).list_activity(request)).await };
    let shell = console.directory_shell(&session, Section::Activity, &name);
    let ((shell, _), listed) = tokio::try_join!(shell, listed)?;
    let page = path(&name);
    let newest = listed.activities.first().map_or(BEFORE_ALL, |activity| activity.id.as_str()).to_owned();
    let is_first = filter.token.is_empty();
    let stream = if is_first {
        let address = filter.address(&format!("{page}/stream"), "");
        let joint = if address.contains('?') { '&' } else { '?' };
        format!("{address}{joint}after={newest}")
    } else {
        String::new()
    };
    Ok(render(&ActivityPage {
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
        page,
        name,
        filter,
    }))
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
        row: row(activity, &list, console.now()),
        list,
    }))
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
    fn an_id_is_told_from_a_path() {
        let filter = |q: &str| {
            let filter = Filter {
                status: "failed".to_owned(),
                method: String::new(),
                span: "1h".to_owned(),
                q: q.to_owned(),
                token: String::new(),
            };
            filter.message(2 * HOUR)
        };
        let by_id = filter("01890000-0000-7000-8000-000000000000");
        assert_eq!((by_id.target_id.len(), by_id.path_contains.as_str()), (36, ""));
        assert!(by_id.failures_only);
        assert_eq!(by_id.from.unwrap().seconds, 3600);
        assert_eq!(filter("/Users").path_contains, "/Users");
    }

    #[test]
    fn durations_are_short() {
        assert_eq!(took(120), "120 µs");
        assert_eq!(took(12_340), "12.3 ms");
        assert_eq!(took(1_250_000), "1.2 s");
    }
}
