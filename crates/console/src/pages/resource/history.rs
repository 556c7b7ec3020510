//! Where the values of a resource come from, and the changes that made them.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use rollcall_api::v1::{
    AttributeOrigin, CredentialKind, Event, EventActor, EventChange, GetAttributeOriginsRequest,
    ListEventsRequest,
};
use rollcall_api::{client, event, value};
use serde_json::Value;

use super::{AttributeSection, Step};
use crate::Console;
use crate::pages::audit::{Change, kind_title};
use crate::problem::Problem;
use crate::session::SignedIn;
use crate::time::{Moment, count};

/// Changes that a history shows.
const STEPS: usize = 8;
/// Attributes of a change that a history shows.
const CHANGES: usize = 8;

/// Where the attributes of a resource come from.
#[derive(Debug)]
pub(super) struct Origins(Vec<AttributeOrigin>);

impl Origins {
    /// The origin of an attribute: its own, else that of what the creation made.
    fn of(&self, attribute: &str) -> Option<&AttributeOrigin> {
        let named = |name: &str| self.0.iter().find(|origin| origin.attribute == name);
        named(attribute).or_else(|| named(""))
    }

    /// The attributes, each with where it comes from beside it.
    pub(super) fn beside(&self, mut sections: Vec<AttributeSection>, now: i64) -> Vec<AttributeSection> {
        for section in &mut sections {
            for fact in &mut section.facts {
                let top = if section.urn.is_empty() {
                    fact.name.split('.').next().unwrap_or(&fact.name)
                } else {
                    &section.urn
                };
                let Some(origin) = self.of(top) else { continue };
                let time = Moment::of(origin.time.as_ref(), now).map(|time| time.words).unwrap_or_default();
                fact.source = format!("{} · {time}", from(origin.actor.as_ref()));
            }
        }
        sections
    }
}

impl Console {
    pub(super) async fn origins(
        &self,
        session: &SignedIn,
        directory: &str,
        id: &str,
    ) -> Result<Origins, Problem> {
        let request = session
            .message(GetAttributeOriginsRequest { directory: directory.to_owned(), id: id.to_owned() });
        let answer = self.answered(client::events(self.core()).get_attribute_origins(request)).await?;
        Ok(Origins(answer.origins))
    }

    /// The changes that the present values come from, newest first.
    pub(super) async fn history(
        &self,
        session: &SignedIn,
        directory: &str,
        origins: &Origins,
    ) -> Result<Vec<Step>, Problem> {
        let numbers: BTreeSet<i64> =
            origins.0.iter().map(|origin| origin.event_number).filter(|number| *number > 0).collect();
        let newest = numbers.into_iter().rev().take(STEPS);
        let events = try_join_all(newest.map(|number| async move {
            let request = session.message(ListEventsRequest {
                directory: directory.to_owned(),
                after: Some(number - 1),
                page_size: 1,
                ..ListEventsRequest::default()
            });
            match self.answered(client::events(self.core()).list_events(request)).await {
                Ok(answer) => Ok(answer.events.into_iter().next()),
                // It was forgotten since.
                Err(Problem::Refused { .. }) => Ok(None),
                Err(problem) => Err(problem),
            }
        }))
        .await?;
        let now = self.now();
        Ok(events.into_iter().flatten().map(|event| step(event, now)).collect())
    }
}

fn step(event: Event, now: i64) -> Step {
    let kind = event::type_name(event.r#type()).unwrap_or("changed");
    let all = event.changes.len();
    let mut changes: Vec<Change> = event.changes.into_iter().take(CHANGES).map(change).collect();
    if all > CHANGES {
        changes.push(Change {
            name: format!("and {} more", all - CHANGES),
            before: String::new(),
            after: String::new(),
        });
    }
    Step {
        title: kind_title(kind),
        by: by(event.actor.as_ref()),
        time: Moment::of(event.time.as_ref(), now),
        changes,
    }
}

fn change(change: EventChange) -> Change {
    let json = |value: Option<rollcall_api::v1::Value>| value.map_or(Value::Null, value::from_message);
    let members = |ids: &[String]| match u64::try_from(ids.len()).unwrap_or_default() {
        0 => String::new(),
        number => count(number, "member"),
    };
    if change.added.is_empty() && change.removed.is_empty() {
        return Change::new(change.name, json(change.before), json(change.after));
    }
    Change { name: change.name, before: members(&change.removed), after: members(&change.added) }
}

/// Where a value comes from, in a word or two.
fn from(actor: Option<&EventActor>) -> &'static str {
    match actor.map(EventActor::kind) {
        None => "Rollcall",
        Some(CredentialKind::ScimToken | CredentialKind::ClientSecret | CredentialKind::AccessToken) => {
            "identity provider"
        }
        Some(CredentialKind::ServiceKey) => "service",
        Some(CredentialKind::AdminKey) => "administrator",
        Some(CredentialKind::Unspecified) => "credential that is gone",
    }
}

/// Who made a change, in words.
fn by(actor: Option<&EventActor>) -> String {
    let Some(actor) = actor else { return "by Rollcall itself".to_owned() };
    let kind = match actor.kind() {
        CredentialKind::ScimToken | CredentialKind::ClientSecret | CredentialKind::AccessToken => {
            "by the identity provider, with the token"
        }
        CredentialKind::ServiceKey => "by a service, with the key",
        CredentialKind::AdminKey => "by an administrator, with the key",
        CredentialKind::Unspecified => return "by a credential that is gone".to_owned(),
    };
    format!("{kind} {}…", actor.prefix)
}
