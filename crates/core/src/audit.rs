//! The audit log: what `AuditService` answers. It is written with the events of changes, by the store.

use rollcall_api::v1::audit_service_server::AuditService;
use rollcall_api::v1::{self, AuditActor, AuditChange, ListAuditRecordsRequest, ListAuditRecordsResponse};
use rollcall_api::value;
use rollcall_store::{AuditQuery, AuditRecord};
use serde_json::Value;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::Core;
use crate::caller::{Caller, kind_message, no_directory};
use crate::credentials::timestamp;
use crate::error::Result;
use crate::log_query::{LogPage, micros};
use crate::page_token::Binding;
use crate::people::person_message;
use crate::texts::require_storable;

/// The service.
#[derive(Debug, Clone)]
pub(crate) struct Audit {
    core: Core,
}

impl Audit {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    async fn list(
        &self,
        caller: &Caller,
        request: ListAuditRecordsRequest,
    ) -> Result<ListAuditRecordsResponse> {
        require_storable("directory", &request.directory)?;
        require_storable("actor", &request.actor)?;
        // A directory that was deleted is known by the name in its records alone.
        let bound = match caller.bound_to() {
            Some(_) => Some(caller.directory(&*self.core.store, &request.directory).await?.id),
            None => None,
        };
        let (from, until) = (micros("from", request.from)?, micros("until", request.until)?);
        let binding = Binding::new(
            bound.unwrap_or_default(),
            "audit",
            &[&request.directory, &request.actor, &format!("{from:?} {until:?}")],
        );
        let page = LogPage::open(&self.core, request.page_size, &request.page_token, &binding).await?;
        let actor = Uuid::try_parse(&request.actor).ok();
        let query = AuditQuery {
            directory: bound,
            directory_name: Some(request.directory.as_str())
                .filter(|name| !name.is_empty() && bound.is_none()),
            actor,
            actor_prefix: Some(request.actor.as_str()).filter(|prefix| !prefix.is_empty() && actor.is_none()),
            from,
            until,
            after: page.after,
            limit: page.size + 1,
        };
        let mut records = self.core.store.audit_records(&query).await?;
        if let (true, Some(name)) = (records.is_empty(), query.directory_name) {
            self.require_known(name).await?;
        }
        let next_page_token = page.cut(&self.core, &mut records, |record| record.id, &binding).await?;
        Ok(ListAuditRecordsResponse { records: records.into_iter().map(message).collect(), next_page_token })
    }

    /// Makes sure that there is a directory of this name, or was one. Errors: `NOT_FOUND`.
    async fn require_known(&self, name: &str) -> Result<()> {
        let any = AuditQuery { directory_name: Some(name), limit: 1, ..AuditQuery::default() };
        let is_known = self.core.store.directory(name).await?.is_some()
            || !self.core.store.audit_records(&any).await?.is_empty();
        if is_known { Ok(()) } else { Err(no_directory(name)) }
    }
}

fn message(record: AuditRecord) -> v1::AuditRecord {
    v1::AuditRecord {
        id: record.id.to_string(),
        time: Some(timestamp(record.time)),
        directory: record.directory_name.unwrap_or_default(),
        directory_id: record.directory.map(|id| id.to_string()).unwrap_or_default(),
        kind: record.kind,
        subject: record.subject.to_string(),
        actor: record.actor.map(|actor| AuditActor {
            credential_id: actor.credential.to_string(),
            kind: actor.kind.map_or(v1::CredentialKind::Unspecified, kind_message).into(),
            prefix: actor.prefix,
            name: actor.name,
            person: actor.person.map(person_message),
        }),
        request_id: record.request_id,
        changes: changes(record.changes),
    }
}

/// The changes of an event, `{"scim": {"before": …, "after": …}}`, one by one.
pub(crate) fn changes(changes: Value) -> Vec<AuditChange> {
    let Value::Object(changes) = changes else { return Vec::new() };
    let change = |(name, mut change): (String, Value)| {
        let mut part = |part| value::to_message(change.get_mut(part).map(Value::take).unwrap_or_default());
        AuditChange { name, before: Some(part("before")), after: Some(part("after")) }
    };
    changes.into_iter().map(change).collect()
}

#[tonic::async_trait]
impl AuditService for Audit {
    async fn list_audit_records(
        &self,
        request: Request<ListAuditRecordsRequest>,
    ) -> Result<Response<ListAuditRecordsResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.list(Caller::of(&extensions)?, message).await?))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_change_has_what_was_and_what_is() {
        let changes =
            changes(json!({ "scim": { "before": true, "after": false }, "name": { "after": "acme" } }));
        let told: Vec<_> = changes
            .into_iter()
            .map(|change| {
                let json = |part: Option<v1::Value>| value::from_message(part.unwrap());
                (change.name, json(change.before), json(change.after))
            })
            .collect();
        assert_eq!(
            told,
            [("scim".to_owned(), json!(true), json!(false)), ("name".to_owned(), Value::Null, json!("acme")),]
        );
    }
}
