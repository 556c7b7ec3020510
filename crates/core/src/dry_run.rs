//! Dry run: what an identity provider sends is done to its end, answered with what would have happened, and undone.

use std::fmt::Display;

use rollcall_api::v1::ErrorReason;
use rollcall_store::{Directory, Transaction};

use crate::error::{Error, Result};
use crate::events::{Origin, Party};

/// The transaction of a change, to be saved. In a dry run it is dropped instead, and what would have happened is the error:
/// `DRY_RUN`.
pub(crate) fn unless_dry_run(
    origin: Origin<'_>,
    directory: &Directory,
    transaction: Box<dyn Transaction>,
    what: impl FnOnce() -> String,
) -> Result<Box<dyn Transaction>> {
    if directory.safeguards.dry_run && origin.party == Party::IdentityProvider {
        origin.note("dry run: nothing of it was done");
        return Err(not_in_dry_run(what()));
    }
    Ok(transaction)
}

/// The error that says what would have happened.
pub(crate) fn not_in_dry_run(what: impl Display) -> Error {
    Error::new(
        ErrorReason::DryRun,
        format!("dry run: {what}; an administrator can end the dry run of this directory"),
    )
}
