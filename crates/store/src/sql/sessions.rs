//! Sessions of the console.

use sqlx::{AssertSqlSafe, Row as _};
use uuid::Uuid;

use super::super::dialect::{Connection, Db, Query};
use super::{Row, failure};
use crate::{Error, Person, Result, Session, SessionHolder};

const COLUMNS: &str = "id, credential_id, hash, name, created, used, expires, person_issuer, person_subject, person_email, \
                       person_name";

pub(super) async fn find(
    connection: &mut Connection,
    hash: &[u8; 32],
) -> Result<Option<(Session, [u8; 32])>> {
    let row = sqlx::query::<Db>(
        "SELECT s.id, s.credential_id, s.hash, s.name, s.created, s.used, s.expires, s.person_issuer, s.person_subject, \
         s.person_email, s.person_name, c.hash \
         FROM sessions s JOIN credentials c ON c.id = s.credential_id WHERE s.hash = $1",
    )
    .bind(hash.as_slice())
    .fetch_optional(connection)
    .await
    .map_err(failure)?;
    row.map(|row| Ok((session(&row)?, hash_at(&row, 11)?))).transpose()
}

pub(super) async fn list(connection: &mut Connection, holder: SessionHolder<'_>) -> Result<Vec<Session>> {
    let mut query = Query::new(format!("SELECT {COLUMNS} FROM sessions WHERE "));
    push_holder(&mut query, holder);
    query.push(" ORDER BY created DESC, id DESC");
    let rows = query.build().fetch_all(connection).await.map_err(failure)?;
    rows.iter().map(session).collect()
}

pub(super) async fn list_all(connection: &mut Connection) -> Result<Vec<Session>> {
    let sql = format!("SELECT {COLUMNS} FROM sessions ORDER BY created DESC, id DESC");
    let rows = sqlx::query::<Db>(AssertSqlSafe(sql)).fetch_all(connection).await.map_err(failure)?;
    rows.iter().map(session).collect()
}

pub(super) async fn insert(connection: &mut Connection, session: &Session) -> Result<()> {
    let sql =
        format!("INSERT INTO sessions ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)");
    let person = session.person.as_ref();
    sqlx::query::<Db>(AssertSqlSafe(sql))
        .bind(session.id)
        .bind(session.credential)
        .bind(session.hash.as_slice())
        .bind(&session.name)
        .bind(session.created)
        .bind(session.used)
        .bind(session.expires)
        .bind(person.map(|person| &person.issuer))
        .bind(person.map(|person| &person.subject))
        .bind(person.map(|person| &person.email))
        .bind(person.map(|person| &person.name))
        .execute(connection)
        .await
        .map_err(failure)?;
    Ok(())
}

pub(super) async fn touch(connection: &mut Connection, id: Uuid, now: i64) -> Result<()> {
    sqlx::query::<Db>("UPDATE sessions SET used = $2 WHERE id = $1 AND used < $2")
        .bind(id)
        .bind(now)
        .execute(connection)
        .await
        .map_err(failure)?;
    Ok(())
}

pub(super) async fn delete(connection: &mut Connection, holder: SessionHolder<'_>, id: Uuid) -> Result<bool> {
    let mut query = Query::new("DELETE FROM sessions WHERE id = ");
    query.push_bind(id).push(" AND ");
    push_holder(&mut query, holder);
    let deleted = query.build().execute(connection).await.map_err(failure)?;
    Ok(deleted.rows_affected() > 0)
}

pub(super) async fn delete_all(connection: &mut Connection, holder: SessionHolder<'_>) -> Result<Vec<Uuid>> {
    let mut query = Query::new("DELETE FROM sessions WHERE ");
    push_holder(&mut query, holder);
    query.push(" RETURNING id");
    query.build_query_scalar().fetch_all(connection).await.map_err(failure)
}

pub(super) async fn delete_ended(connection: &mut Connection, now: i64, used_before: i64) -> Result<()> {
    sqlx::query::<Db>("DELETE FROM sessions WHERE expires <= $1 OR used <= $2")
        .bind(now)
        .bind(used_before)
        .execute(connection)
        .await
        .map_err(failure)?;
    Ok(())
}

fn push_holder(query: &mut Query, holder: SessionHolder<'_>) {
    match holder {
        SessionHolder::Credential(credential) => {
            query.push("credential_id = ").push_bind(credential);
        }
        SessionHolder::Person(person, credential) => {
            query.push("person_subject = ").push_bind(person.subject.clone());
            query.push(" AND person_issuer = ").push_bind(person.issuer.clone());
            query.push(
                " AND credential_id IN (SELECT o.id FROM credentials o JOIN credentials c \
                 ON c.directory_id IS NOT DISTINCT FROM o.directory_id WHERE c.id = ",
            );
            query.push_bind(credential).push(")");
        }
    }
}

fn session(row: &Row) -> Result<Session> {
    Ok(Session {
        id: row.try_get(0).map_err(failure)?,
        credential: row.try_get(1).map_err(failure)?,
        hash: hash_at(row, 2)?,
        name: row.try_get(3).map_err(failure)?,
        created: row.try_get(4).map_err(failure)?,
        used: row.try_get(5).map_err(failure)?,
        expires: row.try_get(6).map_err(failure)?,
        person: person(row)?,
    })
}

fn person(row: &Row) -> Result<Option<Person>> {
    let text = |column: usize| row.try_get::<Option<String>, _>(column).map_err(failure);
    let (Some(issuer), Some(subject)) = (text(7)?, text(8)?) else { return Ok(None) };
    let (email, name) = (text(9)?.unwrap_or_default(), text(10)?.unwrap_or_default());
    Ok(Some(Person { issuer, subject, email, name }))
}

fn hash_at(row: &Row, column: usize) -> Result<[u8; 32]> {
    let hash: &[u8] = row.try_get(column).map_err(failure)?;
    hash.try_into().map_err(|_| Error::Damaged("the hash of a session has a wrong length".to_owned()))
}
