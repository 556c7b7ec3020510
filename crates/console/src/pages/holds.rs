//! What guard rails hold: the changes that wait for an administrator.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use rollcall_api::client;
use rollcall_api::v1::held_change::{Kind, Outcome};
use rollcall_api::v1::{
    ApplyHeldChangeRequest, ApproveHoldRequest, GetHoldRequest, HeldChange, Hold, HoldState,
    ListHoldsRequest, RejectHoldRequest,
};

use crate::assets::Assets;
use crate::cookies::Theme;
use crate::dress::render;
use crate::form::Submission;
use crate::pages::{Parameters, done, given, to_page};
use crate::problem::Problem;
use crate::session::SignedIn;
use crate::shell::{Section, Shell, directory_path};
use crate::time::{Moment, count, micros};
use crate::{Console, url};

/// Changes in a page.
const PAGE: i32 = 50;
/// Holds that are looked through for those that wait.
const HOLDS: i32 = 100;

/// A hold, in words.
#[derive(Debug)]
pub(crate) struct HoldRow {
    pub(crate) path: String,
    pub(crate) pending: bool,
    pub(crate) state: &'static str,
    pub(crate) tone: &'static str,
    /// Such as `12 changes`.
    pub(crate) number: String,
    pub(crate) summary: String,
    /// How long a decision holds, such as `1h`.
    pub(crate) window: String,
    /// What a decision that was made means until when; `None`, it means nothing any more, or there is none.
    pub(crate) standing: Option<String>,
}

/// A change that is held.
#[derive(Debug)]
struct ChangeRow {
    user: String,
    path: String,
    user_name: String,
    kind: &'static str,
    asked: Option<Moment>,
    times: i64,
    outcome: &'static str,
    tone: &'static str,
    waits: bool,
    reason: String,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "hold.html")]
struct HoldPage {
    assets: &'static Assets,
    theme: Theme,
    shell: Shell,
    name: String,
    page: String,
    hold: HoldRow,
    changes: Vec<ChangeRow>,
    next: String,
    dialog: String,
}

pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    session: SignedIn,
    Path((name, id)): Path<(String, String)>,
    query: Parameters,
) -> Result<Response, Problem> {
    let request = session.message(GetHoldRequest {
        directory: name.clone(),
        id: id.clone(),
        page_size: PAGE,
        page_token: given(&query, "page").to_owned(),
    });
    let hold = async { console.answered(client::holds(console.core()).get_hold(request)).await };
    let shell = console.directory_shell(&session, Section::Overview, &name);
    let ((shell, _), answer) = tokio::try_join!(shell, hold)?;
    let page = path(&name, &id);
    let now = console.now();
    Ok(render(&HoldPage {
        assets: shell.assets,
        theme: shell.theme,
        shell: shell.with_notice(done(&query)),
        hold: row(&answer.hold.unwrap_or_default(), &name, now),
        changes: answer.changes.into_iter().map(|change| change_row(change, &name, now)).collect(),
        next: match answer.next_page_token.as_str() {
            "" => String::new(),
            token => format!("{page}{}", url::query(&[("page", token)])),
        },
        dialog: given(&query, "dialog").to_owned(),
        page,
        name,
    }))
}

/// Has every held change made.
pub(crate) async fn approve(
    State(console): State<Arc<Console>>,
    Path((name, id)): Path<(String, String)>,
    form: Submission,
) -> Result<Response, Problem> {
    let request = form.session.message(ApproveHoldRequest { directory: name.clone(), id: id.clone() });
    console.answered(client::holds(console.core()).approve_hold(request)).await?;
    Ok(to_page(&path(&name, &id), "approved"))
}

/// Drops every held change.
pub(crate) async fn reject(
    State(console): State<Arc<Console>>,
    Path((name, id)): Path<(String, String)>,
    form: Submission,
) -> Result<Response, Problem> {
    let request = form.session.message(RejectHoldRequest { directory: name.clone(), id: id.clone() });
    console.answered(client::holds(console.core()).reject_hold(request)).await?;
    Ok(to_page(&path(&name, &id), "rejected"))
}

/// Has one held change made; the others wait on.
pub(crate) async fn apply(
    State(console): State<Arc<Console>>,
    Path((name, id)): Path<(String, String)>,
    form: Submission,
) -> Result<Response, Problem> {
    let request = form.session.message(ApplyHeldChangeRequest {
        directory: name.clone(),
        id: id.clone(),
        user: form.text("user").to_owned(),
    });
    console.answered(client::holds(console.core()).apply_held_change(request)).await?;
    Ok(to_page(&path(&name, &id), "applied"))
}

impl HoldPage {
    /// The changes that can be made one by one.
    fn waiting(&self) -> impl Iterator<Item = &ChangeRow> {
        self.changes.iter().filter(|change| self.hold.pending && change.waits)
    }
}

impl Console {
    /// The holds of a directory that wait for a decision.
    pub(crate) async fn pending_holds(
        &self,
        session: &SignedIn,
        directory: &str,
    ) -> Result<Vec<HoldRow>, Problem> {
        let request = session.message(ListHoldsRequest {
            directory: directory.to_owned(),
            page_size: HOLDS,
            ..ListHoldsRequest::default()
        });
        let listed = self.answered(client::holds(self.core()).list_holds(request)).await?;
        let now = self.now();
        let pending = listed.holds.iter().filter(|hold| hold.state() == HoldState::Pending);
        Ok(pending.map(|hold| row(hold, directory, now)).collect())
    }
}

fn path(directory: &str, id: &str) -> String {
    format!("{}/holds/{}", directory_path(directory), url::escape(id))
}

fn row(hold: &Hold, directory: &str, now: i64) -> HoldRow {
    let (state, tone) = match hold.state() {
        HoldState::Approved => ("Approved", "good"),
        HoldState::Rejected => ("Rejected", "bad"),
        HoldState::Pending | HoldState::Unspecified => ("Waits for a decision", "warn"),
    };
    let since = Moment::of(hold.created.as_ref(), now).map(|time| time.words).unwrap_or_default();
    let users = count(u64::try_from(hold.active_users).unwrap_or_default(), "active user");
    HoldRow {
        path: path(directory, &hold.id),
        pending: hold.state() == HoldState::Pending,
        state,
        tone,
        number: count(u64::try_from(hold.changes).unwrap_or_default(), "change"),
        summary: format!("The guard rail stopped them {since}: {} of {users}.", in_words(&hold.guard_rail)),
        window: hold.guard_rail.rsplit(',').next().unwrap_or_default().to_owned(),
        standing: standing(hold, now),
    }
}

/// What follows from a decision, until it has run out.
fn standing(hold: &Hold, now: i64) -> Option<String> {
    let end = hold.window_ends.as_ref().filter(|end| micros(end) > now)?;
    let Moment { exact, words, .. } = Moment::of(Some(end), now)?;
    match hold.state() {
        HoldState::Approved => {
            Some(format!("Further deactivations and deletions pass until {exact}, {words}."))
        }
        HoldState::Rejected => Some(format!("The dropped changes are refused until {exact}, {words}.")),
        HoldState::Pending | HoldState::Unspecified => None,
    }
}

/// A limit such as `10,20%,1h` as people say it.
fn in_words(guard_rail: &str) -> String {
    match guard_rail.split(',').collect::<Vec<_>>().as_slice() {
        [users, percent, window] => {
            format!("no more than {users} users or {percent}, whichever is more, may leave within {window}")
        }
        _ => format!("its limit is {guard_rail}"),
    }
}

fn change_row(change: HeldChange, directory: &str, now: i64) -> ChangeRow {
    let (outcome, tone) = match change.outcome() {
        Outcome::Applied => ("Made", "good"),
        Outcome::Rejected => ("Dropped", ""),
        Outcome::Failed => ("Failed", "bad"),
        Outcome::Pending | Outcome::Unspecified => ("Waits", "warn"),
    };
    ChangeRow {
        path: format!("{}/users/{}", directory_path(directory), url::escape(&change.user)),
        kind: match change.kind() {
            Kind::Deactivation => "Deactivation",
            Kind::Deletion => "Deletion",
            Kind::Unspecified => "",
        },
        asked: Moment::of(change.last_asked.as_ref(), now),
        times: change.times_asked,
        outcome,
        tone,
        waits: change.outcome() == Outcome::Pending,
        user: change.user,
        user_name: change.user_name,
        reason: change.reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(state: HoldState) -> Hold {
        Hold {
            state: state.into(),
            guard_rail: "10,20%,1h".to_owned(),
            active_users: 2_000,
            window_ends: Some(prost_types::Timestamp { seconds: 3_600, nanos: 0 }),
            ..Hold::default()
        }
    }

    #[test]
    fn a_limit_is_told_in_words() {
        let row = row(&hold(HoldState::Pending), "acme", 0);
        assert!(row.summary.contains("no more than 10 users or 20%, whichever is more"), "{}", row.summary);
        assert!(row.summary.ends_with("of 2,000 active users."), "{}", row.summary);
        assert_eq!((row.window.as_str(), row.standing), ("1h", None));
    }

    #[test]
    fn a_decision_stands_until_its_end() {
        let told = |state, now| standing(&hold(state), now);
        assert_eq!(
            told(HoldState::Approved, 0).unwrap(),
            "Further deactivations and deletions pass until 1970-01-01 01:00:00 UTC, in 1 hour."
        );
        assert!(told(HoldState::Rejected, 0).unwrap().starts_with("The dropped changes are refused until"));
        assert_eq!(told(HoldState::Approved, 3_600_000_000), None);
    }
}
