//! A sign-in: decided by what the database says, and carried out in one transaction where there is something to write.

use rollcall_api::v1::{
    ErrorReason, ExplainSignInRequest, ExplainSignInResponse, SignInGroup, SignInRequest, SignInResponse,
};
use rollcall_scim::{Definition, Resource};
use rollcall_store::{
    Directory, EventKind, ResourceType, SignInLink, SignInReading, StoredResource, Transaction, UserOrigin,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Sso;
use super::account::{display, is_managed, new_account, updated};
use super::arrival::Arrival;
use super::verdict::{
    MOST_CANDIDATES, Outcome, Verdict, of_departed, of_linked, of_matches, of_nobody, of_unvouched,
};
use crate::Core;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::notices::Notice;
use crate::users::UserChange;

async fn decide(
    reading: &mut dyn SignInReading,
    directory: &Directory,
    arrival: &Arrival,
) -> Result<Verdict> {
    let (id, issuer, subject) = (directory.id, &arrival.issuer, &arrival.subject);
    if let Some(user) = reading.linked_user(id, issuer, subject).await? {
        return Ok(of_linked(user));
    }
    let address = arrival.vouched_address();
    if let Some(address) = address
        && let candidates = reading.sign_in_candidates(id, &address.folded, MOST_CANDIDATES).await?
        && let Some(verdict) = of_matches(arrival, address, candidates)
    {
        return Ok(verdict);
    }
    let address = address.map(|address| address.folded.as_str());
    if let Some(user) = reading.departed_arrival(id, issuer, subject, address).await? {
        return Ok(of_departed(user));
    }
    if address.is_none() {
        return Ok(of_unvouched(arrival));
    }
    Ok(of_nobody(directory, arrival, &reading.provisioning_rules(id).await?))
}

/// A sign-in that has been decided, and carried out where it was to be.
struct Done {
    verdict: Verdict,
    /// The user who comes in, or would if they were active.
    user: Option<StoredResource>,
}

impl Sso {
    /// The sign-in of somebody who is known reads and writes nothing, unless the application tells something new.
    pub(super) async fn sign_in(&self, caller: &Caller, request: SignInRequest) -> Result<SignInResponse> {
        let directory = caller.directory_to_change(&*self.core.store, &request.directory).await?;
        let arrival = Arrival::judge(request)?;
        let verdict = decide(&mut *self.core.store.sign_ins(), &directory, &arrival).await?;
        let done = if is_carried_out(&verdict, &directory, &arrival) {
            self.carry_out(caller, &directory, &arrival).await?
        } else {
            Done { user: user_of(&verdict), verdict }
        };
        self.answer(&directory, &arrival, done).await
    }

    pub(super) async fn explain(
        &self,
        caller: &Caller,
        request: ExplainSignInRequest,
    ) -> Result<ExplainSignInResponse> {
        let ExplainSignInRequest {
            directory,
            protocol,
            issuer,
            subject,
            email,
            email_verified,
            attributes,
            groups,
        } = request;
        let directory = caller.directory_to_change(&*self.core.store, &directory).await?;
        let arrival = Arrival::judge(SignInRequest {
            directory: String::new(),
            protocol,
            issuer,
            subject,
            email,
            email_verified,
            attributes,
            groups,
        })?;
        let verdict = decide(&mut *self.core.store.sign_ins(), &directory, &arrival).await?;
        let is_created = verdict.outcome == Outcome::Created;
        let answer = self.answer(&directory, &arrival, Done { user: user_of(&verdict), verdict }).await?;
        Ok(ExplainSignInResponse {
            decision: answer.decision,
            rule: answer.rule,
            explanation: answer.explanation,
            provisioning_rule_id: answer.provisioning_rule_id,
            user_id: answer.user_id,
            active: answer.active || is_created,
            groups: answer.groups,
            linked: answer.linked,
        })
    }

    async fn answer(&self, directory: &Directory, arrival: &Arrival, done: Done) -> Result<SignInResponse> {
        let Done { verdict, user } = done;
        let comes_in = matches!(verdict.outcome, Outcome::Known(_) | Outcome::Matched(_) | Outcome::Created);
        let groups = match &user {
            Some(user) if comes_in && !user.groups.is_empty() && directory.groups_enabled => {
                self.core.store.memberships(directory.id, &[(user.id, &user.groups)]).await?
            }
            _ => Vec::new(),
        };
        let group = |membership: rollcall_store::Membership| SignInGroup {
            id: membership.group.to_string(),
            display_name: membership.label.unwrap_or_default(),
            direct: membership.is_direct,
        };
        Ok(SignInResponse {
            decision: verdict.decision().into(),
            rule: verdict.rule.into(),
            explanation: verdict.explanation(arrival.protocol),
            provisioning_rule_id: verdict.own_rule.map(|(id, _)| id.to_string()).unwrap_or_default(),
            active: user.is_some() && comes_in,
            user_id: user.map(|user| user.id.to_string()).unwrap_or_default(),
            groups: groups.into_iter().map(group).collect(),
            linked: matches!(verdict.outcome, Outcome::Matched(_) | Outcome::Created),
        })
    }

    async fn carry_out(&self, caller: &Caller, directory: &Directory, arrival: &Arrival) -> Result<Done> {
        let types = self.core.types(directory).await?;
        let signing_in = SigningIn { core: &self.core, caller, directory, arrival, definition: types.user() };
        let signing_in = &signing_in;
        self.core
            .in_a_transaction(|mut transaction| async move {
                let done = signing_in.carry_out(&mut *transaction).await?;
                Ok((done, transaction))
            })
            .await
    }
}

/// Whether there is something to write.
fn is_carried_out(verdict: &Verdict, directory: &Directory, arrival: &Arrival) -> bool {
    match &verdict.outcome {
        Outcome::Matched(_) | Outcome::Created => true,
        Outcome::Known(user) => !is_managed(directory, user) && updated(arrival, user) != user.attributes,
        Outcome::NotProvisioned | Outcome::Deactivated(_) => false,
    }
}

fn user_of(verdict: &Verdict) -> Option<StoredResource> {
    match &verdict.outcome {
        Outcome::Known(user) | Outcome::Matched(user) | Outcome::Deactivated(user) => Some(user.clone()),
        Outcome::Created | Outcome::NotProvisioned => None,
    }
}

/// A sign-in within its transaction.
struct SigningIn<'a> {
    core: &'a Core,
    caller: &'a Caller,
    directory: &'a Directory,
    arrival: &'a Arrival,
    definition: &'a Definition,
}

impl SigningIn<'_> {
    /// Decides again, now that nobody else changes what it rests on, and writes what follows.
    ///
    /// Errors: `CONFLICT` where another sign-in or change was faster.
    async fn carry_out(&self, transaction: &mut dyn Transaction) -> Result<Done> {
        let verdict = decide(&mut *transaction.sign_ins(), self.directory, self.arrival).await?;
        let user = match &verdict.outcome {
            Outcome::Known(user) => Some(self.refresh(transaction, user).await?),
            Outcome::Matched(user) => {
                let user = self.refresh(transaction, user).await?;
                self.link(transaction, user.id).await?;
                Some(user)
            }
            Outcome::Created => Some(self.create(transaction).await?),
            Outcome::NotProvisioned | Outcome::Deactivated(_) => user_of(&verdict),
        };
        Ok(Done { verdict, user })
    }

    /// Holds on to a user who was decided on, and writes what the sign-in tells of them.
    async fn refresh(
        &self,
        transaction: &mut dyn Transaction,
        user: &StoredResource,
    ) -> Result<StoredResource> {
        let held = transaction.resource(self.directory.id, ResourceType::User, user.id).await?;
        let held = held.filter(|held| held.version == user.version).ok_or_else(lost)?;
        if is_managed(self.directory, &held) {
            return Ok(held);
        }
        let attributes = self.without_a_taken_name(transaction, &held).await?;
        if attributes == held.attributes {
            return Ok(held);
        }
        let (core, origin) = (self.core, self.caller.origin().of_sign_in());
        let change =
            UserChange::replace(core, self.directory, attributes, Vec::new(), self.definition).await?;
        let changed = core.change_user(transaction, origin, self.directory, held.id, &change, None).await;
        Ok(changed.map_err(if_taken)?.resource)
    }

    /// What the attributes of a user become, under the old userName where somebody else has the new one.
    async fn without_a_taken_name(
        &self,
        transaction: &mut dyn Transaction,
        user: &StoredResource,
    ) -> Result<Resource> {
        let mut attributes = updated(self.arrival, user);
        let (old, new) = (user.attributes.get("userName"), attributes.get("userName"));
        if let (Some(address), Some(old)) = (self.arrival.vouched_address(), old)
            && new != Some(old)
        {
            let (id, mut reading) = (self.directory.id, transaction.sign_ins());
            let named = reading.sign_in_candidates(id, &address.folded, MOST_CANDIDATES).await?;
            let is_taken = named.iter().any(|other| {
                other.user.id != user.id && super::verdict::is_called(&other.user.attributes, address)
            });
            if is_taken {
                attributes.insert("userName".to_owned(), old.clone());
            }
        }
        Ok(attributes)
    }

    async fn create(&self, transaction: &mut dyn Transaction) -> Result<StoredResource> {
        let address = self.arrival.vouched_address().ok_or_else(lost)?;
        let account = new_account(self.arrival, address);
        let (core, directory) = (self.core, self.directory);
        let new = core.new_user(directory, account, self.definition, UserOrigin::Sso).await?;
        core.insert_user(transaction, self.caller.origin().of_sign_in(), directory, &new)
            .await
            .map_err(if_taken)?;
        transaction.settle().await.map_err(|error| if_taken(error.into()))?;
        self.link(transaction, new.user.id).await?;
        let notice = Notice::FirstSignIn {
            user: new.user.id,
            display: display(&new.user.attributes),
            email: address.text.clone(),
            protocol: self.arrival.protocol.label(),
        };
        core.notify(transaction, directory, notice).await?;
        Ok(new.user)
    }

    async fn link(&self, transaction: &mut dyn Transaction, user: Uuid) -> Result<()> {
        let Arrival { protocol, issuer, subject, .. } = self.arrival;
        let link = SignInLink {
            issuer: issuer.clone(),
            subject: subject.clone(),
            user,
            protocol: *protocol,
            created: self.core.clock.now(),
        };
        transaction.insert_link(self.directory.id, &link).await?;
        let link = json!({ "issuer": issuer, "subject": subject, "protocol": protocol.as_str() });
        let facts = json!({ "link": { "before": Value::Null, "after": link } });
        let (core, origin) = (self.core, self.caller.origin().of_sign_in());
        let event = core.event(origin, Some(self.directory.id), EventKind::SignInLinked, user, facts);
        Ok(transaction.insert_event(&event).await?)
    }
}

fn lost() -> Error {
    Error::new(ErrorReason::Conflict, "the sign-in lost against another change; send it again")
}

/// A name that was free a moment ago and is taken now was taken by somebody who was faster.
fn if_taken(error: Error) -> Error {
    if error.reason() == ErrorReason::Uniqueness { lost() } else { error }
}
