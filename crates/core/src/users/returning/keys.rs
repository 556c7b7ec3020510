//! Which user the keys of one who is to be made are those of: a decision from facts, without a database.

use rollcall_api::v1::ErrorReason;
use rollcall_scim::Resource;
use rollcall_scim::fold::fold;
use rollcall_store::{Namesake, Presence};

use super::{Returning, text};
use crate::error::{Error, Result};
use crate::sso::primary_work_address;

/// Users whom one note names.
const NAMED_IN_A_NOTE: usize = 2;

/// By what a user who is to be made can be known again, beside the userName, by which namesakes are found.
#[derive(Debug)]
pub(super) struct Keys<'a> {
    pub(super) external_id: Option<&'a str>,
    /// The primary work address, whose case does not matter.
    address: Option<String>,
    /// Whether an externalId is one person's for good.
    is_stable: bool,
}

impl<'a> Keys<'a> {
    /// Those among these attributes, in a directory whose externalIds are stable or are not.
    pub(super) fn of(attributes: &'a Resource, is_stable: bool) -> Self {
        Self {
            external_id: text(attributes, "externalId"),
            address: primary_work_address(attributes).map(fold),
            is_stable,
        }
    }

    /// Of the users who have the externalId or the userName, the one who is that person and can be restored.
    ///
    /// An id is handed on where externalId, and userName or primary work address, are the same: an externalId alone may have
    /// been somebody else's, unless it is stable. Whoever is there and has the userName without an externalId beside it is
    /// that person, too, since nobody else can have the name meanwhile.
    ///
    /// Errors: `UNIQUENESS` where an inactive other person holds the userName.
    pub(super) fn judge(&self, namesakes: &[Namesake]) -> Result<Returning> {
        let found = self.find(namesakes);
        let who = match found {
            Found::One(user, _) if user.presence != Presence::Active => Some(user),
            _ => None,
        };
        let holder = namesakes.iter().find(|user| user.has_user_name && user.presence == Presence::Inactive);
        if let Some(holder) = holder.filter(|holder| who.is_none_or(|user| user.id != holder.id)) {
            return Err(held_by_another_person(holder));
        }
        let mut notes = Vec::new();
        match (&found, who) {
            (Found::One(user, why), Some(_)) => {
                notes.push(format!("restored {}: {}", called(user), why.text()));
            }
            (Found::Several(users), _) => notes.push(several(users)),
            _ => {}
        }
        if who.is_none() && !matches!(found, Found::Several(_)) {
            let passed_over = namesakes.iter().filter(|user| user.presence != Presence::Active);
            notes.extend(passed_over.take(NAMED_IN_A_NOTE).map(|user| self.not_that_one(user)));
        }
        Ok(Returning { who: who.map(|user| (user.id, user.presence)), notes })
    }

    fn find<'n>(&self, namesakes: &'n [Namesake]) -> Found<'n> {
        let same_id: Vec<&Namesake> = namesakes.iter().filter(|user| self.has_external_id(user)).collect();
        let same: Vec<&Namesake> = same_id.iter().copied().filter(|user| self.agrees(user)).collect();
        let holder = namesakes.iter().find(|user| user.has_user_name && user.presence != Presence::Departed);
        if let Some(holder) = holder.filter(|holder| self.has_external_id(holder)) {
            return Found::One(holder, Why::UserName);
        }
        let holder = holder.filter(|holder| holder.external_id.is_none() || self.external_id.is_none());
        match (same.as_slice(), same_id.as_slice(), holder) {
            ([one], ..) if one.has_user_name => Found::One(one, Why::UserName),
            ([one], ..) => Found::One(one, Why::Address),
            ([_, _, ..], ..) => Found::Several(same),
            ([], [_, _, ..], None) if self.is_stable => Found::Several(same_id),
            ([], [one], None) if self.is_stable => Found::One(one, Why::StableExternalId),
            ([], [_, ..], Some(_)) if self.is_stable => Found::Nobody,
            ([], _, Some(holder)) => Found::One(holder, Why::Name),
            ([], _, None) => Found::Nobody,
        }
    }

    fn has_external_id(&self, user: &Namesake) -> bool {
        self.external_id.is_some() && user.external_id.as_deref() == self.external_id
    }

    /// Whether the userName or the primary work address is the same.
    fn agrees(&self, user: &Namesake) -> bool {
        let address = primary_work_address(&user.attributes).map(fold);
        user.has_user_name || (address.is_some() && address == self.address)
    }

    /// Why a user who has one of the keys is not restored.
    fn not_that_one(&self, user: &Namesake) -> String {
        let why = if !self.has_external_id(user) {
            "the userName is the same, and no externalId is"
        } else if self.agrees(user) {
            "the user who has its keys is active"
        } else {
            "the externalId is the same, but neither userName nor primary work address"
        };
        format!("a new user, not {}: {why}", called(user))
    }
}

/// Whose the keys are.
#[derive(Debug)]
enum Found<'n> {
    Nobody,
    One(&'n Namesake, Why),
    Several(Vec<&'n Namesake>),
}

/// Why a user is the one.
#[derive(Debug, Clone, Copy)]
enum Why {
    UserName,
    Address,
    StableExternalId,
    Name,
}

impl Why {
    fn text(self) -> &'static str {
        match self {
            Self::UserName => "externalId and userName are the same",
            Self::Address => "externalId and primary work address are the same",
            Self::StableExternalId => {
                "the externalId is the same, and by the rule stable-external-ids one person's"
            }
            Self::Name => "the userName is the same, and one of the two has no externalId",
        }
    }
}

fn several(users: &[&Namesake]) -> String {
    let named: Vec<String> = users.iter().take(NAMED_IN_A_NOTE).map(|user| called(user)).collect();
    let others = users.len().saturating_sub(NAMED_IN_A_NOTE);
    let others = if others > 0 { format!(" and {others} more") } else { String::new() };
    format!("a new user: the keys are those of several, {}{others}", named.join(", "))
}

/// A user, as notes name one.
fn called(user: &Namesake) -> String {
    let presence = match user.presence {
        Presence::Active => "active",
        Presence::Inactive => "inactive",
        Presence::Departed => "deleted",
    };
    format!("the {presence} user {}", user.id)
}

fn held_by_another_person(user: &Namesake) -> Error {
    let whose = match user.external_id {
        Some(_) => "whose externalId is another one",
        None => "and the externalId is that of another user",
    };
    Error::new(
        ErrorReason::Uniqueness,
        format!("userName: the inactive user {} has it, {whose}; rename or delete that user first", user.id),
    )
}

#[cfg(test)]
mod tests;
