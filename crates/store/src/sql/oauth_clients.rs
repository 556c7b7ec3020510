//! OAuth 2.0 clients. Their secrets and access tokens are credentials.

use async_trait::async_trait;
use uuid::Uuid;

use super::super::{Database, Tx};
use super::{Connection, Row, Statement};
use crate::{OAuthClient, OAuthClientReading, OAuthClientWriting, Result};

pub(super) async fn list(connection: &mut Connection, directory: Uuid) -> Result<Vec<OAuthClient>> {
    let rows = Statement::new(
        "SELECT id, directory_id, name, created FROM oauth_clients WHERE directory_id = $1 \
         ORDER BY created DESC, id DESC",
    )
    .bind(directory)
    .rows(connection)
    .await?;
    rows.iter().map(client).collect()
}

#[async_trait]
impl OAuthClientReading for Database {
    async fn oauth_clients(&self, directory: Uuid) -> Result<Vec<OAuthClient>> {
        list(&mut self.reader().await?, directory).await
    }
}

#[async_trait]
impl OAuthClientWriting for Tx {
    async fn oauth_clients(&mut self, directory: Uuid) -> Result<Vec<OAuthClient>> {
        list(self.connection()?, directory).await
    }

    async fn insert_oauth_client(&mut self, client: &OAuthClient) -> Result<()> {
        Statement::new("INSERT INTO oauth_clients (id, directory_id, name, created) VALUES ($1, $2, $3, $4)")
            .bind(client.id)
            .bind(client.directory)
            .bind(&client.name)
            .bind(client.created)
            .run(self.connection()?)
            .await?;
        Ok(())
    }

    // The secrets go first: whoever is issuing an access token for one has locked it, and ends before.
    async fn delete_oauth_client(&mut self, client: Uuid) -> Result<()> {
        for sql in [
            "DELETE FROM credentials WHERE client_id = $1 AND secret_id IS NULL",
            "DELETE FROM credentials WHERE client_id = $1",
            "DELETE FROM oauth_clients WHERE id = $1",
        ] {
            Statement::new(sql).bind(client).run(self.connection()?).await?;
        }
        Ok(())
    }
}

fn client(row: &Row) -> Result<OAuthClient> {
    Ok(OAuthClient { id: row.get(0)?, directory: row.get(1)?, name: row.get(2)?, created: row.get(3)? })
}
