//! How many resources there are, in rows that many may write at once.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::super::dialect::total_shard;
use super::{Connection, Statement, Writes};
use crate::{ResourceType, Result};

/// By how much a transaction changes the totals, by directory, type and shard. They are written at its end and in
/// order, so that their rows are locked briefly and never in a circle.
#[derive(Debug, Default)]
pub(in super::super) struct Totals {
    changes: BTreeMap<(Uuid, ResourceType, i64), i64>,
    /// How many memberships were added; nobody asks for their total.
    memberships: u64,
    /// What they were when the part of the transaction began that is running.
    before_part: Option<Box<Totals>>,
}

impl Totals {
    /// Counts a resource in or out.
    pub(super) fn add(&mut self, directory: Uuid, resource_type: ResourceType, id: Uuid, change: i64) {
        *self.changes.entry((directory, resource_type, total_shard(id))).or_default() += change;
    }

    /// Counts memberships in.
    pub(super) fn count_memberships(&mut self, added: usize) {
        self.memberships += added as u64;
    }

    pub(super) fn begin_part(&mut self) {
        let before = Self { changes: self.changes.clone(), memberships: self.memberships, before_part: None };
        self.before_part = Some(Box::new(before));
    }

    pub(super) fn end_part(&mut self, keep: bool) {
        if let Some(before) = self.before_part.take()
            && !keep
        {
            *self = *before;
        }
    }

    /// Writes them, and returns how many rows were added.
    pub(in super::super) async fn write(self, connection: &mut Connection) -> Result<u64> {
        let resources: u64 = self.changes.values().filter_map(|change| u64::try_from(*change).ok()).sum();
        let changes = self.changes.into_iter().filter(|(_, change)| *change != 0);
        for ((directory, resource_type, shard), change) in changes {
            add_to_total(connection, directory, resource_type, shard, change).await?;
        }
        Ok(resources + self.memberships)
    }
}

/// How many resources of a type a directory has.
pub(super) async fn total(
    connection: &mut Connection,
    directory: Uuid,
    resource_type: ResourceType,
) -> Result<i64> {
    Statement::new(
        "SELECT CAST(COALESCE(SUM(total), 0) AS BIGINT) FROM totals WHERE directory_id = $1 AND type = $2",
    )
    .bind(directory)
    .bind(resource_type.as_str())
    .the_value::<i64>(connection)
    .await
}

/// Counts resources in or out. Done last in a transaction, since the row of the total is locked from here on.
async fn add_to_total(
    connection: &mut Connection,
    directory: Uuid,
    resource_type: ResourceType,
    shard: i64,
    change: i64,
) -> Result<()> {
    Statement::new(
        "INSERT INTO totals (directory_id, type, shard, total) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (directory_id, type, shard) DO UPDATE SET total = totals.total + excluded.total",
    )
    .bind(directory)
    .bind(resource_type.as_str())
    .bind(shard)
    .bind(change)
    .later(Writes::Changes("totals"), connection)
    .await
}
