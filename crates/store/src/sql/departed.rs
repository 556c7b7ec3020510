//! The users who were deleted, until they are purged, and who is like a user that is to be made.

use rollcall_scim::Resource;
use rollcall_scim::fold::fold;
use sqlx::Row as _;
use uuid::Uuid;

use super::super::dialect::{Connection, Db, Query};
use super::condition::push_prefix;
use super::events::{author, credential_of};
use super::resources::{self, origin};
use super::{Row, failure, push_limit};
use crate::{
    Actor, DepartedQuery, DepartedUser, Error, Namesake, Presence, ResourceType, Result, StoredResource,
    UserOrigin,
};

/// Keeps a user among the departed ones, and deletes it.
pub(super) async fn retire(
    connection: &mut Connection,
    directory: Uuid,
    user: Uuid,
    deleted: i64,
    by: Actor,
    address: Option<&str>,
) -> Result<()> {
    sqlx::query::<Db>(
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
    .execute(&mut *connection)
    .await
    .map_err(failure)?;
    resources::delete(connection, directory, ResourceType::User, user).await
}

/// Takes a user from the departed ones; `None`, there is no such one any more.
pub(super) async fn take(
    connection: &mut Connection,
    directory: Uuid,
    user: Uuid,
) -> Result<Option<StoredResource>> {
    let row = sqlx::query::<Db>(
        "DELETE FROM departed_users WHERE directory_id = $1 AND id = $2 \
         RETURNING id, version, created, deleted, document, origin, scim_managed",
    )
    .bind(directory)
    .bind(user)
    .fetch_optional(connection)
    .await
    .map_err(failure)?;
    row.as_ref().map(departed).transpose()
}

/// Users who were deleted, the last one first.
pub(super) async fn list(
    connection: &mut Connection,
    directory: Uuid,
    asked: &DepartedQuery<'_>,
) -> Result<Vec<DepartedUser>> {
    let mut query = Query::new(
        "SELECT d.id, d.version, d.created, d.deleted, d.document, d.origin, d.scim_managed, d.deleted_by, c.kind, \
         c.prefix FROM departed_users d LEFT JOIN credentials c ON c.id = d.deleted_by WHERE ",
    );
    push_asked(&mut query, directory, asked);
    if let Some((deleted, id)) = asked.behind {
        query.push(" AND (d.deleted, d.id) < (").push_bind(deleted).push(", ").push_bind(id).push(")");
    }
    query.push(" ORDER BY d.deleted DESC, d.id DESC");
    push_limit(&mut query, asked.limit.into());
    let rows = query.build().fetch_all(connection).await.map_err(failure)?;
    let departed = |row: &Row| {
        let by = row.try_get(7).map_err(failure)?;
        let author = author(by, row.try_get(8).map_err(failure)?, row.try_get(9).map_err(failure)?)?;
        Ok(DepartedUser { user: departed(row)?, deleted_by: by, author })
    };
    rows.iter().map(departed).collect()
}

/// How many users were deleted, on all pages.
pub(super) async fn count(
    connection: &mut Connection,
    directory: Uuid,
    asked: &DepartedQuery<'_>,
) -> Result<u64> {
    let mut query = Query::new("SELECT COUNT(*) FROM departed_users d WHERE ");
    push_asked(&mut query, directory, asked);
    let count: i64 = query.build_query_scalar().fetch_one(connection).await.map_err(failure)?;
    Ok(u64::try_from(count).unwrap_or_default())
}

fn push_asked(query: &mut Query, directory: Uuid, asked: &DepartedQuery<'_>) {
    query.push("d.directory_id = ").push_bind(directory);
    query.push(" AND d.deleted > ").push_bind(asked.deleted_after);
    if !asked.user_name_prefix.is_empty() {
        query.push(" AND ");
        push_prefix(query, &|query| _ = query.push("d.unique_name"), &fold(asked.user_name_prefix));
    }
}

/// The departed user whom a subject signed in as, or else the one who was last deleted of those with this folded address or
/// name. Each of the three look-ups follows an index.
pub(super) async fn arrival(
    connection: &mut Connection,
    directory: Uuid,
    issuer: &str,
    subject: &str,
    address: Option<&str>,
) -> Result<Option<StoredResource>> {
    let row = sqlx::query::<Db>(
        "SELECT id, version, created, deleted, document, origin, scim_managed, 0 AS way FROM departed_users \
         WHERE directory_id = $1 AND issuer = $2 AND subject = $3 \
         UNION ALL SELECT id, version, created, deleted, document, origin, scim_managed, 1 AS way FROM departed_users \
         WHERE directory_id = $1 AND unique_name = $4 \
         UNION ALL SELECT id, version, created, deleted, document, origin, scim_managed, 1 AS way FROM departed_users \
         WHERE directory_id = $1 AND address = $4 \
         ORDER BY way, deleted DESC, id DESC LIMIT 1",
    )
    .bind(directory)
    .bind(issuer)
    .bind(subject)
    .bind(address)
    .fetch_optional(connection)
    .await
    .map_err(failure)?;
    row.as_ref().map(departed).transpose()
}

/// The users, there or departed, who have one of these keys. Each of the four look-ups follows an index.
pub(super) async fn namesakes(
    connection: &mut Connection,
    directory: Uuid,
    external_id: Option<&str>,
    user_name: &str,
) -> Result<Vec<Namesake>> {
    let rows = sqlx::query::<Db>(
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
    .fetch_all(connection)
    .await
    .map_err(failure)?;
    let namesake = |row: &Row| {
        let active: Option<bool> = row.try_get(4).map_err(failure)?;
        let name: &str = row.try_get(2).map_err(failure)?;
        let id: Uuid = row.try_get(0).map_err(failure)?;
        Ok(Namesake {
            id,
            attributes: attributes(id, row.try_get(3).map_err(failure)?)?,
            external_id: row.try_get(1).map_err(failure)?,
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

/// Forgets the departed users who were deleted until a time, at most `limit` of them, the longest departed first.
pub(super) async fn purge(
    connection: &mut Connection,
    directory: Uuid,
    until: i64,
    limit: u32,
) -> Result<Vec<Uuid>> {
    sqlx::query_scalar::<Db, Uuid>(
        "DELETE FROM departed_users WHERE directory_id = $1 AND id IN (SELECT id FROM departed_users \
         WHERE directory_id = $1 AND deleted <= $2 ORDER BY deleted, id LIMIT $3) RETURNING id",
    )
    .bind(directory)
    .bind(until)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await
    .map_err(failure)
}

fn departed(row: &Row) -> Result<StoredResource> {
    let id: Uuid = row.try_get(0).map_err(failure)?;
    let document = row.try_get(4).map_err(failure)?;
    let origin = origin(row.try_get(5).map_err(failure)?, ResourceType::User)?;
    Ok(StoredResource {
        resource_type: ResourceType::User,
        id,
        version: row.try_get(1).map_err(failure)?,
        created: row.try_get(2).map_err(failure)?,
        modified: row.try_get(3).map_err(failure)?,
        attributes: attributes(id, document)?,
        is_member: false,
        administrator: false,
        origin,
        scim_managed: row.try_get::<bool, _>(6).map_err(failure)? || origin == Some(UserOrigin::Scim),
    })
}

fn attributes(user: Uuid, document: &str) -> Result<Resource> {
    serde_json::from_str(document)
        .map_err(|error| Error::Damaged(format!("the document of the user {user}: {error}")))
}
