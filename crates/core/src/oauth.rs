//! The OAuth 2.0 clients of directories: what `OAuthService` answers.

mod issuing;

use rollcall_api::v1::o_auth_service_server::OAuthService;
use rollcall_api::v1::{
    self, AddSecretRequest, AddSecretResponse, ClientSecret, CreateClientRequest, CreateClientResponse,
    DeleteClientRequest, DeleteClientResponse, ErrorReason, IssueAccessTokenRequest,
    IssueAccessTokenResponse, ListClientsRequest, ListClientsResponse, RevokeSecretRequest,
    RevokeSecretResponse,
};
use rollcall_store::{Credential, CredentialKind, Directory, EventKind, OAuthClient, Transaction};
use serde_json::json;
use tonic::{Request, Response, Status};
use uuid::Uuid;

pub(crate) use self::issuing::Guesses;

use crate::Core;
use crate::caller::Caller;
use crate::credentials::{NewCredential, description, last_used, timestamp};
use crate::error::{Error, Result, shortened};
use crate::secret::Secret;

const WHAT: &str = "client secret";

/// The service.
#[derive(Debug, Clone)]
pub(crate) struct OAuth {
    core: Core,
}

impl OAuth {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    async fn create(&self, caller: &Caller, request: CreateClientRequest) -> Result<CreateClientResponse> {
        let directory = caller.directory(&*self.core.store, &request.directory).await?;
        let client = OAuthClient {
            id: self.core.new_id(),
            directory: directory.id,
            name: description("name", request.name)?,
            created: self.core.clock.now(),
        };
        let expires = self.core.expiry(request.expires)?;
        let mut transaction = self.core.store.begin().await?;
        transaction.insert_oauth_client(&client).await?;
        let facts = json!({ "name": { "before": null, "after": client.name } });
        let kind = EventKind::OAuthClientCreated;
        let event = self.core.event(caller.origin(), Some(directory.id), kind, client.id, facts);
        transaction.insert_event(&event).await?;
        let (secret, text) = self.make_secret(&mut *transaction, caller, &client, expires).await?;
        transaction.save().await?;
        Ok(CreateClientResponse {
            client: Some(message(client, vec![secret], &directory)),
            client_secret: text.expose().to_owned(),
        })
    }

    async fn list(&self, caller: &Caller, request: ListClientsRequest) -> Result<ListClientsResponse> {
        let store = &self.core.store;
        let directory = caller.directory(&**store, &request.directory).await?;
        let clients = store.oauth_clients(directory.id).await?;
        let secrets = store.credentials(CredentialKind::ClientSecret, Some(directory.id)).await?;
        let clients = clients.into_iter().map(|client| {
            let own = secrets.iter().filter(|secret| secret.client == Some(client.id)).cloned().collect();
            message(client, own, &directory)
        });
        Ok(ListClientsResponse { clients: clients.collect() })
    }

    async fn add_secret(&self, caller: &Caller, request: AddSecretRequest) -> Result<AddSecretResponse> {
        let directory = caller.directory(&*self.core.store, &request.directory).await?;
        let expires = self.core.expiry(request.expires)?;
        let mut transaction = self.core.store.begin().await?;
        let client = find(&mut *transaction, &directory, &request.client_id).await?;
        let (secret, text) = self.make_secret(&mut *transaction, caller, &client, expires).await?;
        transaction.save().await?;
        Ok(AddSecretResponse {
            secret: Some(secret_message(secret)),
            client_secret: text.expose().to_owned(),
        })
    }

    async fn revoke_secret(
        &self,
        caller: &Caller,
        request: RevokeSecretRequest,
    ) -> Result<RevokeSecretResponse> {
        if request.secret.is_empty() {
            return Err(Error::value("secret: name the one to revoke, by id or prefix"));
        }
        let directory = caller.directory(&*self.core.store, &request.directory).await?;
        let mut transaction = self.core.store.begin().await?;
        let (kind, of) = (CredentialKind::ClientSecret, Some(directory.id));
        let secret = self.core.hold_named(&mut *transaction, kind, of, WHAT, &request.secret).await?;
        let secret = self.core.revoke_credential(&mut *transaction, caller.origin(), secret).await?;
        transaction.revoke_access_tokens(secret.id, self.core.clock.now()).await?;
        transaction.save().await?;
        Ok(RevokeSecretResponse { secret: Some(secret_message(secret)) })
    }

    async fn delete(&self, caller: &Caller, request: DeleteClientRequest) -> Result<DeleteClientResponse> {
        let directory = caller.directory(&*self.core.store, &request.directory).await?;
        let mut transaction = self.core.store.begin().await?;
        let client = find(&mut *transaction, &directory, &request.client_id).await?;
        let facts = json!({ "name": { "before": client.name, "after": null } });
        let kind = EventKind::OAuthClientDeleted;
        let event = self.core.event(caller.origin(), Some(directory.id), kind, client.id, facts);
        transaction.insert_event(&event).await?;
        transaction.delete_oauth_client(client.id).await?;
        transaction.save().await?;
        Ok(DeleteClientResponse {})
    }

    async fn make_secret(
        &self,
        transaction: &mut dyn Transaction,
        caller: &Caller,
        client: &OAuthClient,
        expires: Option<i64>,
    ) -> Result<(Credential, Secret)> {
        let new = NewCredential {
            kind: CredentialKind::ClientSecret,
            directory: Some(client.directory),
            name: client.name.clone(),
            scopes: Vec::new(),
            expires,
            user: None,
            client: Some(client.id),
        };
        self.core.make_credential(transaction, caller.origin(), new).await
    }
}

/// The client of a directory with this id. Errors: `NOT_FOUND`.
async fn find(transaction: &mut dyn Transaction, directory: &Directory, id: &str) -> Result<OAuthClient> {
    let key = Uuid::try_parse(id).ok();
    let clients = transaction.oauth_clients(directory.id).await?;
    clients.into_iter().find(|client| Some(client.id) == key).ok_or_else(|| {
        Error::new(
            ErrorReason::NotFound,
            format!("there is no OAuth client with the id {:?} in this directory", shortened(id)),
        )
    })
}

fn message(client: OAuthClient, secrets: Vec<Credential>, directory: &Directory) -> v1::OAuthClient {
    v1::OAuthClient {
        id: client.id.to_string(),
        name: client.name,
        directory: directory.name.clone(),
        created: Some(timestamp(client.created)),
        secrets: secrets.into_iter().map(secret_message).collect(),
    }
}

fn secret_message(secret: Credential) -> ClientSecret {
    let (last_used, last_used_from) = last_used(&secret);
    ClientSecret {
        id: secret.id.to_string(),
        prefix: secret.prefix,
        created: Some(timestamp(secret.created)),
        expires: secret.expires.map(timestamp),
        revoked: secret.revoked.map(timestamp),
        last_used,
        last_used_from,
    }
}

#[tonic::async_trait]
impl OAuthService for OAuth {
    async fn create_client(
        &self,
        request: Request<CreateClientRequest>,
    ) -> Result<Response<CreateClientResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.create(Caller::of(&extensions)?, message).await?))
    }

    async fn list_clients(
        &self,
        request: Request<ListClientsRequest>,
    ) -> Result<Response<ListClientsResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.list(Caller::of(&extensions)?, message).await?))
    }

    async fn add_secret(
        &self,
        request: Request<AddSecretRequest>,
    ) -> Result<Response<AddSecretResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.add_secret(Caller::of(&extensions)?, message).await?))
    }

    async fn revoke_secret(
        &self,
        request: Request<RevokeSecretRequest>,
    ) -> Result<Response<RevokeSecretResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.revoke_secret(Caller::of(&extensions)?, message).await?))
    }

    async fn delete_client(
        &self,
        request: Request<DeleteClientRequest>,
    ) -> Result<Response<DeleteClientResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.delete(Caller::of(&extensions)?, message).await?))
    }

    async fn issue_access_token(
        &self,
        request: Request<IssueAccessTokenRequest>,
    ) -> Result<Response<IssueAccessTokenResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.core.issue_access_token(&extensions, message).await?))
    }
}
