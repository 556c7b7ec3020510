//! The outbox.

use async_trait::async_trait;
use uuid::Uuid;

use super::super::{Database, Tx};
use super::{Row, Statement, Writes};
use crate::{Error, Mail, MailKind, MailQuery, MailState, OutboxReading, OutboxWriting, Result};

const COLUMNS: &str = "id, directory_id, kind, recipient, subject, text, html, created, state, attempts, next_attempt, \
     last_attempt, give_up, error";

#[async_trait]
impl OutboxReading for Database {
    async fn mails(&self, asked: MailQuery) -> Result<Vec<Mail>> {
        let mut query = Statement::new("SELECT ");
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
        let rows = query.rows(&mut self.reader().await?).await?;
        rows.iter().map(mail).collect()
    }

    async fn mail(&self, id: Uuid) -> Result<Option<Mail>> {
        let sql = format!("SELECT {COLUMNS} FROM mails WHERE id = $1");
        let found = Statement::new(sql).bind(id);
        let row = found.row(&mut self.reader().await?).await?;
        row.as_ref().map(mail).transpose()
    }

    async fn has_due_mail(&self, now: i64) -> Result<bool> {
        Statement::new("SELECT EXISTS (SELECT 1 FROM mails WHERE state = 'pending' AND next_attempt <= $1)")
            .bind(now)
            .the_value::<bool>(&mut self.reader().await?)
            .await
    }
}

#[async_trait]
impl OutboxWriting for Tx {
    async fn insert_mail(&mut self, mail: &Mail) -> Result<()> {
        let sql = format!(
            "INSERT INTO mails ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
        );
        Statement::new(sql)
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
            .later(Writes::Adds("mails"), self.connection()?)
            .await
    }

    async fn claim_mail(&mut self, now: i64, until: i64) -> Result<Option<Mail>> {
        // Of two who choose the same row the second one waits for the first, and then finds that it is not due any more:
        // that is why the conditions stand outside of the subquery too.
        let sql = format!(
            "UPDATE mails SET attempts = attempts + 1, next_attempt = $2, last_attempt = $1 WHERE id = (SELECT id FROM \
             mails WHERE state = 'pending' AND next_attempt <= $1 ORDER BY next_attempt LIMIT 1) AND state = 'pending' \
             AND next_attempt <= $1 RETURNING {COLUMNS}"
        );
        let claimed = Statement::new(sql).bind(now).bind(until);
        let row = claimed.row(self.connection()?).await?;
        row.as_ref().map(mail).transpose()
    }

    async fn settle_mail(&mut self, mail: &Mail) -> Result<bool> {
        let settled = Statement::new(
            "UPDATE mails SET state = $3, next_attempt = $4, give_up = $5, error = $6 WHERE id = $1 AND attempts = $2 \
             AND state = 'pending'",
        )
        .bind(mail.id)
        .bind(mail.attempts)
        .bind(mail.state.as_str())
        .bind(mail.next_attempt)
        .bind(mail.give_up)
        .bind(&mail.error)
        .run(self.connection()?)
        .await?;
        Ok(settled == 1)
    }

    async fn retry_mail(&mut self, id: Uuid, now: i64, give_up: i64) -> Result<bool> {
        let retried = Statement::new(
            "UPDATE mails SET state = 'pending', attempts = 0, next_attempt = $2, give_up = $3 WHERE id = $1 AND state = \
             'parked'",
        )
        .bind(id)
        .bind(now)
        .bind(give_up)
        .run(self.connection()?)
        .await?;
        Ok(retried == 1)
    }

    async fn park_overdue_mails(&mut self, now: i64, error: &str) -> Result<u64> {
        let parked = Statement::new(
            "UPDATE mails SET state = 'parked', error = COALESCE(error, $2) WHERE state = 'pending' AND give_up <= $1 AND \
             next_attempt <= $1",
        )
        .bind(now)
        .bind(error)
        .run(self.connection()?)
        .await?;
        Ok(parked)
    }

    async fn delete_old_mails(&mut self, state: MailState, before: i64) -> Result<()> {
        Statement::new("DELETE FROM mails WHERE state = $1 AND created < $2")
            .bind(state.as_str())
            .bind(before)
            .run(self.connection()?)
            .await?;
        Ok(())
    }
}

fn mail(row: &Row) -> Result<Mail> {
    let damaged =
        |what: &str, text: &str| Error::Damaged(format!("an e-mail has the unknown {what} {text:?}"));
    let kind: &str = row.get(2)?;
    let state: &str = row.get(8)?;
    Ok(Mail {
        id: row.get(0)?,
        directory: row.get(1)?,
        kind: MailKind::ALL
            .into_iter()
            .find(|known| known.as_str() == kind)
            .ok_or_else(|| damaged("kind", kind))?,
        recipient: row.get(3)?,
        subject: row.get(4)?,
        text: row.get(5)?,
        html: row.get(6)?,
        created: row.get(7)?,
        state: MailState::ALL
            .into_iter()
            .find(|known| known.as_str() == state)
            .ok_or_else(|| damaged("state", state))?,
        attempts: row.get(9)?,
        next_attempt: row.get(10)?,
        last_attempt: row.get(11)?,
        give_up: row.get(12)?,
        error: row.get(13)?,
    })
}
