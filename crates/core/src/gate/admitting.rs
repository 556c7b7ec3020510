//! Admitting callers past the gate's own check: with what they read, and again.

use rollcall_api::v1::{ErrorReason, Scope};
use rollcall_store::{CredentialBeside, ResourceType, StoredDocument};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use tonic::Extensions;
use uuid::Uuid;

use super::{Presented, invalid, missing};
use crate::Core;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::last_uses::CameFrom;
use crate::notes::Notes;

/// Somebody who may change a user.
#[derive(Debug)]
pub(crate) struct ToChange {
    pub(crate) caller: Caller,
    /// The user as it was a moment ago, where it was read meanwhile.
    pub(crate) ahead: Option<StoredDocument>,
    /// To be held until the change has ended.
    pub(crate) turn: Option<OwnedSemaphorePermit>,
}

impl Core {
    /// Checks the credential of an rpc that reads one resource, and reads that of the directory which the credential is
    /// bound to; all in one statement.
    pub(crate) async fn admit_to_resource(
        &self,
        extensions: &Extensions,
        resource_type: ResourceType,
        id: Option<Uuid>,
    ) -> Result<(Caller, Option<StoredDocument>)> {
        let presented = extensions.get::<Presented>().ok_or_else(missing)?;
        let found = match id {
            None => self.credential_alone(presented).await?,
            Some(id) => self.store.credential_and_resource(&presented.hash, resource_type, id).await?,
        };
        self.admit_presented(presented, found)
    }

    /// Checks the credential of an rpc that changes one user, and waits for its turn among the requests of the directory which
    /// the credential is bound to. Where a statement costs a way to the database, the user is read with the credential.
    pub(crate) async fn admit_to_change(
        &self,
        extensions: &Extensions,
        user: Option<Uuid>,
    ) -> Result<ToChange> {
        let presented = extensions.get::<Presented>().ok_or_else(missing)?;
        let found = match user {
            None => self.credential_alone(presented).await?,
            Some(id) => self.store.credential_to_change(&presented.hash, ResourceType::User, id).await?,
        };
        let (caller, ahead) = self.admit_presented(presented, found)?;
        // A change that has not begun need not be made for somebody who is gone, and keeps no place in the queue.
        let turn = tokio::select! {
            // Where both are so, chance does not decide.
            biased;
            () = presented.gone.cancelled() => return Err(gone()),
            turn = self.shares.turn_of(&caller) => turn?,
        };
        Ok(ToChange { caller, ahead, turn })
    }

    /// Checks the credential of an rpc that lists users, and where they are asked for by a folded userName, reads who has it
    /// in the directory which the credential is bound to; all in one statement.
    pub(crate) async fn admit_to_users(
        &self,
        extensions: &Extensions,
        user_name: Option<&str>,
    ) -> Result<(Caller, Option<StoredDocument>)> {
        let presented = extensions.get::<Presented>().ok_or_else(missing)?;
        let found = match user_name {
            None => self.credential_alone(presented).await?,
            Some(name) => self.store.credential_and_user(&presented.hash, name).await?,
        };
        self.admit_presented(presented, found)
    }

    async fn credential_alone(&self, presented: &Presented) -> Result<Option<CredentialBeside>> {
        let found = self.store.credential(&presented.hash).await?;
        Ok(found.map(|(credential, directory)| (credential, directory, None)))
    }

    fn admit_presented(
        &self,
        presented: &Presented,
        found: Option<CredentialBeside>,
    ) -> Result<(Caller, Option<StoredDocument>)> {
        let (found, resource) = match found {
            None => (None, None),
            Some((credential, directory, resource)) => (Some((credential, directory)), resource),
        };
        let now = self.clock.now();
        let caller = presented.judge(found, now)?;
        self.last_uses.note(caller.credential_id(), now, presented.from.0);
        self.throttle.count(&caller, now)?;
        Ok((caller, resource))
    }

    /// Checks the credential of a call that goes on, and the session that it is made in, as they were checked when the call
    /// began. A call that goes on is use of its session.
    pub(crate) async fn admit_again(&self, caller: &Caller, scope: Scope) -> Result<Caller> {
        let now = self.clock.now();
        let session = caller.shared_session();
        if let Some(session) = &session {
            let found = self.store.session(&session.hash).await?;
            found.filter(|(session, _)| now < session.expires).ok_or_else(invalid)?;
        }
        let request_id = caller.origin().request_id.to_owned();
        let presented = Presented {
            hash: *caller.hash(),
            session,
            scope,
            request_id,
            implied_schema: None,
            from: CameFrom(None),
            notes: Notes::default(),
            gone: CancellationToken::new(),
        };
        let found = self.store.credential(&presented.hash).await?;
        presented.judge(found, now)
    }
}

/// What nobody hears.
fn gone() -> Error {
    Error::new(ErrorReason::Unavailable, "the caller has gone before its turn came")
}
