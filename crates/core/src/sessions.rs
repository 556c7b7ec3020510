//! The sessions of the console: what `SessionService` answers. The [`gate`](crate::gate) lets a session in as the credential
//! that it acts as.

mod every_key;

use std::time::Duration;

use rollcall_api::v1::session_service_server::SessionService;
use rollcall_api::v1::{
    self, CreateSessionRequest, CreateSessionResponse, EndAllSessionsRequest, EndAllSessionsResponse,
    EndSessionRequest, EndSessionResponse, ErrorReason, GetSessionRequest, GetSessionResponse,
    ListSessionsRequest, ListSessionsResponse,
};
use rollcall_store::{Event, EventKind, Person, Session};
use serde_json::json;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::Core;
use crate::caller::{Caller, parse_id};
use crate::credentials::{description, timestamp};
use crate::error::{Error, Result};
use crate::people::{person_message, person_of};
use crate::secret::Secret;

const WHAT: &str = "session";

/// The service.
#[derive(Debug, Clone)]
pub(crate) struct Sessions {
    core: Core,
}

impl Sessions {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    async fn create(&self, caller: &Caller, request: CreateSessionRequest) -> Result<CreateSessionResponse> {
        if caller.session().is_some() {
            return Err(Error::new(
                ErrorReason::Forbidden,
                "a session cannot begin another one: make this call with the key itself",
            ));
        }
        let name = description("name", request.name)?;
        let person = request.person.map(person_of).transpose()?;
        let secret = Secret::of_session(&*self.core.random);
        let (now, limits) = (self.core.clock.now(), &self.core.limits);
        let session = Session {
            id: self.core.new_id(),
            credential: caller.credential_id(),
            hash: secret.hash(),
            name: if name.trim().is_empty() { usual_name(caller, person.as_ref()) } else { name },
            created: now,
            used: now,
            expires: now.saturating_add(micros(limits.session_lifetime)),
            person,
        };
        let facts = json!({ "name": { "before": null, "after": session.name } });
        let mut transaction = self.core.store.begin().await?;
        transaction.delete_ended_sessions(now, now.saturating_sub(micros(limits.session_idle))).await?;
        transaction.insert_session(&session).await?;
        let created = self.event(caller, EventKind::SessionCreated, session.id, facts);
        transaction.insert_event(&Event { person: session.person.clone(), ..created }).await?;
        transaction.save().await?;
        Ok(CreateSessionResponse {
            session: Some(self.message(caller, session)),
            secret: secret.expose().to_owned(),
        })
    }

    async fn list(&self, caller: &Caller) -> Result<ListSessionsResponse> {
        let now = self.core.clock.now();
        let idle = micros(self.core.limits.session_idle);
        let sessions = self.core.store.sessions(caller.session_holder()).await?;
        let live = sessions.into_iter().filter(|session| now < session.expires && now < session.used + idle);
        Ok(ListSessionsResponse { sessions: live.map(|session| self.message(caller, session)).collect() })
    }

    async fn end(&self, caller: &Caller, request: EndSessionRequest) -> Result<EndSessionResponse> {
        let id = match (caller.session(), request.id.as_str()) {
            (Some(current), "") => current.id,
            (None, "") => return Err(no_session()),
            (_, id) => parse_id(WHAT, id)?,
        };
        let mut transaction = self.core.store.begin().await?;
        if !transaction.delete_session(caller.session_holder(), id).await? {
            return Err(Error::not_found(WHAT, &request.id));
        }
        transaction.insert_event(&self.event(caller, EventKind::SessionEnded, id, json!({}))).await?;
        transaction.save().await?;
        Ok(EndSessionResponse {})
    }

    async fn end_all(&self, caller: &Caller) -> Result<EndAllSessionsResponse> {
        let mut transaction = self.core.store.begin().await?;
        let ended = transaction.delete_sessions(caller.session_holder()).await?;
        for id in &ended {
            transaction.insert_event(&self.event(caller, EventKind::SessionEnded, *id, json!({}))).await?;
        }
        transaction.save().await?;
        Ok(EndAllSessionsResponse { ended: i64::try_from(ended.len()).unwrap_or(i64::MAX) })
    }

    fn event(&self, caller: &Caller, kind: EventKind, session: Uuid, facts: serde_json::Value) -> Event {
        let directory = caller.bound_to().map(|directory| directory.id);
        self.core.event(caller.origin(), directory, kind, session, facts)
    }

    fn message(&self, caller: &Caller, session: Session) -> v1::Session {
        let idle = session.used.saturating_add(micros(self.core.limits.session_idle));
        v1::Session {
            id: session.id.to_string(),
            created: Some(timestamp(session.created)),
            last_used: Some(timestamp(session.used)),
            expires: Some(timestamp(session.expires)),
            idle_expires: Some(timestamp(idle.min(session.expires))),
            current: caller.session().is_some_and(|current| current.id == session.id),
            name: session.name,
            person: session.person.map(person_message),
            ..v1::Session::default()
        }
    }
}

/// What a session is called that nobody named.
fn usual_name(caller: &Caller, person: Option<&Person>) -> String {
    let names = person.into_iter().flat_map(|person| [&person.email, &person.name, &person.subject]);
    names.map(String::as_str).find(|name| !name.is_empty()).unwrap_or(caller.name()).to_owned()
}

/// A duration in µs.
pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn no_session() -> Error {
    Error::new(ErrorReason::NotFound, "this call is not made in a session; name one by its id")
}

#[tonic::async_trait]
impl SessionService for Sessions {
    async fn create_session(
        &self,
        request: Request<CreateSessionRequest>,
    ) -> Result<Response<CreateSessionResponse>, Status> {
        let caller = Caller::of(request.extensions())?.clone();
        Ok(Response::new(self.create(&caller, request.into_inner()).await?))
    }

    async fn get_session(
        &self,
        request: Request<GetSessionRequest>,
    ) -> Result<Response<GetSessionResponse>, Status> {
        let caller = Caller::of(request.extensions())?;
        let session = caller.session().cloned().ok_or_else(no_session)?;
        Ok(Response::new(GetSessionResponse { session: Some(self.message(caller, session)) }))
    }

    async fn list_sessions(
        &self,
        request: Request<ListSessionsRequest>,
    ) -> Result<Response<ListSessionsResponse>, Status> {
        let caller = Caller::of(request.extensions())?;
        let listed = if request.get_ref().all_keys {
            self.list_of_every_key(caller).await?
        } else {
            self.list(caller).await?
        };
        Ok(Response::new(listed))
    }

    async fn end_session(
        &self,
        request: Request<EndSessionRequest>,
    ) -> Result<Response<EndSessionResponse>, Status> {
        let caller = Caller::of(request.extensions())?.clone();
        let message = request.into_inner();
        let ended = if message.any_key {
            self.end_of_any_key(&caller, &message.id).await?
        } else {
            self.end(&caller, message).await?
        };
        Ok(Response::new(ended))
    }

    async fn end_all_sessions(
        &self,
        request: Request<EndAllSessionsRequest>,
    ) -> Result<Response<EndAllSessionsResponse>, Status> {
        let caller = Caller::of(request.extensions())?;
        let ended = if request.get_ref().all_keys {
            self.end_all_of_every_key(caller).await?
        } else {
            self.end_all(caller).await?
        };
        Ok(Response::new(ended))
    }
}
