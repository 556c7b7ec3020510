//! Tokens and keys.

use async_trait::async_trait;
use uuid::Uuid;

use super::super::dialect::{ASKING_TAKES_TIME, FOR_UPDATE, json_rows};
use super::super::{Database, Tx};
use super::directories::{self, directory};
use super::resource_row::{resource_columns, stored};
use super::{Cells, Connection, Row, Statement};
use crate::{
    Credential, CredentialBeside, CredentialKind, CredentialReading, CredentialWriting, Directory, Error,
    LastUse, ResourceType, Result,
};

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

/// What [`expiring_credentials`](CredentialReading::expiring_credentials) reads.
const EXPIRING: &str = concat!(
    "SELECT ",
    check_columns!(),
    ", c.warned_days FROM credentials c JOIN directories d ON d.id = c.directory_id \
     WHERE c.kind IN ($1, $4, $5) AND c.expires > $2 AND c.expires <= $3 AND c.revoked IS NULL ORDER BY c.expires, c.id"
);

#[async_trait]
impl CredentialReading for Database {
    async fn credential(&self, hash: &[u8; 32]) -> Result<Option<(Credential, Option<Directory>)>> {
        let row = Statement::new(BY_HASH).bind(hash.as_slice()).row(&mut self.quick_reader().await?).await?;
        let Some(row) = row else { return Ok(None) };
        let cells = &mut row.cells();
        Ok(Some((credential(cells)?, directory_if_any(cells)?)))
    }

    // Whoever reads one resource asks the database once.
    async fn credential_and_resource(
        &self,
        hash: &[u8; 32],
        resource_type: ResourceType,
        id: Uuid,
    ) -> Result<Option<CredentialBeside>> {
        let row = Statement::new(BY_HASH_WITH_RESOURCE)
            .bind(hash.as_slice())
            .bind(resource_type.as_str())
            .bind(id)
            .row(&mut self.quick_reader().await?)
            .await?;
        with_resource(row, resource_type)
    }

    async fn credential_to_change(
        &self,
        hash: &[u8; 32],
        resource_type: ResourceType,
        id: Uuid,
    ) -> Result<Option<CredentialBeside>> {
        if ASKING_TAKES_TIME {
            return self.credential_and_resource(hash, resource_type, id).await;
        }
        let found = self.credential(hash).await?;
        Ok(found.map(|(credential, directory)| (credential, directory, None)))
    }

    async fn credential_and_user(
        &self,
        hash: &[u8; 32],
        user_name: &str,
    ) -> Result<Option<CredentialBeside>> {
        let row = Statement::new(BY_HASH_WITH_USER)
            .bind(hash.as_slice())
            .bind(user_name)
            .row(&mut self.quick_reader().await?)
            .await?;
        with_resource(row, ResourceType::User)
    }

    async fn credentials(&self, kind: CredentialKind, directory: Option<Uuid>) -> Result<Vec<Credential>> {
        list(&mut self.reader().await?, kind, directory).await
    }

    async fn expiring_credentials(
        &self,
        now: i64,
        until: i64,
    ) -> Result<Vec<(Credential, Directory, Option<i64>)>> {
        let rows = Statement::new(EXPIRING)
            .bind(name_of(CredentialKind::ScimToken))
            .bind(now)
            .bind(until)
            .bind(name_of(CredentialKind::ServiceKey))
            .bind(name_of(CredentialKind::ClientSecret))
            .rows(&mut self.reader().await?)
            .await?;
        let each = |row: &Row| {
            let cells = &mut row.cells();
            Ok((credential(cells)?, directory(cells)?, cells.next()?))
        };
        rows.iter().map(each).collect()
    }
}

#[async_trait]
impl CredentialWriting for Tx {
    async fn credentials(
        &mut self,
        kind: CredentialKind,
        directory: Option<Uuid>,
    ) -> Result<Vec<Credential>> {
        list(self.connection()?, kind, directory).await
    }

    async fn credential(&mut self, hash: &[u8; 32]) -> Result<Option<Credential>> {
        let sql = format!("SELECT {COLUMNS} FROM credentials WHERE hash = $1{FOR_UPDATE}");
        let row = Statement::new(sql).bind(hash.as_slice()).row(self.connection()?).await?;
        row.map(|row| credential(&mut row.cells())).transpose()
    }

    async fn insert_credential(&mut self, credential: &Credential) -> Result<()> {
        let sql = format!(
            "INSERT INTO credentials ({COLUMNS}, lifetime) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, NULL, NULL, $14)"
        );
        Statement::new(sql)
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
            .bind(credential.expires.map(|expires| expires - credential.created))
            .run(self.connection()?)
            .await?;
        Ok(())
    }

    async fn lifetime(&mut self, id: Uuid) -> Result<Option<i64>> {
        let lifetime = Statement::new("SELECT lifetime FROM credentials WHERE id = $1").bind(id);
        Ok(lifetime.value::<Option<i64>>(self.connection()?).await?.flatten())
    }

    async fn end_credential(&mut self, id: Uuid, expires: Option<i64>, revoked: Option<i64>) -> Result<()> {
        Statement::new("UPDATE credentials SET expires = $2, revoked = $3 WHERE id = $1")
            .bind(id)
            .bind(expires)
            .bind(revoked)
            .run(self.connection()?)
            .await?;
        Ok(())
    }

    async fn note_uses(&mut self, uses: &[(Uuid, LastUse)]) -> Result<()> {
        for (id, last) in uses {
            Statement::new(
                "UPDATE credentials SET used = $2, used_from = $3 WHERE id = $1 AND (used IS NULL OR used < $2)",
            )
            .bind(id)
            .bind(last.time)
            .bind(&last.address)
            .run(self.connection()?)
            .await?;
        }
        Ok(())
    }

    async fn note_warning(&mut self, id: Uuid, days: i64) -> Result<bool> {
        let noted = Statement::new(
            "UPDATE credentials SET warned_days = $2 WHERE id = $1 AND revoked IS NULL \
             AND (warned_days IS NULL OR warned_days > $2)",
        )
        .bind(id)
        .bind(days)
        .run(self.connection()?)
        .await?;
        Ok(noted == 1)
    }

    async fn revoke_access_tokens(&mut self, secret: Uuid, now: i64) -> Result<()> {
        Statement::new("UPDATE credentials SET revoked = $2 WHERE secret_id = $1 AND revoked IS NULL")
            .bind(secret)
            .bind(now)
            .run(self.connection()?)
            .await?;
        Ok(())
    }

    async fn delete_access_tokens(&mut self, expired_before: i64) -> Result<()> {
        Statement::new("DELETE FROM credentials WHERE kind = $1 AND expires < $2")
            .bind(name_of(CredentialKind::AccessToken))
            .bind(expired_before)
            .run(self.connection()?)
            .await?;
        Ok(())
    }
}

fn with_resource(row: Option<Row>, resource_type: ResourceType) -> Result<Option<CredentialBeside>> {
    let Some(row) = row else { return Ok(None) };
    let cells = &mut row.cells();
    let (credential, directory) = (credential(cells)?, directory_if_any(cells)?);
    let resource = if cells.is_null()? { None } else { Some(stored(cells, resource_type)?) };
    Ok(Some((credential, directory, resource)))
}

/// The directory in the next columns of a row, where the credential is bound to one.
fn directory_if_any(cells: &mut Cells<'_>) -> Result<Option<Directory>> {
    if cells.is_null()? {
        cells.skip(directories::WIDTH);
        return Ok(None);
    }
    directory(cells).map(Some)
}

pub(super) async fn list(
    connection: &mut Connection,
    kind: CredentialKind,
    directory: Option<Uuid>,
) -> Result<Vec<Credential>> {
    let mut query = Statement::new("SELECT ");
    query.push(COLUMNS).push(" FROM credentials WHERE kind = ").push_bind(name_of(kind));
    if let Some(directory) = directory {
        query.push(" AND directory_id = ").push_bind(directory);
    }
    query.push(" ORDER BY created DESC, id DESC");
    let rows = query.rows(connection).await?;
    rows.iter().map(|row| credential(&mut row.cells())).collect()
}

fn credential(cells: &mut Cells<'_>) -> Result<Credential> {
    Ok(Credential {
        id: cells.next()?,
        kind: kind_of(cells.next()?)?,
        directory: cells.next()?,
        name: cells.next()?,
        prefix: cells.next()?,
        hash: hash_of(cells.next()?)?,
        scopes: cells.next::<&str>()?.split_whitespace().map(str::to_owned).collect(),
        created: cells.next()?,
        expires: cells.next()?,
        revoked: cells.next()?,
        user: cells.next()?,
        client: cells.next()?,
        secret: cells.next()?,
        last_use: last_use(cells.next()?, cells.next()?),
    })
}

/// The hash of a secret in a column.
pub(super) fn hash_of(column: &[u8]) -> Result<[u8; 32]> {
    column.try_into().map_err(|_| Error::Damaged("the hash of a secret has a wrong length".to_owned()))
}

fn last_use(time: Option<i64>, address: Option<String>) -> Option<LastUse> {
    time.map(|time| LastUse { time, address })
}

const KINDS: [CredentialKind; 5] = [
    CredentialKind::ScimToken,
    CredentialKind::ServiceKey,
    CredentialKind::AdminKey,
    CredentialKind::ClientSecret,
    CredentialKind::AccessToken,
];

pub(super) fn name_of(kind: CredentialKind) -> &'static str {
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
