//! The list as it grows: server-sent events, each a row.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use askama::Template as _;
use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use http::HeaderMap;
use rollcall_api::client;
use rollcall_api::v1::{WatchActivityRequest, WatchActivityResponse};
use tokio::time::{Instant, timeout_at};
use tonic::Streaming;

use super::filter::Filter;
use super::{RowPart, path, row};
use crate::Console;
use crate::pages::{Parameters, given};
use crate::problem::Problem;
use crate::session::SignedIn;

/// How long one answer goes on. Then the browser asks again, from where it was: a session that has ended meanwhile ends there,
/// and a server that is to stop does not wait for its watchers.
const LENGTH: Duration = Duration::from_secs(20);
/// How long the browser waits before it asks again.
const PAUSE: Duration = Duration::from_millis(300);
/// How often something is sent when nothing happens, so that proxies keep the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

pub(crate) async fn stream(
    State(console): State<Arc<Console>>,
    session: SignedIn,
    Path(name): Path<String>,
    headers: HeaderMap,
    query: Parameters,
) -> Result<Response, Problem> {
    // The browser's own header says how far it has come since the page was made.
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let request = session.message(WatchActivityRequest {
        directory: name.clone(),
        filter: Some(Filter::of(&query).message(console.now())?),
        after: seen.unwrap_or_else(|| given(&query, "after")).to_owned(),
        ..WatchActivityRequest::default()
    });
    let watched = console.answered(client::activity(console.core()).watch_activity(request)).await?;
    let watching = Watching { console, watched, page: path(&name), until: Instant::now() + LENGTH };
    let begin = Event::default().retry(PAUSE).comment("following");
    let events = stream::unfold((Some(begin), watching), next);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

/// A browser that follows.
struct Watching {
    console: Arc<Console>,
    watched: Streaming<WatchActivityResponse>,
    page: String,
    until: Instant,
}

/// Where the stream is: what is sent first, and what is followed.
type Place = (Option<Event>, Watching);

async fn next((first, mut watching): Place) -> Option<(Result<Event, Infallible>, Place)> {
    if let Some(first) = first {
        return Some((Ok(first), (None, watching)));
    }
    loop {
        let message = timeout_at(watching.until, watching.watched.message()).await.ok()?.ok()??;
        let Some(activity) = message.activity else { continue };
        let row = row(activity, &watching.page, watching.console.now());
        let Ok(html) = (RowPart { row: &row }).render() else { continue };
        let event = Event::default().event("row").id(row.id).data(html.trim());
        return Some((Ok(event), (None, watching)));
    }
}
