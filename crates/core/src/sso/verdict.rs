//! May they come in, and as whom? What the answer is, from what is known; nothing here asks the database.

use rollcall_api::v1::{SignInDecision, SignInRule};
use rollcall_scim::Resource;
use rollcall_scim::fold::fold;
use rollcall_store::{Candidate, Directory, Effect, Protocol, ProvisioningRule, StoredResource};
use serde_json::Value;
use uuid::Uuid;

use super::address::Address;
use super::arrival::Arrival;
use crate::directories::{Overridden, provisioning_choice};
use crate::provisioning_rules::first_match;

/// Users with one address who are looked at. Where there are more, they are several matches in any case.
pub(super) const MOST_CANDIDATES: u32 = 100;

/// What becomes of a sign-in.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Verdict {
    pub(super) outcome: Outcome,
    pub(super) rule: SignInRule,
    /// The directory's own rule that made it, and where that stands.
    pub(super) own_rule: Option<(Uuid, usize)>,
}

/// Whom it lets in, if anybody.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    /// This user; the subject is known.
    Known(StoredResource),
    /// This user, to whom the subject is to be linked.
    Matched(StoredResource),
    /// A user who is to be created.
    Created,
    /// Nobody: nobody is provisioned.
    NotProvisioned,
    /// Nobody: this user is not active, or was deleted.
    Deactivated(StoredResource),
}

impl Verdict {
    fn by(rule: SignInRule, outcome: Outcome) -> Self {
        Self { outcome, rule, own_rule: None }
    }

    pub(super) fn decision(&self) -> SignInDecision {
        match self.outcome {
            Outcome::Known(_) | Outcome::Matched(_) => SignInDecision::Existing,
            Outcome::Created => SignInDecision::Created,
            Outcome::NotProvisioned => SignInDecision::RefusedNotProvisioned,
            Outcome::Deactivated(_) => SignInDecision::RefusedDeactivated,
        }
    }

    /// The decision in a sentence.
    pub(super) fn explanation(&self, protocol: Protocol) -> String {
        let protocol = protocol.label();
        let told = match self.rule {
            SignInRule::Linked => "the issuer and subject are linked to this user",
            SignInRule::MatchedUserName => {
                "the e-mail address is the userName of this user, whom nobody signs in as yet"
            }
            SignInRule::MatchedEmail => {
                "the e-mail address is the primary work address of this user, whom nobody signs in as yet"
            }
            SignInRule::Deactivated => {
                "this user is not active; the identity provider or an administrator can change that"
            }
            SignInRule::Deleted => {
                "this user was deleted, by the identity provider or an administrator, who can provision the person again"
            }
            SignInRule::EmailMissing => {
                "the subject is not linked to a user, and came without an e-mail address to know it by"
            }
            SignInRule::EmailNotVerified => {
                "the subject is not linked to a user, and the application does not vouch that the e-mail address is theirs"
            }
            SignInRule::SeveralMatches => {
                "the e-mail address leads to more than one user, and nobody can tell which of them it is"
            }
            SignInRule::AlreadyClaimed => {
                "the e-mail address leads to a user as whom another subject signs in, and no account is taken over"
            }
            SignInRule::ProvisioningRule => return self.explain_own_rule(),
            SignInRule::ProvisioningOn => {
                return format!("there is no account, and a first sign-in by {protocol} may create one");
            }
            SignInRule::ProvisioningOff => {
                return format!("there is no account, and a first sign-in by {protocol} may not create one");
            }
            SignInRule::OverriddenByScim => {
                return format!(
                    "there is no account, and the identity provider has to provision it: provisioning by {protocol} is \
                     overridden by SCIM"
                );
            }
            SignInRule::Unspecified => "",
        };
        told.to_owned()
    }

    fn explain_own_rule(&self) -> String {
        let position = self.own_rule.map_or(0, |(_, position)| position);
        let may = if self.outcome == Outcome::Created { "may" } else { "may not" };
        format!(
            "there is no account, and by the provisioning rule at position {position} a first sign-in {may} create it"
        )
    }
}

/// What becomes of a subject that is linked to this user.
pub(super) fn of_linked(user: StoredResource) -> Verdict {
    if is_active(&user) {
        Verdict::by(SignInRule::Linked, Outcome::Known(user))
    } else {
        Verdict::by(SignInRule::Deactivated, Outcome::Deactivated(user))
    }
}

/// What becomes of a subject who was this user, until they were deleted.
pub(super) fn of_departed(user: StoredResource) -> Verdict {
    Verdict::by(SignInRule::Deleted, Outcome::Deactivated(user))
}

/// What becomes of an unknown subject whose address nobody may be known by.
pub(super) fn of_unvouched(arrival: &Arrival) -> Verdict {
    let rule =
        if arrival.address.is_none() { SignInRule::EmailMissing } else { SignInRule::EmailNotVerified };
    Verdict::by(rule, Outcome::NotProvisioned)
}

/// What becomes of an unknown subject whose address leads to one of these users; `None`, it leads to none.
pub(super) fn of_matches(
    arrival: &Arrival,
    address: &Address,
    candidates: Vec<Candidate>,
) -> Option<Verdict> {
    // The subject was linked since it was looked for: another sign-in of the same person was faster.
    let is_own = |candidate: &Candidate| {
        let claimed_by = candidate.claimed_by.as_ref();
        claimed_by.is_some_and(|(issuer, subject)| *issuer == arrival.issuer && *subject == arrival.subject)
    };
    if let Some(own) = candidates.iter().find(|candidate| is_own(candidate)) {
        return Some(of_linked(own.user.clone()));
    }
    if candidates.len() >= MOST_CANDIDATES as usize {
        return Some(Verdict::by(SignInRule::SeveralMatches, Outcome::NotProvisioned));
    }
    let mut matches = candidates.into_iter().filter_map(|candidate| {
        let attributes = &candidate.user.attributes;
        if is_called(attributes, address) {
            Some((SignInRule::MatchedUserName, candidate))
        } else if primary_work_address(attributes).is_some_and(|held| fold(held) == address.folded) {
            Some((SignInRule::MatchedEmail, candidate))
        } else {
            None
        }
    });
    let (rule, candidate) = matches.next()?;
    Some(if matches.next().is_some() {
        Verdict::by(SignInRule::SeveralMatches, Outcome::NotProvisioned)
    } else if candidate.claimed_by.is_some() {
        Verdict::by(SignInRule::AlreadyClaimed, Outcome::NotProvisioned)
    } else if is_active(&candidate.user) {
        Verdict::by(rule, Outcome::Matched(candidate.user))
    } else {
        Verdict::by(SignInRule::Deactivated, Outcome::Deactivated(candidate.user))
    })
}

/// What becomes of a subject for whom there is no account.
pub(super) fn of_nobody(directory: &Directory, arrival: &Arrival, rules: &[ProvisioningRule]) -> Verdict {
    if let Some((position, rule)) = first_match(rules, arrival) {
        let outcome = match rule.effect {
            Effect::Allow => Outcome::Created,
            Effect::Refuse => Outcome::NotProvisioned,
        };
        return Verdict { outcome, rule: SignInRule::ProvisioningRule, own_rule: Some((rule.id, position)) };
    }
    let choice = provisioning_choice(directory, arrival.protocol);
    match (choice.effective, choice.overridden_by) {
        (true, _) => Verdict::by(SignInRule::ProvisioningOn, Outcome::Created),
        (false, Some(Overridden::ByScim)) => {
            Verdict::by(SignInRule::OverriddenByScim, Outcome::NotProvisioned)
        }
        (false, None) => Verdict::by(SignInRule::ProvisioningOff, Outcome::NotProvisioned),
    }
}

/// Whether the user may sign in.
pub(super) fn is_active(user: &StoredResource) -> bool {
    user.attributes.get("active").and_then(Value::as_bool).unwrap_or_default()
}

/// Whether an address is the userName of a user.
pub(super) fn is_called(attributes: &Resource, address: &Address) -> bool {
    attributes.get("userName").and_then(Value::as_str).is_some_and(|name| fold(name) == address.folded)
}

/// The work address of a user that is primary: marked so, or the only address.
pub(crate) fn primary_work_address(attributes: &Resource) -> Option<&str> {
    let emails = attributes.get("emails").and_then(Value::as_array)?;
    let is_primary = |email: &&Value| email.get("primary").and_then(Value::as_bool).unwrap_or_default();
    let primary = match emails.as_slice() {
        [only] => only,
        several => several.iter().find(is_primary)?,
    };
    let is_work = primary.get("type").and_then(Value::as_str).is_some_and(|kind| fold(kind) == "work");
    primary.get("value").and_then(Value::as_str).filter(|_| is_work)
}

#[cfg(test)]
mod tests;
