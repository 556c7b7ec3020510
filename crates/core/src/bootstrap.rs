//! The first start, and the first keys.

use std::collections::BTreeMap;

use rollcall_api::access;
use rollcall_api::v1::{ErrorReason, Scope};
use rollcall_scim::Profile;
use rollcall_store::{
    ActivitySettings, Credential, CredentialKind, NoticeSettings, PasswordHandling, ProvisioningChoices,
    Safeguards, Transaction,
};
use uuid::Uuid;

use crate::Core;
use crate::credentials::NewCredential;
use crate::directories::NewDirectory;
use crate::error::{Error, Result};
use crate::events::Origin;
use crate::secret::Secret;

/// The directory that an empty database is given.
pub const DEFAULT_DIRECTORY: &str = "default";

/// Secrets that a declarative set-up brings along: each is used where there is none of its kind yet.
#[derive(Debug, Clone, Default)]
pub struct BootstrapSecrets {
    /// The SCIM token of the directory `default`.
    pub scim_token: Option<Secret>,
    /// An admin key.
    pub admin_key: Option<Secret>,
    /// A service key with the scope `activity.write`, by which gateways report what they have answered.
    pub gateway_key: Option<Secret>,
}

/// What a first start made and nobody knows yet.
#[derive(Debug, Default)]
pub struct FirstStart {
    /// Whether the database was empty.
    pub created: bool,
    /// The SCIM token, where one was generated.
    pub scim_token: Option<Secret>,
    /// The admin key, where one was generated.
    pub admin_key: Option<Secret>,
}

impl Core {
    /// Gives an empty database its first directory, and puts the bootstrap secrets to use. With `generate`, an empty
    /// database also gets a token and an admin key where none were brought along. Two replicas that start at once
    /// make one directory.
    ///
    /// Errors: the database's, and `UNIQUENESS` for a bootstrap secret that is already in use for something else.
    pub async fn first_start(&self, secrets: &BootstrapSecrets, generate: bool) -> Result<FirstStart> {
        match self.try_first_start(secrets, generate).await {
            // Another replica was first: what it made is there now.
            Err(error) if matches!(error.reason(), ErrorReason::Uniqueness | ErrorReason::Conflict) => {
                self.try_first_start(secrets, generate).await
            }
            outcome => outcome,
        }
    }

    async fn try_first_start(&self, secrets: &BootstrapSecrets, generate: bool) -> Result<FirstStart> {
        let mut transaction = self.store.begin().await?;
        let created = !transaction.has_directories().await?;
        if created {
            let profile = Profile::Generic;
            let new = NewDirectory {
                name: DEFAULT_DIRECTORY.to_owned(),
                profile,
                scim_enabled: true,
                groups_enabled: profile.groups_at_first(),
                rule_settings: BTreeMap::new(),
                password_handling: PasswordHandling::default(),
                activity: ActivitySettings::default(),
                administrator_role: None,
                notices: NoticeSettings::default(),
                safeguards: Safeguards::default(),
                provisioning: ProvisioningChoices::default(),
            };
            self.make_directory(&mut *transaction, Origin::SYSTEM, new).await?;
        }
        let generate = created && generate;
        let directory = transaction.directory(DEFAULT_DIRECTORY).await?;
        let scim_token = match directory {
            Some(directory) => {
                let new = bootstrap_credential(CredentialKind::ScimToken, Some(directory.id));
                self.first_credential(&mut *transaction, new, secrets.scim_token.as_ref(), generate).await?
            }
            None => None,
        };
        let new = bootstrap_credential(CredentialKind::AdminKey, None);
        let admin_key =
            self.first_credential(&mut *transaction, new, secrets.admin_key.as_ref(), generate).await?;
        if let Some(secret) = &secrets.gateway_key {
            self.first_gateway_key(&mut *transaction, secret).await?;
        }
        transaction.save().await?;
        Ok(FirstStart { created, scim_token, admin_key })
    }

    /// Makes an admin key: for a first one, or when the last one was lost.
    pub async fn create_admin_key(&self, name: &str) -> Result<Secret> {
        let mut transaction = self.store.begin().await?;
        let new = NewCredential {
            kind: CredentialKind::AdminKey,
            directory: None,
            name: crate::credentials::description("name", name.to_owned())?,
            scopes: Vec::new(),
            expires: None,
            user: None,
            client: None,
        };
        let (_, secret) = self.make_credential(&mut *transaction, Origin::SYSTEM, new).await?;
        transaction.save().await?;
        Ok(secret)
    }

    /// The admin keys, newest first.
    pub async fn admin_keys(&self) -> Result<Vec<Credential>> {
        Ok(self.store.credentials(CredentialKind::AdminKey, None).await?)
    }

    /// Ends an admin key, which is named by its id or its first characters, and its sessions with it.
    ///
    /// Errors: `NOT_FOUND`, and `INVALID_VALUE` for no name, and for first characters that fit several.
    pub async fn revoke_admin_key(&self, named: &str) -> Result<Credential> {
        if named.trim().is_empty() {
            return Err(Error::value("admin key: name one, by its id or prefix"));
        }
        let mut transaction = self.store.begin().await?;
        let kind = CredentialKind::AdminKey;
        let key = self.hold_named(&mut *transaction, kind, None, "admin key", named).await?;
        let key = self.revoke_credential(&mut *transaction, Origin::SYSTEM, key).await?;
        transaction.save().await?;
        Ok(key)
    }

    /// Keeps the key of gateways, unless there has been one.
    async fn first_gateway_key(&self, transaction: &mut dyn Transaction, secret: &Secret) -> Result<()> {
        let scopes: Vec<String> =
            access::scope_name(Scope::ActivityWrite).into_iter().map(str::to_owned).collect();
        let keys = transaction.credentials(CredentialKind::ServiceKey, None).await?;
        if keys.iter().any(|key| key.scopes == scopes) {
            return Ok(());
        }
        let name = "gateways".to_owned();
        let new = NewCredential { name, scopes, ..bootstrap_credential(CredentialKind::ServiceKey, None) };
        self.keep_credential(transaction, Origin::SYSTEM, new, secret.into()).await?;
        Ok(())
    }

    /// Keeps the given secret, or generates one; neither, where there has been a credential of this kind.
    async fn first_credential(
        &self,
        transaction: &mut dyn Transaction,
        new: NewCredential,
        given: Option<&Secret>,
        generate: bool,
    ) -> Result<Option<Secret>> {
        if !transaction.credentials(new.kind, new.directory).await?.is_empty() {
            return Ok(None);
        }
        match given {
            Some(secret) => {
                self.keep_credential(transaction, Origin::SYSTEM, new, secret.into()).await?;
                Ok(None)
            }
            None if generate => Ok(Some(self.make_credential(transaction, Origin::SYSTEM, new).await?.1)),
            None => Ok(None),
        }
    }
}

fn bootstrap_credential(kind: CredentialKind, directory: Option<Uuid>) -> NewCredential {
    NewCredential {
        kind,
        directory,
        name: "made at the first start".to_owned(),
        scopes: Vec::new(),
        expires: None,
        user: None,
        client: None,
    }
}
