//! The overview of a directory.

mod chart;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use rollcall_api::client;
use rollcall_api::v1::{
    ActivityFilter, ListActivityRequest, ListGroupsRequest, ListNoticesRequest, ListUsersRequest,
    NoticeState, RetryNoticeRequest, SummarizeActivityRequest,
};

use crate::Console;
use crate::assets::Assets;
use crate::cookies::Theme;
use crate::dress::render;
use crate::form::Submission;
use crate::pages::activity::{self, Row};
use crate::pages::connection::Check;
use crate::pages::directories::profile_name;
use crate::pages::holds::HoldRow;
use crate::pages::{Parameters, done, to_page};
use crate::problem::Problem;
use crate::session::SignedIn;
use crate::shell::{Section, Shell, directory_path};
use crate::time::{grouped, timestamp};
use chart::{BARS, Chart};

/// What the chart shows, in µs.
const PERIOD: i64 = 24 * 3600 * 1_000_000;
/// Errors that are shown.
const ERRORS: i32 = 5;
/// Parked e-mails that are shown.
const MAILS: i32 = 5;

/// A notice that could not be delivered.
#[derive(Debug)]
struct Mail {
    id: String,
    subject: String,
    recipient: String,
    error: String,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    assets: &'static Assets,
    theme: Theme,
    shell: Shell,
    name: String,
    enabled: bool,
    profile_name: &'static str,
    active: String,
    inactive: String,
    groups: String,
    check: Check,
    chart: Chart,
    failures: Vec<Row>,
    parked: Vec<Mail>,
    holds: Vec<HoldRow>,
}

pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    session: SignedIn,
    Path(name): Path<String>,
    query: Parameters,
) -> Result<Response, Problem> {
    let ((shell, directory), active, inactive, groups, check, chart, failures, parked, holds) = tokio::try_join!(
        console.directory_shell(&session, Section::Overview, &name),
        console.count_users(&session, &name, "active eq true"),
        console.count_users(&session, &name, "active eq false"),
        console.count_groups(&session, &name),
        console.connection(&session, &name),
        console.chart(&session, &name),
        console.last_errors(&session, &name),
        console.parked(&session, &name),
        console.pending_holds(&session, &name),
    )?;
    Ok(render(&OverviewPage {
        assets: shell.assets,
        theme: shell.theme,
        shell: shell.with_notice(done(&query)),
        enabled: directory.scim_enabled,
        profile_name: profile_name(directory.profile()),
        name,
        active: grouped(active),
        inactive: grouped(inactive),
        groups: grouped(groups),
        check,
        chart,
        failures,
        parked,
        holds,
    }))
}

/// Gives a parked e-mail a new try.
pub(crate) async fn retry_notice(
    State(console): State<Arc<Console>>,
    Path(name): Path<String>,
    form: Submission,
) -> Result<Response, Problem> {
    let request = form.session.message(RetryNoticeRequest { id: form.text("notice").to_owned() });
    console.answered(client::notices(console.core()).retry_notice(request)).await?;
    Ok(to_page(&directory_path(&name), "email-retried"))
}

impl Console {
    /// How many users fulfil a filter.
    async fn count_users(&self, session: &SignedIn, directory: &str, filter: &str) -> Result<u64, Problem> {
        let request = session.message(ListUsersRequest {
            directory: directory.to_owned(),
            filter: filter.to_owned(),
            page_size: Some(0),
            ..ListUsersRequest::default()
        });
        let listed = self.answered(client::users(self.core()).list_users(request)).await?;
        Ok(u64::try_from(listed.total_results).unwrap_or_default())
    }

    async fn count_groups(&self, session: &SignedIn, directory: &str) -> Result<u64, Problem> {
        let request = session.message(ListGroupsRequest {
            directory: directory.to_owned(),
            page_size: Some(0),
            ..ListGroupsRequest::default()
        });
        let listed = self.answered(client::groups(self.core()).list_groups(request)).await?;
        Ok(u64::try_from(listed.total_results).unwrap_or_default())
    }

    async fn chart(&self, session: &SignedIn, directory: &str) -> Result<Chart, Problem> {
        let now = self.now();
        let request = session.message(SummarizeActivityRequest {
            directory: directory.to_owned(),
            from: Some(timestamp(now - PERIOD)),
            until: Some(timestamp(now)),
            spans: BARS,
        });
        let counted = self.answered(client::activity(self.core()).summarize_activity(request)).await?;
        Ok(Chart::new(&counted.spans))
    }

    async fn last_errors(&self, session: &SignedIn, directory: &str) -> Result<Vec<Row>, Problem> {
        let request = session.message(ListActivityRequest {
            directory: directory.to_owned(),
            filter: Some(ActivityFilter { failures_only: true, ..ActivityFilter::default() }),
            page_size: ERRORS,
            ..ListActivityRequest::default()
        });
        let listed = self.answered(client::activity(self.core()).list_activity(request)).await?;
        let (page, now) = (activity::path(directory), self.now());
        Ok(listed.activities.into_iter().map(|one| activity::row(one, &page, now)).collect())
    }

    async fn parked(&self, session: &SignedIn, directory: &str) -> Result<Vec<Mail>, Problem> {
        let request = session.message(ListNoticesRequest {
            directory: directory.to_owned(),
            state: NoticeState::Parked.into(),
            page_size: MAILS,
            ..ListNoticesRequest::default()
        });
        let listed = self.answered(client::notices(self.core()).list_notices(request)).await?;
        let mails = listed.notices.into_iter().map(|notice| Mail {
            id: notice.id,
            subject: notice.subject,
            recipient: notice.recipient,
            error: notice.error,
        });
        Ok(mails.collect())
    }
}
