//! What the events tell of one user or group.

use std::collections::{BTreeSet, HashMap};

use rollcall_api::v1::EventType;

use crate::events::Told;

/// The events of one user or group, in order.
#[derive(Debug, Default)]
pub(super) struct Story<'a> {
    pub(super) is_group: bool,
    pub(super) name: &'a str,
    /// The number, the version, and the title from then on.
    pub(super) changes: Vec<(i64, i64, Option<&'a str>)>,
    /// The number of the event that says that it was deleted.
    pub(super) deleted: Option<i64>,
    pub(super) members: BTreeSet<&'a str>,
}

impl<'a> Story<'a> {
    pub(super) fn title(&self) -> Option<&'a str> {
        self.changes.last().and_then(|change| change.2)
    }

    pub(super) fn version(&self) -> i64 {
        self.changes.last().map_or(0, |change| change.1)
    }

    /// The change that made a version.
    pub(super) fn at(&self, version: i64) -> Option<(i64, Option<&'a str>)> {
        let change = self.changes.iter().find(|change| change.1 == version)?;
        Some((change.0, change.2))
    }

    /// The number of the event that gave it a title.
    pub(super) fn titled(&self, title: &str) -> Vec<i64> {
        let mut before = None;
        let mut numbers = Vec::new();
        for (number, _, now) in &self.changes {
            if *now == Some(title) && before != *now {
                numbers.push(*number);
            }
            before = *now;
        }
        numbers
    }
}

/// The stories of all users and groups, by id. What does not follow from what was told before is a finding.
pub(super) fn stories<'a>(told: &'a [Told], findings: &mut Vec<String>) -> HashMap<&'a str, Story<'a>> {
    let mut stories: HashMap<&str, Story<'_>> = HashMap::new();
    for event in told {
        let is_new = matches!(event.kind, EventType::UserCreated | EventType::GroupCreated);
        let is_end = matches!(event.kind, EventType::UserDeleted | EventType::GroupDeleted);
        let is_change = matches!(event.kind, EventType::UserUpdated | EventType::GroupUpdated);
        if !(is_new || is_end || is_change) {
            continue;
        }
        if is_new == stories.contains_key(event.subject.as_str()) {
            findings.push(format!("what event {} tells does not follow: {event:?}", event.number));
            continue;
        }
        let story = stories.entry(&event.subject).or_default();
        if story.deleted.is_some() || (!is_end && event.version <= story.version()) {
            findings.push(format!(
                "event {} comes after {:?}: {event:?}",
                event.number,
                story.changes.last()
            ));
        }
        if is_end {
            story.deleted = Some(event.number);
            continue;
        }
        if is_new {
            story.is_group = event.kind == EventType::GroupCreated;
            story.name = event.name.as_deref().unwrap_or_default();
        }
        let title = event.title.as_deref().or(story.title());
        story.changes.push((event.number, event.version, title));
        story.members.extend(event.added.iter().map(String::as_str));
        for gone in &event.removed {
            story.members.remove(gone.as_str());
        }
    }
    stories
}
