//! The keys of internal services: what `ServiceKeyService` answers.

use std::collections::HashMap;
use std::sync::Arc;

use rollcall_api::access;
use rollcall_api::v1::service_key_service_server::ServiceKeyService;
use rollcall_api::v1::{
    CreateServiceKeyRequest, CreateServiceKeyResponse, ListServiceKeysRequest, ListServiceKeysResponse,
    RevokeServiceKeyRequest, RevokeServiceKeyResponse, RotateServiceKeyRequest, RotateServiceKeyResponse,
    Scope, ServiceKey,
};
use rollcall_store::{Credential, CredentialKind, Directory, Transaction};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::Core;
use crate::caller::Caller;
use crate::credentials::{NewCredential, description, last_used, timestamp};
use crate::error::{Error, Result};
use crate::secret::{Kept, given_hash};

const WHAT: &str = "service key";

/// The service.
#[derive(Debug, Clone)]
pub(crate) struct ServiceKeys {
    core: Core,
}

impl ServiceKeys {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    async fn create(
        &self,
        caller: &Caller,
        request: CreateServiceKeyRequest,
    ) -> Result<CreateServiceKeyResponse> {
        let directory = self.directory_of_new(caller, &request.directory).await?;
        if request.name.trim().is_empty() {
            return Err(Error::value("name: say what the key is for, in 1 to 200 characters"));
        }
        let user = match &directory {
            Some(directory) => self.core.user_of_new(directory, &request.user).await?,
            None if request.user.is_empty() => None,
            None => return Err(Error::value("user: name the directory that the user belongs to")),
        };
        let new = NewCredential {
            kind: CredentialKind::ServiceKey,
            directory: directory.as_ref().map(|directory| directory.id),
            name: description("name", request.name)?,
            scopes: scopes(&request.scopes)?,
            expires: self.core.expiry(request.expires)?,
            user,
            client: None,
        };
        let kept = given(&request.secret_sha256)?;
        let mut transaction = self.core.store.begin().await?;
        let (key, secret) = if let Some(kept) = kept {
            let key = self.core.keep_credential(&mut *transaction, caller.origin(), new, kept).await?;
            (key, String::new())
        } else {
            let (key, secret) = self.core.make_credential(&mut *transaction, caller.origin(), new).await?;
            (key, secret.expose().to_owned())
        };
        transaction.save().await?;
        let name = directory.map(|directory| directory.name).unwrap_or_default();
        Ok(CreateServiceKeyResponse { service_key: Some(message(key, name)), secret })
    }

    async fn list(
        &self,
        caller: &Caller,
        request: ListServiceKeysRequest,
    ) -> Result<ListServiceKeysResponse> {
        let directory = self.directory_of_new(caller, &request.directory).await?;
        let keys = self
            .core
            .store
            .credentials(CredentialKind::ServiceKey, directory.map(|directory| directory.id))
            .await?;
        let names = self.names(caller).await?;
        Ok(ListServiceKeysResponse {
            service_keys: keys
                .into_iter()
                .map(|key| {
                    let name = key.directory.and_then(|id| names.get(&id).cloned()).unwrap_or_default();
                    message(key, name)
                })
                .collect(),
        })
    }

    async fn rotate(
        &self,
        caller: &Caller,
        request: RotateServiceKeyRequest,
    ) -> Result<RotateServiceKeyResponse> {
        let wanted = require_name(request.service_key)?;
        let mut transaction = self.core.store.begin().await?;
        let old = self.hold_named(&mut *transaction, caller, &wanted).await?;
        self.core.require_live(&old, WHAT)?;
        let directory = self.directory_of(caller, &old).await?;
        let (origin, overlap) = (caller.origin(), request.overlap);
        let rotation =
            self.core.rotate_credential(&mut *transaction, origin, old, overlap, directory.as_ref()).await?;
        transaction.save().await?;
        let name = self.name_of(caller, &rotation.new).await?;
        Ok(RotateServiceKeyResponse {
            service_key: Some(message(rotation.new, name.clone())),
            secret: rotation.secret.expose().to_owned(),
            previous: Some(message(rotation.old, name)),
        })
    }

    async fn revoke(
        &self,
        caller: &Caller,
        request: RevokeServiceKeyRequest,
    ) -> Result<RevokeServiceKeyResponse> {
        let wanted = require_name(request.service_key)?;
        let mut transaction = self.core.store.begin().await?;
        let key = self.hold_named(&mut *transaction, caller, &wanted).await?;
        let key = self.core.revoke_credential(&mut *transaction, caller.origin(), key).await?;
        transaction.save().await?;
        let name = self.name_of(caller, &key).await?;
        Ok(RevokeServiceKeyResponse { service_key: Some(message(key, name)) })
    }

    /// The key that a name means to the caller.
    async fn hold_named(
        &self,
        transaction: &mut dyn Transaction,
        caller: &Caller,
        name: &str,
    ) -> Result<Credential> {
        let directory = caller.bound_to().map(|bound| bound.id);
        self.core.hold_named(transaction, CredentialKind::ServiceKey, directory, WHAT, name).await
    }

    /// The directory that a key is for: the named one, else the caller's, else all.
    async fn directory_of_new(&self, caller: &Caller, name: &str) -> Result<Option<Directory>> {
        if name.is_empty() {
            return Ok(caller.bound_to().cloned());
        }
        Ok(Some(caller.directory(&*self.core.store, name).await.map(Arc::unwrap_or_clone)?))
    }

    /// The names of the directories that the caller may see.
    async fn names(&self, caller: &Caller) -> Result<HashMap<Uuid, String>> {
        let directories = match caller.bound_to() {
            Some(bound) => vec![bound.clone()],
            None => self.core.store.directories(None, u32::MAX).await?,
        };
        Ok(directories.into_iter().map(|directory| (directory.id, directory.name)).collect())
    }

    /// The directory that a key is bound to, if it is.
    async fn directory_of(&self, caller: &Caller, key: &Credential) -> Result<Option<Directory>> {
        let Some(id) = key.directory else { return Ok(None) };
        let directories = match caller.bound_to() {
            Some(bound) => vec![bound.clone()],
            None => self.core.store.directories(None, u32::MAX).await?,
        };
        Ok(directories.into_iter().find(|directory| directory.id == id))
    }

    async fn name_of(&self, caller: &Caller, key: &Credential) -> Result<String> {
        let Some(id) = key.directory else { return Ok(String::new()) };
        Ok(self.names(caller).await?.remove(&id).unwrap_or_default())
    }
}

/// What is known of the secret of a new key that somebody else has made; `None`, nobody has. Errors: `INVALID_VALUE`.
fn given(sha256: &str) -> Result<Option<Kept>> {
    if sha256.is_empty() {
        return Ok(None);
    }
    Kept::of_hash(sha256).map(Some).ok_or_else(|| {
        Error::value(
            "secret_sha256: give the SHA-256 of a secret as 64 of 0-9 and a-f, such as `printf %s \"$SECRET\" | sha256sum` \
             prints; that of nothing is none",
        )
    })
}

/// Reads the scopes of a new key. Errors: `INVALID_VALUE` for none, and for one that no key can carry.
fn scopes(numbers: &[i32]) -> Result<Vec<String>> {
    let known = access::KEY_SCOPES.map(|scope| access::scope_name(scope).unwrap_or_default()).join(", ");
    if numbers.is_empty() {
        return Err(Error::value(format!("scopes: give at least one of {known}")));
    }
    let mut names: Vec<String> = Vec::new();
    for number in numbers {
        let name = Scope::try_from(*number).ok().and_then(access::scope_name);
        let name =
            name.ok_or_else(|| Error::value(format!("scopes: a key can carry {known}, not {number}")))?;
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

fn require_name(key: String) -> Result<String> {
    if key.is_empty() {
        return Err(Error::value("service_key: name one, by id or prefix"));
    }
    Ok(key)
}

fn message(key: Credential, directory: String) -> ServiceKey {
    let (last_used, last_used_from) = last_used(&key);
    ServiceKey {
        secret_sha256: given_hash(&key.prefix, &key.hash).unwrap_or_default(),
        last_used,
        last_used_from,
        id: key.id.to_string(),
        prefix: key.prefix,
        name: key.name,
        scopes: key.scopes.iter().filter_map(|name| access::scope_from_name(name)).map(i32::from).collect(),
        directory,
        created: Some(timestamp(key.created)),
        expires: key.expires.map(timestamp),
        revoked: key.revoked.map(timestamp),
        user_id: key.user.map(|user| user.to_string()).unwrap_or_default(),
    }
}

#[tonic::async_trait]
impl ServiceKeyService for ServiceKeys {
    async fn create_service_key(
        &self,
        request: Request<CreateServiceKeyRequest>,
    ) -> Result<Response<CreateServiceKeyResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.create(Caller::of(&extensions)?, message).await?))
    }

    async fn list_service_keys(
        &self,
        request: Request<ListServiceKeysRequest>,
    ) -> Result<Response<ListServiceKeysResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.list(Caller::of(&extensions)?, message).await?))
    }

    async fn rotate_service_key(
        &self,
        request: Request<RotateServiceKeyRequest>,
    ) -> Result<Response<RotateServiceKeyResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.rotate(Caller::of(&extensions)?, message).await?))
    }

    async fn revoke_service_key(
        &self,
        request: Request<RevokeServiceKeyRequest>,
    ) -> Result<Response<RevokeServiceKeyResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.revoke(Caller::of(&extensions)?, message).await?))
    }
}
