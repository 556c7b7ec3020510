//! The numbers of events.
//!
//! A writer that took a number would wait for every other one, and one that took it from a sequence would commit out of
//! order: a follower that had read past a number would never see what commits under a smaller one. So events are written
//! without a number, apart from those that have one, and are numbered and moved there by whoever looks for them once they are
//! committed.

use uuid::Uuid;

use super::Database;
use super::sql::Statement;
use super::sql::events::streams;
use crate::Result;

/// How many events are numbered in one transaction, as [`NUMBER`] has it.
const AT_ONCE: u64 = 2000;

/// Holds the events of a directory against others who would number them, until the transaction ends. No writer comes here.
const HOLD: &str = "INSERT INTO event_streams (directory_id, expired) VALUES ($1, 0) \
     ON CONFLICT (directory_id) DO UPDATE SET expired = event_streams.expired RETURNING expired";

/// What replicas of the version before have written since the last time.
const ADOPT: &str = "WITH strays AS (DELETE FROM events WHERE directory_id = $1 AND number IS NULL RETURNING *) \
     INSERT INTO pending_events \
     (directory_id, position, id, kind, subject, version, time, actor, request_id, changes, person) \
     SELECT directory_id, position, id, kind, subject, version, time, actor, request_id, changes, person FROM strays";

/// Numbers what this statement sees. What it does not see is committed later, and gets greater numbers.
///
/// Among themselves they go by the order of insertion: a change that began when another one had been committed inserted
/// its event later, and so did one that had to wait for the row of the same resource. Where an engine hands its sequences
/// out in blocks, an event goes behind those of its subject's earlier versions all the same. One that made no version, such
/// as a link of a sign-in, has only its own place.
const NUMBER: &str = "WITH pending AS (SELECT subject, version, position FROM pending_events \
     WHERE directory_id = $1 ORDER BY position LIMIT 2000), \
     placed AS (SELECT version, position, CASE WHEN version IS NULL THEN position ELSE MAX(position) OVER \
     (PARTITION BY subject, version IS NULL ORDER BY version, position ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) \
     END AS place FROM pending), \
     numbered AS (SELECT position, ROW_NUMBER() OVER (ORDER BY place, version, position) AS step FROM placed), \
     moved AS (DELETE FROM pending_events p USING numbered \
     WHERE p.directory_id = $1 AND p.position = numbered.position RETURNING p.*, numbered.step) \
     INSERT INTO events \
     (directory_id, number, position, id, kind, subject, version, time, actor, request_id, changes, person) \
     SELECT directory_id, step + (SELECT COALESCE(MAX(last.number), $2) FROM events last \
     WHERE last.directory_id = $1 AND last.number IS NOT NULL), \
     position, id, kind, subject, version, time, actor, request_id, changes, person FROM moved";

impl Database {
    /// Numbers events of a directory, and says whether there may be more.
    pub(super) async fn number(&self, directory: Uuid) -> Result<bool> {
        let mut transaction = self.transaction(false).await?;
        let connection = &mut transaction.connection;
        let expired: i64 = Statement::new(HOLD).bind(directory).the_value(connection).await?;
        Statement::new(ADOPT).bind(directory).run(connection).await?;
        // A statement of its own: what it sees begins when nobody else numbers any more.
        let numbered = Statement::new(NUMBER).bind(directory).bind(expired).run(connection).await?;
        transaction.commit().await?;
        Ok(numbered >= AT_ONCE)
    }

    /// The directories that have committed events without a number.
    pub(super) async fn with_unnumbered(&self) -> Result<Vec<Uuid>> {
        let connection = &mut self.reader().await?;
        let mut found = streams(connection, "pending_events WHERE TRUE", "position").await?;
        found.extend(streams(connection, "events WHERE number IS NULL", "position").await?);
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }
}
