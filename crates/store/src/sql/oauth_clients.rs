//! OAuth 2.0 clients. Their secrets and access tokens are credentials.

use sqlx::Row as _;
use uuid::Uuid;

use super::super::dialect::{Connection, Db};
use super::{Row, failure};
use crate::{OAuthClient, Result};

pub(super) async fn list(connection: &mut Connection, directory: Uuid) -> Result<Vec<OAuthClient>> {
    let rows = sqlx::query::<Db>(
        "SELECT id, directory_id, name, created FROM oauth_clients WHERE directory_id = $1 \
         ORDER BY created DESC, id DESC",
    )
    .bind(directory)
    .fetch_all(connection)
    .await
    .map_err(failure)?;
    rows.iter().map(client).collect()
}

pub(super) async fn insert(connection: &mut Connection, client: &OAuthClient) -> Result<()> {
    sqlx::query::<Db>("INSERT INTO oauth_clients (id, directory_id, name, created) VALUES ($1, $2, $3, $4)")
        .bind(client.id)
        .bind(client.directory)
        .bind(&client.name)
        .bind(client.created)
        .execute(connection)
        .await
        .map_err(failure)?;
    Ok(())
}

/// Deletes a client with its secrets and access tokens. The secrets go first: whoever is issuing an access token for one
/// has locked it, and ends before.
pub(super) async fn delete(connection: &mut Connection, client: Uuid) -> Result<()> {
    for sql in [
        "DELETE FROM credentials WHERE client_id = $1 AND secret_id IS NULL",
        "DELETE FROM credentials WHERE client_id = $1",
        "DELETE FROM oauth_clients WHERE id = $1",
    ] {
        sqlx::query::<Db>(sql).bind(client).execute(&mut *connection).await.map_err(failure)?;
    }
    Ok(())
}

fn client(row: &Row) -> Result<OAuthClient> {
    Ok(OAuthClient {
        id: row.try_get(0).map_err(failure)?,
        directory: row.try_get(1).map_err(failure)?,
        name: row.try_get(2).map_err(failure)?,
        created: row.try_get(3).map_err(failure)?,
    })
}
