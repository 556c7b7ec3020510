//! The activity log.

use async_trait::async_trait;
use uuid::Uuid;

use super::super::dialect::POSITION;
use super::super::{Database, Tx};
use super::{Row, Statement, heard};
use crate::{
    Activity, ActivityCount, ActivityPart, ActivityQuery, ActivityReading, ActivityWriting, Body, Error,
    Result,
};

const COLUMNS: &str = "directory_id, id, time, duration, method, path, query, target_type, target_id, status, scim_type, \
     detail, credential_id, token_prefix, client, user_agent, request_id, notes, names";

/// How many rows one INSERT holds. There are so few sizes that each is prepared once and stays so.
const CHUNKS: [usize; 4] = [128, 16, 4, 1];

#[async_trait]
impl ActivityReading for Database {
    async fn activity_counts(
        &self,
        directory: Uuid,
        from: i64,
        until: i64,
        span: i64,
    ) -> Result<Vec<ActivityCount>> {
        let rows = Statement::new(
            "SELECT (time - $3) / $5 AS span, COUNT(*), COUNT(CASE WHEN status >= 400 THEN 1 END) FROM activity \
             WHERE directory_id = $1 AND id >= $2 AND time >= $3 AND time < $4 GROUP BY span ORDER BY span",
        )
        .bind(directory)
        .bind(first_since(from))
        .bind(from)
        .bind(until)
        .bind(span)
        .rows(&mut self.reader().await?)
        .await?;
        rows.iter()
            .map(|row| Ok(ActivityCount { span: row.get(0)?, requests: row.get(1)?, failures: row.get(2)? }))
            .collect()
    }

    async fn activities(
        &self,
        directory: Uuid,
        asked: &ActivityQuery<'_>,
        part: ActivityPart,
        limit: u32,
    ) -> Result<Vec<Activity>> {
        let mut query = Statement::new("SELECT ");
        query.push(COLUMNS).push(" FROM activity WHERE directory_id = ").push_bind(directory);
        push_conditions(&mut query, asked);
        let order = match part {
            ActivityPart::Before(before) => {
                if let Some(before) = before {
                    query.push(" AND id < ").push_bind(before);
                }
                " ORDER BY id DESC LIMIT "
            }
            ActivityPart::Between(after, before) => {
                query.push(" AND id > ").push_bind(after).push(" AND id < ").push_bind(before);
                " ORDER BY id LIMIT "
            }
        };
        query.push(order).push_bind(i64::from(limit));
        let rows = query.rows(&mut self.reader().await?).await?;
        rows.iter().map(activity).collect()
    }

    async fn activity(&self, directory: Uuid, id: Uuid) -> Result<Option<Activity>> {
        let connection = &mut self.reader().await?;
        let mut query = Statement::new("SELECT ");
        query.push(COLUMNS).push(" FROM activity WHERE directory_id = ").push_bind(directory);
        query.push(" AND id = ").push_bind(id);
        let Some(row) = query.row(&mut *connection).await? else {
            return Ok(None);
        };
        let mut found = activity(&row)?;
        let bodies = Statement::new(
            "SELECT request, request_cut, request_bytes, response, response_cut, response_bytes FROM activity_bodies \
             WHERE directory_id = $1 AND id = $2",
        )
        .bind(directory)
        .bind(id)
        .row(connection)
        .await?;
        if let Some(row) = bodies {
            (found.request_body, found.response_body) = (body(&row, 0)?, body(&row, 3)?);
        }
        Ok(Some(found))
    }
}

#[async_trait]
impl ActivityWriting for Tx {
    async fn note_recorded_call(&mut self, id: &str, now: i64) -> Result<bool> {
        let noted =
            Statement::new("INSERT INTO recorded_calls (id, time) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                .bind(id)
                .bind(now)
                .run(self.connection()?)
                .await?;
        Ok(noted == 1)
    }

    async fn forget_recorded_calls(&mut self, before: i64) -> Result<()> {
        Statement::new("DELETE FROM recorded_calls WHERE time < $1")
            .bind(before)
            .run(self.connection()?)
            .await?;
        Ok(())
    }

    async fn insert_activities(&mut self, activities: &[Activity]) -> Result<()> {
        let connection = self.connection()?;
        for chunk in chunks(activities) {
            let mut query = Statement::new("INSERT INTO activity (");
            query.push(COLUMNS).push(") ");
            query.push_rows(chunk, |row, activity| {
                row.bind(activity.directory)
                    .bind(activity.id)
                    .bind(activity.time)
                    .bind(activity.duration)
                    .bind(activity.method.as_str())
                    .bind(activity.path.as_str())
                    .bind(activity.query.as_deref())
                    .bind(activity.target_type.as_deref())
                    .bind(activity.target_id.as_deref())
                    .bind(activity.status)
                    .bind(activity.scim_type.as_deref())
                    .bind(activity.detail.as_deref())
                    .bind(activity.credential)
                    .bind(activity.token_prefix.as_deref())
                    .bind(activity.client.as_str())
                    .bind(activity.user_agent.as_deref())
                    .bind(activity.request_id.as_str())
                    .bind(written_notes(&activity.notes))
                    .bind(Some(activity.names.join("\n")).filter(|names| !names.is_empty()));
            });
            query.run(&mut *connection).await?;
        }
        let with_bodies: Vec<&Activity> = activities
            .iter()
            .filter(|activity| activity.request_body.is_some() || activity.response_body.is_some())
            .collect();
        for chunk in chunks(&with_bodies) {
            let mut query = Statement::new(
                "INSERT INTO activity_bodies (directory_id, id, request, request_cut, request_bytes, response, response_cut, \
                 response_bytes) ",
            );
            query.push_rows(chunk, |row, activity| {
                row.bind(activity.directory).bind(activity.id);
                for body in [&activity.request_body, &activity.response_body] {
                    row.bind(body.as_ref().map(|body| body.json.as_str()))
                        .bind(body.as_ref().is_some_and(|body| body.cut))
                        .bind(body.as_ref().map_or(0, |body| body.bytes));
                }
            });
            query.run(&mut *connection).await?;
        }
        Ok(())
    }

    async fn trim_activities(
        &mut self,
        directory: Uuid,
        before: Uuid,
        surplus: i64,
        limit: u32,
    ) -> Result<u64> {
        let connection = self.connection()?;
        let oldest: Vec<Uuid> =
            Statement::new("SELECT id FROM activity WHERE directory_id = $1 ORDER BY id LIMIT $2")
                .bind(directory)
                .bind(i64::from(limit))
                .values::<Uuid>(&mut *connection)
                .await?;
        let surplus = usize::try_from(surplus).unwrap_or_default();
        let gone = oldest.iter().enumerate().take_while(|(place, id)| *place < surplus || **id < before);
        let Some((place, last)) = gone.last() else { return Ok(0) };
        for statement in [
            "DELETE FROM activity_bodies WHERE directory_id = $1 AND id <= $2",
            "DELETE FROM activity WHERE directory_id = $1 AND id <= $2",
        ] {
            Statement::new(statement).bind(directory).bind(last).run(&mut *connection).await?;
        }
        let gone = place as u64 + 1;
        heard::forget_entries(connection, directory, gone).await?;
        Ok(gone)
    }
}

/// Rows in pieces of the sizes of [`CHUNKS`].
fn chunks<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = CHUNKS.into_iter().find(|size| *size <= rows.len())?;
        let (chunk, rest) = rows.split_at(size);
        rows = rest;
        Some(chunk)
    })
}

/// The least key of what came in at a time or later, since nothing is recorded before it comes in.
pub(super) fn first_since(from: i64) -> Uuid {
    Uuid::from_u128(u128::try_from(from / 1000).unwrap_or_default() << 80)
}

fn push_conditions<'q>(query: &mut Statement, asked: &ActivityQuery<'q>) {
    let mut text = |column: &str, value: Option<&'q str>| {
        if let Some(value) = value {
            query.push(" AND ").push(column).push(" = ").push_bind(value.to_owned());
        }
    };
    text("method", asked.method);
    text("target_id", asked.target);
    text("request_id", asked.request_id);
    text("token_prefix", asked.token_prefix);
    let mut number = |condition: &str, value: Option<i64>| {
        if let Some(value) = value {
            query.push(" AND ").push(condition).push(" ").push_bind(value);
        }
    };
    number("status >=", asked.min_status);
    number("status <=", asked.max_status);
    number("time >=", asked.from);
    if let Some(from) = asked.from {
        query.push(" AND id >= ").push_bind(first_since(from));
    }
    let mut number = |condition: &str, value: Option<i64>| {
        if let Some(value) = value {
            query.push(" AND ").push(condition).push(" ").push_bind(value);
        }
    };
    number("time <", asked.until);
    if !asked.request_ids.is_empty() {
        query.push(" AND request_id IN (").push_list(asked.request_ids).push(")");
    }
    if let Some(part) = asked.path_contains {
        query.push(" AND ").push(POSITION).push("(lower(path || '?' || COALESCE(query, '')), ");
        query.push_bind(part.to_ascii_lowercase()).push(") > 0");
    }
    if let Some(named) = asked.about {
        query.push(" AND (").push(POSITION).push("(names, ").push_bind(named.part.to_owned()).push(") > 0");
        if !named.ids.is_empty() {
            let ids = named.ids.iter().map(Uuid::to_string);
            query.push(" OR target_id IN (").push_list(ids).push(")");
        }
        query.push(")");
    }
}

fn activity(row: &Row) -> Result<Activity> {
    let notes: Option<&str> = row.get(17)?;
    let names: Option<&str> = row.get(18)?;
    Ok(Activity {
        directory: row.get(0)?,
        id: row.get(1)?,
        time: row.get(2)?,
        duration: row.get(3)?,
        method: row.get(4)?,
        path: row.get(5)?,
        query: row.get(6)?,
        target_type: row.get(7)?,
        target_id: row.get(8)?,
        status: row.get(9)?,
        scim_type: row.get(10)?,
        detail: row.get(11)?,
        credential: row.get(12)?,
        token_prefix: row.get(13)?,
        client: row.get(14)?,
        user_agent: row.get(15)?,
        request_id: row.get(16)?,
        notes: read_notes(notes)?,
        names: names.into_iter().flat_map(|names| names.split('\n')).map(str::to_owned).collect(),
        request_body: None,
        response_body: None,
    })
}

fn body(row: &Row, first: usize) -> Result<Option<Body>> {
    let Some(json) = row.get(first)? else { return Ok(None) };
    Ok(Some(Body { json, cut: row.get(first + 1)?, bytes: row.get(first + 2)? }))
}

fn written_notes(notes: &[String]) -> Option<String> {
    if notes.is_empty() { None } else { Some(serde_json::Value::from(notes).to_string()) }
}

fn read_notes(notes: Option<&str>) -> Result<Vec<String>> {
    let Some(notes) = notes else { return Ok(Vec::new()) };
    let notes: serde_json::Value = serde_json::from_str(notes)
        .map_err(|_| Error::Damaged("the notes of an activity are no JSON".to_owned()))?;
    let notes = notes.as_array().into_iter().flatten();
    Ok(notes.filter_map(|note| note.as_str().map(str::to_owned)).collect())
}
