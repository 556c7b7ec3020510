//! The audit log.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use rollcall_api::person::label;
use rollcall_api::v1::{AuditRecord, ListAuditRecordsRequest};
use rollcall_api::{client, value};
use serde_json::Value;

use crate::assets::Assets;
use crate::cookies::Theme;
use crate::dress::render;
use crate::pages::{Parameters, given};
use crate::problem::Problem;
use crate::session::SignedIn;
use crate::shell::{Section, Shell, directory_path};
use crate::time::Moment;
use crate::{Console, url};

/// A list or a setting with nothing in it.
const NONE: &str = "none";
/// Records in a page.
const PAGE: i32 = 50;

/// One line of the log.
#[derive(Debug)]
struct Row {
    title: String,
    /// The page of the user or group that it happened to; empty, there is none.
    subject: String,
    directory: String,
    actor: String,
    actor_prefix: String,
    time: Option<Moment>,
    changes: Vec<Change>,
}

/// One thing that changed: as it was, and as it is.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) name: String,
    pub(crate) before: String,
    pub(crate) after: String,
}

impl Change {
    /// A change between two values; what was not there is empty.
    pub(crate) fn new(name: String, before: Value, after: Value) -> Self {
        let (before, after) = (told(&name, before), told(&name, after));
        Self { name, before, after }
    }
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "audit.html")]
struct AuditPage {
    assets: &'static Assets,
    theme: Theme,
    shell: Shell,
    rows: Vec<Row>,
    directory: String,
    actor: String,
    first: String,
    next: String,
}

pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    session: SignedIn,
    query: Parameters,
) -> Result<Response, Problem> {
    let text = |name| given(&query, name).trim().to_owned();
    let (directory, actor, token) = (text("directory"), text("actor"), text("page"));
    let request = session.message(ListAuditRecordsRequest {
        directory: directory.clone(),
        actor: actor.clone(),
        page_size: PAGE,
        page_token: token.clone(),
        ..ListAuditRecordsRequest::default()
    });
    let listed = async { console.answered(client::audit(console.core()).list_audit_records(request)).await };
    let (shell, listed) = tokio::try_join!(console.shell(&session, Section::Audit), listed)?;
    let now = console.now();
    let address = |token: &str| {
        let query = [("directory", directory.as_str()), ("actor", &actor), ("page", token)];
        format!("/admin/audit{}", url::query(&query))
    };
    Ok(render(&AuditPage {
        assets: shell.assets,
        theme: shell.theme,
        shell,
        rows: listed.records.into_iter().map(|record| row(record, now)).collect(),
        first: if token.is_empty() { String::new() } else { address("") },
        next: match listed.next_page_token.as_str() {
            "" => String::new(),
            token => address(token),
        },
        directory,
        actor,
    }))
}

fn row(record: AuditRecord, now: i64) -> Row {
    let json = |value: Option<rollcall_api::v1::Value>| value.map_or(Value::Null, value::from_message);
    let subject = subject_page(&record);
    let changes = record
        .changes
        .into_iter()
        .map(|change| Change::new(change.name, json(change.before), json(change.after)))
        .map(|change| Change { name: spaced(&change.name), ..change });
    let actor = record.actor.unwrap_or_default();
    Row {
        title: kind_title(&record.kind),
        subject,
        directory: record.directory,
        actor: match &actor.person {
            Some(person) => format!("{}, by OpenID Connect", label(person)),
            None => actor.name,
        },
        actor_prefix: actor.prefix,
        time: Moment::of(record.time.as_ref(), now),
        changes: changes.filter(|change| change.before != change.after).collect(),
    }
}

/// The page of the user or group that a record is about, unless it is gone with the change.
fn subject_page(record: &AuditRecord) -> String {
    let folder = match record.kind.split_once('.') {
        Some((_, "deleted")) => return String::new(),
        Some(("user", _)) => "users",
        Some(("group", _)) => "groups",
        _ => return String::new(),
    };
    format!("{}/{folder}/{}", directory_path(&record.directory), url::escape(&record.subject))
}

/// What happened, such as `Directory updated` for `directory.updated`.
pub(crate) fn kind_title(kind: &str) -> String {
    let words = kind.replace(['.', '_'], " ").replace("oauth", "OAuth");
    let mut characters = words.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// A value in a line. Times are told as times: they are kept in µs.
fn told(name: &str, value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "on".to_owned(),
        Value::Bool(false) => "off".to_owned(),
        Value::String(text) => text,
        Value::Number(number) if matches!(name, "expires" | "revoked") => {
            number.as_i64().map(|micros| Moment::new(micros, micros).exact).unwrap_or_default()
        }
        Value::Number(number) => number.to_string(),
        Value::Array(items) => joined(items.into_iter().map(|item| told(name, item)), "; "),
        Value::Object(members) => {
            let told = members.into_iter().map(|(key, value)| match told(&key, value) {
                value if value.is_empty() || value == NONE => String::new(),
                value => format!("{} {value}", spaced(&key)),
            });
            joined(told, ", ")
        }
    }
}

/// What there is of several values.
fn joined(values: impl Iterator<Item = String>, between: &str) -> String {
    let values: Vec<String> = values.filter(|value| !value.is_empty() && value != NONE).collect();
    if values.is_empty() { NONE.to_owned() } else { values.join(between) }
}

/// The name of a setting as people write it.
fn spaced(name: &str) -> String {
    name.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn changes_are_told_in_words() {
        let change = Change::new("expires".to_owned(), json!(null), json!(1_700_000_000_000_000_i64));
        assert_eq!((change.before.as_str(), change.after.as_str()), ("", "2023-11-14 22:13:20 UTC"));
        let change = Change::new("scim".to_owned(), json!(true), json!(false));
        assert_eq!((change.before.as_str(), change.after.as_str()), ("on", "off"));
        let change = Change::new(
            "provisioning".to_owned(),
            json!({}),
            json!({"saml": true, "days_kept": 30, "addresses": ["a", "b"], "groups": []}),
        );
        assert_eq!(change.before, "none");
        for part in ["saml on", "days kept 30", "addresses a; b"] {
            assert!(change.after.contains(part), "{}", change.after);
        }
        assert!(!change.after.contains("groups"), "what there is none of is not told: {}", change.after);
        assert_eq!(kind_title("oauth_client.created"), "OAuth client created");
        assert_eq!(kind_title("user.administrator_changed"), "User administrator changed");
    }
}
