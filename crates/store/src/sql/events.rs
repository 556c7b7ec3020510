//! Events. On SQLite they are numbered as they are written, since there is one writer; on PostgreSQL they are written
//! without a number, so that no writer waits for another one's, and numbered when they are committed.

use async_trait::async_trait;
use tokio::sync::watch;
use uuid::Uuid;

use super::super::dialect::{HAS_UNNUMBERED, insert_event};
use super::super::{Database, Tx};
use super::credentials::kind_of;
use super::{Connection, Row, Statement, Writes, push_limit};
use crate::{
    Actor, AuditWriting, Author, Error, Event, EventKeeping, EventKind, EventQuery, EventRange, EventReading,
    EventWriting, NumberedEvent, Person, Result,
};

/// What stands for the directory of events that belong to none.
const NO_DIRECTORY: Uuid = Uuid::nil();

/// How many events are deleted at once.
const EXPIRED_AT_ONCE: i64 = 1000;

/// Writes an event.
const INSERT: &str = insert_event!("");
/// The same, unless its directory is being imported. By the division the statement fails as a conflict on PostgreSQL; SQLite
/// writes no row.
const INSERT_UNLESS_IMPORTING: &str =
    insert_event!(" WHERE 1 / (SELECT 1 - COUNT(*) FROM imports WHERE directory_id = $2) = 1");

/// The columns of an event `e`, as [`event`] reads them.
pub(super) const COLUMNS: &str =
    "e.number, e.id, e.kind, e.subject, e.version, e.time, e.actor, e.request_id, e.changes, e.person";

/// The directory of an event as it is stored.
pub(in super::super) fn stream_of(directory: Option<Uuid>) -> Uuid {
    directory.unwrap_or(NO_DIRECTORY)
}

/// The directory that is meant by what is stored.
pub(super) fn directory_of(stream: Uuid) -> Option<Uuid> {
    Some(stream).filter(|stream| *stream != NO_DIRECTORY)
}

/// The credential that made a change; `None`, Rollcall itself.
pub(super) fn credential_of(actor: Actor) -> Option<Uuid> {
    match actor {
        Actor::Credential(id) => Some(id),
        Actor::System => None,
    }
}

/// The person of an event as it is stored.
pub(super) fn person_text(event: &Event) -> Result<Option<String>> {
    let text = event.person.as_ref().map(serde_json::to_string).transpose();
    text.map_err(|error| Error::Damaged(format!("the person of an event: {error}")))
}

/// The person in a column.
pub(super) fn person_at(row: &Row, column: usize) -> Result<Option<Person>> {
    let text: Option<&str> = row.get(column)?;
    let person = text.map(serde_json::from_str).transpose();
    person.map_err(|error| Error::Damaged(format!("the person of an event: {error}")))
}

#[async_trait]
impl EventReading for Database {
    async fn event_range(&self, directory: Option<Uuid>) -> Result<EventRange> {
        let mut query = Statement::new(
            "SELECT COALESCE((SELECT expired FROM event_streams WHERE directory_id = $1), 0), \
             COALESCE((SELECT MAX(number) FROM events WHERE directory_id = $1 AND number IS NOT NULL), 0), ",
        )
        .bind(stream_of(directory));
        query.push(HAS_UNNUMBERED);
        let row = query.the_row(&mut self.reader().await?).await?;
        let expired: i64 = row.get(0)?;
        let newest: i64 = row.get(1)?;
        Ok(EventRange { expired, newest: newest.max(expired), pending: row.get(2)? })
    }

    async fn events(&self, asked: &EventQuery<'_>) -> Result<Vec<NumberedEvent>> {
        let mut query = Statement::new("SELECT ");
        query.push(COLUMNS).push(
            ", c.kind, c.prefix FROM events e LEFT JOIN credentials c ON c.id = e.actor WHERE e.directory_id = ",
        );
        query.push_bind(stream_of(asked.directory));
        query.push(" AND e.number > ").push_bind(asked.after);
        query.push(" AND e.number <= ").push_bind(asked.until);
        if let Some(subject) = asked.subject {
            query.push(" AND e.subject = ").push_bind(subject);
        }
        if !asked.kinds.is_empty() {
            query.push(" AND e.kind IN (").push_list(asked.kinds.iter().map(|kind| kind.as_str())).push(")");
        }
        query.push(" ORDER BY e.number").push(if asked.newest_first { " DESC" } else { "" });
        push_limit(&mut query, asked.limit.into());
        let rows = query.rows(&mut self.reader().await?).await?;
        rows.iter().map(|row| numbered(row, asked.directory)).collect()
    }

    async fn directories_with_events(&self) -> Result<Vec<Option<Uuid>>> {
        let connection = &mut self.reader().await?;
        let streams = streams(connection, "events WHERE number IS NOT NULL", "number").await?;
        Ok(streams.into_iter().map(directory_of).collect())
    }

    fn written(&self) -> watch::Receiver<()> {
        self.written.subscribe()
    }
}

#[async_trait]
impl EventKeeping for Database {
    async fn number_events(&self, directory: Option<Uuid>) -> Result<bool> {
        self.number(stream_of(directory)).await
    }

    async fn unnumbered(&self) -> Result<Vec<Option<Uuid>>> {
        Ok(self.with_unnumbered().await?.into_iter().map(directory_of).collect())
    }

    async fn expire_events(&self, directory: Option<Uuid>, before: i64) -> Result<bool> {
        let mut transaction = self.transaction(false).await?;
        let more = expire(transaction.connection()?, directory, before).await?;
        transaction.commit().await?;
        Ok(more)
    }
}

#[async_trait]
impl EventWriting for Tx {
    async fn insert_event(&mut self, event: &Event) -> Result<()> {
        let statement = if event.kind.waits_for_imports() { INSERT_UNLESS_IMPORTING } else { INSERT };
        write(self, event, statement).await?;
        if event.kind.is_administrative() {
            self.insert_audit_record(event).await?;
        }
        Ok(())
    }
}

/// Writes an event that comes with an import, and nothing into the audit log.
pub(super) async fn insert_moved(transaction: &mut Tx, event: &Event) -> Result<()> {
    write(transaction, event, INSERT).await
}

async fn write(transaction: &mut Tx, event: &Event, statement: &'static str) -> Result<()> {
    transaction.note_event(event);
    Statement::new(statement)
        .bind(event.id)
        .bind(stream_of(event.directory))
        .bind(event.kind.as_str())
        .bind(event.subject)
        .bind(event.version)
        .bind(event.time)
        .bind(credential_of(event.actor))
        .bind(&event.request_id)
        .bind(event.changes.to_string())
        .bind(person_text(event)?)
        .later(Writes::Event, transaction.connection()?)
        .await
}

/// The directories of events that are told by a table and a condition: a step for each in the index of the directories and
/// this column.
pub(in super::super) async fn streams(
    connection: &mut Connection,
    events: &'static str,
    column: &'static str,
) -> Result<Vec<Uuid>> {
    let mut streams: Vec<Uuid> = Vec::new();
    loop {
        let mut query = Statement::new("SELECT directory_id FROM ");
        query.push(events);
        if let Some(last) = streams.last() {
            query.push(" AND directory_id > ").push_bind(*last);
        }
        query.push(" ORDER BY directory_id, ").push(column).push(" LIMIT 1");
        let next: Option<Uuid> = query.value(&mut *connection).await?;
        match next {
            Some(stream) => streams.push(stream),
            None => return Ok(streams),
        }
    }
}

/// Deletes the oldest events of a directory, and says whether there may be more.
async fn expire(connection: &mut Connection, directory: Option<Uuid>, before: i64) -> Result<bool> {
    let stream = stream_of(directory);
    let rows = Statement::new(
        "SELECT number, time FROM events WHERE directory_id = $1 AND number IS NOT NULL ORDER BY number LIMIT $2",
    )
    .bind(stream)
    .bind(EXPIRED_AT_ONCE)
    .rows(&mut *connection)
    .await?;
    let numbered = |row: &Row| Ok((row.get(0)?, row.get(1)?));
    let oldest = rows.iter().map(numbered).collect::<Result<Vec<(i64, i64)>>>()?;
    let old = oldest.iter().take_while(|(_, time)| *time < before);
    let Some(last) = old.map(|(number, _)| *number).last() else { return Ok(false) };
    Statement::new(
        "INSERT INTO event_streams (directory_id, expired) VALUES ($1, $2) ON CONFLICT (directory_id) \
         DO UPDATE SET expired = CASE WHEN event_streams.expired < excluded.expired THEN excluded.expired \
         ELSE event_streams.expired END",
    )
    .bind(stream)
    .bind(last)
    .run(&mut *connection)
    .await?;
    Statement::new("DELETE FROM events WHERE directory_id = $1 AND number <= $2")
        .bind(stream)
        .bind(last)
        .run(connection)
        .await?;
    let is_all_old = oldest.last().is_some_and(|(number, _)| *number == last);
    Ok(is_all_old && oldest.len() >= usize::try_from(EXPIRED_AT_ONCE).unwrap_or(usize::MAX))
}

fn numbered(row: &Row, directory: Option<Uuid>) -> Result<NumberedEvent> {
    let event = event(row, directory)?;
    let author = author(credential_of(event.actor), row.get(10)?, row.get(11)?)?;
    Ok(NumberedEvent { number: row.get(0)?, event, author })
}

/// Reads an event from the columns [`COLUMNS`].
pub(super) fn event(row: &Row, directory: Option<Uuid>) -> Result<Event> {
    let kind: &str = row.get(2)?;
    let actor: Option<Uuid> = row.get(6)?;
    let changes: &str = row.get(8)?;
    Ok(Event {
        id: row.get(1)?,
        directory,
        kind: EventKind::from_name(kind)
            .ok_or_else(|| Error::Damaged(format!("an event is of the unknown kind {kind:?}")))?,
        subject: row.get(3)?,
        version: row.get(4)?,
        time: row.get(5)?,
        actor: actor.map_or(Actor::System, Actor::Credential),
        person: person_at(row, 9)?,
        request_id: row.get(7)?,
        changes: serde_json::from_str(changes)
            .map_err(|error| Error::Damaged(format!("the changes of an event: {error}")))?,
    })
}

/// The credential with this id, if its kind and prefix are still there.
pub(super) fn author(id: Option<Uuid>, kind: Option<&str>, prefix: Option<String>) -> Result<Option<Author>> {
    match (id, kind, prefix) {
        (Some(id), Some(kind), Some(prefix)) => Ok(Some(Author { id, kind: kind_of(kind)?, prefix })),
        _ => Ok(None),
    }
}
