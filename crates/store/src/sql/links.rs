//! Who signs in as which user.

use sqlx::Row as _;
use uuid::Uuid;

use super::super::dialect::{Connection, Db, Query};
use super::failure;
use super::resources::{resource_columns, stored};
use crate::{Candidate, ResourceType, Result, SignInLink, StoredResource};

/// The user whom a subject signs in as.
pub(super) async fn user(
    connection: &mut Connection,
    directory: Uuid,
    issuer: &str,
    subject: &str,
) -> Result<Option<StoredResource>> {
    let mut query = Query::new(concat!("SELECT ", resource_columns!()));
    query
        .push(
            " FROM sign_in_links l JOIN resources r \
             ON r.directory_id = l.directory_id AND r.type = 'User' AND r.id = l.user_id WHERE l.directory_id = ",
        )
        .push_bind(directory)
        .push(" AND l.issuer = ")
        .push_bind(issuer)
        .push(" AND l.subject = ")
        .push_bind(subject);
    let row = query.build().fetch_optional(connection).await.map_err(failure)?;
    row.as_ref().map(|row| stored(row, 0, ResourceType::User)).transpose()
}

/// The users who have this folded address, wherever they have it, or are called by it.
pub(super) async fn candidates(
    connection: &mut Connection,
    directory: Uuid,
    address: &str,
    limit: u32,
) -> Result<Vec<Candidate>> {
    let mut query = Query::new(concat!("SELECT ", resource_columns!()));
    query
        .push(
            ", l.issuer AS issuer, l.subject AS subject FROM resources r LEFT JOIN sign_in_links l \
             ON l.directory_id = r.directory_id AND l.user_id = r.id WHERE r.type = 'User' AND r.directory_id = ",
        )
        .push_bind(directory)
        .push(" AND r.id IN (SELECT n.id FROM resources n WHERE n.type = 'User' AND n.directory_id = ")
        .push_bind(directory)
        .push(" AND n.unique_name = ")
        .push_bind(address)
        .push(" UNION SELECT e.user_id FROM emails e WHERE e.directory_id = ")
        .push_bind(directory)
        .push(" AND e.value = ")
        .push_bind(address)
        .push(") ORDER BY r.id LIMIT ")
        .push_bind(i64::from(limit));
    let rows = query.build().fetch_all(connection).await.map_err(failure)?;
    let candidate = |row: &super::Row| {
        let issuer: Option<String> = row.try_get("issuer").map_err(failure)?;
        let subject: Option<String> = row.try_get("subject").map_err(failure)?;
        Ok(Candidate { user: stored(row, 0, ResourceType::User)?, claimed_by: issuer.zip(subject) })
    };
    rows.iter().map(candidate).collect()
}

/// Of two that link one subject, or one user, at once, one fails as a conflict.
pub(super) async fn insert(connection: &mut Connection, directory: Uuid, link: &SignInLink) -> Result<()> {
    sqlx::query::<Db>(
        "INSERT INTO sign_in_links (directory_id, issuer, subject, user_id, protocol, created) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(directory)
    .bind(&link.issuer)
    .bind(&link.subject)
    .bind(link.user)
    .bind(link.protocol.as_str())
    .bind(link.created)
    .execute(connection)
    .await
    .map_err(failure)?;
    Ok(())
}

/// Deletes the link of a user, and returns its issuer and subject.
pub(super) async fn delete_of(
    connection: &mut Connection,
    directory: Uuid,
    user: Uuid,
) -> Result<Option<(String, String)>> {
    sqlx::query_as::<Db, (String, String)>(
        "DELETE FROM sign_in_links WHERE directory_id = $1 AND user_id = $2 RETURNING issuer, subject",
    )
    .bind(directory)
    .bind(user)
    .fetch_optional(connection)
    .await
    .map_err(failure)
}
