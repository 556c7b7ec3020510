//! What stands between an identity provider and the users whom it makes leave: the last administrator stays, and a guard
//! rail counts.
//!
//! Whoever is no identity provider knows what they do: administrators and the application's own services are not stopped.

use std::time::Duration;

use rollcall_api::v1::ErrorReason;
use rollcall_scim::Resource;
use rollcall_store::{DepartureKind, Directory, GuardRail, HoldState, Measure, StoredResource, Transaction};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Core;
use crate::error::{Error, Result};
use crate::events::{Origin, Party, changes};
use crate::resources::date_time;
use crate::stopped::{Departure, Stopped};

/// How many users may be leaving at one moment, in transactions that do not see each other: more than all cores together have
/// connections for one directory.
const UNSEEN: i64 = 200;
/// How old a count of the active users may be: the window through this.
const FRESH_PART: i64 = 100;

impl Departure {
    /// A user who is to be deleted.
    pub(crate) fn deletion(user: &StoredResource) -> Self {
        Self::of(user, DepartureKind::Deletion, json!({}))
    }

    /// A user who is to have other attributes.
    pub(crate) fn deactivation(user: &StoredResource, after: &Resource) -> Self {
        Self::of(user, DepartureKind::Deactivation, changes(&user.attributes, after))
    }

    fn of(user: &StoredResource, kind: DepartureKind, changes: Value) -> Self {
        let user_name = user.attributes.get("userName").and_then(Value::as_str).unwrap_or_default();
        Self { user: user.id, user_name: user_name.to_owned(), kind, changes }
    }
}

impl Core {
    /// Whether a user may leave: the attributes are `after` the change, or none are.
    ///
    /// Errors: `LAST_ADMINISTRATOR`; `HELD`, which [`in_a_transaction`](Self::in_a_transaction) records; `HOLD_REJECTED`.
    pub(crate) async fn let_leave(
        &self,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        directory: &Directory,
        user: &StoredResource,
        departure: impl FnOnce() -> Departure,
    ) -> Result<()> {
        if origin.party.is_inside() || !is_active(user) {
            return Ok(());
        }
        let rail = self.rail_for(directory, user).filter(|_| origin.party == Party::IdentityProvider);
        let administers = is_administrator(directory, user);
        if !administers && rail.is_none() {
            return Ok(());
        }
        if let Some(rail) = rail.filter(|_| !administers)
            && self.count_far_from(transaction, directory, rail, user).await?
        {
            return Ok(());
        }
        let mut measure = transaction.lock_guard(directory.id).await?;
        if administers {
            require_other_administrator(transaction, directory, user.id).await?;
        }
        match rail {
            None => Ok(()),
            Some(rail) => match self.count(transaction, directory, rail, &mut measure, user).await? {
                Count::Passes => Ok(()),
                Count::Stopped { active_users } => {
                    Err(stopped(directory, origin, vec![departure()], active_users))
                }
            },
        }
    }

    /// Whether a user who stays active may have other roles: these are the attributes after the change.
    ///
    /// Errors: `LAST_ADMINISTRATOR`, of a user who would be no administrator any more without a role.
    pub(crate) async fn let_lose_roles(
        &self,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        directory: &Directory,
        user: &StoredResource,
        after: &Resource,
    ) -> Result<()> {
        let loses = is_active(user)
            && !user.administrator
            && directory.is_administrator_by_role(&user.attributes)
            && !directory.is_administrator_by_role(after);
        if origin.party.is_inside() || !loses {
            return Ok(());
        }
        transaction.lock_guard(directory.id).await?;
        require_other_administrator(transaction, directory, user.id).await
    }

    /// The guard rail that counts a user: one who was there when the window began.
    pub(crate) fn rail_for(&self, directory: &Directory, user: &StoredResource) -> Option<GuardRail> {
        let rail = directory.safeguards.guard_rail?;
        (user.created <= self.clock.now() - rail.window_micros()).then_some(rail)
    }

    /// Counts a user who leaves while the limit is so far away that those who leave at this moment, and are not seen, cannot
    /// reach it together: so that they need not wait for one another. `false`: it is near, or there is something to decide.
    async fn count_far_from(
        &self,
        transaction: &mut dyn Transaction,
        directory: &Directory,
        rail: GuardRail,
        user: &StoredResource,
    ) -> Result<bool> {
        let now = self.clock.now();
        let standing = transaction.standing(directory.id, user.id, now - rail.window_micros(), now).await?;
        let active_users =
            if is_fresh(standing.measure, rail, now) { standing.measure.active_users } else { 0 };
        if standing.has_holds || standing.is_approved || !rail.lets(standing.others + UNSEEN, active_users) {
            return Ok(false);
        }
        transaction.count_departure(directory.id, user.id, user.created, now).await?;
        Ok(true)
    }

    /// Counts a user who leaves, within a transaction that has locked the guard.
    pub(crate) async fn count(
        &self,
        transaction: &mut dyn Transaction,
        directory: &Directory,
        rail: GuardRail,
        measure: &mut Measure,
        user: &StoredResource,
    ) -> Result<Count> {
        let now = self.clock.now();
        let began = now - rail.window_micros();
        let standing = transaction.standing(directory.id, user.id, began, now).await?;
        if standing.has_holds
            && let Some(hold) = transaction.hold_of(directory.id, user.id, now).await?
        {
            return match hold.state {
                HoldState::Rejected => Err(rejected(hold.id, hold.ends)),
                HoldState::Pending | HoldState::Approved => {
                    Ok(Count::Stopped { active_users: hold.active_users })
                }
            };
        }
        if standing.is_approved {
            return Ok(Count::Passes);
        }
        let leaving = standing.others + 1;
        if !standing.is_counted && leaving > i64::from(rail.users) {
            if !is_fresh(*measure, rail, now) {
                let active_users = transaction.active_users(directory.id, began).await? + standing.others;
                *measure = Measure { measured: now, active_users };
                transaction.set_measure(directory.id, *measure).await?;
            }
            if !rail.lets(leaving, measure.active_users) {
                return Ok(Count::Stopped { active_users: measure.active_users });
            }
        }
        transaction.count_departure(directory.id, user.id, user.created, now).await?;
        Ok(Count::Passes)
    }
}

/// Whether the active users were counted so lately that their number still counts.
fn is_fresh(measure: Measure, rail: GuardRail, now: i64) -> bool {
    now - measure.measured <= rail.window_micros() / FRESH_PART
}

/// Whether a user may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    /// Yes, and is counted.
    Passes,
    /// No. There were so many active users when the window began.
    Stopped { active_users: i64 },
}

/// Whether a user is active.
pub(crate) fn is_active(user: &StoredResource) -> bool {
    user.attributes.get("active") == Some(&Value::Bool(true))
}

/// The error of users whom a guard rail does not let leave.
pub(crate) fn stopped(
    directory: &Directory,
    origin: Origin<'_>,
    departures: Vec<Departure>,
    active_users: i64,
) -> Error {
    let credential = origin.credential().unwrap_or_default();
    Error::new(ErrorReason::Held, "a guard rail holds this change until an administrator approves it")
        .stopping(Stopped {
            directory: directory.clone(),
            departures,
            credential,
            request_id: origin.request_id.to_owned(),
            active_users,
        })
}

/// Whether a user is an administrator of the application: marked as one, or by a role.
pub(crate) fn is_administrator(directory: &Directory, user: &StoredResource) -> bool {
    user.administrator || directory.is_administrator_by_role(&user.attributes)
}

/// Refuses what would leave no active administrator, within a transaction that has locked the guard.
async fn require_other_administrator(
    transaction: &mut dyn Transaction,
    directory: &Directory,
    user: Uuid,
) -> Result<()> {
    let role = directory.administrator_role.as_deref();
    if transaction.has_other_administrator(directory.id, user, role).await? {
        return Ok(());
    }
    Err(last_administrator(user))
}

fn last_administrator(user: Uuid) -> Error {
    Error::new(
        ErrorReason::LastAdministrator,
        format!(
            "the user {user} is the last active administrator of the application, whom SCIM can neither deactivate nor delete, \
             nor take the role from that makes them one; make somebody else an administrator first"
        ),
    )
}

fn rejected(hold: Uuid, until: i64) -> Error {
    Error::new(
        ErrorReason::HoldRejected,
        format!(
            "an administrator rejected this change (hold {hold}); until {} it is refused whenever it is sent",
            date_time(until).unwrap_or_default()
        ),
    )
}

/// How long a client waits that is told to until a time, and at least a second.
pub(crate) fn wait_until(time: i64, now: i64) -> Duration {
    Duration::from_micros(u64::try_from(time - now).unwrap_or_default()).max(Duration::from_secs(1))
}
