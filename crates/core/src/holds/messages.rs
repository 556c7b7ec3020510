//! Holds as messages.

use rollcall_api::v1;
use rollcall_store::{DepartureKind, HeldChange, HeldOutcome, Hold, HoldState};

use crate::credentials::timestamp;

pub(super) fn hold(hold: Hold) -> v1::Hold {
    let state = match hold.state {
        HoldState::Pending => v1::HoldState::Pending,
        HoldState::Approved => v1::HoldState::Approved,
        HoldState::Rejected => v1::HoldState::Rejected,
    };
    v1::Hold {
        id: hold.id.to_string(),
        state: state.into(),
        guard_rail: hold.guard_rail,
        active_users: hold.active_users,
        created: Some(timestamp(hold.created)),
        window_ends: Some(timestamp(hold.ends)),
        decided: hold.decided.map(timestamp),
        decided_by: hold.decided_by.map(|credential| credential.to_string()).unwrap_or_default(),
        changes: hold.changes,
        waiting: hold.waiting,
    }
}

pub(super) fn change(change: HeldChange) -> v1::HeldChange {
    let kind = match change.kind {
        DepartureKind::Deactivation => v1::held_change::Kind::Deactivation,
        DepartureKind::Deletion => v1::held_change::Kind::Deletion,
    };
    let outcome = match change.outcome {
        HeldOutcome::Pending => v1::held_change::Outcome::Pending,
        HeldOutcome::Applied => v1::held_change::Outcome::Applied,
        HeldOutcome::Rejected => v1::held_change::Outcome::Rejected,
        HeldOutcome::Failed => v1::held_change::Outcome::Failed,
    };
    v1::HeldChange {
        user: change.user.to_string(),
        user_name: change.user_name,
        kind: kind.into(),
        changes: crate::audit::changes(change.changes),
        token: change.credential.to_string(),
        token_prefix: change.credential_prefix.unwrap_or_default(),
        request_id: change.request_id,
        first_asked: Some(timestamp(change.first_asked)),
        last_asked: Some(timestamp(change.last_asked)),
        times_asked: change.times_asked,
        outcome: outcome.into(),
        reason: change.reason.unwrap_or_default(),
    }
}
