//! The users who were deleted, until they are purged, and who is like a user that is to be made.

use rollcall_scim::Resource;
use rollcall_scim::fold::fold;
use uuid::Uuid;

use super::condition::push_prefix;
use super::events::{author, credential_of};
use super::resources::{self, origin};
use super::{Connection, Row, Statement, push_limit};
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
    .run(&mut *connection)
    .await?;
    resources::delete(connection, directory, ResourceType::User, user).await
}

/// Takes a user from the departed ones; `None`, there is no such one any more.
pub(super) async fn take(
    connection: &mut Connection,
    directory: Uuid,
    user: Uuid,
) -> Result<Option<StoredResource>> {
    let row = Statement::new(
        "DELETE FROM departed_users WHERE directory_id = $1 AND id = $2 \
         RETURNING id, version, created, deleted, document, origin, scim_managed",
    )
    .bind(directory)
    .bind(user)
    .row(connection)
    .await?;
    row.as_ref().map(departed).transpose()
}

/// Users who were deleted, the last one first.
pub(super) async fn list(
    connection: &mut Connection,
    directory: Uuid,
    asked: &DepartedQuery<'_>,
) -> Result<Vec<DepartedUser>> {
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
    let rows = query.rows(connection).await?;
    let departed = |row: &Row| {
        let by = row.get(7)?;
        let author = author(by, row.get(8)?, row.get(9)?)?;
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
    let mut query = Statement::new("SELECT COUNT(*) FROM departed_users d WHERE ");
    push_asked(&mut query, directory, asked);
    let count: i64 = query.the_value(connection).await?;
    Ok(u64::try_from(count).unwrap_or_default())
}

fn push_asked(query: &mut Statement, directory: Uuid, asked: &DepartedQuery<'_>) {
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
    let row = Statement::new(
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
    .row(connection)
    .await?;
    row.as_ref().map(departed).transpose()
}

/// The users, there or departed, who have one of these keys. Each of the four look-ups follows an index.
pub(super) async fn namesakes(
    connection: &mut Connection,
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
    .rows(connection)
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

/// Forgets the departed users who were deleted until a time, at most `limit` of them, the longest departed first.
pub(super) async fn purge(
    connection: &mut Connection,
    directory: Uuid,
    until: i64,
    limit: u32,
) -> Result<Vec<Uuid>> {
    Statement::new(
        "DELETE FROM departed_users WHERE directory_id = $1 AND id IN (SELECT id FROM departed_users \
         WHERE directory_id = $1 AND deleted <= $2 ORDER BY deleted, id LIMIT $3) RETURNING id",
    )
    .bind(directory)
    .bind(until)
    .bind(i64::from(limit))
    .values::<Uuid>(connection)
    .await
}

fn departed(row: &Row) -> Result<StoredResource> {
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
