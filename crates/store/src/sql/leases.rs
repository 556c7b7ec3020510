//! Leases: locks that are rows, since not every engine that speaks PostgreSQL's protocol has advisory locks, and one whose
//! holder died ends by itself.

use async_trait::async_trait;
use uuid::Uuid;

use super::super::Database;
use super::super::dialect::lease_time;
use super::{Connection, Statement};
use crate::{LeaseTaking, Result};

#[async_trait]
impl LeaseTaking for Database {
    async fn take_lease(&self, name: &str, holder: Uuid, now: i64, length: i64) -> Result<bool> {
        let mut transaction = self.transaction(false).await?;
        let taken = take(transaction.connection()?, name, holder, now, length).await?;
        transaction.commit().await?;
        Ok(taken)
    }

    async fn give_back_lease(&self, name: &str, holder: Uuid) -> Result<()> {
        let mut transaction = self.transaction(false).await?;
        give_back(transaction.connection()?, name, holder).await?;
        transaction.commit().await
    }
}

/// Makes the table, which must be there before the first migration.
pub(super) async fn prepare(connection: &mut Connection) -> Result<()> {
    let made = Statement::new(
        "CREATE TABLE IF NOT EXISTS leases (name TEXT NOT NULL PRIMARY KEY, holder TEXT NOT NULL, expires BIGINT NOT NULL)",
    )
    .run(&mut *connection)
    .await;
    let Err(error) = made else { return Ok(()) };
    // PostgreSQL refuses one of two sessions that create one table at once, in spite of the IF NOT EXISTS. What counts is
    // that it is there.
    let there = Statement::new("SELECT name FROM leases LIMIT 1").row(connection).await;
    if there.is_ok() { Ok(()) } else { Err(error) }
}

/// Takes a lease, or renews one that the holder has, as [`LeaseTaking::take_lease`] does.
pub(super) async fn take(
    connection: &mut Connection,
    name: &str,
    holder: Uuid,
    now: i64,
    length: i64,
) -> Result<bool> {
    let taken = Statement::new(concat!(
        "INSERT INTO leases (name, holder, expires) VALUES ($1, $2, $3 + ",
        lease_time!("$4"),
        ") ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires = excluded.expires \
         WHERE leases.holder = excluded.holder OR leases.expires > excluded.expires + $3 OR leases.expires <= ",
        lease_time!("$4"),
    ))
    .bind(name)
    .bind(holder.to_string())
    .bind(length)
    .bind(now)
    .run(connection)
    .await?;
    Ok(taken == 1)
}

/// Gives a lease back.
pub(super) async fn give_back(connection: &mut Connection, name: &str, holder: Uuid) -> Result<()> {
    Statement::new("DELETE FROM leases WHERE name = $1 AND holder = $2")
        .bind(name)
        .bind(holder.to_string())
        .run(connection)
        .await?;
    Ok(())
}
