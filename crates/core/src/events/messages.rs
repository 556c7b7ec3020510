//! Events as messages.

use rollcall_api::v1::{self, EventType};
use rollcall_api::{event, value};
use rollcall_store::{Actor, AttributeOrigin, Author, EventKind, NumberedEvent};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::caller::kind_message;
use crate::credentials::timestamp;
use crate::error::{Error, Result};
use crate::people::person_message;

/// The kinds that a request names. Errors: `INVALID_VALUE` for a number that is no type.
pub(super) fn kinds(types: &[i32]) -> Result<Vec<EventKind>> {
    let kind = |number: &i32| {
        let name = EventType::try_from(*number).ok().and_then(event::type_name);
        name.and_then(EventKind::from_name)
            .ok_or_else(|| Error::value(format!("types: {number} is no type of event")))
    };
    types.iter().map(kind).collect()
}

/// The message of an event.
pub(super) fn message(numbered: NumberedEvent) -> v1::Event {
    let NumberedEvent { number, event, author } = numbered;
    let actor = actor_message(event.actor, author);
    v1::Event {
        number,
        id: event.id.to_string(),
        r#type: event::type_from_name(event.kind.as_str()).into(),
        subject: event.subject.to_string(),
        version: event.version,
        time: Some(timestamp(event.time)),
        actor: actor.map(|actor| v1::EventActor { person: event.person.map(person_message), ..actor }),
        request_id: event.request_id,
        changes: changes(event.changes),
    }
}

/// The message of where an attribute comes from.
pub(super) fn origin(origin: AttributeOrigin) -> v1::AttributeOrigin {
    v1::AttributeOrigin {
        attribute: origin.attribute.unwrap_or_default(),
        event_id: origin.event.to_string(),
        event_number: origin.number.unwrap_or_default(),
        time: Some(timestamp(origin.time)),
        actor: actor_message(origin.actor, origin.author),
    }
}

fn actor_message(actor: Actor, author: Option<Author>) -> Option<v1::EventActor> {
    match actor {
        Actor::Credential(id) => Some(credential_message(id, author)),
        Actor::System => None,
    }
}

/// The message of a credential that made a change.
pub(crate) fn credential_message(id: Uuid, author: Option<Author>) -> v1::EventActor {
    let credential_id = id.to_string();
    match author {
        Some(author) => {
            let kind = kind_message(author.kind).into();
            v1::EventActor { credential_id, kind, prefix: author.prefix, person: None }
        }
        None => v1::EventActor { credential_id, ..v1::EventActor::default() },
    }
}

fn changes(changes: Value) -> Vec<v1::EventChange> {
    let Value::Object(changes) = changes else { return Vec::new() };
    changes.into_iter().map(|(name, change)| self::change(name, change)).collect()
}

/// A change as events keep it: `{"before": …, "after": …}`, and of members `{"added": […], "removed": […]}`.
fn change(name: String, change: Value) -> v1::EventChange {
    let mut parts = match change {
        Value::Object(parts) => parts,
        _ => Map::new(),
    };
    let mut ids = |way| match parts.remove(way) {
        Some(Value::Array(ids)) => ids.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let (added, removed) = (ids("added"), ids("removed"));
    let moved = !added.is_empty() || !removed.is_empty();
    let mut part = |part| {
        let value = parts.remove(part).unwrap_or_default();
        (!moved).then(|| value::to_message(value))
    };
    let (before, after) = (part("before"), part("after"));
    v1::EventChange { name, before, after, added, removed }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_has_a_type_and_every_type_a_kind() {
        for kind in EventKind::ALL {
            let number = event::type_from_name(kind.as_str());
            assert_ne!(number, EventType::Unspecified, "{kind:?} has no type in event.proto");
            assert_eq!(kinds(&[number.into()]).unwrap(), [*kind]);
        }
        for bad in [0, -1, 10_000] {
            assert!(kinds(&[bad]).unwrap_err().to_string().contains("is no type of event"));
        }
    }

    #[test]
    fn attributes_have_what_was_and_what_is_and_members_who_came_and_went() {
        let told = changes(json!({
            "title": {"before": "Boss", "after": null},
            "members": {"added": ["a", "b"]},
        }));
        assert_eq!(told[0].before, Some(value::to_message(json!("Boss"))));
        assert_eq!(told[0].after, Some(value::to_message(Value::Null)));
        assert_eq!((&told[1].added, &told[1].removed), (&vec!["a".to_owned(), "b".to_owned()], &Vec::new()));
        assert_eq!((&told[1].before, &told[1].after), (&None, &None));
    }
}
