//! What administrators decide about a hold.

use rollcall_api::v1::{
    ApplyHeldChangeRequest, ApplyHeldChangeResponse, ApproveHoldRequest, ApproveHoldResponse, ErrorReason,
    RejectHoldRequest, RejectHoldResponse,
};
use rollcall_scim::Resource;
use rollcall_store::{
    DepartureKind, Directory, EventKind, HeldChange, HeldOutcome, Hold, HoldState, Provenance, ResourceType,
    Transaction,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{HOLD, Holds, hold_id, messages};
use crate::Core;
use crate::caller::{Caller, parse_id};
use crate::error::{Error, Result};
use crate::events::Origin;
use crate::resources::Rewriting;
use crate::types::{Types, require_known};

/// Changes that are read at once.
const CHANGES_AT_ONCE: u32 = 200;

impl Holds {
    /// Lets everybody leave, and makes the recorded changes, each in a transaction of its own. One that is broken off goes
    /// on when it is called again.
    pub(super) async fn approve(
        &self,
        caller: &Caller,
        request: ApproveHoldRequest,
    ) -> Result<ApproveHoldResponse> {
        let directory = caller.directory_to_change(&*self.core.store, &request.directory).await?;
        let id = hold_id(&request.id)?;
        self.core.decide(caller, &directory, id, HoldState::Approved).await?;
        let types = self.core.types(&directory).await?;
        let mut after = None;
        loop {
            let waiting = self.core.store.held_changes(id, true, after, CHANGES_AT_ONCE).await?;
            let Some(last) = waiting.last() else { break };
            after = Some(last.user);
            for change in &waiting {
                self.core.make(caller, &directory, &types, id, change.user).await?;
            }
        }
        let hold = self.find(&directory, &request.id).await?;
        Ok(ApproveHoldResponse { hold: Some(messages::hold(hold)) })
    }

    /// Makes one recorded change.
    pub(super) async fn apply(
        &self,
        caller: &Caller,
        request: ApplyHeldChangeRequest,
    ) -> Result<ApplyHeldChangeResponse> {
        let directory = caller.directory_to_change(&*self.core.store, &request.directory).await?;
        let hold = self.find(&directory, &request.id).await?;
        let user = parse_id("held change of a user", &request.user)?;
        let types = self.core.types(&directory).await?;
        let change = self.core.make(caller, &directory, &types, hold.id, user).await?;
        Ok(ApplyHeldChangeResponse { change: Some(messages::change(change)) })
    }

    /// Drops the recorded changes.
    pub(super) async fn reject(
        &self,
        caller: &Caller,
        request: RejectHoldRequest,
    ) -> Result<RejectHoldResponse> {
        let directory = caller.directory_to_change(&*self.core.store, &request.directory).await?;
        self.core.decide(caller, &directory, hold_id(&request.id)?, HoldState::Rejected).await?;
        let hold = self.find(&directory, &request.id).await?;
        Ok(RejectHoldResponse { hold: Some(messages::hold(hold)) })
    }
}

impl Core {
    /// Writes a decision down. The same one again changes nothing.
    async fn decide(
        &self,
        caller: &Caller,
        directory: &Directory,
        id: Uuid,
        decision: HoldState,
    ) -> Result<()> {
        self.in_a_transaction(|mut transaction| async move {
            self.try_decide(&mut *transaction, caller, directory, id, decision).await?;
            Ok(((), transaction))
        })
        .await
    }

    async fn try_decide(
        &self,
        transaction: &mut dyn Transaction,
        caller: &Caller,
        directory: &Directory,
        id: Uuid,
        decision: HoldState,
    ) -> Result<()> {
        transaction.lock_guard(directory.id).await?;
        let hold = transaction.hold(directory.id, id).await?;
        let mut hold = hold.ok_or_else(|| Error::not_found(HOLD, &id.to_string()))?;
        if hold.state == decision {
            return Ok(());
        }
        if hold.state != HoldState::Pending {
            return Err(decided(&hold));
        }
        let now = self.clock.now();
        // The window of the hold begins anew with the decision, which would be none if its window had ended by then.
        (hold.ends, hold.state, hold.decided) = (now + (hold.ends - hold.created), decision, Some(now));
        hold.decided_by = Some(caller.credential_id());
        transaction.decide_hold(&hold).await?;
        let kind = if decision == HoldState::Approved {
            EventKind::HoldApproved
        } else {
            transaction.drop_held_changes(id).await?;
            EventKind::HoldRejected
        };
        let facts = json!({
            "state": { "before": HoldState::Pending.as_str(), "after": decision.as_str() },
            "changes": { "before": hold.waiting, "after": 0 },
        });
        let event = self.event(caller.origin(), Some(directory.id), kind, id, facts);
        Ok(transaction.insert_event(&event).await?)
    }

    /// Makes a recorded change, and writes down what became of it. That it cannot be made is no error, but its outcome.
    async fn make(
        &self,
        caller: &Caller,
        directory: &Directory,
        types: &Types,
        hold: Uuid,
        user: Uuid,
    ) -> Result<HeldChange> {
        let origin = caller.origin().approving();
        let made = self
            .in_a_transaction(|mut transaction| async move {
                let change = self.try_make(&mut *transaction, origin, directory, types, hold, user).await?;
                Ok((change, transaction))
            })
            .await;
        let reason = match made {
            Ok(change) => return Ok(change),
            Err(error) if is_final(&error) => error.to_string(),
            Err(error) => return Err(error),
        };
        let reason = reason.as_str();
        self.in_a_transaction(|mut transaction| async move {
            let mut change = waiting(&mut *transaction, hold, user).await?;
            if change.outcome == HeldOutcome::Pending {
                (change.outcome, change.reason) = (HeldOutcome::Failed, Some(reason.to_owned()));
                transaction.settle_held_change(&change).await?;
            }
            Ok((change, transaction))
        })
        .await
    }

    async fn try_make(
        &self,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        directory: &Directory,
        types: &Types,
        hold: Uuid,
        user: Uuid,
    ) -> Result<HeldChange> {
        let mut change = waiting(transaction, hold, user).await?;
        match change.outcome {
            HeldOutcome::Pending => {}
            HeldOutcome::Applied => return Ok(change),
            HeldOutcome::Rejected | HeldOutcome::Failed => {
                return Err(Error::new(
                    ErrorReason::HoldDecided,
                    format!("the change of the user {user} was {} already", change.outcome.as_str()),
                ));
            }
        }
        match change.kind {
            DepartureKind::Deletion => self.delete_user(transaction, origin, directory, user, &[]).await?,
            DepartureKind::Deactivation => {
                self.change_as_recorded(transaction, origin, directory, types, &change).await?;
            }
        }
        change.outcome = HeldOutcome::Applied;
        transaction.settle_held_change(&change).await?;
        Ok(change)
    }

    /// Gives a user the attributes that a held change was to give, and leaves the others as they are by now.
    async fn change_as_recorded(
        &self,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        directory: &Directory,
        types: &Types,
        change: &HeldChange,
    ) -> Result<()> {
        self.hold_schemas(transaction, directory).await?;
        let user = transaction.resource(directory.id, ResourceType::User, change.user).await?;
        let mut user = user.ok_or_else(|| Error::not_found("User", &change.user.to_string()))?;
        let attributes = overlaid(&user.attributes, &change.changes);
        require_known(&attributes, types.user())?;
        if attributes == user.attributes {
            return Ok(());
        }
        self.let_leave(transaction, origin, directory, &user, || super::recording::departure_of(change))
            .await?;
        self.adopt(transaction, origin, directory, &mut user).await?;
        let event = self.event_to_come(origin, directory, EventKind::UserUpdated, user.id);
        let by = Rewriting { event: &event, others: Provenance::of(&event, []) };
        let facts =
            self.rewrite_resource(transaction, directory, &mut user, attributes, types.user(), by).await?;
        Ok(transaction.insert_event(&event.of(user.version).telling(facts)).await?)
    }
}

/// The recorded change of a user, locked.
async fn waiting(transaction: &mut dyn Transaction, hold: Uuid, user: Uuid) -> Result<HeldChange> {
    let change = transaction.held_change(hold, user).await?;
    change.ok_or_else(|| Error::not_found("held change of a user", &user.to_string()))
}

/// Attributes after the recorded changes of some of them.
fn overlaid(attributes: &Resource, changes: &Value) -> Resource {
    let mut overlaid = attributes.clone();
    for (name, change) in changes.as_object().into_iter().flatten() {
        match change.get("after") {
            None | Some(Value::Null) => _ = overlaid.shift_remove(name),
            Some(after) => _ = overlaid.insert(name.clone(), after.clone()),
        }
    }
    overlaid
}

/// Whether an error says that a change can never be made, and not that it could not be made now.
fn is_final(error: &Error) -> bool {
    !matches!(
        error.reason(),
        ErrorReason::Conflict | ErrorReason::Unavailable | ErrorReason::Internal | ErrorReason::HoldDecided
    )
}

fn decided(hold: &Hold) -> Error {
    Error::new(
        ErrorReason::HoldDecided,
        format!("the hold {} was {} already, which nothing takes back", hold.id, hold.state.as_str()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_change_leaves_alone_what_it_does_not_name() {
        let Value::Object(attributes) =
            json!({ "userName": "ana", "active": true, "title": "New", "nickName": "A" })
        else {
            panic!("an object")
        };
        let changes = json!({
            "active": { "before": true, "after": false },
            "nickName": { "before": "A", "after": null },
            "locale": { "before": null, "after": "en" },
        });
        let expected = json!({ "userName": "ana", "active": false, "title": "New", "locale": "en" });
        assert_eq!(Value::Object(overlaid(&attributes, &changes)), expected);
    }
}
