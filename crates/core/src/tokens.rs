//! The SCIM tokens of a directory: what `TokenService` answers.

use rollcall_api::v1::token_service_server::TokenService;
use rollcall_api::v1::{
    CreateTokenRequest, CreateTokenResponse, ListTokensRequest, ListTokensResponse, RevokeTokenRequest,
    RevokeTokenResponse, RotateTokenRequest, RotateTokenResponse, Token,
};
use rollcall_store::{Credential, CredentialKind, Directory, Transaction};
use tonic::{Request, Response, Status};

use crate::Core;
use crate::caller::Caller;
use crate::credentials::{NewCredential, description, last_used, timestamp};
use crate::error::Result;

const WHAT: &str = "token";

/// The service.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    core: Core,
}

impl Tokens {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    async fn create(&self, caller: &Caller, request: CreateTokenRequest) -> Result<CreateTokenResponse> {
        let directory = caller.directory(&*self.core.store, &request.directory).await?;
        let new = NewCredential {
            kind: CredentialKind::ScimToken,
            directory: Some(directory.id),
            name: description("description", request.description)?,
            scopes: Vec::new(),
            expires: self.core.expiry(request.expires)?,
            user: self.core.user_of_new(&directory, &request.user).await?,
            client: None,
        };
        let mut transaction = self.core.store.begin().await?;
        let (token, secret) = self.core.make_credential(&mut *transaction, caller.origin(), new).await?;
        transaction.save().await?;
        Ok(CreateTokenResponse {
            token: Some(message(token, &directory)),
            secret: secret.expose().to_owned(),
        })
    }

    async fn list(&self, caller: &Caller, request: ListTokensRequest) -> Result<ListTokensResponse> {
        let directory = caller.directory(&*self.core.store, &request.directory).await?;
        let tokens = self.core.store.credentials(CredentialKind::ScimToken, Some(directory.id)).await?;
        Ok(ListTokensResponse {
            tokens: tokens.into_iter().map(|token| message(token, &directory)).collect(),
        })
    }

    async fn rotate(&self, caller: &Caller, request: RotateTokenRequest) -> Result<RotateTokenResponse> {
        let directory = caller.directory(&*self.core.store, &request.directory).await?;
        let mut transaction = self.core.store.begin().await?;
        let old = self.hold_named(&mut *transaction, &directory, &request.token).await?;
        self.core.require_live(&old, WHAT)?;
        let (origin, overlap) = (caller.origin(), request.overlap);
        let rotation =
            self.core.rotate_credential(&mut *transaction, origin, old, overlap, Some(&directory)).await?;
        transaction.save().await?;
        Ok(RotateTokenResponse {
            token: Some(message(rotation.new, &directory)),
            secret: rotation.secret.expose().to_owned(),
            previous: Some(message(rotation.old, &directory)),
        })
    }

    async fn revoke(&self, caller: &Caller, request: RevokeTokenRequest) -> Result<RevokeTokenResponse> {
        let directory = caller.directory(&*self.core.store, &request.directory).await?;
        let mut transaction = self.core.store.begin().await?;
        let token = self.hold_named(&mut *transaction, &directory, &require_name(request.token)?).await?;
        let token = self.core.revoke_credential(&mut *transaction, caller.origin(), token).await?;
        transaction.save().await?;
        Ok(RevokeTokenResponse { token: Some(message(token, &directory)) })
    }

    async fn hold_named(
        &self,
        transaction: &mut dyn Transaction,
        directory: &Directory,
        name: &str,
    ) -> Result<Credential> {
        self.core.hold_named(transaction, CredentialKind::ScimToken, Some(directory.id), WHAT, name).await
    }
}

/// To revoke is not to be done by default.
fn require_name(token: String) -> Result<String> {
    if token.is_empty() {
        return Err(crate::Error::value("token: name the one to revoke, by id or prefix"));
    }
    Ok(token)
}

fn message(token: Credential, directory: &Directory) -> Token {
    let (last_used, last_used_from) = last_used(&token);
    Token {
        last_used,
        last_used_from,
        id: token.id.to_string(),
        prefix: token.prefix,
        description: token.name,
        created: Some(timestamp(token.created)),
        expires: token.expires.map(timestamp),
        revoked: token.revoked.map(timestamp),
        directory: directory.name.clone(),
        user_id: token.user.map(|user| user.to_string()).unwrap_or_default(),
    }
}

#[tonic::async_trait]
impl TokenService for Tokens {
    async fn create_token(
        &self,
        request: Request<CreateTokenRequest>,
    ) -> Result<Response<CreateTokenResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.create(Caller::of(&extensions)?, message).await?))
    }

    async fn list_tokens(
        &self,
        request: Request<ListTokensRequest>,
    ) -> Result<Response<ListTokensResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.list(Caller::of(&extensions)?, message).await?))
    }

    async fn rotate_token(
        &self,
        request: Request<RotateTokenRequest>,
    ) -> Result<Response<RotateTokenResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.rotate(Caller::of(&extensions)?, message).await?))
    }

    async fn revoke_token(
        &self,
        request: Request<RevokeTokenRequest>,
    ) -> Result<Response<RevokeTokenResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.revoke(Caller::of(&extensions)?, message).await?))
    }
}
