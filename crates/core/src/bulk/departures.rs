//! The users whom a bulk request makes leave: they are counted before the first operation is done, so that a guard rail
//! stops the whole request or nothing of it.

use std::collections::BTreeMap;

use rollcall_store::{Directory, ResourceType, Transaction};
use serde_json::Value;
use uuid::Uuid;

use super::operation::{Edit, Entry, Operation};
use crate::Core;
use crate::caller::{Caller, parse_id};
use crate::departures::{Count, is_active, stopped};
use crate::error::Result;
use crate::stopped::Departure;
use crate::types::Types;
use crate::users::UserChange;
use crate::version::require_match;

impl Core {
    /// Counts the users whom the operations make leave. Those operations find them counted, and are not stopped.
    ///
    /// Errors: `HELD` and `HOLD_REJECTED`, for the whole request.
    pub(super) async fn count_departures(
        &self,
        caller: &Caller,
        directory: &Directory,
        types: &Types,
        entries: &[Entry],
    ) -> Result<()> {
        if directory.safeguards.guard_rail.is_none() || !caller.is_identity_provider() {
            return Ok(());
        }
        let leaving = &leaving(entries, directory, types);
        if leaving.is_empty() {
            return Ok(());
        }
        self.in_a_transaction(|mut transaction| async move {
            self.count_each(&mut *transaction, caller, directory, leaving).await?;
            Ok(((), transaction))
        })
        .await
    }

    /// The same in the transaction of a dry run, which is dropped.
    pub(super) async fn count_departures_in(
        &self,
        transaction: &mut dyn Transaction,
        caller: &Caller,
        directory: &Directory,
        types: &Types,
        entries: &[Entry],
    ) -> Result<()> {
        if directory.safeguards.guard_rail.is_none() {
            return Ok(());
        }
        self.count_each(transaction, caller, directory, &leaving(entries, directory, types)).await
    }

    async fn count_each(
        &self,
        transaction: &mut dyn Transaction,
        caller: &Caller,
        directory: &Directory,
        leaving: &BTreeMap<Uuid, Leaving<'_>>,
    ) -> Result<()> {
        let mut users = Vec::new();
        for (id, leaving) in leaving {
            let Some(user) = transaction.resource(directory.id, ResourceType::User, *id).await? else {
                continue;
            };
            let Some(rail) = self.rail_for(directory, &user).filter(|_| is_active(&user)) else { continue };
            // An operation that will fail by itself makes nobody leave.
            let departure = match leaving {
                Leaving::Delete(if_match) => {
                    require_match(if_match, user.version).map(|()| Some(Departure::deletion(&user)))
                }
                Leaving::Change(change) => change.departure(&user),
            };
            if let Ok(Some(departure)) = departure {
                users.push((user, rail, departure));
            }
        }
        if users.is_empty() {
            return Ok(());
        }
        let mut measure = transaction.lock_guard(directory.id).await?;
        let mut over = None;
        for (user, rail, _) in &users {
            if let Count::Stopped { active_users } =
                self.count(transaction, directory, *rail, &mut measure, user).await?
            {
                over = Some(active_users);
                break;
            }
        }
        match over {
            None => Ok(()),
            Some(active_users) => {
                let departures = users.into_iter().map(|(.., departure)| departure).collect();
                Err(stopped(directory, caller.origin(), departures, active_users))
            }
        }
    }
}

/// How an operation may make a user leave.
#[derive(Debug)]
enum Leaving<'d> {
    Delete(Vec<String>),
    Change(UserChange<'d>),
}

/// The users whom operations may make leave, in the order of their ids, in which they are locked.
fn leaving<'d>(entries: &[Entry], directory: &Directory, types: &'d Types) -> BTreeMap<Uuid, Leaving<'d>> {
    let definition = types.user();
    let one = |entry: &Entry| {
        let Operation::Existing { resource_type: ResourceType::User, id, edit, if_match } =
            entry.operation.as_ref()?
        else {
            return None;
        };
        let if_match = if_match.clone();
        let leaving = match edit {
            Edit::Delete => Leaving::Delete(if_match),
            Edit::Replace(user) => {
                let user = user.attributes.as_ref().ok()?;
                user.get("active").filter(|active| **active == Value::Bool(false))?;
                Leaving::Change(UserChange::replace_but_password(user.clone(), if_match, definition).ok()?)
            }
            Edit::Patch { operations, .. } => {
                let (operations, rules) = (operations.clone().ok()?, directory.rules());
                let change = UserChange::patch_but_password(operations, if_match, definition, rules);
                Leaving::Change(Some(change).filter(UserChange::may_deactivate)?)
            }
        };
        Some((parse_id("User", id).ok()?, leaving))
    };
    entries.iter().filter_map(one).collect()
}
