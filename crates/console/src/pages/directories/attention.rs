//! Why a directory needs somebody, in words, and where to see to it.

use rollcall_api::v1::{Attention, ConnectionState, DirectoryStatus};

use crate::shell::directory_path;
use crate::time::{Moment, count};

/// A reason why a directory needs somebody.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Need {
    pub(super) tone: &'static str,
    pub(super) text: String,
    /// The page where it is seen to.
    pub(super) path: String,
}

/// The reasons why a directory needs somebody, most urgent first.
pub(super) fn needs(status: &DirectoryStatus, now: i64) -> Vec<Need> {
    let base = directory_path(status.directory.as_ref().map_or("", |directory| directory.name.as_str()));
    status.attention().filter_map(|reason| need(reason, status, &base, now)).collect()
}

fn need(reason: Attention, status: &DirectoryStatus, base: &str, now: i64) -> Option<Need> {
    let many = |number: i64, what: &str| count(u64::try_from(number).unwrap_or_default(), what);
    let (tone, text, page) = match reason {
        Attention::Unspecified => return None,
        Attention::Hold => ("bad", format!("{} to decide", many(status.open_holds, "hold")), ""),
        Attention::Failing => ("bad", "The last request failed".to_owned(), "/activity?status=failed"),
        Attention::AccessEnds => {
            let end = Moment::of(status.access_ends.as_ref(), now)?;
            ("warn", format!("Access ends {}", end.words), "/provisioning")
        }
        Attention::ParkedNotices => {
            ("warn", format!("{} not delivered", many(status.parked_notices, "e-mail")), "")
        }
        Attention::Quiet => ("warn", "No sync".to_owned(), ""),
        Attention::DryRun => ("warn", "Dry run".to_owned(), "/settings"),
    };
    Some(Need { tone, text, path: format!("{base}{page}") })
}

/// How a connection is, in a word, with its tone.
pub(super) fn connection_word(state: ConnectionState) -> (&'static str, &'static str) {
    match state {
        ConnectionState::Healthy => ("good", "Connected"),
        ConnectionState::Failing => ("bad", "Failing"),
        ConnectionState::Quiet => ("warn", "Quiet"),
        ConnectionState::NeverSeen | ConnectionState::Unspecified => ("", "Not connected yet"),
        ConnectionState::Off => ("", "SCIM off"),
    }
}

#[cfg(test)]
mod tests {
    use rollcall_api::v1::Directory;

    use super::*;

    #[test]
    fn each_reason_is_told_with_its_number_and_leads_to_where_it_is_seen_to() {
        let reasons = [
            Attention::Hold,
            Attention::Failing,
            Attention::AccessEnds,
            Attention::ParkedNotices,
            Attention::Quiet,
            Attention::DryRun,
        ];
        let status = DirectoryStatus {
            directory: Some(Directory { name: "acme".to_owned(), ..Directory::default() }),
            open_holds: 1,
            parked_notices: 3,
            access_ends: Some(prost_types::Timestamp { seconds: 3 * 86_400, nanos: 0 }),
            attention: reasons.into_iter().map(i32::from).collect(),
            ..DirectoryStatus::default()
        };
        let needs = needs(&status, 0);
        let told: Vec<_> = needs.iter().map(|need| (need.text.as_str(), need.path.as_str())).collect();
        assert_eq!(
            told,
            [
                ("1 hold to decide", "/admin/d/acme"),
                ("The last request failed", "/admin/d/acme/activity?status=failed"),
                ("Access ends in 3 days", "/admin/d/acme/provisioning"),
                ("3 e-mails not delivered", "/admin/d/acme"),
                ("No sync", "/admin/d/acme"),
                ("Dry run", "/admin/d/acme/settings"),
            ]
        );
    }
}
