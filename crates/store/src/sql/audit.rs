//! The audit log. Nothing here changes or deletes a record, nor does any other statement.

use async_trait::async_trait;
use uuid::Uuid;

use super::super::{Database, Tx};
use super::credentials::kind_of;
use super::events::{credential_of, person_at, person_text};
use super::{Row, Statement, Writes};
use crate::{AuditActor, AuditQuery, AuditReading, AuditRecord, AuditWriting, Error, Event, Result};

#[async_trait]
impl AuditReading for Database {
    async fn audit_records(&self, asked: &AuditQuery<'_>) -> Result<Vec<AuditRecord>> {
        let mut query = Statement::new(
            "SELECT id, time, directory_id, directory, kind, subject, actor, actor_kind, actor_prefix, actor_name, \
             request_id, changes, person FROM audit_records WHERE TRUE",
        );
        if let Some(directory) = asked.directory {
            query.push(" AND directory_id = ").push_bind(directory);
        }
        if let Some(name) = asked.directory_name {
            query.push(" AND directory = ").push_bind(name);
        }
        if let Some(actor) = asked.actor {
            query.push(" AND actor = ").push_bind(actor);
        }
        if let Some(prefix) = asked.actor_prefix {
            query.push(" AND actor_prefix = ").push_bind(prefix);
        }
        if let Some(from) = asked.from {
            query.push(" AND time >= ").push_bind(from);
        }
        if let Some(until) = asked.until {
            query.push(" AND time < ").push_bind(until);
        }
        if let Some(after) = asked.after {
            query.push(" AND id < ").push_bind(after);
        }
        query.push(" ORDER BY id DESC LIMIT ").push_bind(i64::from(asked.limit));
        let rows = query.rows(&mut self.reader().await?).await?;
        rows.iter().map(record).collect()
    }
}

#[async_trait]
impl AuditWriting for Tx {
    async fn insert_audit_record(&mut self, event: &Event) -> Result<()> {
        Statement::new(
            "INSERT INTO audit_records (id, time, directory_id, directory, kind, subject, actor, actor_kind, actor_prefix, \
             actor_name, request_id, changes, person) \
             VALUES ($1, $2, $3, (SELECT name FROM directories WHERE id = $3), $4, $5, $6, \
             (SELECT kind FROM credentials WHERE id = $6), (SELECT prefix FROM credentials WHERE id = $6), \
             (SELECT name FROM credentials WHERE id = $6), $7, $8, $9)",
        )
        .bind(event.id)
        .bind(event.time)
        .bind(event.directory)
        .bind(event.kind.as_str())
        .bind(event.subject)
        .bind(credential_of(event.actor))
        .bind(&event.request_id)
        .bind(event.changes.to_string())
        .bind(person_text(event)?)
        .later(Writes::Adds("audit_records"), self.connection()?)
        .await
    }
}

fn record(row: &Row) -> Result<AuditRecord> {
    let changes: &str = row.get(11)?;
    Ok(AuditRecord {
        id: row.get(0)?,
        time: row.get(1)?,
        directory: row.get(2)?,
        directory_name: row.get(3)?,
        kind: row.get(4)?,
        subject: row.get(5)?,
        actor: actor(row)?,
        request_id: row.get(10)?,
        changes: serde_json::from_str(changes)
            .map_err(|_| Error::Damaged("the changes of an audit record are no JSON".to_owned()))?,
    })
}

fn actor(row: &Row) -> Result<Option<AuditActor>> {
    let Some(credential) = row.get::<Option<Uuid>>(6)? else { return Ok(None) };
    let kind: Option<&str> = row.get(7)?;
    Ok(Some(AuditActor {
        credential,
        kind: kind.map(kind_of).transpose()?,
        prefix: row.get::<Option<String>>(8)?.unwrap_or_default(),
        name: row.get::<Option<String>>(9)?.unwrap_or_default(),
        person: person_at(row, 12)?,
    }))
}
