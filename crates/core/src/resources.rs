//! What users and groups have in common: how they are written, listed and shown.

mod drafting;
mod listing;
mod representation;

pub(crate) use drafting::{Attempts, require_indexable, search_form};
pub(crate) use listing::{Asked, Listed, Type};
pub(crate) use representation::{Memberships, location, represent};

use rollcall_scim::projection::Projection;

use crate::error::Result;

/// Reads the projection of a request. Errors: `INVALID_VALUE` when both lists are given.
pub(crate) fn projection(message: Option<rollcall_api::v1::Projection>) -> Result<Projection> {
    let message = message.unwrap_or_default();
    Ok(Projection::parse(&message.attributes, &message.excluded_attributes)?)
}
