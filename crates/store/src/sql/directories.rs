//! Directories.

use async_trait::async_trait;
use rollcall_scim::Profile;
use uuid::Uuid;

use super::super::dialect::FOR_UPDATE;
use super::super::{Database, Tx};
use super::directory_settings::{read_settings, written_settings};
use super::{Cells, Connection, Statement};
use crate::{DIRECTORY_TABLES, Directory, DirectoryReading, DirectoryWriting, Error, Result};

const COLUMNS: &str = "id, name, profile, scim_enabled, groups_enabled, settings, schemas_version, created, \
     modified";

pub(super) async fn find(connection: &mut Connection, name: &str, lock: bool) -> Result<Option<Directory>> {
    let lock = if lock { FOR_UPDATE } else { "" };
    let sql = format!("SELECT {COLUMNS} FROM directories WHERE name = $1{lock}");
    let row = Statement::new(sql).bind(name).row(connection).await?;
    row.map(|row| directory(&mut row.cells())).transpose()
}

#[async_trait]
impl DirectoryReading for Database {
    async fn directory(&self, name: &str) -> Result<Option<Directory>> {
        find(&mut self.quick_reader().await?, name, false).await
    }

    async fn directories(&self, after: Option<&str>, limit: u32) -> Result<Vec<Directory>> {
        let sql = format!("SELECT {COLUMNS} FROM directories WHERE name > $1 ORDER BY name LIMIT $2");
        let rows = Statement::new(sql)
            .bind(after.unwrap_or_default())
            .bind(i64::from(limit))
            .rows(&mut self.reader().await?)
            .await?;
        rows.iter().map(|row| directory(&mut row.cells())).collect()
    }

    async fn deleted_directories(&self) -> Result<Vec<(Uuid, i64)>> {
        let rows = Statement::new("SELECT id, deleted FROM deleted_directories ORDER BY deleted")
            .rows(&mut self.reader().await?)
            .await?;
        rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
    }
}

#[async_trait]
impl DirectoryWriting for Tx {
    async fn directory(&mut self, name: &str) -> Result<Option<Directory>> {
        find(self.connection()?, name, true).await
    }

    async fn has_directories(&mut self) -> Result<bool> {
        Statement::new("SELECT EXISTS (SELECT 1 FROM directories)")
            .the_value::<bool>(self.connection()?)
            .await
    }

    async fn insert_directory(&mut self, directory: &Directory) -> Result<()> {
        let sql = format!("INSERT INTO directories ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
        Statement::new(sql)
            .bind(directory.id)
            .bind(&directory.name)
            .bind(directory.profile.as_str())
            .bind(directory.scim_enabled)
            .bind(directory.groups_enabled)
            .bind(written_settings(directory))
            .bind(directory.schemas_version)
            .bind(directory.created)
            .bind(directory.modified)
            .run(self.connection()?)
            .await?;
        Ok(())
    }

    async fn update_directory(&mut self, directory: &Directory) -> Result<()> {
        Statement::new(
            "UPDATE directories SET profile = $2, scim_enabled = $3, groups_enabled = $4, settings = $5, modified = $6 \
             WHERE id = $1",
        )
        .bind(directory.id)
        .bind(directory.profile.as_str())
        .bind(directory.scim_enabled)
        .bind(directory.groups_enabled)
        .bind(written_settings(directory))
        .bind(directory.modified)
        .run(self.connection()?)
        .await?;
        Ok(())
    }

    async fn delete_directory(&mut self, directory: Uuid, now: i64) -> Result<()> {
        self.delete_leftovers(directory).await?;
        let connection = self.connection()?;
        Statement::new("DELETE FROM directories WHERE id = $1").bind(directory).run(&mut *connection).await?;
        Statement::new("INSERT INTO deleted_directories (id, deleted) VALUES ($1, $2)")
            .bind(directory)
            .bind(now)
            .run(connection)
            .await?;
        Ok(())
    }

    async fn delete_leftovers(&mut self, directory: Uuid) -> Result<u64> {
        let connection = self.connection()?;
        connection.take_long().await?;
        let mut rows = 0;
        for table in DIRECTORY_TABLES {
            let sql = format!("DELETE FROM {table} WHERE directory_id = $1");
            let deleted = Statement::new(sql).bind(directory).run(&mut *connection).await?;
            rows += deleted;
        }
        Ok(rows)
    }

    async fn forget_deleted_directory(&mut self, directory: Uuid) -> Result<()> {
        Statement::new("DELETE FROM deleted_directories WHERE id = $1")
            .bind(directory)
            .run(self.connection()?)
            .await?;
        Ok(())
    }
}

/// Reads a directory from the next columns of a row, in the order of [`COLUMNS`].
pub(super) fn directory(cells: &mut Cells<'_>) -> Result<Directory> {
    let (id, name, profile): (_, _, &str) = (cells.next()?, cells.next()?, cells.next()?);
    let (scim_enabled, groups_enabled) = (cells.next()?, cells.next()?);
    let settings = read_settings(cells.next()?)?;
    Ok(Directory {
        id,
        name,
        profile: Profile::from_name(profile)
            .ok_or_else(|| Error::Damaged(format!("a directory has the unknown profile {profile:?}")))?,
        scim_enabled,
        groups_enabled,
        rule_settings: settings.rules.clone(),
        password_handling: settings.password,
        notices: settings.notices.clone(),
        safeguards: settings.safeguards.clone(),
        provisioning: settings.provisioning.clone(),
        activity: settings.activity,
        administrator_role: settings.administrator_role.clone(),
        importing: settings.importing,
        schemas_version: cells.next()?,
        created: cells.next()?,
        modified: cells.next()?,
    })
}

/// How many columns [`directory`] reads.
pub(super) const WIDTH: usize = 9;
