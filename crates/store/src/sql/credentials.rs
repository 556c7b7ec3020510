//! Tokens and keys.

use sqlx::{AssertSqlSafe, Row as _};
use uuid::Uuid;

use super::super::dialect::{Connection, Db, FOR_UPDATE, Query};
use super::directories::directory;
use super::resources::{resource_columns, stored};
use super::{Row, failure};
use crate::{Credential, CredentialBeside, CredentialKind, Directory, Error, LastUse, ResourceType, Result};

const COLUMNS: &str = "id, kind, directory_id, name, prefix, hash, scopes, created, expires, revoked, user_id, \
     client_id, secret_id, used, used_from";

/// The columns of the check of every call: the credential `c` and its directory `d`.
macro_rules! check_columns {
    () => {
        "c.id, c.kind, c.directory_id, c.name, c.prefix, c.hash, c.scopes, c.created, c.expires, c.revoked, c.user_id, \
         c.client_id, c.secret_id, c.used, c.used_from, d.id, d.name, d.profile, d.scim_enabled, d.groups_enabled, \
         d.settings, d.schemas_version, d.created, d.modified"
    };
}

/// The check of every call, in one statement.
const BY_HASH: &str = concat!(
    "SELECT ",
    check_columns!(),
    " FROM credentials c LEFT JOIN directories d ON d.id = c.directory_id WHERE c.hash = $1"
);

/// [`BY_HASH`], and a resource of the directory beside it.
const BY_HASH_WITH_RESOURCE: &str = concat!(
    "SELECT ",
    check_columns!(),
    ", ",
    resource_columns!(),
    " FROM credentials c LEFT JOIN directories d ON d.id = c.directory_id \
     LEFT JOIN resources r ON r.directory_id = c.directory_id AND r.type = $2 AND r.id = $3 WHERE c.hash = $1"
);

/// [`BY_HASH`], and a user of the directory beside it.
const BY_HASH_WITH_USER: &str = concat!(
    "SELECT ",
    check_columns!(),
    ", ",
    resource_columns!(),
    " FROM credentials c LEFT JOIN directories d ON d.id = c.directory_id \
     LEFT JOIN resources r ON r.directory_id = c.directory_id AND r.type = 'User' AND r.unique_name = $2 WHERE c.hash = $1"
);

/// What [`expiring`] reads.
const EXPIRING: &str = concat!(
    "SELECT ",
    check_columns!(),
    ", c.warned_days FROM credentials c JOIN directories d ON d.id = c.directory_id \
     WHERE c.kind IN ($1, $4, $5) AND c.expires > $2 AND c.expires <= $3 AND c.revoked IS NULL ORDER BY c.expires, c.id"
);

/// Where the columns of the directory begin in an answer to [`BY_HASH`].
const DIRECTORY: usize = 15;
/// Where the columns of the resource begin in an answer to [`BY_HASH_WITH_RESOURCE`] and [`BY_HASH_WITH_USER`].
const RESOURCE: usize = 24;

pub(super) async fn find(
    connection: &mut Connection,
    hash: &[u8; 32],
) -> Result<Option<(Credential, Option<Directory>)>> {
    let row =
        sqlx::query::<Db>(BY_HASH).bind(hash.as_slice()).fetch_optional(connection).await.map_err(failure)?;
    let Some(row) = row else { return Ok(None) };
    let is_bound = row.try_get::<Option<Uuid>, _>(DIRECTORY).map_err(failure)?.is_some();
    let directory = if is_bound { Some(directory(&row, DIRECTORY)?) } else { None };
    Ok(Some((credential(&row)?, directory)))
}

/// The same check, and with it a resource of the directory: whoever reads one resource asks the database once.
pub(super) async fn find_with_resource(
    connection: &mut Connection,
    hash: &[u8; 32],
    resource_type: ResourceType,
    id: Uuid,
) -> Result<Option<CredentialBeside>> {
    let row = sqlx::query::<Db>(BY_HASH_WITH_RESOURCE)
        .bind(hash.as_slice())
        .bind(resource_type.as_str())
        .bind(id)
        .fetch_optional(connection)
        .await
        .map_err(failure)?;
    with_resource(row, resource_type)
}

/// The same check, and with it the user of the directory who has a folded userName.
pub(super) async fn find_with_user(
    connection: &mut Connection,
    hash: &[u8; 32],
    user_name: &str,
) -> Result<Option<CredentialBeside>> {
    let row = sqlx::query::<Db>(BY_HASH_WITH_USER)
        .bind(hash.as_slice())
        .bind(user_name)
        .fetch_optional(connection)
        .await
        .map_err(failure)?;
    with_resource(row, ResourceType::User)
}

fn with_resource(row: Option<Row>, resource_type: ResourceType) -> Result<Option<CredentialBeside>> {
    let Some(row) = row else { return Ok(None) };
    let is_bound = row.try_get::<Option<Uuid>, _>(DIRECTORY).map_err(failure)?.is_some();
    let directory = if is_bound { Some(directory(&row, DIRECTORY)?) } else { None };
    let is_there = row.try_get::<Option<Uuid>, _>(RESOURCE).map_err(failure)?.is_some();
    let resource = if is_there { Some(stored(&row, RESOURCE, resource_type)?) } else { None };
    Ok(Some((credential(&row)?, directory, resource)))
}

pub(super) async fn list(
    connection: &mut Connection,
    kind: CredentialKind,
    directory: Option<Uuid>,
) -> Result<Vec<Credential>> {
    let mut query = Query::new("SELECT ");
    query.push(COLUMNS).push(" FROM credentials WHERE kind = ").push_bind(name_of(kind));
    if let Some(directory) = directory {
        query.push(" AND directory_id = ").push_bind(directory);
    }
    query.push(" ORDER BY created DESC, id DESC");
    let rows = query.build().fetch_all(connection).await.map_err(failure)?;
    rows.iter().map(credential).collect()
}

pub(super) async fn insert(connection: &mut Connection, credential: &Credential) -> Result<()> {
    let sql = format!(
        "INSERT INTO credentials ({COLUMNS}) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, NULL, NULL)"
    );
    sqlx::query::<Db>(AssertSqlSafe(sql))
        .bind(credential.id)
        .bind(name_of(credential.kind))
        .bind(credential.directory)
        .bind(&credential.name)
        .bind(&credential.prefix)
        .bind(credential.hash.as_slice())
        .bind(credential.scopes.join(" "))
        .bind(credential.created)
        .bind(credential.expires)
        .bind(credential.revoked)
        .bind(credential.user)
        .bind(credential.client)
        .bind(credential.secret)
        .execute(connection)
        .await
        .map_err(failure)?;
    Ok(())
}

pub(super) async fn end(
    connection: &mut Connection,
    id: Uuid,
    expires: Option<i64>,
    revoked: Option<i64>,
) -> Result<()> {
    sqlx::query::<Db>("UPDATE credentials SET expires = $2, revoked = $3 WHERE id = $1")
        .bind(id)
        .bind(expires)
        .bind(revoked)
        .execute(connection)
        .await
        .map_err(failure)?;
    Ok(())
}

/// The credential of this hash, locked against other writers.
pub(super) async fn lock(connection: &mut Connection, hash: &[u8; 32]) -> Result<Option<Credential>> {
    let sql = format!("SELECT {COLUMNS} FROM credentials WHERE hash = $1{FOR_UPDATE}");
    let row = sqlx::query::<Db>(AssertSqlSafe(sql))
        .bind(hash.as_slice())
        .fetch_optional(connection)
        .await
        .map_err(failure)?;
    row.as_ref().map(credential).transpose()
}

pub(super) async fn note_uses(connection: &mut Connection, uses: &[(Uuid, LastUse)]) -> Result<()> {
    for (id, last) in uses {
        sqlx::query::<Db>(
            "UPDATE credentials SET used = $2, used_from = $3 WHERE id = $1 AND (used IS NULL OR used < $2)",
        )
        .bind(id)
        .bind(last.time)
        .bind(&last.address)
        .execute(&mut *connection)
        .await
        .map_err(failure)?;
    }
    Ok(())
}

/// The live SCIM tokens that end after `now` and until `until`, each with its directory and how many days before its end
/// administrators were last warned.
pub(super) async fn expiring(
    connection: &mut Connection,
    now: i64,
    until: i64,
) -> Result<Vec<(Credential, Directory, Option<i64>)>> {
    let rows = sqlx::query::<Db>(EXPIRING)
        .bind(name_of(CredentialKind::ScimToken))
        .bind(now)
        .bind(until)
        .bind(name_of(CredentialKind::ServiceKey))
        .bind(name_of(CredentialKind::ClientSecret))
        .fetch_all(connection)
        .await
        .map_err(failure)?;
    let each = rows.iter().map(|row| {
        Ok((credential(row)?, directory(row, DIRECTORY)?, row.try_get(RESOURCE).map_err(failure)?))
    });
    each.collect()
}

/// Notes that administrators know of the end of a credential so many days before it; `false`, they knew, or it has ended.
pub(super) async fn warn(connection: &mut Connection, id: Uuid, days: i64) -> Result<bool> {
    let noted = sqlx::query::<Db>(
        "UPDATE credentials SET warned_days = $2 WHERE id = $1 AND revoked IS NULL \
         AND (warned_days IS NULL OR warned_days > $2)",
    )
    .bind(id)
    .bind(days)
    .execute(connection)
    .await
    .map_err(failure)?;
    Ok(noted.rows_affected() == 1)
}

pub(super) async fn revoke_access_tokens(connection: &mut Connection, secret: Uuid, now: i64) -> Result<()> {
    sqlx::query::<Db>("UPDATE credentials SET revoked = $2 WHERE secret_id = $1 AND revoked IS NULL")
        .bind(secret)
        .bind(now)
        .execute(connection)
        .await
        .map_err(failure)?;
    Ok(())
}

pub(super) async fn delete_access_tokens(connection: &mut Connection, expired_before: i64) -> Result<()> {
    sqlx::query::<Db>("DELETE FROM credentials WHERE kind = $1 AND expires < $2")
        .bind(name_of(CredentialKind::AccessToken))
        .bind(expired_before)
        .execute(connection)
        .await
        .map_err(failure)?;
    Ok(())
}

pub(super) async fn shared_key(
    connection: &mut Connection,
    name: &str,
    fresh: &[u8; 32],
    now: i64,
) -> Result<[u8; 32]> {
    sqlx::query::<Db>(
        "INSERT INTO shared_keys (name, key, created) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING",
    )
    .bind(name)
    .bind(fresh.as_slice())
    .bind(now)
    .execute(&mut *connection)
    .await
    .map_err(failure)?;
    let key: Vec<u8> = sqlx::query_scalar::<Db, Vec<u8>>("SELECT key FROM shared_keys WHERE name = $1")
        .bind(name)
        .fetch_one(connection)
        .await
        .map_err(failure)?;
    key.try_into().map_err(|_| Error::Damaged(format!("the shared key {name:?} has a wrong length")))
}

pub(super) async fn delete_shared_keys(connection: &mut Connection, beginning: &str) -> Result<()> {
    delete_old_shared_keys(connection, beginning, i64::MAX).await
}

pub(super) async fn delete_old_shared_keys(
    connection: &mut Connection,
    beginning: &str,
    before: i64,
) -> Result<()> {
    sqlx::query::<Db>("DELETE FROM shared_keys WHERE substr(name, 1, $2) = $1 AND created < $3")
        .bind(beginning)
        .bind(i32::try_from(beginning.chars().count()).unwrap_or(i32::MAX))
        .bind(before)
        .execute(connection)
        .await
        .map_err(failure)?;
    Ok(())
}

fn credential(row: &Row) -> Result<Credential> {
    let kind: &str = row.try_get(1).map_err(failure)?;
    let hash: &[u8] = row.try_get(5).map_err(failure)?;
    let scopes: &str = row.try_get(6).map_err(failure)?;
    Ok(Credential {
        id: row.try_get(0).map_err(failure)?,
        kind: kind_of(kind)?,
        directory: row.try_get(2).map_err(failure)?,
        name: row.try_get(3).map_err(failure)?,
        prefix: row.try_get(4).map_err(failure)?,
        hash: hash
            .try_into()
            .map_err(|_| Error::Damaged("the hash of a credential has a wrong length".to_owned()))?,
        scopes: scopes.split_whitespace().map(str::to_owned).collect(),
        created: row.try_get(7).map_err(failure)?,
        expires: row.try_get(8).map_err(failure)?,
        revoked: row.try_get(9).map_err(failure)?,
        user: row.try_get(10).map_err(failure)?,
        client: row.try_get(11).map_err(failure)?,
        secret: row.try_get(12).map_err(failure)?,
        last_use: last_use(row)?,
    })
}

fn last_use(row: &Row) -> Result<Option<LastUse>> {
    let Some(time) = row.try_get(13).map_err(failure)? else { return Ok(None) };
    Ok(Some(LastUse { time, address: row.try_get(14).map_err(failure)? }))
}

const KINDS: [CredentialKind; 5] = [
    CredentialKind::ScimToken,
    CredentialKind::ServiceKey,
    CredentialKind::AdminKey,
    CredentialKind::ClientSecret,
    CredentialKind::AccessToken,
];

fn name_of(kind: CredentialKind) -> &'static str {
    match kind {
        CredentialKind::ScimToken => "scim_token",
        CredentialKind::ServiceKey => "service_key",
        CredentialKind::AdminKey => "admin_key",
        CredentialKind::ClientSecret => "client_secret",
        CredentialKind::AccessToken => "access_token",
    }
}

pub(super) fn kind_of(name: &str) -> Result<CredentialKind> {
    KINDS
        .into_iter()
        .find(|kind| name_of(*kind) == name)
        .ok_or_else(|| Error::Damaged(format!("a credential is of the unknown kind {name:?}")))
}
