//! Checking passwords for services: at most so often, and without a hint at who has one.

use std::sync::Arc;

use rollcall_api::v1::verify_password_request::User as Who;
use rollcall_api::v1::{ErrorReason, VerifyPasswordRequest, VerifyPasswordResponse};
use rollcall_scim::fold::fold;
use rollcall_store::{PasswordHandling, UserKey};
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::Prepared;
use crate::Core;
use crate::caller::Caller;
use crate::error::{Error, Result, shortened};
use crate::limits::Limits;
use crate::rate_limit::RateLimit;
use crate::texts::require_storable;

/// How often passwords have been tried. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Attempts {
    by_user: Arc<RateLimit<(Uuid, Tried)>>,
    by_credential: Arc<RateLimit<Uuid>>,
}

/// Whose password was tried.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Tried {
    User(Uuid),
    /// What nobody is called, folded: limited as if it were a user, so that the limit says nothing of who there is.
    Nobody(String),
}

impl Attempts {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            by_user: Arc::new(RateLimit::per_minute(limits.password_attempts_per_user)),
            by_credential: Arc::new(RateLimit::per_minute(limits.password_attempts_per_key)),
        }
    }
}

impl Core {
    /// Says whether a password is that of an active user.
    pub(crate) async fn verify_password(
        &self,
        caller: &Caller,
        request: VerifyPasswordRequest,
    ) -> Result<VerifyPasswordResponse> {
        let who = request.user.ok_or_else(|| Error::value("user: give its id or its user_name"))?;
        let sent = SecretString::from(request.password);
        if sent.expose_secret().is_empty() {
            return Err(Error::value("password: it is missing"));
        }
        let directory = caller.directory(&*self.store, &request.directory).await?;
        if directory.password_handling == PasswordHandling::Discard {
            return Err(Error::new(
                ErrorReason::Forbidden,
                format!(
                    "the directory {:?} does not keep passwords; an administrator can have it do so",
                    directory.name
                ),
            ));
        }
        let now = self.clock.now();
        let attempts = &self.password_attempts;
        attempts.by_credential.count(caller.credential_id(), now).map_err(|wait| {
            Error::new(ErrorReason::RateLimited, "this credential has tried too many passwords")
                .retry_after(wait)
        })?;

        let (found, named) = match who {
            Who::Id(id) => match crate::caller::parse_id("User", &id) {
                Ok(key) => (self.store.password(directory.id, UserKey::Id(key)).await?, id),
                Err(_) => (None, id),
            },
            Who::UserName(name) => {
                require_storable("user_name", &name)?;
                (self.store.password(directory.id, UserKey::Name(&name)).await?, name)
            }
        };
        let tried = match &found {
            Some(holder) => Tried::User(holder.user),
            None => Tried::Nobody(fold(&shortened(&named))),
        };
        let tried = (directory.id, tried);
        attempts.by_user.count(tried.clone(), now).map_err(|wait| {
            Error::new(ErrorReason::RateLimited, "too many passwords have been tried for this user")
                .retry_after(wait)
        })?;

        let password = Prepared::to_compare(sent.expose_secret());
        let hash = found.as_ref().filter(|holder| holder.active).and_then(|holder| holder.hash.clone());
        let verified = self.hasher.verify(password, hash).await?;
        if verified {
            attempts.by_user.forgive(&tried);
        }
        let id = found.filter(|_| verified).map(|holder| holder.user.to_string());
        Ok(VerifyPasswordResponse { verified, id: id.unwrap_or_default() })
    }
}
