//! Events: what happened, as it is written and as it is read.

use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::watch;
use uuid::Uuid;

use crate::{CredentialKind, EventKind, Person, Result};

/// One change, as the followers of events will see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The key of the row.
    pub id: Uuid,
    /// The directory in which it happened; `None` for what belongs to no directory.
    pub directory: Option<Uuid>,
    /// What happened.
    pub kind: EventKind,
    /// The id of the user, directory or credential that changed.
    pub subject: Uuid,
    /// The version that the change made, where the subject has versions.
    pub version: Option<i64>,
    /// When it happened, in µs.
    pub time: i64,
    /// Who did it.
    pub actor: Actor,
    /// The person who did it with that credential, where an OpenID provider says who it is.
    pub person: Option<Person>,
    /// The id of the request that asked for it.
    pub request_id: String,
    /// The changed top-level attributes: `{"userName": {"before": …, "after": …}}`. Never a secret.
    pub changes: Value,
}

impl Event {
    /// The event of a change that made this version.
    #[must_use]
    pub fn of(self, version: i64) -> Self {
        Self { version: Some(version), ..self }
    }

    /// The event with the changes that it tells.
    #[must_use]
    pub fn telling(self, changes: Value) -> Self {
        Self { changes, ..self }
    }
}

/// Who made a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Whoever presented this credential.
    Credential(Uuid),
    /// Rollcall itself: at its first start, or a command on the database.
    System,
}

/// An event that has its number.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberedEvent {
    /// Its place among the events of its directory, from 1 on and without a gap, in the order of their commits.
    pub number: i64,
    /// The event.
    pub event: Event,
    /// The credential that made the change, as long as it is there.
    pub author: Option<Author>,
}

/// A credential as those see it who read what it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The key of its row.
    pub id: Uuid,
    /// What kind of secret it is.
    pub kind: CredentialKind,
    /// The first characters of the secret.
    pub prefix: String,
}

/// Which events of a directory, and in which order.
#[derive(Debug, Clone, Copy, Default)]
pub struct EventQuery<'a> {
    /// `None`: those that belong to no directory.
    pub directory: Option<Uuid>,
    /// Only those with greater numbers.
    pub after: i64,
    /// Only those up to this number.
    pub until: i64,
    /// Only those of these kinds; empty, all.
    pub kinds: &'a [EventKind],
    /// Only those about this user, group or other subject.
    pub subject: Option<Uuid>,
    /// Whether the greatest numbers come first.
    pub newest_first: bool,
    /// How many at most.
    pub limit: u32,
}

/// Which events of a directory can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventRange {
    /// The number of the last event that was deleted for its age; 0, none was.
    pub expired: i64,
    /// The number of the newest event; 0, there has never been one.
    pub newest: i64,
    /// Whether there are committed events that have no number yet.
    pub pending: bool,
}

/// Reading events, and waiting for them.
#[async_trait]
pub trait EventReading {
    /// Which events of a directory can be read; `None`, those that belong to no directory.
    async fn event_range(&self, directory: Option<Uuid>) -> Result<EventRange>;

    /// Events that have numbers, in their order.
    async fn events(&self, query: &EventQuery<'_>) -> Result<Vec<NumberedEvent>>;

    /// The directories that have events with a number, deleted ones included.
    async fn directories_with_events(&self) -> Result<Vec<Option<Uuid>>>;

    /// Changes whenever a transaction of this process that wrote events has been saved.
    fn written(&self) -> watch::Receiver<()>;
}

/// What becomes of events once they are committed.
#[async_trait]
pub trait EventKeeping {
    /// Gives numbers to events of a directory that are committed and have none, and says whether there may be more. Of
    /// several that try at once one works and the others wait. On SQLite there is never anything to do.
    async fn number_events(&self, directory: Option<Uuid>) -> Result<bool>;

    /// The directories that have committed events without a number.
    async fn unnumbered(&self) -> Result<Vec<Option<Uuid>>>;

    /// Deletes the oldest events of a directory, up to the first that happened at `before` (in µs) or later, and says
    /// whether there may be more.
    async fn expire_events(&self, directory: Option<Uuid>, before: i64) -> Result<bool>;
}

/// Writing events.
#[async_trait]
pub trait EventWriting {
    /// Writes an event, and that of a change by an administrator into the audit log too. On SQLite it gets its number at
    /// once; on PostgreSQL by [`EventKeeping::number_events`]. The row of what it is about has been written before, so that the
    /// events of one resource come in the order of its versions.
    async fn insert_event(&mut self, event: &Event) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_tells_the_version_and_the_changes_that_it_is_given() {
        let event = Event {
            id: Uuid::from_u128(1),
            directory: None,
            kind: EventKind::UserUpdated,
            subject: Uuid::nil(),
            version: None,
            time: 1,
            actor: Actor::System,
            person: None,
            request_id: "r".to_owned(),
            changes: Value::Null,
        };
        let changes = json!({"title": {"before": null, "after": "Boss"}});
        let told = event.clone().of(3).telling(changes.clone());
        assert_eq!(told, Event { version: Some(3), changes, ..event });
    }
}
