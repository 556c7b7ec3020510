//! The outbox.

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, Row as _};
use uuid::Uuid;

use super::super::dialect::{Db, Query};
use super::super::{Database, Tx};
use super::{Row, failure};
use crate::{Error, Mail, MailKind, MailQuery, MailState, OutboxReading, OutboxWriting, Result};

const COLUMNS: &str = "id, directory_id, kind, recipient, subject, text, html, created, state, attempts, next_attempt, \
     last_attempt, give_up, error";

#[async_trait]
impl OutboxReading for Database {
    async fn mails(&self, asked: MailQuery) -> Result<Vec<Mail>> {
        let mut query = Query::new("SELECT ");
        query.push(COLUMNS).push(" FROM mails WHERE 1 = 1");
        if let Some(directory) = asked.directory {
            query.push(" AND directory_id = ").push_bind(directory);
        }
        if let Some(state) = asked.state {
            query.push(" AND state = ").push_bind(state.as_str());
        }
        if let Some(after) = asked.after {
            query.push(" AND id < ").push_bind(after);
        }
        query.push(" ORDER BY id DESC LIMIT ").push_bind(i64::from(asked.limit));
        let rows = query.build().fetch_all(&mut *self.reader().await?).await.map_err(failure)?;
        rows.iter().map(mail).collect()
    }

    async fn mail(&self, id: Uuid) -> Result<Option<Mail>> {
        let sql = format!("SELECT {COLUMNS} FROM mails WHERE id = $1");
        let found = sqlx::query::<Db>(AssertSqlSafe(sql)).bind(id);
        let row = found.fetch_optional(&mut *self.reader().await?).await.map_err(failure)?;
        row.as_ref().map(mail).transpose()
    }

    async fn has_due_mail(&self, now: i64) -> Result<bool> {
        sqlx::query_scalar::<Db, bool>(
            "SELECT EXISTS (SELECT 1 FROM mails WHERE state = 'pending' AND next_attempt <= $1)",
        )
        .bind(now)
        .fetch_one(&mut *self.reader().await?)
        .await
        .map_err(failure)
    }
}

#[async_trait]
impl OutboxWriting for Tx {
    async fn insert_mail(&mut self, mail: &Mail) -> Result<()> {
        let sql = format!(
            "INSERT INTO mails ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
        );
        sqlx::query::<Db>(AssertSqlSafe(sql))
            .bind(mail.id)
            .bind(mail.directory)
            .bind(mail.kind.as_str())
            .bind(&mail.recipient)
            .bind(&mail.subject)
            .bind(&mail.text)
            .bind(&mail.html)
            .bind(mail.created)
            .bind(mail.state.as_str())
            .bind(mail.attempts)
            .bind(mail.next_attempt)
            .bind(mail.last_attempt)
            .bind(mail.give_up)
            .bind(&mail.error)
            .execute(self.connection())
            .await
            .map_err(failure)?;
        Ok(())
    }

    async fn claim_mail(&mut self, now: i64, until: i64) -> Result<Option<Mail>> {
        // Of two who choose the same row the second one waits for the first, and then finds that it is not due any more:
        // that is why the conditions stand outside of the subquery too.
        let sql = format!(
            "UPDATE mails SET attempts = attempts + 1, next_attempt = $2, last_attempt = $1 WHERE id = (SELECT id FROM \
             mails WHERE state = 'pending' AND next_attempt <= $1 ORDER BY next_attempt LIMIT 1) AND state = 'pending' \
             AND next_attempt <= $1 RETURNING {COLUMNS}"
        );
        let claimed = sqlx::query::<Db>(AssertSqlSafe(sql)).bind(now).bind(until);
        let row = claimed.fetch_optional(self.connection()).await.map_err(failure)?;
        row.as_ref().map(mail).transpose()
    }

    async fn settle_mail(&mut self, mail: &Mail) -> Result<bool> {
        let settled = sqlx::query::<Db>(
            "UPDATE mails SET state = $3, next_attempt = $4, give_up = $5, error = $6 WHERE id = $1 AND attempts = $2 \
             AND state = 'pending'",
        )
        .bind(mail.id)
        .bind(mail.attempts)
        .bind(mail.state.as_str())
        .bind(mail.next_attempt)
        .bind(mail.give_up)
        .bind(&mail.error)
        .execute(self.connection())
        .await
        .map_err(failure)?;
        Ok(settled.rows_affected() == 1)
    }

    async fn retry_mail(&mut self, id: Uuid, now: i64, give_up: i64) -> Result<bool> {
        let retried = sqlx::query::<Db>(
            "UPDATE mails SET state = 'pending', attempts = 0, next_attempt = $2, give_up = $3 WHERE id = $1 AND state = \
             'parked'",
        )
        .bind(id)
        .bind(now)
        .bind(give_up)
        .execute(self.connection())
        .await
        .map_err(failure)?;
        Ok(retried.rows_affected() == 1)
    }

    async fn park_overdue_mails(&mut self, now: i64, error: &str) -> Result<u64> {
        let parked = sqlx::query::<Db>(
            "UPDATE mails SET state = 'parked', error = COALESCE(error, $2) WHERE state = 'pending' AND give_up <= $1 AND \
             next_attempt <= $1",
        )
        .bind(now)
        .bind(error)
        .execute(self.connection())
        .await
        .map_err(failure)?;
        Ok(parked.rows_affected())
    }

    async fn delete_old_mails(&mut self, state: MailState, before: i64) -> Result<()> {
        sqlx::query::<Db>("DELETE FROM mails WHERE state = $1 AND created < $2")
            .bind(state.as_str())
            .bind(before)
            .execute(self.connection())
            .await
            .map_err(failure)?;
        Ok(())
    }
}

fn mail(row: &Row) -> Result<Mail> {
    let damaged =
        |what: &str, text: &str| Error::Damaged(format!("an e-mail has the unknown {what} {text:?}"));
    let kind: &str = row.try_get(2).map_err(failure)?;
    let state: &str = row.try_get(8).map_err(failure)?;
    Ok(Mail {
        id: row.try_get(0).map_err(failure)?,
        directory: row.try_get(1).map_err(failure)?,
        kind: MailKind::ALL
            .into_iter()
            .find(|known| known.as_str() == kind)
            .ok_or_else(|| damaged("kind", kind))?,
        recipient: row.try_get(3).map_err(failure)?,
        subject: row.try_get(4).map_err(failure)?,
        text: row.try_get(5).map_err(failure)?,
        html: row.try_get(6).map_err(failure)?,
        created: row.try_get(7).map_err(failure)?,
        state: MailState::ALL
            .into_iter()
            .find(|known| known.as_str() == state)
            .ok_or_else(|| damaged("state", state))?,
        attempts: row.try_get(9).map_err(failure)?,
        next_attempt: row.try_get(10).map_err(failure)?,
        last_attempt: row.try_get(11).map_err(failure)?,
        give_up: row.try_get(12).map_err(failure)?,
        error: row.try_get(13).map_err(failure)?,
    })
}
