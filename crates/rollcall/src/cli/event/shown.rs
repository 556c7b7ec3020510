//! Events and origins as they are shown.

use rollcall_api::person::label;
use rollcall_api::v1::{AttributeOrigin, CredentialKind, Event, EventActor, EventChange, Value as Message};
use rollcall_api::{event, value};
use serde_json::{Map, Value, json};

use crate::cli::people;
use crate::cli::time::{exact_time, short_time};
use crate::output::{Cell, Table};

/// The longest value of a change in text, in characters.
const LONGEST_VALUE: usize = 40;

/// Events for people.
pub(super) fn as_table(events: &[Event]) -> Table {
    let mut table = Table::new(&["NUMBER", "TIME", "TYPE", "BY", "CHANGES", "SUBJECT"]);
    for event in events {
        table.row([
            event.number.to_string().into(),
            Cell::optional(short_time(event.time)),
            type_name(event).into(),
            by(event.actor.as_ref()).into(),
            changes(event).into(),
            event.subject.as_str().into(),
        ]);
    }
    table
}

/// An event in a line for people.
pub(super) fn as_text(event: &Event) -> String {
    let time = short_time(event.time).unwrap_or_default();
    let parts = [
        event.number.to_string(),
        time,
        type_name(event).to_owned(),
        event.subject.clone(),
        format!("by {}", by(event.actor.as_ref())),
        changes(event),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ")
}

/// An event for machines.
pub(super) fn as_json(event: &Event) -> Value {
    let changes = event.changes.iter().map(|change| (change.name.clone(), change_json(change)));
    json!({
        "number": event.number,
        "id": event.id,
        "type": type_name(event),
        "subject": event.subject,
        "version": event.version,
        "time": exact_time(event.time),
        "actor": actor_json(event.actor.as_ref()),
        "requestId": Some(event.request_id.as_str()).filter(|id| !id.is_empty()),
        "changes": changes.collect::<Map<_, _>>(),
    })
}

/// Where attributes come from, for people.
pub(in crate::cli) fn origins_table(origins: &[AttributeOrigin]) -> Table {
    let mut table = Table::new(&["ATTRIBUTE", "LAST CHANGED", "BY", "EVENT"]);
    for origin in origins {
        let name = Some(origin.attribute.as_str()).filter(|name| !name.is_empty());
        let number = Some(origin.event_number).filter(|number| *number > 0);
        table.row([
            name.map_or_else(|| Cell::Faint("every other".to_owned()), Into::into),
            Cell::optional(short_time(origin.time)),
            by(origin.actor.as_ref()).into(),
            Cell::optional(number.map(|number| number.to_string())),
        ]);
    }
    table
}

/// Where attributes come from, for machines; `*` stands for every attribute that is not named.
pub(in crate::cli) fn origins_json(origins: &[AttributeOrigin]) -> Value {
    let origin = |origin: &AttributeOrigin| {
        let name = if origin.attribute.is_empty() { "*" } else { &origin.attribute };
        let told = json!({
            "event": origin.event_id,
            "number": Some(origin.event_number).filter(|number| *number > 0),
            "time": exact_time(origin.time),
            "actor": actor_json(origin.actor.as_ref()),
        });
        (name.to_owned(), told)
    };
    Value::Object(origins.iter().map(origin).collect())
}

fn type_name(event: &Event) -> &'static str {
    event::type_name(event.r#type()).unwrap_or("unknown")
}

/// Who made a change, for people.
pub(in crate::cli) fn by(actor: Option<&EventActor>) -> &str {
    match actor {
        None => "rollcall",
        Some(EventActor { person: Some(person), .. }) => label(person),
        Some(actor) if actor.prefix.is_empty() => &actor.credential_id,
        Some(actor) => &actor.prefix,
    }
}

/// Who made a change, for machines.
pub(in crate::cli) fn actor_json(actor: Option<&EventActor>) -> Value {
    let Some(actor) = actor else { return Value::Null };
    let kind = match actor.kind() {
        CredentialKind::Unspecified => None,
        CredentialKind::ScimToken => Some("scim-token"),
        CredentialKind::ServiceKey => Some("service-key"),
        CredentialKind::AdminKey => Some("admin-key"),
        CredentialKind::ClientSecret => Some("client-secret"),
        CredentialKind::AccessToken => Some("access-token"),
    };
    json!({
        "id": actor.credential_id,
        "kind": kind,
        "prefix": Some(actor.prefix.as_str()).filter(|prefix| !prefix.is_empty()),
        "person": actor.person.as_ref().map(people::as_json),
    })
}

fn change_json(change: &EventChange) -> Value {
    if has_moves(change) {
        return json!({ "added": change.added, "removed": change.removed });
    }
    json!({ "before": json(change.before.as_ref()), "after": json(change.after.as_ref()) })
}

/// What changed, in short: `title="Boss" members+2`.
fn changes(event: &Event) -> String {
    let change = |change: &EventChange| {
        if has_moves(change) {
            let count = |sign, ids: &[String]| {
                if ids.is_empty() { String::new() } else { format!("{sign}{}", ids.len()) }
            };
            return format!("{}{}{}", change.name, count("+", &change.added), count("-", &change.removed));
        }
        let after = json(change.after.as_ref()).to_string();
        let short: String = after.chars().take(LONGEST_VALUE).collect();
        let rest = if short.len() < after.len() { "…" } else { "" };
        format!("{}={short}{rest}", change.name)
    };
    event.changes.iter().map(change).collect::<Vec<_>>().join(" ")
}

fn has_moves(change: &EventChange) -> bool {
    !change.added.is_empty() || !change.removed.is_empty()
}

fn json(message: Option<&Message>) -> Value {
    message.cloned().map(value::from_message).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rollcall_api::v1::EventType;

    use super::*;

    fn event() -> Event {
        Event {
            number: 17,
            id: "01970000-0000-7000-8000-000000000000".to_owned(),
            r#type: EventType::UserUpdated.into(),
            subject: "01970000-0000-7000-8000-000000000001".to_owned(),
            version: Some(2),
            time: Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 5_000 }),
            actor: Some(EventActor {
                credential_id: "01970000-0000-7000-8000-000000000002".to_owned(),
                kind: CredentialKind::ScimToken.into(),
                prefix: "rc_scim_abc123".to_owned(),
                person: None,
            }),
            request_id: "sync-1".to_owned(),
            changes: vec![
                EventChange {
                    name: "title".to_owned(),
                    before: Some(value::to_message(Value::Null)),
                    after: Some(value::to_message(json!("Boss"))),
                    ..EventChange::default()
                },
                EventChange {
                    name: "members".to_owned(),
                    added: vec!["a".to_owned(), "b".to_owned()],
                    removed: vec!["c".to_owned()],
                    ..EventChange::default()
                },
            ],
        }
    }

    #[test]
    fn people_read_who_changed_what() {
        let text = as_text(&event());
        for part in
            ["17  2023-11-14T22:13:20Z  user.updated", "by rc_scim_abc123", "title=\"Boss\" members+2-1"]
        {
            assert!(text.contains(part), "{text}");
        }
        let row = as_table(&[Event { actor: None, ..event() }]).render(false);
        assert!(row.lines().nth(1).unwrap().contains("rollcall"), "{row}");
    }

    #[test]
    fn machines_read_everything() {
        let json = as_json(&event());
        assert_eq!(json["number"], 17);
        assert_eq!(json["type"], "user.updated");
        assert_eq!(json["time"], "2023-11-14T22:13:20.000005Z");
        assert_eq!(json["actor"]["kind"], "scim-token");
        assert_eq!(json["requestId"], "sync-1");
        assert_eq!(json["changes"]["title"], json!({ "before": null, "after": "Boss" }));
        assert_eq!(json["changes"]["members"], json!({ "added": ["a", "b"], "removed": ["c"] }));
        assert!(!json.to_string().contains('\n'));
    }

    #[test]
    fn an_origin_says_what_it_is_of() {
        let origins = [
            AttributeOrigin { event_id: "e1".to_owned(), ..AttributeOrigin::default() },
            AttributeOrigin {
                attribute: "title".to_owned(),
                event_id: "e2".to_owned(),
                event_number: 17,
                time: event().time,
                actor: event().actor,
            },
        ];
        let json = origins_json(&origins);
        assert_eq!(json["*"]["number"], Value::Null);
        assert_eq!(json["title"]["number"], 17);
        let table = origins_table(&origins).render(false);
        assert!(table.lines().nth(1).unwrap().starts_with("every other"), "{table}");
        assert!(table.lines().nth(2).unwrap().contains("rc_scim_abc123"), "{table}");
    }
}
