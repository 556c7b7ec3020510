//! The users who were deleted, until they are purged, and who is like a user that is to be made.

use async_trait::async_trait;
use rollcall_scim::Resource;
use rollcall_scim::fold::fold;
use uuid::Uuid;

use super::super::{Database, Tx};
use super::comparison::push_prefix;
use super::events::{author, credential_of};
use super::resource_row::origin;
use super::{Row, Statement, push_limit};
use crate::{
    Actor, DepartedQuery, DepartedReading, DepartedUser, DepartedWriting, Error, Namesake, Presence,
    ResourceType, ResourceWriting, Result, StoredResource, UserOrigin,
};

#[async_trait]
impl DepartedReading for Database {
    async fn departed_users(&self, directory: Uuid, asked: &DepartedQuery<'_>) -> Result<Vec<DepartedUser>> {
        let mut query = Statement::new(
            "SELECT d.id, d.version, d.created, d.deleted, d.document, d.origin, d.scim_managed, d.deleted_by, c.kind, \
             c.prefix FROM departed_users d LEFT JOIN credentials c ON c.id = d.deleted_by WHERE ",
        );
        push_asked(&mut query, directory, asked);
        if let Some((deleted, id)) = asked.behind {
            query.push(" AND (d.deleted, d.id) < (").push_bind(deleted).push(", ").push_bind(id).push(")");
        }
        query.push(" ORDER BY d.deleted DESC, d.id DESC");
        push_limit(&mut query, asked.limit.into());
        let rows = query.rows(&mut self.reader().await?).await?;
        let departed = |row: &Row| {
            let by = row.get(7)?;
            let author = author(by, row.get(8)?, row.get(9)?)?;
            Ok(DepartedUser { user: departed(row)?, deleted_by: by, author })
        };
        rows.iter().map(departed).collect()
    }

    async fn count_departed_users(&self, directory: Uuid, asked: &DepartedQuery<'_>) -> Result<u64> {
        let mut query = Statement::new("SELECT COUNT(*) FROM departed_users d WHERE ");
        push_asked(&mut query, directory, asked);
        let count: i64 = query.the_value(&mut self.reader().await?).await?;
        Ok(u64::try_from(count).unwrap_or_default())
    }
}

#[async_trait]
impl DepartedWriting for Tx {
    async fn retire_user(
        &mut self,
        directory: Uuid,
        user: Uuid,
        deleted: i64,
        by: Actor,
        address: Option<&str>,
    ) -> Result<()> {
        Statement::new(
            "INSERT INTO departed_users (directory_id, id, version, created, deleted, unique_name, external_id, origin, \
             document, scim_managed, deleted_by, issuer, subject, address) \
             SELECT r.directory_id, r.id, r.version, r.created, $3, r.unique_name, r.external_id, r.origin, r.document, \
             r.scim_managed, $4, l.issuer, l.subject, $5 FROM resources r \
             LEFT JOIN sign_in_links l ON l.directory_id = r.directory_id AND l.user_id = r.id \
             WHERE r.directory_id = $1 AND r.type = 'User' AND r.id = $2",
        )
        .bind(directory)
        .bind(user)
        .bind(deleted)
        .bind(credential_of(by))
        .bind(address)
        .run(self.connection()?)
        .await?;
        self.delete_resource(directory, ResourceType::User, user).await
    }

    async fn take_departed_user(&mut self, directory: Uuid, user: Uuid) -> Result<Option<StoredResource>> {
        let row = Statement::new(
            "DELETE FROM departed_users WHERE directory_id = $1 AND id = $2 \
             RETURNING id, version, created, deleted, document, origin, scim_managed",
        )
        .bind(directory)
        .bind(user)
        .row(self.connection()?)
        .await?;
        row.as_ref().map(departed).transpose()
    }

    async fn purge_departed_users(&mut self, directory: Uuid, until: i64, limit: u32) -> Result<Vec<Uuid>> {
        Statement::new(
            "DELETE FROM departed_users WHERE directory_id = $1 AND id IN (SELECT id FROM departed_users \
             WHERE directory_id = $1 AND deleted <= $2 ORDER BY deleted, id LIMIT $3) RETURNING id",
        )
        .bind(directory)
        .bind(until)
        .bind(i64::from(limit))
        .values::<Uuid>(self.connection()?)
        .await
    }

    // Each of the four look-ups follows an index.
    async fn namesakes(
        &mut self,
        directory: Uuid,
        external_id: Option<&str>,
        user_name: &str,
    ) -> Result<Vec<Namesake>> {
        let rows = Statement::new(
            "SELECT id, external_id, unique_name, document, CAST(NULL AS BOOLEAN) FROM departed_users \
             WHERE directory_id = $1 AND external_id = $2 \
             UNION SELECT id, external_id, unique_name, document, CAST(NULL AS BOOLEAN) FROM departed_users \
             WHERE directory_id = $1 AND unique_name = $3 \
             UNION SELECT id, external_id, unique_name, document, active IS TRUE FROM resources \
             WHERE directory_id = $1 AND type = 'User' AND external_id = $2 \
             UNION SELECT id, external_id, unique_name, document, active IS TRUE FROM resources \
             WHERE directory_id = $1 AND type = 'User' AND unique_name = $3 ORDER BY 1",
        )
        .bind(directory)
        .bind(external_id)
        .bind(fold(user_name))
        .rows(self.connection()?)
        .await?;
        let namesake = |row: &Row| {
            let active: Option<bool> = row.get(4)?;
            let name: &str = row.get(2)?;
            let id: Uuid = row.get(0)?;
            Ok(Namesake {
                id,
                attributes: attributes(id, row.get(3)?)?,
                external_id: row.get(1)?,
                has_user_name: name == fold(user_name),
                presence: match active {
                    None => Presence::Departed,
                    Some(false) => Presence::Inactive,
                    Some(true) => Presence::Active,
                },
            })
        };
        rows.iter().map(namesake).collect()
    }
}

fn push_asked(query: &mut Statement, directory: Uuid, asked: &DepartedQuery<'_>) {
    query.push("d.directory_id = ").push_bind(directory);
    query.push(" AND d.deleted > ").push_bind(asked.deleted_after);
    if !asked.user_name_prefix.is_empty() {
        query.push(" AND ");
        push_prefix(query, &|query| _ = query.push("d.unique_name"), &fold(asked.user_name_prefix));
    }
}

/// Reads a departed user from the columns `id, version, created, deleted, document, origin, scim_managed`.
pub(super) fn departed(row: &Row) -> Result<StoredResource> {
    let id: Uuid = row.get(0)?;
    let document = row.get(4)?;
    let origin = origin(row.get(5)?, ResourceType::User)?;
    Ok(StoredResource {
        resource_type: ResourceType::User,
        id,
        version: row.get(1)?,
        created: row.get(2)?,
        modified: row.get(3)?,
        attributes: attributes(id, document)?,
        groups: Vec::new(),
        administrator: false,
        origin,
        scim_managed: row.get::<bool>(6)? || origin == Some(UserOrigin::Scim),
    })
}

fn attributes(user: Uuid, document: &str) -> Result<Resource> {
    serde_json::from_str(document)
        .map_err(|error| Error::Damaged(format!("the document of the user {user}: {error}")))
}
