//! The sessions of every key, for whoever runs the installation.

use std::collections::HashMap;

use rollcall_api::v1::{EndAllSessionsResponse, EndSessionResponse, ErrorReason, ListSessionsResponse};
use rollcall_store::{Credential, CredentialKind, EventKind, Session, SessionHolder};
use serde_json::json;
use uuid::Uuid;

use super::{Sessions, WHAT, micros};
use crate::caller::{Caller, parse_id};
use crate::error::{Error, Result};

impl Sessions {
    pub(super) async fn list_of_every_key(&self, caller: &Caller) -> Result<ListSessionsResponse> {
        let live = self.live(caller).await?;
        let sessions = live.into_iter().map(|(session, key)| {
            let mut message = self.message(caller, session);
            (message.key_name, message.key_prefix) = (key.name, key.prefix);
            message
        });
        Ok(ListSessionsResponse { sessions: sessions.collect() })
    }

    pub(super) async fn end_of_any_key(&self, caller: &Caller, id: &str) -> Result<EndSessionResponse> {
        let wanted = parse_id(WHAT, id)?;
        let mut live = self.live(caller).await?;
        live.retain(|(session, _)| session.id == wanted);
        if self.end_these(caller, live).await? == 0 {
            return Err(Error::not_found(WHAT, id));
        }
        Ok(EndSessionResponse {})
    }

    pub(super) async fn end_all_of_every_key(&self, caller: &Caller) -> Result<EndAllSessionsResponse> {
        let live = self.live(caller).await?;
        Ok(EndAllSessionsResponse { ended: self.end_these(caller, live).await? })
    }

    /// The sessions that count, each with its key. Errors: `FORBIDDEN`.
    async fn live(&self, caller: &Caller) -> Result<Vec<(Session, Credential)>> {
        caller.require_all_directories()?;
        if caller.session().is_some() {
            return Err(Error::new(
                ErrorReason::Forbidden,
                "a session reaches those of its own key alone: make this call with the key itself",
            ));
        }
        let now = self.core.clock.now();
        let mut keys: HashMap<Uuid, Credential> = HashMap::new();
        for kind in [CredentialKind::AdminKey, CredentialKind::ServiceKey] {
            let found = self.core.store.credentials(kind, None).await?;
            keys.extend(found.into_iter().map(|key| (key.id, key)));
        }
        let idle = micros(self.core.limits.session_idle);
        let sessions = self.core.store.all_sessions().await?;
        let live = sessions.into_iter().filter_map(|session| {
            let key = keys.get(&session.credential)?;
            let key_counts = key.revoked.is_none() && key.expires.is_none_or(|expires| now < expires);
            let counts = key_counts && now < session.expires && now < session.used.saturating_add(idle);
            counts.then(|| (session, key.clone()))
        });
        Ok(live.collect())
    }

    /// Ends sessions, and returns how many of them were still there.
    async fn end_these(&self, caller: &Caller, sessions: Vec<(Session, Credential)>) -> Result<i64> {
        let mut transaction = self.core.store.begin().await?;
        let mut ended = 0;
        for (session, _) in sessions {
            if transaction.delete_session(SessionHolder::Credential(session.credential), session.id).await? {
                let event = self.event(caller, EventKind::SessionEnded, session.id, json!({}));
                transaction.insert_event(&event).await?;
                ended += 1;
            }
        }
        transaction.save().await?;
        Ok(ended)
    }
}
