//! Who signs in as which user.

use uuid::Uuid;

use super::super::dialect::json_rows;
use super::resources::{resource_columns, stored};
use super::{Connection, Row, Statement, Writes};
use crate::{Candidate, ResourceType, Result, SignInLink, StoredResource};

/// The user whom a subject signs in as.
pub(super) async fn user(
    connection: &mut Connection,
    directory: Uuid,
    issuer: &str,
    subject: &str,
) -> Result<Option<StoredResource>> {
    let mut query = Statement::new(concat!("SELECT ", resource_columns!()));
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
    let row = query.row(connection).await?;
    row.map(|row| stored(&mut row.cells(), ResourceType::User)?.read()).transpose()
}

/// The users who have this folded address, wherever they have it, or are called by it.
pub(super) async fn candidates(
    connection: &mut Connection,
    directory: Uuid,
    address: &str,
    limit: u32,
) -> Result<Vec<Candidate>> {
    let mut query = Statement::new(concat!("SELECT ", resource_columns!()));
    query
        .push(
            ", l.issuer, l.subject FROM resources r LEFT JOIN sign_in_links l \
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
    let rows = query.rows(connection).await?;
    let candidate = |row: &Row| {
        let cells = &mut row.cells();
        let user = stored(cells, ResourceType::User)?.read()?;
        let (issuer, subject): (Option<String>, Option<String>) = (cells.next()?, cells.next()?);
        Ok(Candidate { user, claimed_by: issuer.zip(subject) })
    };
    rows.iter().map(candidate).collect()
}

/// Of two that link one subject, or one user, at once, one fails as a conflict.
pub(super) async fn insert(connection: &mut Connection, directory: Uuid, link: &SignInLink) -> Result<()> {
    Statement::new(
        "INSERT INTO sign_in_links (directory_id, issuer, subject, user_id, protocol, created) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(directory)
    .bind(&link.issuer)
    .bind(&link.subject)
    .bind(link.user)
    .bind(link.protocol.as_str())
    .bind(link.created)
    .run(connection)
    .await?;
    Ok(())
}

/// Deletes the link of a user who goes away.
pub(super) async fn forget(connection: &mut Connection, directory: Uuid, user: Uuid) -> Result<()> {
    Statement::new("DELETE FROM sign_in_links WHERE directory_id = $1 AND user_id = $2")
        .bind(directory)
        .bind(user)
        .later(Writes::Removes("sign_in_links"), connection)
        .await
}

/// Deletes the link of a user, and returns its issuer and subject.
pub(super) async fn delete_of(
    connection: &mut Connection,
    directory: Uuid,
    user: Uuid,
) -> Result<Option<(String, String)>> {
    let row = Statement::new(
        "DELETE FROM sign_in_links WHERE directory_id = $1 AND user_id = $2 RETURNING issuer, subject",
    )
    .bind(directory)
    .bind(user)
    .row(connection)
    .await?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}
