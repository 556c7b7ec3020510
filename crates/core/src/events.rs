//! The events that changes write beside themselves, and those who read them.

mod messages;
mod pulse;
mod reading;
mod service;
mod upkeep;
mod watching;

use rollcall_scim::Resource;
use rollcall_store::{Actor, Directory, Event, EventKind, Person, Transaction};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::Core;
use crate::notes::Notes;
use crate::passwords::PASSWORD;

pub(crate) use messages::credential_message;
pub(crate) use pulse::Pulses;
pub(crate) use service::Events;

/// The attribute whose values are no secret of a person.
const ACTIVE: &str = "active";

/// Who makes a change, and in which request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub(crate) actor: Actor,
    /// The person who acts with that credential, where it is known.
    pub(crate) person: Option<&'a Person>,
    pub(crate) request_id: &'a str,
    pub(crate) party: Party,
    /// What is noted of the request beside its answer; `None`, nobody would read it.
    pub(crate) notes: Option<&'a Notes>,
}

/// On whose behalf a change is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Party {
    /// The identity provider of the directory.
    IdentityProvider,
    /// An administrator, who approves of what the identity provider wanted.
    Approver,
    /// An administrator, who knows what they do.
    Administrator,
    /// Whoever else knows what they do: a service of the application, or Rollcall itself.
    Inside,
}

impl Party {
    /// Whether it is somebody who is not to be held up, for they know what they do.
    pub(crate) fn is_inside(self) -> bool {
        matches!(self, Self::Administrator | Self::Inside)
    }
}

impl Origin<'static> {
    /// Rollcall itself.
    pub(crate) const SYSTEM: Self =
        Self { actor: Actor::System, person: None, request_id: "", party: Party::Inside, notes: None };
}

impl<'a> Origin<'a> {
    /// An identity provider with this token.
    pub(crate) fn of_token(credential: Uuid, request_id: &'a str) -> Self {
        Self {
            actor: Actor::Credential(credential),
            person: None,
            request_id,
            party: Party::IdentityProvider,
            notes: None,
        }
    }

    /// The same, approving of what an identity provider wanted.
    pub(crate) fn approving(self) -> Self {
        Self { party: Party::Approver, ..self }
    }

    /// The same, of a sign-in: whatever key the application asks with, nobody administers.
    pub(crate) fn of_sign_in(self) -> Self {
        Self { party: Party::Inside, ..self }
    }

    /// Notes something beside the answer, for the activity log.
    pub(crate) fn note(self, note: &str) {
        if let Some(notes) = self.notes {
            notes.add(note);
        }
    }

    /// The credential.
    pub(crate) fn credential(self) -> Option<Uuid> {
        match self.actor {
            Actor::Credential(id) => Some(id),
            Actor::System => None,
        }
    }
}

impl Core {
    /// An event of now that does not tell yet what changed: see [`Event::telling`].
    pub(crate) fn event_to_come(
        &self,
        origin: Origin<'_>,
        directory: &Directory,
        kind: EventKind,
        subject: Uuid,
    ) -> Event {
        self.event(origin, Some(directory.id), kind, subject, Value::Null)
    }

    /// An event of now.
    pub(crate) fn event(
        &self,
        origin: Origin<'_>,
        directory: Option<Uuid>,
        kind: EventKind,
        subject: Uuid,
        changes: Value,
    ) -> Event {
        Event {
            id: self.new_id(),
            directory,
            kind,
            subject,
            version: None,
            time: self.clock.now(),
            actor: origin.actor,
            person: origin.person.cloned(),
            request_id: origin.request_id.to_owned(),
            changes,
        }
    }
}

/// Writes the event of a change of a user or a group, and where an administrator made the change, that into the audit log.
pub(crate) async fn tell(
    transaction: &mut dyn Transaction,
    origin: Origin<'_>,
    event: Event,
) -> rollcall_store::Result<()> {
    transaction.insert_event(&event).await?;
    if origin.party == Party::Administrator {
        let is_deletion = matches!(event.kind, EventKind::UserDeleted | EventKind::GroupDeleted);
        let facts = if is_deletion { json!({}) } else { without_values(&event.changes) };
        transaction.insert_audit_record(&event.telling(facts)).await?;
    }
    Ok(())
}

/// What of the changes of a user or group goes into the audit log: which attributes they are, and the values of `active`
/// alone. The audit log is kept for good, and so is no place for what is known of people.
fn without_values(changes: &Value) -> Value {
    let Value::Object(changes) = changes else { return json!({}) };
    let mut facts = Map::new();
    let (active, others): (Vec<_>, Vec<_>) = changes.iter().partition(|(name, _)| *name == ACTIVE);
    facts.extend(active.into_iter().map(|(name, change)| (name.clone(), change.clone())));
    if !others.is_empty() {
        let names: Vec<&String> = others.into_iter().map(|(name, _)| name).collect();
        facts.insert("attributes".to_owned(), json!({ "before": null, "after": names }));
    }
    Value::Object(facts)
}

/// The top-level attributes in which two states of a resource differ, each before and after.
pub(crate) fn changes(before: &Resource, after: &Resource) -> Value {
    let mut changes = Map::new();
    let gone = before
        .iter()
        .filter(|(name, _)| !after.contains_key(*name))
        .map(|(name, old)| (name, Some(old), None));
    let set = after
        .iter()
        .map(|(name, new)| (name, before.get(name), Some(new)))
        .filter(|(_, old, new)| old != new);
    for (name, old, new) in gone.chain(set) {
        changes.insert(name.clone(), json!({ "before": old, "after": new }));
    }
    Value::Object(changes)
}

/// The same changes, and that the password is another one: of passwords no more than that is told.
pub(crate) fn with_password(mut changes: Value, is_new: bool) -> Value {
    if let Value::Object(changes) = &mut changes
        && is_new
    {
        changes.insert(PASSWORD.to_owned(), json!({ "before": null, "after": null }));
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(value: Value) -> Resource {
        let Value::Object(members) = value else { panic!("an object") };
        members
    }

    #[test]
    fn changes_name_what_was_set_changed_and_cleared_and_nothing_else() {
        let before = resource(json!({"userName": "ana", "title": "Boss", "active": true}));
        let after = resource(json!({"userName": "ana", "active": false, "nickName": "A"}));
        assert_eq!(
            changes(&before, &after),
            json!({
                "title": {"before": "Boss", "after": null},
                "active": {"before": true, "after": false},
                "nickName": {"before": null, "after": "A"},
            })
        );
        assert_eq!(changes(&before, &before), json!({}));
    }

    #[test]
    fn the_audit_log_is_told_which_attributes_changed_and_not_of_people() {
        let changes = json!({
            "active": {"before": true, "after": false},
            "title": {"before": "Boss", "after": null},
            "members": {"added": ["01a20e8d-7be7-79ce-8380-49319c576a9e"]},
        });
        let told = json!({
            "active": {"before": true, "after": false},
            "attributes": {"before": null, "after": ["title", "members"]},
        });
        assert_eq!(without_values(&changes), told);
        let inactive = json!({"active": {"before": true, "after": false}});
        assert_eq!(without_values(&inactive), inactive);
    }
}
