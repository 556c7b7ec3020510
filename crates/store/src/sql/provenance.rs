//! Which events last changed the attributes of a resource.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use sqlx::Row as _;
use sqlx::types::Json;
use uuid::Uuid;

use super::super::dialect::{Connection, Db, Query};
use super::condition::push_uuids;
use super::credentials::kind_of;
use super::failure;
use crate::{Actor, AttributeOrigin, Author, Provenance, Result};

pub(super) async fn read(
    connection: &mut Connection,
    directory: Uuid,
    resource: Uuid,
) -> Result<Option<Vec<AttributeOrigin>>> {
    let stored = sqlx::query_scalar::<Db, Json<Map<String, Value>>>(
        "SELECT provenance FROM resources WHERE directory_id = $1 AND type IN ('User', 'Group') AND id = $2",
    )
    .bind(directory)
    .bind(resource)
    .fetch_optional(&mut *connection)
    .await
    .map_err(failure)?;
    let Some(stored) = stored else { return Ok(None) };
    let marks = Provenance::marks(&stored)?;
    if marks.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let events: Vec<Uuid> = marks.iter().map(|mark| mark.event).collect();
    let numbers = numbers(connection, &events).await?;
    let credentials: Vec<Uuid> = marks.iter().filter_map(|mark| mark.credential).collect();
    let authors = authors(connection, &credentials).await?;
    let origin = |mark: crate::history::Mark| AttributeOrigin {
        number: numbers.get(&mark.event).copied(),
        actor: mark.credential.map_or(Actor::System, Actor::Credential),
        author: mark.credential.and_then(|id| authors.get(&id).cloned()),
        attribute: mark.attribute,
        event: mark.event,
        time: mark.time,
    };
    Ok(Some(marks.into_iter().map(origin).collect()))
}

/// The numbers of those events that are kept and have one.
async fn numbers(connection: &mut Connection, events: &[Uuid]) -> Result<BTreeMap<Uuid, i64>> {
    let mut query = Query::new("SELECT id, number FROM events WHERE number IS NOT NULL AND id IN (");
    push_uuids(&mut query, events);
    query.push(")");
    let rows = query.build().fetch_all(connection).await.map_err(failure)?;
    rows.iter().map(|row| Ok((row.try_get(0).map_err(failure)?, row.try_get(1).map_err(failure)?))).collect()
}

async fn authors(connection: &mut Connection, credentials: &[Uuid]) -> Result<BTreeMap<Uuid, Author>> {
    if credentials.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut query = Query::new("SELECT id, kind, prefix FROM credentials WHERE id IN (");
    push_uuids(&mut query, credentials);
    query.push(")");
    let rows = query.build().fetch_all(connection).await.map_err(failure)?;
    let author = |row: &super::Row| {
        let id = row.try_get(0).map_err(failure)?;
        let kind = kind_of(row.try_get(1).map_err(failure)?)?;
        Ok((id, Author { id, kind, prefix: row.try_get(2).map_err(failure)? }))
    };
    rows.iter().map(author).collect()
}
