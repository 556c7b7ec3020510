//! Events. On SQLite the key of the table numbers them as they are written, since there is one writer; on PostgreSQL they
//! are written without a number, so that no writer waits for another one's.

use uuid::Uuid;

use super::super::dialect::{Connection, Db};
use super::failure;
use crate::{Actor, Event, EventKind, Result};

pub(super) async fn insert(connection: &mut Connection, event: &Event) -> Result<()> {
    sqlx::query::<Db>(
        "INSERT INTO events (id, directory_id, kind, subject, version, time, actor, request_id, changes) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(event.id)
    .bind(event.directory)
    .bind(name_of(event.kind))
    .bind(event.subject)
    .bind(event.version)
    .bind(event.time)
    .bind(actor_of(event))
    .bind(&event.request_id)
    .bind(event.changes.to_string())
    .execute(connection)
    .await
    .map_err(failure)?;
    Ok(())
}

/// The credential that made the change; `None`, Rollcall itself.
pub(super) fn actor_of(event: &Event) -> Option<Uuid> {
    match event.actor {
        Actor::Credential(id) => Some(id),
        Actor::System => None,
    }
}

pub(super) fn name_of(kind: EventKind) -> &'static str {
    match kind {
        EventKind::UserCreated => "user.created",
        EventKind::UserUpdated => "user.updated",
        EventKind::UserDeleted => "user.deleted",
        EventKind::UserAdministratorChanged => "user.administrator_changed",
        EventKind::GroupCreated => "group.created",
        EventKind::GroupUpdated => "group.updated",
        EventKind::GroupDeleted => "group.deleted",
        EventKind::DirectoryCreated => "directory.created",
        EventKind::DirectoryUpdated => "directory.updated",
        EventKind::SchemaRegistered => "schema.registered",
        EventKind::SchemaDeleted => "schema.deleted",
        EventKind::CredentialCreated => "credential.created",
        EventKind::CredentialEnded => "credential.ended",
    }
}
