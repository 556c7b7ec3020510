//! Which requests.

use anyhow::Result;
use clap::{ArgGroup, Args};
use jiff::Timestamp;
use rollcall_api::v1::ActivityFilter;

use crate::cli::time::Past;

/// Whose requests.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("whose").required(true).args(["directory", "no_directory"]))]
pub(super) struct Whose {
    /// Name of the directory
    #[arg(long)]
    pub(super) directory: Option<String>,

    /// Those that came with no credential of any directory, such as a wrong token
    #[arg(long)]
    pub(super) no_directory: bool,
}

/// What is asked of requests.
#[derive(Debug, Args)]
#[command(next_help_heading = "Filters")]
pub(super) struct Filter {
    /// Only those with a status of 400 or more
    #[arg(long)]
    failures: bool,

    /// Only those with this status, or one of such a range
    #[arg(long, value_name = "STATUS|FROM-TO", value_parser = statuses)]
    status: Option<(i32, i32)>,

    /// Only those with this method
    #[arg(long, value_parser = |text: &str| Ok::<_, String>(text.to_ascii_uppercase()))]
    method: Option<String>,

    /// Only those whose path or query contains this text
    #[arg(long, value_name = "TEXT")]
    path: Option<String>,

    /// Only those about the user or group with this id
    #[arg(long, value_name = "ID")]
    target: Option<String>,

    /// Only those about a user or group that is called so: user name, e-mail address, display name or external id
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    about: String,

    /// Only those with the token that begins so
    #[arg(long, value_name = "PREFIX")]
    token: Option<String>,

    /// Only that with this request id
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,

    /// Only those since a time such as 2027-01-31T00:00:00Z, or since so long ago, such as 24h
    #[arg(long, value_name = "WHEN", value_parser = Past::parse)]
    since: Option<Past>,

    /// Only those before a time, or before so long ago
    #[arg(long, value_name = "WHEN", value_parser = Past::parse)]
    until: Option<Past>,
}

impl Filter {
    /// The filter of a request, with times counted back from `now`.
    pub(super) fn message(self, now: Timestamp) -> Result<ActivityFilter> {
        let (min_status, max_status) = self.status.unwrap_or_default();
        Ok(ActivityFilter {
            min_status,
            max_status,
            failures_only: self.failures,
            method: self.method.unwrap_or_default(),
            path_contains: self.path.unwrap_or_default(),
            target_id: self.target.unwrap_or_default(),
            from: self.since.map(|past| past.message(now)).transpose()?,
            until: self.until.map(|past| past.message(now)).transpose()?,
            request_id: self.request_id.unwrap_or_default(),
            token_prefix: self.token.unwrap_or_default(),
            about: self.about,
            request_ids: Vec::new(),
        })
    }
}

fn statuses(text: &str) -> Result<(i32, i32), String> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let status = |text: &str| text.trim().parse().ok().filter(|status| (100..=599).contains(status));
    match (status(from), status(to)) {
        (Some(from), Some(to)) if from <= to => Ok((from, to)),
        _ => Err("give a status such as 409, or a range such as 400-499".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_a_number_or_a_range() {
        assert_eq!(statuses("409"), Ok((409, 409)));
        assert_eq!(statuses("400-499"), Ok((400, 499)));
        for bad in ["", "4xx", "499-400", "42", "400-"] {
            assert!(statuses(bad).unwrap_err().contains("400-499"), "{bad}");
        }
    }
}
