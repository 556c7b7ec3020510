//! The keys that all replicas share.

use async_trait::async_trait;

use super::super::Tx;
use super::Statement;
use crate::values::length_of;
use crate::{Error, Result, SharedKeyWriting};

#[async_trait]
impl SharedKeyWriting for Tx {
    async fn shared_key(&mut self, name: &str, fresh: &[u8; 32], now: i64) -> Result<[u8; 32]> {
        let connection = self.connection()?;
        Statement::new(
            "INSERT INTO shared_keys (name, key, created) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING",
        )
        .bind(name)
        .bind(fresh.as_slice())
        .bind(now)
        .run(&mut *connection)
        .await?;
        let key: Vec<u8> = Statement::new("SELECT key FROM shared_keys WHERE name = $1")
            .bind(name)
            .the_value::<Vec<u8>>(connection)
            .await?;
        key.try_into().map_err(|_| Error::Damaged(format!("the shared key {name:?} has a wrong length")))
    }

    async fn delete_shared_keys(&mut self, beginning: &str) -> Result<()> {
        self.delete_old_shared_keys(beginning, i64::MAX).await
    }

    async fn delete_old_shared_keys(&mut self, beginning: &str, before: i64) -> Result<()> {
        Statement::new("DELETE FROM shared_keys WHERE substr(name, 1, $2) = $1 AND created < $3")
            .bind(beginning)
            .bind(length_of(beginning))
            .bind(before)
            .run(self.connection()?)
            .await?;
        Ok(())
    }
}
