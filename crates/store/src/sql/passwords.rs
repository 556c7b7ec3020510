//! The hashes of passwords, apart from everything else that is known of users.

use async_trait::async_trait;
use rollcall_scim::fold::fold;
use uuid::Uuid;

use super::super::{Database, Tx};
use super::{Connection, Statement, Writes};
use crate::{PasswordHolder, PasswordReading, PasswordWriting, Result, UserKey};

#[async_trait]
impl PasswordReading for Database {
    async fn password(&self, directory: Uuid, user: UserKey<'_>) -> Result<Option<PasswordHolder>> {
        let mut query = Statement::new(
            "SELECT r.id, r.active, p.hash FROM resources r LEFT JOIN passwords p \
             ON p.directory_id = r.directory_id AND p.user_id = r.id WHERE r.type = 'User' AND r.directory_id = ",
        );
        query.push_bind(directory);
        match user {
            UserKey::Id(id) => query.push(" AND r.id = ").push_bind(id),
            UserKey::Name(name) => query.push(" AND r.unique_name = ").push_bind(fold(name)),
        };
        let row = query.row(&mut self.reader().await?).await?;
        row.map(|row| {
            Ok(PasswordHolder {
                user: row.get(0)?,
                active: row.get::<Option<bool>>(1)?.unwrap_or_default(),
                hash: row.get(2)?,
            })
        })
        .transpose()
    }
}

#[async_trait]
impl PasswordWriting for Tx {
    async fn set_password(&mut self, directory: Uuid, user: Uuid, hash: &str) -> Result<()> {
        Statement::new(
            "INSERT INTO passwords (directory_id, user_id, hash) VALUES ($1, $2, $3) \
             ON CONFLICT (directory_id, user_id) DO UPDATE SET hash = excluded.hash",
        )
        .bind(directory)
        .bind(user)
        .bind(hash)
        .later(Writes::Changes("passwords"), self.connection()?)
        .await
    }

    async fn delete_password(&mut self, directory: Uuid, user: Uuid) -> Result<bool> {
        let deleted = Statement::new("DELETE FROM passwords WHERE directory_id = $1 AND user_id = $2")
            .bind(directory)
            .bind(user)
            .run(self.connection()?)
            .await?;
        Ok(deleted > 0)
    }

    async fn delete_passwords(&mut self, directory: Uuid) -> Result<()> {
        Statement::new("DELETE FROM passwords WHERE directory_id = $1")
            .bind(directory)
            .run(self.connection()?)
            .await?;
        Ok(())
    }
}

/// Takes the password of a user who goes away.
pub(super) async fn forget(connection: &mut Connection, directory: Uuid, user: Uuid) -> Result<()> {
    Statement::new("DELETE FROM passwords WHERE directory_id = $1 AND user_id = $2")
        .bind(directory)
        .bind(user)
        .later(Writes::Removes("passwords"), connection)
        .await
}
