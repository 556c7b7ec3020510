//! Which events last changed which attributes.

use async_trait::async_trait;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{Actor, Author, Error, Event, Result};

/// The name that stands for every attribute which no other mark names.
const EVERY_OTHER: &str = "*";

/// Which events last changed the top-level attributes of a resource.
///
/// It is kept as `{"name": ["event", µs, "credential"]}`, so that a change is told by merging its own marks into what is
/// there, unread. A new resource has one mark, which holds for every attribute.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Provenance(Map<String, Value>);

impl Provenance {
    /// Of a new resource: the event made every attribute.
    pub fn of_new(event: &Event) -> Self {
        Self::of(event, [EVERY_OTHER])
    }

    /// The event changed these attributes.
    pub fn of<'a>(event: &Event, attributes: impl IntoIterator<Item = &'a str>) -> Self {
        Self::default().and(event, attributes)
    }

    /// And this event changed these.
    #[must_use]
    pub fn and<'a>(mut self, event: &Event, attributes: impl IntoIterator<Item = &'a str>) -> Self {
        let mut mark = vec![json!(event.id.to_string()), json!(event.time)];
        if let Actor::Credential(id) = event.actor {
            mark.push(json!(id.to_string()));
        }
        for attribute in attributes {
            self.0.insert(attribute.to_owned(), Value::Array(mark.clone()));
        }
        self
    }

    /// The marks as JSON, in order of the names.
    pub fn to_json(&self) -> Map<String, Value> {
        let mut marks: Vec<_> = self.0.iter().collect();
        marks.sort_by_key(|(name, _)| *name);
        marks.into_iter().map(|(name, mark)| (name.clone(), mark.clone())).collect()
    }

    /// Reads what [`to_json`](Self::to_json) gave. Errors: [`Error::Damaged`].
    pub fn from_json(marks: Map<String, Value>) -> Result<Self> {
        Self::marks(&marks)?;
        Ok(Self(marks))
    }

    /// What is stored.
    pub(crate) fn as_stored(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Reads what was stored.
    pub(crate) fn marks(stored: &Map<String, Value>) -> Result<Vec<Mark>> {
        let id = |value: &Value| value.as_str().and_then(|text| Uuid::try_parse(text).ok());
        let mark = |(attribute, mark): (&String, &Value)| {
            let attribute = Some(attribute.clone()).filter(|name| name != EVERY_OTHER);
            let parts = mark.as_array()?;
            let credential = match parts.get(2) {
                Some(part) => Some(id(part)?),
                None => None,
            };
            Some(Mark { attribute, event: id(parts.first()?)?, time: parts.get(1)?.as_i64()?, credential })
        };
        let marks = stored.iter().map(mark).collect::<Option<Vec<Mark>>>();
        marks.ok_or_else(|| Error::Damaged("the provenance of a resource".to_owned()))
    }
}

/// A mark as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) attribute: Option<String>,
    pub(crate) event: Uuid,
    pub(crate) time: i64,
    pub(crate) credential: Option<Uuid>,
}

/// The event that last changed an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeOrigin {
    /// The top-level attribute; `None`, every one that has no origin of its own.
    pub attribute: Option<String>,
    /// The id of the event.
    pub event: Uuid,
    /// Its number, as long as the event is kept.
    pub number: Option<i64>,
    /// When it happened, in µs.
    pub time: i64,
    /// Who made the change.
    pub actor: Actor,
    /// The credential, as long as it is there.
    pub author: Option<Author>,
}

/// Reading which events last changed what.
#[async_trait]
pub trait ProvenanceReading {
    /// Which events last changed the attributes of a user or group; `None`, there is none with this id.
    async fn provenance(&self, directory: Uuid, resource: Uuid) -> Result<Option<Vec<AttributeOrigin>>>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EventKind;

    fn event(number: u128, actor: Actor) -> Event {
        Event {
            id: Uuid::from_u128(number),
            directory: None,
            kind: EventKind::UserUpdated,
            subject: Uuid::nil(),
            version: None,
            time: 1_764_000_000_000_000,
            actor,
            person: None,
            request_id: String::new(),
            changes: Value::Null,
        }
    }

    #[test]
    fn marks_are_read_as_they_were_written() {
        let author = Uuid::from_u128(7);
        let provenance = Provenance::of_new(&event(1, Actor::System))
            .and(&event(2, Actor::Credential(author)), ["userName", "active"]);
        let marks = Provenance::marks(provenance.as_stored()).unwrap();
        let mark = |attribute: Option<&str>, event, credential| Mark {
            attribute: attribute.map(str::to_owned),
            event: Uuid::from_u128(event),
            time: 1_764_000_000_000_000,
            credential,
        };
        assert_eq!(
            marks,
            [
                mark(None, 1, None),
                mark(Some("userName"), 2, Some(author)),
                mark(Some("active"), 2, Some(author))
            ]
        );
    }

    #[test]
    fn what_is_no_mark_is_damage() {
        for damaged in [
            json!({"x": 1}),
            json!({"x": []}),
            json!({"x": ["no id", 1]}),
            json!({"x": [Uuid::nil().to_string(), 1, 2]}),
        ] {
            assert!(Provenance::marks(damaged.as_object().unwrap()).is_err(), "{damaged}");
        }
    }
}
