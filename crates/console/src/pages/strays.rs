//! Requests that could not be told apart by their credential: where a set-up waits for its first request, they say what went wrong.

use rollcall_api::client;
use rollcall_api::v1::{Activity, ActivityFilter, ErrorReason, ListActivityRequest};

use crate::Console;
use crate::problem::Problem;
use crate::session::SignedIn;
use crate::time::{Moment, grouped, timestamp};

/// How far back they are looked for, in µs: who sets something up has tried it just now.
const LOOKED_BACK: i64 = 3_600 * 1_000_000;
/// How many are looked at.
const MOST: i32 = 100;
/// What the core says of a header that has no scheme.
const SCHEME: &str = "Bearer";
/// What is twice in the path where the base URL has it as well.
const TWICE: &str = "/scim/v2/scim/v2";

/// Requests that went wrong in one way, in words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stray {
    pub(crate) text: String,
    pub(crate) advice: &'static str,
}

/// Why the credential of a request was of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The path has the base twice.
    PathTwice,
    /// A token of this directory came without `Bearer` before it.
    NoScheme,
    /// It begins like a token of this directory.
    AlmostOurs,
    /// It is no token of any directory.
    Unknown,
}

impl Console {
    /// What came lately with a credential of no directory, by what was wrong; `prefixes` are those of the tokens of the directory
    /// that waits. Nothing for whoever may see that directory alone: such requests are nobody's.
    pub(crate) async fn strays(
        &self,
        session: &SignedIn,
        prefixes: &[String],
    ) -> Result<Vec<Stray>, Problem> {
        let now = self.now();
        let filter = ActivityFilter {
            failures_only: true,
            from: Some(timestamp(now - LOOKED_BACK)),
            ..ActivityFilter::default()
        };
        let request = ListActivityRequest {
            without_directory: true,
            filter: Some(filter),
            page_size: MOST,
            ..ListActivityRequest::default()
        };
        match self.answered(client::activity(self.core()).list_activity(session.message(request))).await {
            Ok(listed) => Ok(told(&listed.activities, prefixes, now)),
            Err(Problem::Refused { reason: ErrorReason::Forbidden, .. }) => Ok(Vec::new()),
            Err(problem) => Err(problem),
        }
    }
}

/// Requests by their faults, each with the last of them; the newest stand first.
fn told(requests: &[Activity], prefixes: &[String], now: i64) -> Vec<Stray> {
    let mut strays: Vec<(Fault, &Activity, u64)> = Vec::new();
    for request in requests {
        let fault = fault(request, prefixes);
        match strays.iter_mut().find(|(known, ..)| *known == fault) {
            Some((.., requests)) => *requests += 1,
            None => strays.push((fault, request, 1)),
        }
    }
    strays.into_iter().map(|(fault, last, requests)| stray(fault, last, requests, now)).collect()
}

fn fault(request: &Activity, prefixes: &[String]) -> Fault {
    let is_ours = !request.token_prefix.is_empty() && prefixes.contains(&request.token_prefix);
    match is_ours {
        _ if request.path.contains(TWICE) => Fault::PathTwice,
        true if request.detail.contains(SCHEME) => Fault::NoScheme,
        true => Fault::AlmostOurs,
        false => Fault::Unknown,
    }
}

fn stray(fault: Fault, last: &Activity, requests: u64, now: i64) -> Stray {
    let came = if requests == 1 { "request came" } else { "requests came" };
    let (how, advice) = match fault {
        Fault::PathTwice => (
            "to a path that has /scim/v2 twice".to_owned(),
            "Enter the base URL as it stands here, and nothing behind it.",
        ),
        Fault::NoScheme => (
            "with a token of this directory and without “Bearer ” before it".to_owned(),
            "Where the identity provider wants the whole header, enter “Bearer ”, and then the token.",
        ),
        Fault::AlmostOurs => (
            format!(
                "with a token that begins with {} and is not the one of this directory",
                last.token_prefix
            ),
            "It may be cut off or mistyped: copy the token again, or make a new one.",
        ),
        Fault::Unknown => (
            "with a token that is not valid".to_owned(),
            "If they are yours, copy the token of this directory again, or make a new one.",
        ),
    };
    let when = Moment::of(last.time.as_ref(), now)
        .map_or_else(String::new, |time| format!(", the last {}", time.words));
    let who = match last.user_agent.as_str() {
        "" => String::new(),
        agent => format!(" ({agent})"),
    };
    let number = grouped(requests);
    Stray { text: format!("{number} {came} {how}{when}, from {}{who}.", last.client_address), advice }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(path: &str, prefix: &str, detail: &str) -> Activity {
        Activity {
            path: path.to_owned(),
            token_prefix: prefix.to_owned(),
            detail: detail.to_owned(),
            client_address: "203.0.113.7".to_owned(),
            user_agent: "Okta SCIM Client 1.0.0".to_owned(),
            time: Some(timestamp(1_000_000_000)),
            ..Activity::default()
        }
    }

    #[test]
    fn requests_are_told_by_what_was_wrong_with_them() {
        let ours = ["rc_scim_abcdef".to_owned()];
        let unknown = request("/scim/v2/Users", "", "the bearer token is not valid");
        let requests = [
            unknown.clone(),
            request("/scim/v2/scim/v2/Users", "", "twice"),
            unknown.clone(),
            request("/scim/v2/Users", "rc_scim_abcdef", "write `Bearer ` before it"),
            request("/scim/v2/Users", "rc_scim_abcdef", "the bearer token is not valid"),
            unknown,
        ];
        let told = told(&requests, &ours, 1_010_000_000);
        let texts: Vec<_> = told.iter().map(|stray| stray.text.as_str()).collect();
        assert_eq!(
            texts[0],
            "3 requests came with a token that is not valid, the last 10 seconds ago, from 203.0.113.7 (Okta SCIM Client 1.0.0)."
        );
        assert!(texts[1].starts_with("1 request came to a path that has /scim/v2 twice"), "{}", texts[1]);
        assert!(texts[2].contains("without “Bearer ” before it"), "{}", texts[2]);
        assert!(texts[3].contains("begins with rc_scim_abcdef"), "{}", texts[3]);
        assert_eq!(texts.len(), 4);
    }
}
