//! Where the values of a resource come from, and every change of it that is kept.

mod differences;
mod members;
mod said;

use std::collections::HashMap;

use rollcall_api::v1::{
    ActivityFilter, AttributeOrigin, Event, EventType, GetAttributeOriginsRequest, ListActivityRequest,
    ListEventsRequest,
};
use rollcall_api::{client, event};

use super::attributes::AttributeSection;
use crate::Console;
use crate::pages::actor::Actor;
use crate::pages::audit::kind_title;
use crate::problem::Problem;
use crate::session::SignedIn;
use crate::shell::directory_path;
use crate::time::{Moment, micros, timestamp};
use crate::url;
use differences::{Difference, differences};
use members::Names;

/// Changes in a page.
const STEPS: usize = 10;
/// How long before its event a request may have come in, in µs.
const LONGEST_REQUEST: i64 = 10 * 60 * 1_000_000;

/// Which resource a history is of.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) directory: &'a str,
    pub(super) id: &'a str,
    /// The address of its page.
    pub(super) page: &'a str,
    /// Whether a first sign-in made it.
    pub(super) came_by_sign_in: bool,
}

/// A page of the history.
#[derive(Debug)]
pub(super) struct History {
    pub(super) steps: Vec<Step>,
    pub(super) newest: String,
    pub(super) older: String,
    /// Whether older changes are not kept any more.
    pub(super) is_cut: bool,
}

/// One change in the history of a resource.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) title: String,
    pub(super) by: Actor,
    pub(super) time: Option<Moment>,
    pub(super) request_id: String,
    /// The page of that request in the activity log, while it is there.
    pub(super) request_page: String,
    pub(super) differences: Vec<Difference>,
    /// How many more there are.
    pub(super) more: usize,
}

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
                fact.source = format!("{} · {time}", Actor::of_event(origin.actor.as_ref()).who);
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

    /// The changes before the event with a number, the newest first.
    pub(super) async fn history(
        &self,
        session: &SignedIn,
        about: &About<'_>,
        before: &str,
    ) -> Result<History, Problem> {
        let before = before.parse().ok().filter(|number: &i64| *number > 0);
        let request = session.message(ListEventsRequest {
            directory: about.directory.to_owned(),
            subject: about.id.to_owned(),
            newest_first: true,
            before,
            // One more than is shown, to know whether there are more.
            page_size: i32::try_from(STEPS + 1).unwrap_or(i32::MAX),
            ..ListEventsRequest::default()
        });
        let listed = self.answered(client::events(self.core()).list_events(request)).await?;
        let (mut events, has_kept_more) = (listed.events, listed.position > listed.oldest);
        let has_more = events.len() > STEPS || has_kept_more;
        events.truncate(STEPS);
        let began = events.last().is_some_and(|event| is_beginning(event.r#type()));
        let older = events.last().filter(|_| has_more && !began).map(|last| last.number);
        let requests = self.request_pages(session, about, &events);
        let names = Box::pin(self.names_of_members(session, about.directory, &events));
        let (requests, names) = tokio::try_join!(requests, names)?;
        let address = |query: &str| format!("{}{query}#history", about.page);
        Ok(History {
            is_cut: older.is_none() && !began,
            newest: if before.is_some() { address("") } else { String::new() },
            older: older.map(|number| address(&format!("?before={number}"))).unwrap_or_default(),
            steps: events
                .into_iter()
                .map(|event| step(event, about, &requests, &names, self.now()))
                .collect(),
        })
    }

    /// The pages of the requests that the activity log still has of some events, by request id.
    async fn request_pages(
        &self,
        session: &SignedIn,
        about: &About<'_>,
        events: &[Event],
    ) -> Result<HashMap<String, String>, Problem> {
        let by_scim = |event: &&Event| {
            Actor::of_event(event.actor.as_ref()).is_identity_provider() && !event.request_id.is_empty()
        };
        let asked: Vec<&Event> = events.iter().filter(by_scim).collect();
        let Some(first) = asked.iter().filter_map(|event| event.time.as_ref()).map(micros).min() else {
            return Ok(HashMap::new());
        };
        let filter = ActivityFilter {
            from: Some(timestamp(first.saturating_sub(LONGEST_REQUEST))),
            request_ids: asked.iter().map(|event| event.request_id.clone()).collect(),
            ..ActivityFilter::default()
        };
        let request = session.message(ListActivityRequest {
            directory: about.directory.to_owned(),
            filter: Some(filter),
            ..ListActivityRequest::default()
        });
        let listed = self.answered(client::activity(self.core()).list_activity(request)).await?;
        let base = directory_path(about.directory);
        let page = |id: &str| format!("{base}/activity/{}", url::escape(id));
        Ok(listed.activities.into_iter().map(|one| (one.request_id, page(&one.id))).collect())
    }
}

/// Whether nothing can have happened to a resource before.
fn is_beginning(kind: EventType) -> bool {
    matches!(kind, EventType::UserCreated | EventType::GroupCreated)
}

fn step(
    event: Event,
    about: &About<'_>,
    requests: &HashMap<String, String>,
    names: &Names,
    now: i64,
) -> Step {
    let kind = event.r#type();
    let title = match kind {
        EventType::UserCreated if about.came_by_sign_in => "User created by a first sign-in".to_owned(),
        kind => kind_title(event::type_name(kind).unwrap_or("changed")),
    };
    let (differences, more) = differences(event.changes, names);
    Step {
        title,
        by: Actor::of_event(event.actor.as_ref()),
        time: Moment::of(event.time.as_ref(), now),
        request_page: requests.get(&event.request_id).cloned().unwrap_or_default(),
        request_id: event.request_id,
        differences,
        more,
    }
}
