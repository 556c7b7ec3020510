//! `rollcall user reactivate --since 2h --directory acme`: everybody whom an identity provider sent away within a time is brought back.

use std::collections::HashSet;

use anyhow::{Result, bail};
use prost_types::Timestamp as Message;
use rollcall_api::client;
use rollcall_api::error::reason_from;
use rollcall_api::v1::{
    CredentialKind, ErrorReason, Event, EventActor, EventType, GetUserRequest, ListEventsRequest,
    RestoreUserRequest, User, value,
};
use serde_json::{Value, json};

use super::deleted::wanted_users;
use super::leaving::set_active;
use crate::cli::ask;
use crate::cli::time::{Past, exact_time, now, short_time, timestamp};
use crate::client::Client;
use crate::output::{self, Cell, Progress, Table};

/// Events that are asked for at once.
const PAGE: i32 = 1_000;

/// What is to be done with those who left.
#[derive(Debug)]
pub(super) struct Return {
    pub(super) directory: String,
    pub(super) since: Past,
    pub(super) dry_run: bool,
    pub(super) yes: bool,
}

/// Somebody whom the identity provider sent away, and who is not back.
#[derive(Debug)]
struct Leaver {
    id: String,
    name: String,
    left: Option<Message>,
    is_deleted: bool,
}

impl Leaver {
    fn how(&self) -> &'static str {
        if self.is_deleted { "deleted" } else { "deactivated" }
    }

    fn as_json(&self, is_back: bool) -> Value {
        json!({
            "id": self.id,
            "userName": self.name,
            "left": self.how(),
            "time": exact_time(self.left),
            "back": is_back,
        })
    }
}

impl Return {
    /// Brings them back. Errors: somebody could not be, or whoever sits at the terminal would rather not.
    pub(super) async fn run(self, client: &Client, json: bool) -> Result<()> {
        let since = self.since.message(now())?;
        let leavers = self.leavers(client, since).await?;
        if !json {
            output::table(&as_table(&leavers))?;
        }
        if self.dry_run || leavers.is_empty() {
            let told: Vec<_> = leavers.iter().map(|leaver| leaver.as_json(false)).collect();
            return if json { output::json(&json!({ "users": told })) } else { Ok(()) };
        }
        output::remark(&format!(
            "These {} users can sign in again from then on; who was deleted comes back without groups and password.",
            leavers.len()
        ));
        ask::whether_to_go_on(self.yes)?;
        let mut refused = Vec::new();
        let mut told = Vec::new();
        let mut progress = Progress::new();
        for (number, leaver) in leavers.iter().enumerate() {
            let back = bring_back(client, &self.directory, leaver).await;
            told.push(leaver.as_json(back.is_ok()));
            if let Err(error) = back {
                refused.push(format!("{}: {error}", leaver.name));
            }
            progress.show(|| format!("{} of {} are back", number + 1 - refused.len(), leavers.len()));
        }
        drop(progress);
        if json {
            output::json(&json!({ "users": told }))?;
        } else {
            output::line(&format!("Brought back: {} of {}.", leavers.len() - refused.len(), leavers.len()))?;
        }
        if refused.is_empty() {
            return Ok(());
        }
        bail!("not everybody is back:\n{}", refused.join("\n"))
    }

    /// Those who left and are not back, the last ones first.
    async fn leavers(&self, client: &Client, since: Message) -> Result<Vec<Leaver>> {
        let mut leavers = Vec::new();
        for (id, left) in self.deactivated(client, since).await? {
            let Some(user) = user(client, &self.directory, &id).await? else { continue };
            if user.active == Some(false) {
                leavers.push(Leaver { name: name(&user), id, left, is_deleted: false });
            }
        }
        let (deleted, _) = wanted_users(client, &self.directory, "", usize::MAX).await?;
        let of_then = deleted.into_iter().filter(|deleted| {
            timestamp(deleted.deleted_time) >= timestamp(Some(since))
                && is_identity_provider(deleted.deleted_by.as_ref())
        });
        leavers.extend(of_then.filter_map(|deleted| {
            let user = deleted.user.filter(|user| user.active != Some(false))?;
            let (name, left) = (name(&user), deleted.deleted_time);
            Some(Leaver { name, id: user.id, left, is_deleted: true })
        }));
        Ok(leavers)
    }

    /// The ids of those whom an identity provider deactivated, and when.
    async fn deactivated(&self, client: &Client, since: Message) -> Result<Vec<(String, Option<Message>)>> {
        let mut request = ListEventsRequest {
            directory: self.directory.clone(),
            page_size: PAGE,
            types: vec![EventType::UserUpdated.into()],
            newest_first: true,
            ..ListEventsRequest::default()
        };
        let (mut known, mut found) = (HashSet::new(), Vec::new());
        let mut progress = Progress::new();
        loop {
            let answer = client::events(client.channel()).list_events(client.request(request.clone())).await;
            let page = answer.map_err(|status| client.explain(&status))?.into_inner();
            for event in page.events {
                if timestamp(event.time) < timestamp(Some(since)) {
                    return Ok(found);
                }
                if deactivates(&event) && known.insert(event.subject.clone()) {
                    found.push((event.subject, event.time));
                }
            }
            if page.position <= page.oldest {
                return Ok(found);
            }
            request.before = Some(page.position);
            progress.show(|| format!("{} left so far, looking further back", found.len()));
        }
    }
}

/// Whether an event is that an identity provider deactivated somebody.
fn deactivates(event: &Event) -> bool {
    let is = |value: Option<&rollcall_api::v1::Value>, wanted: bool| {
        value.and_then(|value| value.kind.as_ref()) == Some(&value::Kind::BoolValue(wanted))
    };
    let mut changes = event.changes.iter().filter(|change| change.name == "active");
    is_identity_provider(event.actor.as_ref())
        && changes.any(|change| is(change.after.as_ref(), false) && !is(change.before.as_ref(), false))
}

fn is_identity_provider(actor: Option<&EventActor>) -> bool {
    actor.is_some_and(|actor| {
        matches!(
            actor.kind(),
            CredentialKind::ScimToken | CredentialKind::AccessToken | CredentialKind::Unspecified
        )
    })
}

/// A user; `None`, there is none any more.
async fn user(client: &Client, directory: &str, id: &str) -> Result<Option<User>> {
    let request = GetUserRequest { directory: directory.to_owned(), id: id.to_owned(), ..Default::default() };
    match client::users(client.channel()).get_user(client.request(request)).await {
        Ok(answer) => Ok(answer.into_inner().user),
        Err(status) if reason_from(&status) == ErrorReason::NotFound => Ok(None),
        Err(status) => Err(client.explain(&status)),
    }
}

async fn bring_back(client: &Client, directory: &str, leaver: &Leaver) -> Result<()> {
    if !leaver.is_deleted {
        return set_active(client, directory.to_owned(), leaver.id.clone(), true).await.map(drop);
    }
    let request = RestoreUserRequest { directory: directory.to_owned(), id: leaver.id.clone() };
    let answer = client::users(client.channel()).restore_user(client.request(request)).await;
    answer.map(drop).map_err(|status| client.explain(&status))
}

fn name(user: &User) -> String {
    user.user_name.clone().unwrap_or_else(|| user.id.clone())
}

fn as_table(leavers: &[Leaver]) -> Table {
    let mut table = Table::new(&["USERNAME", "LEFT", "WHEN", "ID"]);
    for leaver in leavers {
        table.row([
            leaver.name.as_str().into(),
            leaver.how().into(),
            Cell::optional(short_time(leaver.left)),
            leaver.id.as_str().into(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use rollcall_api::v1::EventChange;
    use rollcall_api::value::to_message;

    use super::*;

    fn event(kind: CredentialKind, name: &str, before: Value, after: Value) -> Event {
        Event {
            actor: Some(EventActor { kind: kind.into(), ..EventActor::default() }),
            changes: vec![EventChange {
                name: name.to_owned(),
                before: Some(to_message(before)),
                after: Some(to_message(after)),
                ..EventChange::default()
            }],
            ..Event::default()
        }
    }

    #[test]
    fn only_what_an_identity_provider_deactivated_is_undone() {
        use CredentialKind as K;
        for kind in [K::ScimToken, K::AccessToken] {
            assert!(deactivates(&event(kind, "active", json!(true), json!(false))));
            assert!(deactivates(&event(kind, "active", json!(null), json!(false))), "none is active");
            assert!(!deactivates(&event(kind, "active", json!(false), json!(true))));
            assert!(!deactivates(&event(kind, "active", json!(false), json!(false))));
            assert!(!deactivates(&event(kind, "title", json!(true), json!(false))));
        }
        for kind in [K::AdminKey, K::ServiceKey] {
            assert!(!deactivates(&event(kind, "active", json!(true), json!(false))), "somebody meant it");
        }
        assert!(!deactivates(&Event {
            actor: None,
            ..event(K::ScimToken, "active", json!(true), json!(false))
        }));
    }
}
