//! Sessions of the console.

use async_trait::async_trait;
use uuid::Uuid;

use super::super::{Database, Tx};
use super::credentials::hash_of;
use super::{Cells, Row, Statement};
use crate::{Person, Result, Session, SessionHolder, SessionReading, SessionWriting};

const COLUMNS: &str = "id, credential_id, hash, name, created, used, expires, person_issuer, person_subject, person_email, \
                       person_name";

#[async_trait]
impl SessionReading for Database {
    async fn session(&self, hash: &[u8; 32]) -> Result<Option<(Session, [u8; 32])>> {
        let row = Statement::new(
            "SELECT s.id, s.credential_id, s.hash, s.name, s.created, s.used, s.expires, s.person_issuer, s.person_subject, \
             s.person_email, s.person_name, c.hash \
             FROM sessions s JOIN credentials c ON c.id = s.credential_id WHERE s.hash = $1",
        )
        .bind(hash.as_slice())
        .row(&mut self.quick_reader().await?)
        .await?;
        let with_hash = |row: Row| {
            let cells = &mut row.cells();
            Ok((session(cells)?, hash_of(cells.next()?)?))
        };
        row.map(with_hash).transpose()
    }

    async fn all_sessions(&self) -> Result<Vec<Session>> {
        let sql = format!("SELECT {COLUMNS} FROM sessions ORDER BY created DESC, id DESC");
        let rows = Statement::new(sql).rows(&mut self.reader().await?).await?;
        rows.iter().map(|row| session(&mut row.cells())).collect()
    }

    async fn sessions(&self, holder: SessionHolder<'_>) -> Result<Vec<Session>> {
        let mut query = Statement::new(format!("SELECT {COLUMNS} FROM sessions WHERE "));
        push_holder(&mut query, holder);
        query.push(" ORDER BY created DESC, id DESC");
        let rows = query.rows(&mut self.reader().await?).await?;
        rows.iter().map(|row| session(&mut row.cells())).collect()
    }
}

#[async_trait]
impl SessionWriting for Tx {
    async fn insert_session(&mut self, session: &Session) -> Result<()> {
        let sql =
            format!("INSERT INTO sessions ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)");
        let person = session.person.as_ref();
        Statement::new(sql)
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
            .run(self.connection()?)
            .await?;
        Ok(())
    }

    async fn touch_session(&mut self, id: Uuid, now: i64) -> Result<()> {
        Statement::new("UPDATE sessions SET used = $2 WHERE id = $1 AND used < $2")
            .bind(id)
            .bind(now)
            .run(self.connection()?)
            .await?;
        Ok(())
    }

    async fn delete_session(&mut self, holder: SessionHolder<'_>, id: Uuid) -> Result<bool> {
        let mut query = Statement::new("DELETE FROM sessions WHERE id = ");
        query.push_bind(id).push(" AND ");
        push_holder(&mut query, holder);
        let deleted = query.run(self.connection()?).await?;
        Ok(deleted > 0)
    }

    async fn delete_sessions(&mut self, holder: SessionHolder<'_>) -> Result<Vec<Uuid>> {
        let mut query = Statement::new("DELETE FROM sessions WHERE ");
        push_holder(&mut query, holder);
        query.push(" RETURNING id");
        query.values(self.connection()?).await
    }

    async fn delete_ended_sessions(&mut self, now: i64, used_before: i64) -> Result<()> {
        Statement::new("DELETE FROM sessions WHERE expires <= $1 OR used <= $2")
            .bind(now)
            .bind(used_before)
            .run(self.connection()?)
            .await?;
        Ok(())
    }
}

fn push_holder(query: &mut Statement, holder: SessionHolder<'_>) {
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

fn session(cells: &mut Cells<'_>) -> Result<Session> {
    Ok(Session {
        id: cells.next()?,
        credential: cells.next()?,
        hash: hash_of(cells.next()?)?,
        name: cells.next()?,
        created: cells.next()?,
        used: cells.next()?,
        expires: cells.next()?,
        person: person(cells)?,
    })
}

fn person(cells: &mut Cells<'_>) -> Result<Option<Person>> {
    let mut text = || cells.next::<Option<String>>();
    let (issuer, subject, email, name) = (text()?, text()?, text()?, text()?);
    let (Some(issuer), Some(subject)) = (issuer, subject) else { return Ok(None) };
    Ok(Some(Person { issuer, subject, email: email.unwrap_or_default(), name: name.unwrap_or_default() }))
}
