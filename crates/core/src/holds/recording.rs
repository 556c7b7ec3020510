//! Recording what a guard rail stopped.

use rollcall_api::v1::ErrorReason;
use rollcall_store::{EventKind, HeldChange, HeldOutcome, Hold, HoldState, Transaction};
use serde_json::json;

use crate::Core;
use crate::departures::wait_until;
use crate::dry_run::not_in_dry_run;
use crate::error::{Error, Result};
use crate::events::Origin;
use crate::notices::{HeldChanges, Notice};
use crate::resources::Retries;
use crate::stopped::{Departure, Stopped};

impl Core {
    /// Records what a guard rail stopped, and returns the error that the identity provider gets: `HELD`, or `CONFLICT`
    /// where an administrator has let everybody leave since. In a dry run nothing is recorded.
    pub(crate) async fn hold_back(&self, stopped: Stopped) -> Error {
        if stopped.directory.safeguards.dry_run {
            let users = stopped.departures.len();
            let what = format!("the guard rail would have held the request, by which users leave: {users}");
            return not_in_dry_run(what);
        }
        let mut retries = Retries::default();
        loop {
            match self.try_hold_back(&stopped).await {
                Ok(hold) => return self.held(&stopped, &hold),
                Err(error) if error.reason() == ErrorReason::Held => return approved_since(),
                Err(error) => {
                    if let Err(error) = retries.again(error) {
                        return error;
                    }
                }
            }
        }
    }

    async fn try_hold_back(&self, stopped: &Stopped) -> Result<Hold> {
        let directory = &stopped.directory;
        let mut transaction = self.store.begin().await?;
        transaction.lock_guard(directory.id).await?;
        let now = self.clock.now();
        let mut open = transaction.open_hold(directory.id, now).await?;
        let mut last = None;
        for departure in &stopped.departures {
            let recorded = transaction.hold_of(directory.id, departure.user, now).await?;
            let recorded = recorded.filter(|hold| hold.state == HoldState::Pending);
            let hold = if let Some(hold) = recorded.or_else(|| open.clone()) {
                hold
            } else {
                let hold = self.open_hold(&mut *transaction, stopped, now).await?;
                open.insert(hold).clone()
            };
            let change = HeldChange {
                hold: hold.id,
                user: departure.user,
                user_name: departure.user_name.clone(),
                kind: departure.kind,
                changes: departure.changes.clone(),
                credential: stopped.credential,
                credential_prefix: None,
                request_id: stopped.request_id.clone(),
                first_asked: now,
                last_asked: now,
                times_asked: 1,
                outcome: HeldOutcome::Pending,
                reason: None,
            };
            transaction.put_held_change(directory.id, &change).await?;
            last = Some(hold);
        }
        let hold = last.ok_or_else(|| Error::internal("a guard rail stopped nobody"))?;
        transaction.save().await?;
        Ok(hold)
    }

    /// Opens a hold, and tells of it, unless an administrator lets everybody leave by now.
    async fn open_hold(
        &self,
        transaction: &mut dyn Transaction,
        stopped: &Stopped,
        now: i64,
    ) -> Result<Hold> {
        let directory = &stopped.directory;
        let rail = directory.safeguards.guard_rail.unwrap_or_default();
        let began = now - rail.window_micros();
        let standing = transaction.standing(directory.id, uuid::Uuid::nil(), began, now).await?;
        if standing.is_approved {
            return Err(Error::new(ErrorReason::Held, "approved"));
        }
        let hold = Hold {
            id: self.new_id(),
            directory: directory.id,
            state: HoldState::Pending,
            guard_rail: rail.to_string(),
            active_users: stopped.active_users,
            created: now,
            ends: now + rail.window_micros(),
            decided: None,
            decided_by: None,
            changes: 0,
            waiting: 0,
        };
        transaction.insert_hold(&hold).await?;
        let facts = json!({
            "guard_rail": { "before": null, "after": hold.guard_rail },
            "active_users": { "before": null, "after": hold.active_users },
            "left": { "before": null, "after": standing.others },
        });
        let origin = Origin::of_token(stopped.credential, &stopped.request_id);
        let event = self.event(origin, Some(directory.id), EventKind::HoldCreated, hold.id, facts);
        transaction.insert_event(&event).await?;
        let notice = Notice::ChangesHeld(HeldChanges {
            hold: hold.id,
            held: stopped.departures.len(),
            left: standing.others,
            active_users: stopped.active_users,
            rail,
        });
        self.notify(transaction, directory, notice).await?;
        Ok(hold)
    }

    fn held(&self, stopped: &Stopped, hold: &Hold) -> Error {
        let what = match stopped.departures.as_slice() {
            [one] => format!("the {} of the user {}", one.kind.as_str(), one.user),
            several => format!("this request, by which {} users would leave,", several.len()),
        };
        let message = format!(
            "{what} is held (hold {}) and nothing of it was done: with it more users would have been deactivated or deleted \
             than the guard rail {} of this directory allows. An administrator can approve or reject it",
            hold.id, hold.guard_rail
        );
        Error::new(ErrorReason::Held, message).retry_after(wait_until(hold.ends, self.clock.now()))
    }
}

/// A held change as a departure.
pub(super) fn departure_of(change: &HeldChange) -> Departure {
    Departure {
        user: change.user,
        user_name: change.user_name.clone(),
        kind: change.kind,
        changes: change.changes.clone(),
    }
}

fn approved_since() -> Error {
    Error::new(ErrorReason::Conflict, "an administrator approved such changes at this moment; send it again")
}
