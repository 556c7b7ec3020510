//! Guard rails: who left, and what is held.

use async_trait::async_trait;
use rollcall_scim::fold::fold;
use sqlx::{AssertSqlSafe, Row as _};
use uuid::Uuid;

use super::super::dialect::{Connection, Db, FOR_UPDATE, Query};
use super::super::{Database, Tx};
use super::{Row, failure};
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
        let mut query = Query::new(HOLD);
        query.push(" WHERE h.directory_id = ").push_bind(directory);
        if let Some(after) = after {
            query.push(" AND h.id < ").push_bind(after);
        }
        query.push(" ORDER BY h.id DESC LIMIT ").push_bind(i64::from(limit));
        let rows = query.build().fetch_all(&mut *self.reader().await?).await.map_err(failure)?;
        rows.iter().map(hold).collect()
    }

    async fn hold(&self, directory: Uuid, hold: Uuid) -> Result<Option<Hold>> {
        find_hold(&mut *self.reader().await?, directory, hold, "").await
    }

    async fn held_changes(
        &self,
        hold: Uuid,
        waiting: bool,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<HeldChange>> {
        let mut query = Query::new(CHANGE);
        query.push(" WHERE c.hold_id = ").push_bind(hold);
        if waiting {
            query.push(" AND c.outcome = 'pending'");
        }
        if let Some(after) = after {
            query.push(" AND c.user_id > ").push_bind(after);
        }
        query.push(" ORDER BY c.user_id LIMIT ").push_bind(i64::from(limit));
        let rows = query.build().fetch_all(&mut *self.reader().await?).await.map_err(failure)?;
        rows.iter().map(change).collect()
    }
}

#[async_trait]
impl GuardWriting for Tx {
    async fn lock_guard(&mut self, directory: Uuid) -> Result<Measure> {
        if let Some(measure) = guard(self.connection(), directory).await? {
            return Ok(measure);
        }
        sqlx::query::<Db>(
            "INSERT INTO guards (directory_id, measured, active_users) VALUES ($1, 0, 0) ON CONFLICT DO NOTHING",
        )
        .bind(directory)
        .execute(self.connection())
        .await
        .map_err(failure)?;
        Ok(guard(self.connection(), directory).await?.unwrap_or_default())
    }

    async fn set_measure(&mut self, directory: Uuid, measure: Measure) -> Result<()> {
        sqlx::query::<Db>("UPDATE guards SET measured = $2, active_users = $3 WHERE directory_id = $1")
            .bind(directory)
            .bind(measure.measured)
            .bind(measure.active_users)
            .execute(self.connection())
            .await
            .map_err(failure)?;
        Ok(())
    }

    async fn has_other_administrator(
        &mut self,
        directory: Uuid,
        user: Uuid,
        role: Option<&str>,
    ) -> Result<bool> {
        sqlx::query_scalar::<Db, bool>(
            "SELECT EXISTS (SELECT 1 FROM resources WHERE directory_id = $1 AND type = 'User' AND administrator AND active \
             AND id <> $2) \
             OR EXISTS (SELECT 1 FROM user_roles o JOIN resources r \
             ON r.directory_id = o.directory_id AND r.type = 'User' AND r.id = o.user_id \
             WHERE o.directory_id = $1 AND o.value = $3 AND r.active AND r.id <> $2)",
        )
        .bind(directory)
        .bind(user)
        .bind(role.map(fold))
        .fetch_one(self.connection())
        .await
        .map_err(failure)
    }

    async fn standing(&mut self, directory: Uuid, user: Uuid, began: i64, now: i64) -> Result<Standing> {
        let row = sqlx::query::<Db>(
            "SELECT (SELECT COUNT(*) FROM departures WHERE directory_id = $1 AND time > $3 AND user_created <= $3 \
             AND user_id <> $2), \
             EXISTS (SELECT 1 FROM departures WHERE directory_id = $1 AND user_id = $2 AND time > $3), \
             EXISTS (SELECT 1 FROM holds WHERE directory_id = $1 AND state = 'approved' AND ends > $4), \
             EXISTS (SELECT 1 FROM holds WHERE directory_id = $1 AND (state = 'pending' OR state = 'rejected' AND ends > $4))",
        )
        .bind(directory)
        .bind(user)
        .bind(began)
        .bind(now)
        .fetch_one(self.connection())
        .await
        .map_err(failure)?;
        Ok(Standing {
            others: row.try_get(0).map_err(failure)?,
            is_counted: row.try_get(1).map_err(failure)?,
            is_approved: row.try_get(2).map_err(failure)?,
            has_holds: row.try_get(3).map_err(failure)?,
        })
    }

    async fn active_users(&mut self, directory: Uuid, until: i64) -> Result<i64> {
        sqlx::query_scalar::<Db, i64>(
            "SELECT COUNT(*) FROM resources WHERE directory_id = $1 AND type = 'User' AND active AND created <= $2",
        )
        .bind(directory)
        .bind(until)
        .fetch_one(self.connection())
        .await
        .map_err(failure)
    }

    async fn count_departure(
        &mut self,
        directory: Uuid,
        user: Uuid,
        user_created: i64,
        now: i64,
    ) -> Result<()> {
        sqlx::query::<Db>(
            "INSERT INTO departures (directory_id, user_id, time, user_created) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (directory_id, user_id) DO UPDATE SET time = excluded.time",
        )
        .bind(directory)
        .bind(user)
        .bind(now)
        .bind(user_created)
        .execute(self.connection())
        .await
        .map_err(failure)?;
        Ok(())
    }

    async fn forget_departures(&mut self, directory: Uuid, before: i64) -> Result<()> {
        sqlx::query::<Db>("DELETE FROM departures WHERE directory_id = $1 AND time <= $2")
            .bind(directory)
            .bind(before)
            .execute(self.connection())
            .await
            .map_err(failure)?;
        Ok(())
    }

    async fn hold_of(&mut self, directory: Uuid, user: Uuid, now: i64) -> Result<Option<Hold>> {
        let mut query = Query::new(HOLD);
        query
            .push(" JOIN held_changes of ON of.hold_id = h.id WHERE of.directory_id = ")
            .push_bind(directory)
            .push(" AND of.user_id = ")
            .push_bind(user)
            .push(" AND (h.state = 'pending' AND of.outcome = 'pending' OR h.state = 'rejected' AND of.outcome = 'rejected' \
                   AND h.ends > ")
            .push_bind(now)
            .push(") ORDER BY h.id DESC LIMIT 1");
        let row = query.build().fetch_optional(self.connection()).await.map_err(failure)?;
        row.as_ref().map(hold).transpose()
    }

    async fn open_hold(&mut self, directory: Uuid, now: i64) -> Result<Option<Hold>> {
        let mut query = Query::new(HOLD);
        query.push(" WHERE h.directory_id = ").push_bind(directory);
        query
            .push(" AND h.state = 'pending' AND h.ends > ")
            .push_bind(now)
            .push(" ORDER BY h.id DESC LIMIT 1");
        let row = query.build().fetch_optional(self.connection()).await.map_err(failure)?;
        row.as_ref().map(hold).transpose()
    }

    async fn hold(&mut self, directory: Uuid, hold: Uuid) -> Result<Option<Hold>> {
        find_hold(self.connection(), directory, hold, FOR_UPDATE).await
    }

    async fn insert_hold(&mut self, hold: &Hold) -> Result<()> {
        sqlx::query::<Db>(
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
        .execute(self.connection())
        .await
        .map_err(failure)?;
        Ok(())
    }

    async fn decide_hold(&mut self, hold: &Hold) -> Result<()> {
        sqlx::query::<Db>(
            "UPDATE holds SET state = $2, ends = $3, decided = $4, decided_by = $5 WHERE id = $1",
        )
        .bind(hold.id)
        .bind(hold.state.as_str())
        .bind(hold.ends)
        .bind(hold.decided)
        .bind(hold.decided_by)
        .execute(self.connection())
        .await
        .map_err(failure)?;
        Ok(())
    }

    async fn put_held_change(&mut self, directory: Uuid, change: &HeldChange) -> Result<()> {
        sqlx::query::<Db>(
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
        .execute(self.connection())
        .await
        .map_err(failure)?;
        Ok(())
    }

    async fn held_change(&mut self, hold: Uuid, user: Uuid) -> Result<Option<HeldChange>> {
        let sql = format!("{CHANGE} WHERE c.hold_id = $1 AND c.user_id = $2{FOR_UPDATE}");
        let found = sqlx::query::<Db>(AssertSqlSafe(sql)).bind(hold).bind(user);
        let row = found.fetch_optional(self.connection()).await.map_err(failure)?;
        row.as_ref().map(self::change).transpose()
    }

    async fn settle_held_change(&mut self, change: &HeldChange) -> Result<()> {
        sqlx::query::<Db>(
            "UPDATE held_changes SET outcome = $3, reason = $4 WHERE hold_id = $1 AND user_id = $2",
        )
        .bind(change.hold)
        .bind(change.user)
        .bind(change.outcome.as_str())
        .bind(&change.reason)
        .execute(self.connection())
        .await
        .map_err(failure)?;
        Ok(())
    }

    async fn drop_held_changes(&mut self, hold: Uuid) -> Result<u64> {
        let dropped = sqlx::query::<Db>(
            "UPDATE held_changes SET outcome = 'rejected' WHERE hold_id = $1 AND outcome = 'pending'",
        )
        .bind(hold)
        .execute(self.connection())
        .await
        .map_err(failure)?;
        Ok(dropped.rows_affected())
    }
}

async fn guard(connection: &mut Connection, directory: Uuid) -> Result<Option<Measure>> {
    let sql = format!("SELECT measured, active_users FROM guards WHERE directory_id = $1{FOR_UPDATE}");
    let row = sqlx::query::<Db>(AssertSqlSafe(sql))
        .bind(directory)
        .fetch_optional(connection)
        .await
        .map_err(failure)?;
    let measure = |row: Row| {
        Ok(Measure {
            measured: row.try_get(0).map_err(failure)?,
            active_users: row.try_get(1).map_err(failure)?,
        })
    };
    row.map(measure).transpose()
}

async fn find_hold(
    connection: &mut Connection,
    directory: Uuid,
    id: Uuid,
    lock: &str,
) -> Result<Option<Hold>> {
    let sql = format!("{HOLD} WHERE h.directory_id = $1 AND h.id = $2{lock}");
    let found = sqlx::query::<Db>(AssertSqlSafe(sql)).bind(directory).bind(id);
    let row = found.fetch_optional(connection).await.map_err(failure)?;
    row.as_ref().map(hold).transpose()
}

fn hold(row: &Row) -> Result<Hold> {
    let state: &str = row.try_get(2).map_err(failure)?;
    Ok(Hold {
        id: row.try_get(0).map_err(failure)?,
        directory: row.try_get(1).map_err(failure)?,
        state: HoldState::from_name(state).ok_or_else(|| unknown("state of a hold", state))?,
        guard_rail: row.try_get(3).map_err(failure)?,
        active_users: row.try_get(4).map_err(failure)?,
        created: row.try_get(5).map_err(failure)?,
        ends: row.try_get(6).map_err(failure)?,
        decided: row.try_get(7).map_err(failure)?,
        decided_by: row.try_get(8).map_err(failure)?,
        changes: row.try_get(9).map_err(failure)?,
        waiting: row.try_get(10).map_err(failure)?,
    })
}

fn change(row: &Row) -> Result<HeldChange> {
    let kind: &str = row.try_get(3).map_err(failure)?;
    let changes: &str = row.try_get(4).map_err(failure)?;
    let outcome: &str = row.try_get(11).map_err(failure)?;
    Ok(HeldChange {
        hold: row.try_get(0).map_err(failure)?,
        user: row.try_get(1).map_err(failure)?,
        user_name: row.try_get(2).map_err(failure)?,
        kind: DepartureKind::from_name(kind).ok_or_else(|| unknown("kind of a held change", kind))?,
        changes: serde_json::from_str(changes)
            .map_err(|error| Error::Damaged(format!("the attributes of a held change: {error}")))?,
        credential: row.try_get(5).map_err(failure)?,
        credential_prefix: row.try_get(6).map_err(failure)?,
        request_id: row.try_get(7).map_err(failure)?,
        first_asked: row.try_get(8).map_err(failure)?,
        last_asked: row.try_get(9).map_err(failure)?,
        times_asked: row.try_get(10).map_err(failure)?,
        outcome: HeldOutcome::from_name(outcome)
            .ok_or_else(|| unknown("outcome of a held change", outcome))?,
        reason: row.try_get(12).map_err(failure)?,
    })
}

fn unknown(what: &str, name: &str) -> Error {
    Error::Damaged(format!("the unknown {what} {name:?}"))
}
