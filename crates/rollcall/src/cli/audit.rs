//! `rollcall audit`: what administrators changed.

use anyhow::Result;
use clap::{Args, Subcommand};
use rollcall_api::person::label;
use rollcall_api::v1::{AuditActor, AuditRecord, CredentialKind, ListAuditRecordsRequest, Value as Message};
use rollcall_api::{client, value};
use serde_json::{Value, json};

use super::people;
use super::time::{Past, exact_time, message_of, now, short_time};
use crate::client::{Client, Connection};
use crate::output::{self, Cell, Table};

/// Records that are asked for at once.
const PAGE: usize = 1000;
/// The longest value in a table, in characters.
const LONGEST_VALUE: usize = 40;

/// `rollcall audit`.
#[derive(Debug, Args)]
pub(super) struct Audit {
    #[command(flatten)]
    connection: Connection,

    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the changes, newest first
    #[command(after_help = "Examples:\n  rollcall audit list --directory acme\n  \
                            rollcall audit list --actor rc_admin_abc123 --since 7d --json")]
    List(List),
}

#[derive(Debug, Args)]
struct List {
    /// Only those of this directory, also after it was deleted
    #[arg(long, default_value = "", hide_default_value = true)]
    directory: String,

    /// Only those by one credential: its id or its first characters
    #[arg(long, value_name = "ID|PREFIX", default_value = "", hide_default_value = true)]
    actor: String,

    /// Only those since a time such as 2027-01-31T00:00:00Z, or since so long ago, such as 24h
    #[arg(long, value_name = "WHEN", value_parser = Past::parse)]
    since: Option<Past>,

    /// Only those before a time, or before so long ago
    #[arg(long, value_name = "WHEN", value_parser = Past::parse)]
    until: Option<Past>,

    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,
}

impl Audit {
    pub(super) async fn run(self) -> Result<()> {
        let client = Client::connect(&self.connection).await?;
        let Action::List(list) = self.action;
        let records = list.records(&client).await?;
        if self.connection.json {
            return output::json(&json!({ "records": records.iter().map(as_json).collect::<Vec<_>>() }));
        }
        output::table(&as_table(&records))
    }
}

impl List {
    /// The wanted records, page by page.
    async fn records(self, client: &Client) -> Result<Vec<AuditRecord>> {
        let wanted = self.count as usize;
        let now = now();
        let mut request = ListAuditRecordsRequest {
            directory: self.directory,
            actor: self.actor,
            from: self.since.map(|past| past.message(now)).transpose()?,
            until: self.until.map(|past| past.message(now)).transpose()?,
            page_size: i32::try_from(wanted.min(PAGE)).unwrap_or(i32::MAX),
            page_token: String::new(),
        };
        let mut records = Vec::new();
        loop {
            let answer =
                client::audit(client.channel()).list_audit_records(client.request(request.clone())).await;
            let page = answer.map_err(|status| client.explain(&status))?.into_inner();
            records.extend(page.records);
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() || records.len() >= wanted {
                records.truncate(wanted);
                return Ok(records);
            }
        }
    }
}

fn as_table(records: &[AuditRecord]) -> Table {
    let mut table = Table::new(&["TIME", "DIRECTORY", "WHAT", "BY", "CHANGES", "SUBJECT"]);
    for record in records {
        table.row([
            Cell::optional(short_time(record.time)),
            Cell::optional(Some(record.directory.as_str()).filter(|name| !name.is_empty())),
            record.kind.as_str().into(),
            by(record.actor.as_ref()),
            changes(record).into(),
            record.subject.as_str().into(),
        ]);
    }
    table
}

fn by(actor: Option<&AuditActor>) -> Cell {
    match actor {
        None => Cell::Faint("rollcall".to_owned()),
        Some(AuditActor { person: Some(person), prefix, .. }) => {
            format!("{} ({prefix})", label(person)).into()
        }
        Some(actor) if actor.name.is_empty() => actor.prefix.as_str().into(),
        Some(actor) => format!("{} ({})", actor.prefix, actor.name).into(),
    }
}

/// What changed, in short: `scim=false title="Boss"`.
fn changes(record: &AuditRecord) -> String {
    let change = |change: &rollcall_api::v1::AuditChange| {
        let after = json(change.after.as_ref());
        let after = time_of(&change.name, &after).unwrap_or_else(|| after.to_string());
        let short: String = after.chars().take(LONGEST_VALUE).collect();
        let rest = if short.len() < after.len() { "…" } else { "" };
        format!("{}={short}{rest}", change.name)
    };
    record.changes.iter().map(change).collect::<Vec<_>>().join(" ")
}

/// The time that a change is to, which the log has in µs.
fn time_of(name: &str, value: &Value) -> Option<String> {
    let is_time = matches!(name, "expires" | "revoked");
    value.as_i64().filter(|_| is_time).and_then(|micros| short_time(message_of(Some(micros))))
}

fn as_json(record: &AuditRecord) -> Value {
    let named = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let changes = record.changes.iter().map(|change| {
        let (before, after) = (json(change.before.as_ref()), json(change.after.as_ref()));
        (change.name.clone(), json!({ "before": before, "after": after }))
    });
    json!({
        "id": record.id,
        "time": exact_time(record.time),
        "directory": named(&record.directory),
        "directoryId": named(&record.directory_id),
        "kind": record.kind,
        "subject": record.subject,
        "actor": record.actor.as_ref().map(|actor| json!({
            "id": actor.credential_id,
            "kind": kind_name(actor),
            "prefix": actor.prefix,
            "name": actor.name,
            "person": actor.person.as_ref().map(people::as_json),
        })),
        "requestId": named(&record.request_id),
        "changes": changes.collect::<serde_json::Map<_, _>>(),
    })
}

fn json(value: Option<&Message>) -> Value {
    value.cloned().map(value::from_message).unwrap_or_default()
}

fn kind_name(actor: &AuditActor) -> Option<&'static str> {
    match actor.kind() {
        CredentialKind::Unspecified => None,
        CredentialKind::ScimToken => Some("scim-token"),
        CredentialKind::ServiceKey => Some("service-key"),
        CredentialKind::AdminKey => Some("admin-key"),
        CredentialKind::ClientSecret => Some("client-secret"),
        CredentialKind::AccessToken => Some("access-token"),
    }
}

#[cfg(test)]
mod tests {
    use rollcall_api::v1::AuditChange;

    use super::*;

    fn record() -> AuditRecord {
        AuditRecord {
            id: "01970000-0000-7000-8000-000000000000".to_owned(),
            time: Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 5_000 }),
            directory: "acme".to_owned(),
            kind: "directory.updated".to_owned(),
            subject: "01970000-0000-7000-8000-000000000001".to_owned(),
            actor: Some(AuditActor {
                credential_id: "01970000-0000-7000-8000-000000000002".to_owned(),
                kind: CredentialKind::AdminKey.into(),
                prefix: "rc_admin_abc123".to_owned(),
                name: "ops".to_owned(),
                person: None,
            }),
            changes: vec![AuditChange {
                name: "scim".to_owned(),
                before: Some(value::to_message(json!(true))),
                after: Some(value::to_message(json!(false))),
            }],
            ..AuditRecord::default()
        }
    }

    #[test]
    fn when_a_credential_ends_is_told_as_a_time() {
        assert_eq!(time_of("expires", &json!(1_700_000_000_000_000_i64)).unwrap(), "2023-11-14T22:13:20Z");
        assert_eq!(time_of("expires", &Value::Null), None);
        assert_eq!(time_of("retention_days", &json!(30)), None);
    }

    #[test]
    fn a_record_says_who_changed_what() {
        let table = as_table(&[record()]).render(false);
        let row = table.lines().nth(1).unwrap();
        assert!(row.contains("directory.updated"), "{row}");
        assert!(row.contains("rc_admin_abc123 (ops)"), "{row}");
        assert!(row.contains("scim=false"), "{row}");
        let json = as_json(&record());
        assert_eq!(json["changes"]["scim"], json!({ "before": true, "after": false }));
        assert_eq!(json["actor"]["kind"], "admin-key");
        assert_eq!(json["directoryId"], Value::Null);
    }

    #[test]
    fn a_person_is_named_before_the_key_that_stands_for_them() {
        let mut record = record();
        let actor = record.actor.as_mut().unwrap();
        actor.person = Some(rollcall_api::v1::Person {
            issuer: "https://op.example".to_owned(),
            subject: "00u1".to_owned(),
            email: "ana@example.com".to_owned(),
            name: "Ana".to_owned(),
        });
        let table = as_table(std::slice::from_ref(&record)).render(false);
        assert!(table.contains("ana@example.com (rc_admin_abc123)"), "{table}");
        assert_eq!(as_json(&record)["actor"]["person"]["subject"], "00u1");
    }

    #[test]
    fn what_nobody_did_rollcall_did() {
        let table = as_table(&[AuditRecord { actor: None, ..record() }]).render(false);
        assert!(table.lines().nth(1).unwrap().contains("rollcall"), "{table}");
    }
}
