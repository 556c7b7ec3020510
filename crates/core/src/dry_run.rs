//! Dry run: what an identity provider sends is done to its end, answered with what would have happened, and undone.

use std::fmt::Display;

use rollcall_api::v1::ErrorReason;
use rollcall_store::{Directory, ResourceType, StoredResource, Transaction};
use serde_json::Value;
use uuid::Uuid;

use crate::error::{Error, Result, shortened};
use crate::events::{Origin, Party};
use crate::resources::Changed;

/// Changed attributes that are named at most: a status travels in headers, whose size is limited.
const MOST_NAMED: usize = 20;

/// What a write did with a user or group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deed {
    /// It was created, and is called so.
    Created(String),
    /// A user who had left was restored; these attributes are other ones.
    Restored(Vec<String>),
    /// It was replaced; these attributes changed.
    Replaced(Vec<String>),
    /// It was changed; these attributes are other ones.
    Changed(Vec<String>),
    /// None of its attributes changed, but from now on the identity provider manages it.
    Adopted,
    /// It was deleted.
    Deleted,
}

impl Deed {
    pub(crate) fn created(resource: &StoredResource) -> Self {
        let name = match resource.resource_type {
            ResourceType::User => "userName",
            ResourceType::Group => "displayName",
        };
        let name = resource.attributes.get(name).and_then(Value::as_str).unwrap_or_default();
        Self::Created(shortened(name).into_owned())
    }

    /// The deed of a PUT or PATCH.
    pub(crate) fn of_change(changed: &Changed, is_replacement: bool) -> Self {
        let names = changed.names.clone();
        match is_replacement {
            _ if names.is_empty() && changed.is_adopted => Self::Adopted,
            true => Self::Replaced(names),
            false => Self::Changed(names),
        }
    }

    /// What would have happened, had it not been in a dry run.
    pub(crate) fn would_have(&self, resource_type: ResourceType, id: Uuid) -> String {
        let kind = resource_type.as_str().to_lowercase();
        let (deed, names) = match self {
            Self::Created(name) => return format!("the {kind} {name:?} would have been created"),
            Self::Deleted => return format!("the {kind} {id} would have been deleted"),
            Self::Adopted => {
                return format!(
                    "no attribute of the {kind} {id} would have changed, but the identity provider would have managed it from \
                     then on"
                );
            }
            Self::Replaced(names) | Self::Changed(names) if names.is_empty() => {
                return format!("nothing would have changed in the {kind} {id}");
            }
            Self::Restored(names) => ("restored", names),
            Self::Replaced(names) => ("replaced", names),
            Self::Changed(names) => ("changed", names),
        };
        format!("the {kind} {id} would have been {deed}{}", listed(names))
    }
}

/// The names behind what they are the names of.
fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return String::new();
    }
    let others = names.len().saturating_sub(MOST_NAMED);
    let first: Vec<_> = names.iter().take(MOST_NAMED).map(|name| shortened(name)).collect();
    let others = if others == 0 { String::new() } else { format!(" and {others} more") };
    format!(": {}{others}", first.join(", "))
}

/// Whether what this party writes to the directory is not to be.
pub(crate) fn is_dry_run(origin: Origin<'_>, directory: &Directory) -> bool {
    directory.safeguards.dry_run && origin.party == Party::IdentityProvider
}

/// The transaction of a change, to be saved. In a dry run it is dropped instead, once everything has been written, and what
/// would have happened is the error: `DRY_RUN`.
pub(crate) async fn unless_dry_run(
    origin: Origin<'_>,
    directory: &Directory,
    mut transaction: Box<dyn Transaction>,
    what: impl FnOnce() -> String,
) -> Result<Box<dyn Transaction>> {
    if is_dry_run(origin, directory) {
        transaction.settle().await?;
        note_dry_run(origin);
        return Err(not_in_dry_run(what()));
    }
    Ok(transaction)
}

/// Notes for the activity log that nothing was done.
pub(crate) fn note_dry_run(origin: Origin<'_>) {
    origin.note("dry run: nothing of it was done");
}

/// The error that says what would have happened.
pub(crate) fn not_in_dry_run(what: impl Display) -> Error {
    Error::new(
        ErrorReason::DryRun,
        format!("dry run: {what}; an administrator can end the dry run of this directory"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(deed: &Deed) -> String {
        deed.would_have(ResourceType::User, Uuid::nil())
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn what_would_have_happened_names_what_would_have_changed() {
        let id = Uuid::nil();
        let changed = told(&Deed::Changed(names(&["title", "active"])));
        assert_eq!(changed, format!("the user {id} would have been changed: title, active"));
        let replaced = told(&Deed::Replaced(names(&["title"])));
        assert_eq!(replaced, format!("the user {id} would have been replaced: title"));
        assert_eq!(told(&Deed::Restored(Vec::new())), format!("the user {id} would have been restored"));
        assert_eq!(told(&Deed::Deleted), format!("the user {id} would have been deleted"));
        assert_eq!(told(&Deed::Created("ana".to_owned())), "the user \"ana\" would have been created");
        for nothing in [Deed::Changed(Vec::new()), Deed::Replaced(Vec::new())] {
            assert_eq!(told(&nothing), format!("nothing would have changed in the user {id}"));
        }
    }

    #[test]
    fn only_so_many_names_are_listed() {
        let many: Vec<String> = (0..30).map(|number| format!("{number}{}", "x".repeat(500))).collect();
        let text = told(&Deed::Changed(many));
        assert!(text.ends_with(" and 10 more"), "{text}");
        assert!(text.len() < 3_000, "{}", text.len());
    }
}
