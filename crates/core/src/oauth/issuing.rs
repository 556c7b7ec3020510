//! Issuing access tokens for client secrets (RFC 6749 §4.4).

use std::net::IpAddr;

use rollcall_api::access;
use rollcall_api::v1::{ErrorReason, IssueAccessTokenRequest, IssueAccessTokenResponse, Scope};
use rollcall_store::{Credential, CredentialKind};
use subtle::ConstantTimeEq as _;
use tonic::Extensions;
use uuid::Uuid;

use crate::Core;
use crate::error::{Error, Result, shortened};
use crate::gate::is_live;
use crate::last_uses::CameFrom;
use crate::rate_limit::RateLimit;
use crate::secret::{Secret, lookup_hash};

/// How long an access token is valid, in seconds.
const LIFETIME_SECONDS: i64 = 60 * 60;
/// Wrong secrets for one client, from one address, in a minute.
const GUESSES_PER_MINUTE: u32 = 20;

/// The scopes that an access token can have.
const SCOPES: [Scope; 2] = [Scope::DirectoryRead, Scope::DirectoryWrite];
/// What stands for all of them in a request.
const ALL: &str = "scim";

/// How often secrets were guessed: for which client, named as in the request, and from which address.
#[derive(Debug)]
pub(crate) struct Guesses(RateLimit<(String, Option<IpAddr>)>);

impl Default for Guesses {
    fn default() -> Self {
        Self(RateLimit::per_minute(GUESSES_PER_MINUTE))
    }
}

impl Core {
    /// Issues an access token. What it is issued for is locked meanwhile, so that no token outlives a secret that is revoked
    /// at the same time.
    pub(super) async fn issue_access_token(
        &self,
        extensions: &Extensions,
        request: IssueAccessTokenRequest,
    ) -> Result<IssueAccessTokenResponse> {
        let from = extensions.get::<CameFrom>().and_then(|from| from.0);
        let now = self.clock.now();
        let scopes = scopes(&request.scope)?;
        // Guesses are sent away by a read: strangers get no turn among those who write.
        let known = self.known_secret(&request).await?.ok_or_else(|| self.wrong_secret(&request, from))?;
        let hash = known.hash;
        let directory = known.directory.ok_or_else(invalid)?;
        self.throttle.count_of(directory, now)?;
        let _turn = self.shares.enter(directory).await?;
        let mut transaction = self.store.begin().await?;
        let found = transaction.credential(&hash).await?;
        let secret = self.require_secret(found, &hash, &request.client_id)?;
        let token = Secret::generate(CredentialKind::AccessToken, &*self.random);
        let lifetime = LIFETIME_SECONDS * 1_000_000;
        let end = secret.expires.map_or(now + lifetime, |expires| expires.min(now + lifetime));
        let scope = scopes.join(" ");
        transaction
            .insert_credential(&access_token(self.new_id(), &secret, &token, scopes, now, end))
            .await?;
        transaction.save().await?;
        self.last_uses.note(secret.id, now, from);
        Ok(IssueAccessTokenResponse {
            access_token: token.expose().to_owned(),
            expires_in: Some(prost_types::Duration { seconds: (end - now) / 1_000_000, nanos: 0 }),
            scope,
        })
    }

    /// The secret that was presented, if it is a live one of the client.
    async fn known_secret(&self, request: &IssueAccessTokenRequest) -> Result<Option<Credential>> {
        let Some(hash) = lookup_hash(&request.client_secret) else { return Ok(None) };
        let found = self.store.credential(&hash).await?.map(|(secret, _)| secret);
        Ok(self.require_secret(found, &hash, &request.client_id).ok())
    }

    /// What whoever presents a wrong secret is told. Guesses are counted and the right secret is not, so that nobody is kept out
    /// by those of others. Errors: `CREDENTIAL_INVALID`, `RATE_LIMITED`.
    fn wrong_secret(&self, request: &IssueAccessTokenRequest, from: Option<IpAddr>) -> Error {
        let guess = (shortened(&request.client_id).into_owned(), from);
        match self.secret_guesses.0.count(guess, self.clock.now()) {
            Ok(()) => invalid(),
            Err(wait) => {
                Error::new(ErrorReason::RateLimited, "too many wrong secrets were tried for this client")
                    .retry_after(wait)
            }
        }
    }

    /// Makes sure that what was found is a live secret of the client. Errors: `CREDENTIAL_INVALID`.
    fn require_secret(
        &self,
        found: Option<Credential>,
        hash: &[u8; 32],
        client_id: &str,
    ) -> Result<Credential> {
        let secret = found.ok_or_else(invalid)?;
        let client = Uuid::try_parse(client_id).ok();
        let same = bool::from(secret.hash.ct_eq(hash));
        let fits = secret.kind == CredentialKind::ClientSecret && client.is_some() && secret.client == client;
        if same && fits && is_live(&secret, self.clock.now()) { Ok(secret) } else { Err(invalid()) }
    }
}

fn invalid() -> Error {
    Error::new(ErrorReason::CredentialInvalid, "the client or its secret is not valid")
}

fn access_token(
    id: Uuid,
    secret: &Credential,
    token: &Secret,
    scopes: Vec<String>,
    now: i64,
    end: i64,
) -> Credential {
    Credential {
        id,
        kind: CredentialKind::AccessToken,
        directory: secret.directory,
        name: secret.name.clone(),
        prefix: token.prefix(),
        hash: token.hash(),
        scopes,
        created: now,
        expires: Some(end),
        revoked: None,
        user: None,
        client: secret.client,
        secret: Some(secret.id),
        last_use: None,
    }
}

/// Reads the scopes that are asked for; none are all. Errors: `INVALID_VALUE` for one that no access token can have.
fn scopes(asked: &str) -> Result<Vec<String>> {
    let all: Vec<&str> = SCOPES.into_iter().filter_map(access::scope_name).collect();
    let names: Vec<&str> = asked.split(' ').filter(|name| !name.is_empty()).collect();
    if let Some(unknown) = names.iter().find(|name| **name != ALL && !all.contains(name)) {
        return Err(Error::value(format!(
            "scope: {} is none of {}; leave it out for all",
            shortened(unknown),
            all.join(", ")
        )));
    }
    let wants_all = names.is_empty() || names.contains(&ALL);
    Ok(all.into_iter().filter(|name| wants_all || names.contains(name)).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_without_a_scope_gets_all_and_one_with_some_gets_those() {
        assert_eq!(scopes("").unwrap(), ["directory.read", "directory.write"]);
        assert_eq!(scopes("scim").unwrap(), ["directory.read", "directory.write"]);
        assert_eq!(scopes("directory.read").unwrap(), ["directory.read"]);
        assert_eq!(
            scopes(" directory.write  directory.read").unwrap(),
            ["directory.read", "directory.write"]
        );
        for wrong in ["admin", "directory.read admin", "Directory.read", "directory.read,directory.write"] {
            assert!(scopes(wrong).is_err(), "{wrong}");
        }
    }
}
