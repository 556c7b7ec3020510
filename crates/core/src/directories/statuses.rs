//! How directories are doing, those first that need somebody.

use std::cmp::Reverse;
use std::collections::HashMap;

use rollcall_api::v1::{
    self, Attention, ConnectionState, DirectoryOrder, ErrorReason, ListDirectoryStatusesRequest,
    ListDirectoryStatusesResponse,
};
use rollcall_store::{DirectoryCounts, DirectoryStatus};
use uuid::Uuid;

use super::Directories;
use crate::activity::judged;
use crate::caller::Caller;
use crate::credentials::timestamp;
use crate::error::{Error, Result};
use crate::log_query::LogPage;
use crate::page_token::Binding;

/// A day in µs: how far back failed requests are counted.
const DAY: i64 = 24 * 60 * 60 * 1_000_000;
/// How long before its end a token wants to be replaced, in µs: as long as the first warning by e-mail.
const ENDS_SOON: i64 = 14 * DAY;

/// A directory as it stands now.
#[derive(Debug)]
struct Standing {
    status: DirectoryStatus,
    connection: v1::ConnectionHealth,
    attention: Vec<Attention>,
}

impl Directories {
    pub(super) async fn statuses(
        &self,
        caller: &Caller,
        request: ListDirectoryStatusesRequest,
    ) -> Result<ListDirectoryStatusesResponse> {
        let order = DirectoryOrder::try_from(request.order)
            .map_err(|_| Error::value("order: give one of attention, name, last seen and users"))?;
        let words = request.name_contains.to_lowercase();
        let binding = Binding::new(Uuid::nil(), "directory statuses", &[&words, order.as_str_name()]);
        let page = LogPage::open(&self.core, request.page_size, &request.page_token, &binding).await?;
        let now = self.core.clock.now();
        let bound = caller.bound_to().map(|directory| directory.name.as_str());
        let statuses = self.core.store.directory_statuses(bound, now).await?;
        let named = statuses.into_iter().filter(|status| status.directory.name.contains(&words));
        let mut standings: Vec<_> = named.map(|status| standing(status, now)).collect();
        sort(&mut standings, order);
        let total = count(standings.len());
        let needing = standings.iter().filter(|standing| !standing.attention.is_empty()).count();
        if let Some(last) = page.after {
            let place = standings.iter().position(|standing| standing.status.directory.id == last);
            let place = place.ok_or_else(|| {
                Error::new(
                    ErrorReason::InvalidCursor,
                    "page_token: the directory that the page ended with is gone; begin at the first page",
                )
            })?;
            standings.drain(..=place);
        }
        standings.truncate(page.size as usize + 1);
        let next_page_token =
            page.cut(&self.core, &mut standings, |standing| standing.status.directory.id, &binding).await?;
        let ids: Vec<_> = standings.iter().map(|standing| standing.status.directory.id).collect();
        let counts = self.core.store.directory_counts(&ids, now - DAY).await?;
        let counts: HashMap<_, _> = counts.into_iter().map(|counts| (counts.directory, counts)).collect();
        let mut statuses = Vec::with_capacity(standings.len());
        for standing in standings {
            let directory = self.shown(standing.status.directory.clone()).await?;
            let counts = counts.get(&standing.status.directory.id).copied();
            statuses.push(told(standing, directory, counts));
        }
        Ok(ListDirectoryStatusesResponse {
            statuses,
            next_page_token,
            total,
            total_needing_attention: count(needing),
        })
    }
}

fn standing(status: DirectoryStatus, now: i64) -> Standing {
    let connection = judged(&status.directory, status.heard.as_ref(), now);
    let attention = attention(&status, connection.state(), now);
    Standing { status, connection, attention }
}

/// Why a directory needs somebody, most urgent first.
fn attention(status: &DirectoryStatus, connection: ConnectionState, now: i64) -> Vec<Attention> {
    let scim = status.directory.scim_enabled;
    let ends_soon = status.access_ends.is_some_and(|end| end - now <= ENDS_SOON);
    let reasons = [
        (status.open_holds > 0, Attention::Hold),
        (connection == ConnectionState::Failing, Attention::Failing),
        (scim && ends_soon, Attention::AccessEnds),
        (status.parked_mails > 0, Attention::ParkedNotices),
        (connection == ConnectionState::Quiet, Attention::Quiet),
        (scim && status.directory.safeguards.dry_run, Attention::DryRun),
    ];
    reasons.into_iter().filter_map(|(is_so, reason)| is_so.then_some(reason)).collect()
}

/// Sorts what is in order of the names.
fn sort(standings: &mut [Standing], order: DirectoryOrder) {
    match order {
        DirectoryOrder::Unspecified | DirectoryOrder::Attention => {
            standings
                .sort_by_key(|standing| standing.attention.first().map_or(i32::MAX, |first| *first as i32));
        }
        DirectoryOrder::Name => {}
        DirectoryOrder::LastSeen => standings
            .sort_by_key(|standing| Reverse(standing.status.heard.as_ref().map(|heard| heard.last_seen))),
        DirectoryOrder::Users => standings.sort_by_key(|standing| Reverse(standing.status.users)),
    }
}

fn told(
    standing: Standing,
    directory: v1::Directory,
    counts: Option<DirectoryCounts>,
) -> v1::DirectoryStatus {
    let Standing { status, connection, attention } = standing;
    let inactive = counts.map_or(0, |counts| counts.inactive_users);
    v1::DirectoryStatus {
        directory: Some(directory),
        connection: Some(connection),
        users: status.users,
        active_users: (status.users - inactive).max(0),
        groups: status.groups,
        recent_failures: counts.map_or(0, |counts| i32::try_from(counts.failures).unwrap_or(i32::MAX)),
        open_holds: status.open_holds,
        parked_notices: status.parked_mails,
        access_ends: status.access_ends.map(timestamp),
        attention: attention.into_iter().map(i32::from).collect(),
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
