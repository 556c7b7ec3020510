//! What gateways report: whose it is, what of it is kept, and what it says of the connection.

use std::collections::BTreeMap;

use rollcall_api::secrets::shown_of_secret;
use rollcall_api::v1::{ActivityReport, AnsweredRequest, ErrorReason, RecordActivityRequest};
use rollcall_store::{Activity, ActivitySettings, Body, ConnectionError, Heard, Recording};
use secrecy::SecretString;
use uuid::Uuid;

use super::brought::LOOK_UPS;
use super::ids::Ids;
use super::naming;
use super::redaction::{LONGEST_BODY, Redaction, spellings};
use super::{FAILURES, NO_DIRECTORY};
use crate::Core;
use crate::error::{Error, Result};
use crate::gate;
use crate::secret;
use crate::texts::is_plain_name;

/// Requests in one call at most: so many ids of one call are in order.
const MOST_REQUESTS: usize = 4000;
/// Requests of no directory that are recorded in a minute: anybody can send them.
pub(crate) const UNKNOWN_PER_MINUTE: u32 = 600;
/// The longest path and query, in bytes.
const LONGEST_URL: usize = 2048;
/// The longest of all other texts, in bytes.
const LONGEST_TEXT: usize = 1024;
/// Notes that are kept of a request.
const MOST_NOTES: usize = 20;

/// Whose requests a report has.
struct Sender {
    /// The id of the directory, or that of none.
    directory: Uuid,
    settings: ActivitySettings,
    credential: Option<Uuid>,
    prefix: Option<String>,
    /// The secret that was presented, in every spelling.
    presented: Vec<SecretString>,
}

impl Core {
    /// Records what gateways have answered. Errors: `TOO_MANY`, `INVALID_VALUE`.
    pub(super) async fn record_activity(&self, request: RecordActivityRequest) -> Result<()> {
        let requests: usize = request.reports.iter().map(|report| report.requests.len()).sum();
        if requests > MOST_REQUESTS || request.reports.len() > MOST_REQUESTS {
            return Err(Error::new(
                ErrorReason::TooMany,
                format!(
                    "{requests} requests in {} reports in one call; send {MOST_REQUESTS} of each at most",
                    request.reports.len()
                ),
            ));
        }
        let call = Some(request.call_id.as_str()).filter(|call| !call.is_empty());
        if call.is_some_and(|call| !is_plain_name(call)) {
            return Err(Error::value("call_id: give at most 64 ASCII letters, digits, '.', '_' and '-'"));
        }
        let now = self.clock.now();
        let ids = Ids::new(now, &*self.random);
        let mut batch = Batch { now, sent: request.now_micros, ids, ..Batch::default() };
        let mut look_ups = LOOK_UPS;
        // Whose nothing is, nobody needs to know: a look-up for each of them is what a stranger could ask for.
        for report in request.reports.into_iter().filter(|report| !report.requests.is_empty()) {
            let sender = self.sender(&report).await?;
            for request in report.requests {
                if sender.directory == NO_DIRECTORY && self.unknown_requests.count((), now).is_err() {
                    batch.passed_over += 1;
                    continue;
                }
                let brought = self.brought_along(&request, &mut look_ups).await?;
                batch.add(&sender, &request, &brought)?;
            }
        }
        if batch.passed_over > 0 {
            tracing::info!(
                requests = batch.passed_over,
                "requests without a known credential were not recorded: there were too many"
            );
        }
        if batch.heard.is_empty() {
            return Ok(());
        }
        let mut transaction = self.store.begin().await?;
        if let Some(call) = call
            && !transaction.note_recorded_call(call, now).await?
        {
            return Ok(());
        }
        transaction.insert_activities(&batch.activities).await?;
        for heard in batch.heard.values() {
            transaction.hear(heard).await?;
        }
        Ok(transaction.save().await?)
    }

    /// Finds out whose the requests are, by the credential that they came with. Of one that has ended they are still the
    /// directory's: an administrator wants to see that somebody presents it.
    async fn sender(&self, report: &ActivityReport) -> Result<Sender> {
        let authorization = String::from_utf8_lossy(&report.authorization);
        let presented = gate::token_of(&authorization);
        let found = match presented.and_then(secret::lookup_hash) {
            Some(hash) => self.store.credential(&hash).await?,
            None => None,
        };
        let (credential, directory) = match found {
            Some((credential, directory)) => (Some(credential), directory),
            None => (None, None),
        };
        let presented = presented.unwrap_or(&authorization);
        Ok(Sender {
            directory: directory.as_ref().map_or(NO_DIRECTORY, |directory| directory.id),
            settings: directory.map_or_else(ActivitySettings::default, |directory| directory.activity),
            prefix: match &credential {
                Some(credential) => Some(credential.prefix.clone()),
                None => shown_of_secret(presented),
            },
            credential: credential.map(|credential| credential.id),
            presented: spellings(presented),
        })
    }
}

/// What is written at once.
#[derive(Default)]
struct Batch {
    /// When it is recorded, in µs.
    now: i64,
    /// The same on the gateway's clock.
    sent: i64,
    ids: Ids,
    activities: Vec<Activity>,
    /// By directory, so that all replicas write them in the same order.
    heard: BTreeMap<Uuid, Heard>,
    passed_over: u32,
}

impl Batch {
    /// Adds a request, and secrets that are known to be in it.
    fn add(&mut self, sender: &Sender, request: &AnsweredRequest, secrets: &[SecretString]) -> Result<()> {
        let time = self.time(request)?;
        let status = i64::from(request.status);
        let fails = status >= FAILURES;
        let is_kept = match sender.settings.recording {
            Recording::All => true,
            Recording::FailuresAndWrites => fails || is_write(request),
            Recording::Off => false,
        };
        // Whoever looks for somebody who is not there goes on; whoever looks where no endpoint is has the wrong URL.
        let looks_up = is_read(request) && !request.target_id.is_empty();
        let is_error = fails && !(status == 404 && looks_up);
        let id = is_kept.then(|| self.ids.next());
        let heard = self.heard.entry(sender.directory).or_insert_with(|| Heard {
            directory: sender.directory,
            entries: 0,
            last_seen: time,
            last_success: None,
            last_error: None,
        });
        heard.entries += i64::from(is_kept);
        heard.last_seen = heard.last_seen.max(time);
        if !is_error {
            heard.last_success = heard.last_success.max(Some(time));
        }
        if !is_kept && !is_error {
            return Ok(());
        }
        let activity = kept(sender, request, secrets, id.unwrap_or_default(), time);
        if is_error && heard.last_error.as_ref().is_none_or(|last| last.time <= time) {
            heard.last_error =
                Some(ConnectionError { time, status, detail: activity.detail.clone(), activity: id });
        }
        if is_kept {
            self.activities.push(activity);
        }
        Ok(())
    }

    /// When a request came in. Gateway and core need no common clock.
    fn time(&self, request: &AnsweredRequest) -> Result<i64> {
        let age = self.sent.checked_sub(request.began_micros).filter(|age| *age >= 0);
        let lengths = [request.latency_micros, request.request_body_bytes, request.response_body_bytes];
        if lengths.iter().any(|length| *length < 0) || !(100..=599).contains(&request.status) {
            return Err(Error::value("requests: one has a status or a length that there cannot be"));
        }
        age.and_then(|age| self.now.checked_sub(age)).ok_or_else(|| {
            Error::value("requests: one began after now_micros, or longer ago than any calendar knows")
        })
    }
}

/// A request as it is kept: within its limits, and without what must not stay.
fn kept(
    sender: &Sender,
    request: &AnsweredRequest,
    secrets: &[SecretString],
    id: Uuid,
    time: i64,
) -> Activity {
    let redaction = Redaction::new(&sender.presented, sender.settings.redact_personal_data);
    let mut redaction = redaction.knowing(secrets).knowing_encoded(&request.path, &request.query);
    let body = |redaction: &mut Redaction<'_>, body: &[u8], bytes: i64| -> Option<Body> {
        redaction.body(body.get(..LONGEST_BODY).unwrap_or(body), bytes)
    };
    let request_body = body(&mut redaction, &request.request_body, request.request_body_bytes);
    let response_body = body(&mut redaction, &request.response_body, request.response_body_bytes);
    let named = |text: &str| Some(cut(text, LONGEST_TEXT)).filter(|text| !text.is_empty()).map(str::to_owned);
    let url = |text: &str| cut(text, LONGEST_URL).to_owned();
    let notes = request.notes.iter().take(MOST_NOTES);
    let query = Some(redaction.query(&url(&request.query))).filter(|query| !query.is_empty());
    Activity {
        directory: sender.directory,
        id,
        time,
        duration: request.latency_micros,
        method: redaction.plain(cut(&request.method, LONGEST_TEXT)),
        path: redaction.path(&url(&request.path)),
        target_type: named(&request.target_type).map(|text| redaction.plain(&text)),
        target_id: named(&request.target_id).map(|text| redaction.id(&text)),
        status: request.status.into(),
        scim_type: named(&request.scim_type).map(|text| redaction.plain(&text)),
        detail: named(&request.detail).map(|text| redaction.text(&text)),
        credential: sender.credential,
        token_prefix: sender.prefix.clone(),
        client: redaction.plain(cut(&request.client_address, LONGEST_TEXT)),
        user_agent: named(&request.user_agent).map(|text| redaction.plain(&text)),
        request_id: redaction.plain(cut(&request.request_id, LONGEST_TEXT)),
        notes: notes.map(|note| redaction.text(cut(note, LONGEST_TEXT))).collect(),
        names: naming::names([request_body.as_ref(), response_body.as_ref()], query.as_deref()),
        query,
        request_body,
        response_body,
    }
}

/// Every text that is kept of a request that came with this header `Authorization`, and what it is.
#[cfg(feature = "fuzzing")]
pub fn kept_texts(
    authorization: &str,
    request: &AnsweredRequest,
    redact_personal_data: bool,
) -> Vec<(&'static str, String)> {
    let presented = gate::token_of(authorization).unwrap_or(authorization);
    let sender = Sender {
        directory: NO_DIRECTORY,
        settings: ActivitySettings { redact_personal_data, ..ActivitySettings::default() },
        credential: None,
        prefix: shown_of_secret(presented),
        presented: spellings(presented),
    };
    let kept = kept(&sender, request, &[], Uuid::nil(), 0);
    let mut texts = vec![
        ("method", Some(kept.method)),
        ("path", Some(kept.path)),
        ("query", kept.query),
        ("target", kept.target_id),
        ("detail", kept.detail),
        ("user agent", kept.user_agent),
        ("request id", Some(kept.request_id)),
        ("request body", kept.request_body.map(|body| body.json)),
        ("response body", kept.response_body.map(|body| body.json)),
    ];
    texts.extend(kept.notes.into_iter().map(|note| ("note", Some(note))));
    texts.into_iter().filter_map(|(what, text)| Some((what, text?))).collect()
}

fn cut(text: &str, longest: usize) -> &str {
    text.get(..text.floor_char_boundary(longest)).unwrap_or(text)
}

fn is_read(request: &AnsweredRequest) -> bool {
    matches!(request.method.as_str(), "GET" | "HEAD")
}

/// Whether a request was to change something; a search by POST was not.
fn is_write(request: &AnsweredRequest) -> bool {
    matches!(request.method.as_str(), "POST" | "PUT" | "PATCH" | "DELETE")
        && !request.path.trim_end_matches('/').ends_with("/.search")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender(recording: Recording) -> Sender {
        Sender {
            directory: Uuid::from_u128(7),
            settings: ActivitySettings { recording, ..ActivitySettings::default() },
            credential: None,
            prefix: None,
            presented: Vec::new(),
        }
    }

    fn request(method: &str, path: &str, status: i32, began_micros: i64) -> AnsweredRequest {
        AnsweredRequest {
            method: method.to_owned(),
            path: path.to_owned(),
            status,
            began_micros,
            detail: if status >= 400 { format!("{method} failed") } else { String::new() },
            ..AnsweredRequest::default()
        }
    }

    fn batch(recording: Recording, requests: Vec<AnsweredRequest>) -> Batch {
        let mut batch = Batch { now: 1_000_000, sent: 100, ..Batch::default() };
        for request in requests {
            batch.add(&sender(recording), &request, &[]).unwrap();
        }
        batch
    }

    #[test]
    fn a_directory_keeps_what_its_settings_say() {
        let sent = || {
            vec![
                request("GET", "/scim/v2/Users", 200, 1),
                request("POST", "/scim/v2/Users/.search", 200, 2),
                request("POST", "/scim/v2/Users", 201, 3),
                request("GET", "/scim/v2/Users/x", 404, 4),
            ]
        };
        let kept = |recording| {
            let batch = batch(recording, sent());
            let kept: Vec<_> = batch.activities.iter().map(|activity| activity.status).collect();
            (kept, batch.heard[&Uuid::from_u128(7)].clone())
        };
        let (all, heard) = kept(Recording::All);
        assert_eq!((all, heard.entries), (vec![200, 200, 201, 404], 4));
        let (some, heard) = kept(Recording::FailuresAndWrites);
        assert_eq!((some, heard.entries), (vec![201, 404], 2));
        let (none, heard) = kept(Recording::Off);
        assert_eq!((none, heard.entries), (vec![], 0));
        assert_eq!(heard.last_seen, 1_000_000 - 96, "the connection is heard of all the same");
    }

    #[test]
    fn what_is_not_there_is_no_error_of_the_connection_but_every_other_failure_is() {
        let heard = |requests| batch(Recording::All, requests).heard.into_values().next().unwrap();
        let somebody =
            || AnsweredRequest { target_id: "x".to_owned(), ..request("GET", "/scim/v2/Users/x", 404, 50) };
        let elsewhere = heard(vec![request("GET", "/Users", 404, 50)]);
        assert_eq!(
            (elsewhere.last_success, elsewhere.last_error.map(|error| error.status)),
            (None, Some(404))
        );
        let looked_up = heard(vec![somebody()]);
        assert_eq!((looked_up.last_success, looked_up.last_error), (Some(999_950), None));
        let failed = heard(vec![
            request("PATCH", "/scim/v2/Users/x", 404, 60),
            request("GET", "/scim/v2/Users", 401, 70),
            request("GET", "/scim/v2/Users", 200, 65),
        ]);
        assert_eq!(failed.last_success, Some(999_965));
        let error = failed.last_error.unwrap();
        assert_eq!((error.time, error.status, error.detail.as_deref()), (999_970, 401, Some("GET failed")));
        assert!(error.activity.is_some());
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for odd in [
            request("GET", "/", 200, 101),
            request("GET", "/", 42, 0),
            request("GET", "/", 200, i64::MIN),
            AnsweredRequest { latency_micros: -1, ..request("GET", "/", 200, 0) },
        ] {
            let mut batch = Batch { now: 1_000_000, sent: 100, ..Batch::default() };
            assert!(batch.add(&sender(Recording::All), &odd, &[]).is_err());
        }
    }

    #[test]
    fn what_is_too_long_is_cut() {
        let long = "é".repeat(5000);
        let sent = AnsweredRequest {
            path: format!("/{long}"),
            detail: long.clone(),
            notes: vec![long; 50],
            request_body: vec![b'['; 100_000],
            request_body_bytes: 100_000,
            ..request("PUT", "", 400, 0)
        };
        let batch = batch(Recording::All, vec![sent]);
        let kept = &batch.activities[0];
        assert!(kept.path.len() <= LONGEST_URL && kept.notes.len() == MOST_NOTES);
        assert!(kept.detail.as_ref().unwrap().len() <= LONGEST_TEXT);
        assert!(kept.request_body.as_ref().unwrap().cut);
    }
}
