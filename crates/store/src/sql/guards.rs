//! Guard rails: who left, and what is held.

use async_trait::async_trait;
use rollcall_scim::fold::fold;
use uuid::Uuid;

use super::super::dialect::FOR_UPDATE;
use super::super::{Database, Tx};
use super::{Connection, Row, Statement, Writes};
use crate::{
    DepartureKind, Error, GuardWriting, HeldChange, HeldOutcome, Hold, HoldReading, HoldState, Measure,
    Result, Standing,
};

const HOLD: &str = "SELECT h.id, h.directory_id, h.state, h.guard_rail, h.active_users, h.created, h.ends, h.decided, \
     h.decided_by, (SELECT COUNT(*) FROM held_changes c WHERE c.hold_id = h.id), \
     (SELECT COUNT(*) FROM held_changes c WHERE c.hold_id = h.id AND c.outcome = 'pending') FROM holds h";

const CHANGE: &str = "SELECT c.hold_id, c.user_id, c.user_name, c.kind, c.changes, c.credential_id, \
     (SELECT k.prefix FROM credentials k WHERE k.id = c.credential_id), c.request_id, c.first_asked, c.last_asked, \
     c.times_asked, c.outcome, c.reason FROM held_changes c";

#[async_trait]
impl HoldReading for Database {
    async fn holds(&self, directory: Uuid, after: Option<Uuid>, limit: u32) -> Result<Vec<Hold>> {
        let mut query = Statement::new(HOLD);
        query.push(" WHERE h.directory_id = ").push_bind(directory);
        if let Some(after) = after {
            query.push(" AND h.id < ").push_bind(after);
        }
        query.push(" ORDER BY h.id DESC LIMIT ").push_bind(i64::from(limit));
        let rows = query.rows(&mut self.reader().await?).await?;
        rows.iter().map(hold).collect()
    }

    async fn hold(&self, directory: Uuid, hold: Uuid) -> Result<Option<Hold>> {
        find_hold(&mut self.reader().await?, directory, hold, "").await
    }

    async fn held_changes(
        &self,
        hold: Uuid,
        waiting: bool,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<HeldChange>> {
        let mut query = Statement::new(CHANGE);
        query.push(" WHERE c.hold_id = ").push_bind(hold);
        if waiting {
            query.push(" AND c.outcome = 'pending'");
        }
        if let Some(after) = after {
            query.push(" AND c.user_id > ").push_bind(after);
        }
        query.push(" ORDER BY c.user_id LIMIT ").push_bind(i64::from(limit));
        let rows = query.rows(&mut self.reader().await?).await?;
        rows.iter().map(change).collect()
    }
}

#[async_trait]
impl GuardWriting for Tx {
    async fn lock_guard(&mut self, directory: Uuid) -> Result<Measure> {
        if let Some(measure) = guard(self.connection()?, directory).await? {
            return Ok(measure);
        }
        Statement::new(
            "INSERT INTO guards (directory_id, measured, active_users) VALUES ($1, 0, 0) ON CONFLICT DO NOTHING",
        )
        .bind(directory)
        .run(self.connection()?)
        .await?;
        Ok(guard(self.connection()?, directory).await?.unwrap_or_default())
    }

    async fn set_measure(&mut self, directory: Uuid, measure: Measure) -> Result<()> {
        Statement::new("UPDATE guards SET measured = $2, active_users = $3 WHERE directory_id = $1")
            .bind(directory)
            .bind(measure.measured)
            .bind(measure.active_users)
            .later(Writes::Changes("guards"), self.connection()?)
            .await
    }

    async fn has_other_administrator(
        &mut self,
        directory: Uuid,
        user: Uuid,
        role: Option<&str>,
    ) -> Result<bool> {
        Statement::new(
            "SELECT EXISTS (SELECT 1 FROM resources WHERE directory_id = $1 AND type = 'User' AND administrator AND active \
             AND id <> $2) \
             OR EXISTS (SELECT 1 FROM user_roles o JOIN resources r \
             ON r.directory_id = o.directory_id AND r.type = 'User' AND r.id = o.user_id \
             WHERE o.directory_id = $1 AND o.value = $3 AND r.active AND r.id <> $2)",
        )
        .bind(directory)
        .bind(user)
        .bind(role.map(fold))
        .the_value::<bool>(self.connection()?)
        .await
    }

    async fn standing(&mut self, directory: Uuid, user: Uuid, began: i64, now: i64) -> Result<Standing> {
        let row = Statement::new(
            "SELECT (SELECT COUNT(*) FROM departures WHERE directory_id = $1 AND time > $3 AND user_created <= $3 \
             AND user_id <> $2), \
             EXISTS (SELECT 1 FROM departures WHERE directory_id = $1 AND user_id = $2 AND time > $3), \
             EXISTS (SELECT 1 FROM holds WHERE directory_id = $1 AND state = 'approved' AND ends > $4), \
             EXISTS (SELECT 1 FROM holds WHERE directory_id = $1 AND (state = 'pending' OR state = 'rejected' AND ends > $4)), \
             COALESCE((SELECT measured FROM guards WHERE directory_id = $1), 0), \
             COALESCE((SELECT active_users FROM guards WHERE directory_id = $1), 0)",
        )
        .bind(directory)
        .bind(user)
        .bind(began)
        .bind(now)
        .the_row(self.connection()?)
        .await?;
        Ok(Standing {
            others: row.get(0)?,
            is_counted: row.get(1)?,
            is_approved: row.get(2)?,
            has_holds: row.get(3)?,
            measure: Measure { measured: row.get(4)?, active_users: row.get(5)? },
        })
    }

    async fn active_users(&mut self, directory: Uuid, until: i64) -> Result<i64> {
        Statement::new(
            "SELECT COUNT(*) FROM resources WHERE directory_id = $1 AND type = 'User' AND active AND created <= $2",
        )
        .bind(directory)
        .bind(until)
        .the_value::<i64>(self.connection()?)
        .await
    }

    async fn count_departure(
        &mut self,
        directory: Uuid,
        user: Uuid,
        user_created: i64,
        now: i64,
    ) -> Result<()> {
        Statement::new(
            "INSERT INTO departures (directory_id, user_id, time, user_created) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (directory_id, user_id) DO UPDATE SET time = excluded.time",
        )
        .bind(directory)
        .bind(user)
        .bind(now)
        .bind(user_created)
        .later(Writes::Changes("departures"), self.connection()?)
        .await
    }

    async fn forget_departures(&mut self, directory: Uuid, before: i64) -> Result<()> {
        Statement::new("DELETE FROM departures WHERE directory_id = $1 AND time <= $2")
            .bind(directory)
            .bind(before)
            .run(self.connection()?)
            .await?;
        Ok(())
    }

    async fn hold_of(&mut self, directory: Uuid, user: Uuid, now: i64) -> Result<Option<Hold>> {
        let mut query = Statement::new(HOLD);
        query
            .push(" JOIN held_changes of ON of.hold_id = h.id WHERE of.directory_id = ")
            .push_bind(directory)
            .push(" AND of.user_id = ")
            .push_bind(user)
            .push(" AND (h.state = 'pending' AND of.outcome = 'pending' OR h.state = 'rejected' AND of.outcome = 'rejected' \
                   AND h.ends > ")
            .push_bind(now)
            .push(") ORDER BY h.id DESC LIMIT 1");
        let row = query.row(self.connection()?).await?;
        row.as_ref().map(hold).transpose()
    }

    async fn open_hold(&mut self, directory: Uuid, now: i64) -> Result<Option<Hold>> {
        let mut query = Statement::new(HOLD);
        query.push(" WHERE h.directory_id = ").push_bind(directory);
        query
            .push(" AND h.state = 'pending' AND h.ends > ")
            .push_bind(now)
            .push(" ORDER BY h.id DESC LIMIT 1");
        let row = query.row(self.connection()?).await?;
        row.as_ref().map(hold).transpose()
    }

    async fn hold(&mut self, directory: Uuid, hold: Uuid) -> Result<Option<Hold>> {
        find_hold(self.connection()?, directory, hold, FOR_UPDATE).await
    }

    async fn insert_hold(&mut self, hold: &Hold) -> Result<()> {
        Statement::new(
            "INSERT INTO holds (id, directory_id, state, guard_rail, active_users, created, ends, decided, decided_by) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(hold.id)
        .bind(hold.directory)
        .bind(hold.state.as_str())
        .bind(&hold.guard_rail)
        .bind(hold.active_users)
        .bind(hold.created)
        .bind(hold.ends)
        .bind(hold.decided)
        .bind(hold.decided_by)
        .run(self.connection()?)
        .await?;
        Ok(())
    }

    async fn decide_hold(&mut self, hold: &Hold) -> Result<()> {
        Statement::new("UPDATE holds SET state = $2, ends = $3, decided = $4, decided_by = $5 WHERE id = $1")
            .bind(hold.id)
            .bind(hold.state.as_str())
            .bind(hold.ends)
            .bind(hold.decided)
            .bind(hold.decided_by)
            .run(self.connection()?)
            .await?;
        Ok(())
    }

    async fn put_held_change(&mut self, directory: Uuid, change: &HeldChange) -> Result<()> {
        Statement::new(
            "INSERT INTO held_changes (hold_id, user_id, directory_id, user_name, kind, changes, credential_id, request_id, \
             first_asked, last_asked, times_asked, outcome) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, 1, 'pending') \
             ON CONFLICT (hold_id, user_id) DO UPDATE SET user_name = excluded.user_name, kind = excluded.kind, \
             changes = excluded.changes, credential_id = excluded.credential_id, request_id = excluded.request_id, \
             last_asked = excluded.last_asked, times_asked = held_changes.times_asked + 1, outcome = 'pending', reason = NULL",
        )
        .bind(change.hold)
        .bind(change.user)
        .bind(directory)
        .bind(&change.user_name)
        .bind(change.kind.as_str())
        .bind(change.changes.to_string())
        .bind(change.credential)
        .bind(&change.request_id)
        .bind(change.last_asked)
        .run(self.connection()?)
        .await?;
        Ok(())
    }

    async fn held_change(&mut self, hold: Uuid, user: Uuid) -> Result<Option<HeldChange>> {
        let sql = format!("{CHANGE} WHERE c.hold_id = $1 AND c.user_id = $2{FOR_UPDATE}");
        let found = Statement::new(sql).bind(hold).bind(user);
        let row = found.row(self.connection()?).await?;
        row.as_ref().map(self::change).transpose()
    }

    async fn settle_held_change(&mut self, change: &HeldChange) -> Result<()> {
        Statement::new(
            "UPDATE held_changes SET outcome = $3, reason = $4 WHERE hold_id = $1 AND user_id = $2",
        )
        .bind(change.hold)
        .bind(change.user)
        .bind(change.outcome.as_str())
        .bind(&change.reason)
        .run(self.connection()?)
        .await?;
        Ok(())
    }

    async fn drop_held_changes(&mut self, hold: Uuid) -> Result<u64> {
        let dropped = Statement::new(
            "UPDATE held_changes SET outcome = 'rejected' WHERE hold_id = $1 AND outcome = 'pending'",
        )
        .bind(hold)
        .run(self.connection()?)
        .await?;
        Ok(dropped)
    }
}

async fn guard(connection: &mut Connection, directory: Uuid) -> Result<Option<Measure>> {
    let sql = format!("SELECT measured, active_users FROM guards WHERE directory_id = $1{FOR_UPDATE}");
    let row = Statement::new(sql).bind(directory).row(connection).await?;
    let measure = |row: Row| Ok(Measure { measured: row.get(0)?, active_users: row.get(1)? });
    row.map(measure).transpose()
}

async fn find_hold(
    connection: &mut Connection,
    directory: Uuid,
    id: Uuid,
    lock: &str,
) -> Result<Option<Hold>> {
    let sql = format!("{HOLD} WHERE h.directory_id = $1 AND h.id = $2{lock}");
    let found = Statement::new(sql).bind(directory).bind(id);
    let row = found.row(connection).await?;
    row.as_ref().map(hold).transpose()
}

fn hold(row: &Row) -> Result<Hold> {
    let state: &str = row.get(2)?;
    Ok(Hold {
        id: row.get(0)?,
        directory: row.get(1)?,
        state: HoldState::from_name(state).ok_or_else(|| unknown("state of a hold", state))?,
        guard_rail: row.get(3)?,
        active_users: row.get(4)?,
        created: row.get(5)?,
        ends: row.get(6)?,
        decided: row.get(7)?,
        decided_by: row.get(8)?,
        changes: row.get(9)?,
        waiting: row.get(10)?,
    })
}

fn change(row: &Row) -> Result<HeldChange> {
    let kind: &str = row.get(3)?;
    let changes: &str = row.get(4)?;
    let outcome: &str = row.get(11)?;
    Ok(HeldChange {
        hold: row.get(0)?,
        user: row.get(1)?,
        user_name: row.get(2)?,
        kind: DepartureKind::from_name(kind).ok_or_else(|| unknown("kind of a held change", kind))?,
        changes: serde_json::from_str(changes)
            .map_err(|error| Error::Damaged(format!("the attributes of a held change: {error}")))?,
        credential: row.get(5)?,
        credential_prefix: row.get(6)?,
        request_id: row.get(7)?,
        first_asked: row.get(8)?,
        last_asked: row.get(9)?,
        times_asked: row.get(10)?,
        outcome: HeldOutcome::from_name(outcome)
            .ok_or_else(|| unknown("outcome of a held change", outcome))?,
        reason: row.get(12)?,
    })
}

fn unknown(what: &str, name: &str) -> Error {
    Error::Damaged(format!("the unknown {what} {name:?}"))
}
