//! Which events last changed the attributes of a resource.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::super::Database;
use super::condition::push_uuids;
use super::credentials::kind_of;
use super::{Connection, Json, Row, Statement};
use crate::{Actor, AttributeOrigin, Author, Provenance, ProvenanceReading, Result};

#[async_trait]
impl ProvenanceReading for Database {
    async fn provenance(&self, directory: Uuid, resource: Uuid) -> Result<Option<Vec<AttributeOrigin>>> {
        let connection = &mut self.reader().await?;
        let stored = Statement::new(
            "SELECT provenance FROM resources WHERE directory_id = $1 AND type IN ('User', 'Group') AND id = $2",
        )
        .bind(directory)
        .bind(resource)
        .value::<Json<Map<String, Value>>>(&mut *connection)
        .await?;
        let Some(Json(stored)) = stored else { return Ok(None) };
        let marks = Provenance::marks(&stored)?;
        if marks.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let events: Vec<Uuid> = marks.iter().map(|mark| mark.event).collect();
        let numbers = numbers(connection, &events).await?;
        let credentials: Vec<Uuid> = marks.iter().filter_map(|mark| mark.credential).collect();
        let authors = authors(connection, &credentials).await?;
        let origin = |mark: crate::provenance::Mark| AttributeOrigin {
            number: numbers.get(&mark.event).copied(),
            actor: mark.credential.map_or(Actor::System, Actor::Credential),
            author: mark.credential.and_then(|id| authors.get(&id).cloned()),
            attribute: mark.attribute,
            event: mark.event,
            time: mark.time,
        };
        Ok(Some(marks.into_iter().map(origin).collect()))
    }
}

/// The numbers of those events that are kept and have one.
async fn numbers(connection: &mut Connection, events: &[Uuid]) -> Result<BTreeMap<Uuid, i64>> {
    let mut query = Statement::new("SELECT id, number FROM events WHERE number IS NOT NULL AND id IN (");
    push_uuids(&mut query, events);
    query.push(")");
    let rows = query.rows(connection).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

async fn authors(connection: &mut Connection, credentials: &[Uuid]) -> Result<BTreeMap<Uuid, Author>> {
    if credentials.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut query = Statement::new("SELECT id, kind, prefix FROM credentials WHERE id IN (");
    push_uuids(&mut query, credentials);
    query.push(")");
    let rows = query.rows(connection).await?;
    let author = |row: &Row| {
        let id = row.get(0)?;
        let kind = kind_of(row.get(1)?)?;
        Ok((id, Author { id, kind, prefix: row.get(2)? }))
    };
    rows.iter().map(author).collect()
}
