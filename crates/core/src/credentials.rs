//! What tokens and keys have in common: how they are made, found, rotated and revoked.

use rollcall_api::v1::ErrorReason;
use rollcall_store::{Credential, CredentialKind, Directory, EventKind, Transaction, UserKey};
use serde_json::json;
use uuid::Uuid;

use crate::Core;
use crate::caller::parse_id;
use crate::error::{Error, Result, shortened};
use crate::events::Origin;
use crate::gate::is_live;
use crate::resources::date_time;
use crate::secret::{Kept, Secret};
use crate::texts::require_storable;

/// The overlap of a rotation that does not say: 24 h.
const DEFAULT_OVERLAP_SECONDS: i64 = 24 * 60 * 60;
/// The longest overlap of a rotation: 30 days.
const LONGEST_OVERLAP_SECONDS: i64 = 30 * 24 * 60 * 60;
/// The longest description in characters.
const LONGEST_DESCRIPTION: usize = 200;

/// What a new credential is to be.
#[derive(Debug)]
pub(crate) struct NewCredential {
    pub(crate) kind: CredentialKind,
    /// `None`: for all directories.
    pub(crate) directory: Option<Uuid>,
    pub(crate) name: String,
    pub(crate) scopes: Vec<String>,
    /// In µs; `None`: never.
    pub(crate) expires: Option<i64>,
    /// The user of the directory that it stands for.
    pub(crate) user: Option<Uuid>,
    /// The OAuth 2.0 client that a client secret is of.
    pub(crate) client: Option<Uuid>,
}

/// What a rotation made.
#[derive(Debug)]
pub(crate) struct Rotation {
    pub(crate) new: Credential,
    pub(crate) secret: Secret,
    pub(crate) old: Credential,
}

impl Core {
    /// Makes a credential with a secret of our own.
    pub(crate) async fn make_credential(
        &self,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        new: NewCredential,
    ) -> Result<(Credential, Secret)> {
        let secret = Secret::generate(new.kind, &*self.random);
        let credential = self.keep_credential(transaction, origin, new, (&secret).into()).await?;
        Ok((credential, secret))
    }

    /// Keeps a credential with a given secret: its hash and its prefix. Errors: `UNIQUENESS`, a credential has that hash.
    pub(crate) async fn keep_credential(
        &self,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        new: NewCredential,
        secret: Kept,
    ) -> Result<Credential> {
        let credential = Credential {
            id: self.new_id(),
            kind: new.kind,
            directory: new.directory,
            name: new.name,
            prefix: secret.prefix,
            hash: secret.hash,
            scopes: new.scopes,
            created: self.clock.now(),
            expires: new.expires,
            revoked: None,
            user: new.user,
            client: new.client,
            secret: None,
            last_use: None,
        };
        transaction.insert_credential(&credential).await?;
        let facts = json!({
            "prefix": { "before": null, "after": credential.prefix },
            "expires": { "before": null, "after": credential.expires.and_then(date_time) },
            "user": { "before": null, "after": credential.user.map(|user| user.to_string()) },
            "scopes": { "before": null, "after": credential.scopes },
        });
        let event =
            self.event(origin, credential.directory, EventKind::CredentialCreated, credential.id, facts);
        transaction.insert_event(&event).await?;
        Ok(credential)
    }

    /// Makes a new credential like an old one, which lives as long as that was made for, and ends the old one after the overlap, of
    /// which the administrators of the directory are warned where it is a day or less. One that has been rotated before keeps
    /// its end, unless an overlap is given.
    pub(crate) async fn rotate_credential(
        &self,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        old: Credential,
        overlap: Option<prost_types::Duration>,
        directory: Option<&Directory>,
    ) -> Result<Rotation> {
        let given = overlap.is_some();
        let overlap = overlap_micros(overlap)?;
        let now = self.clock.now();
        let lifetime = transaction.lifetime(old.id).await?;
        let was_rotated = old.expires != lifetime.map(|lifetime| old.created + lifetime);
        let new = NewCredential {
            kind: old.kind,
            directory: old.directory,
            name: old.name.clone(),
            scopes: old.scopes.clone(),
            expires: lifetime.map(|lifetime| now + lifetime),
            user: old.user,
            client: old.client,
        };
        let (new, secret) = self.make_credential(transaction, origin, new).await?;
        let end = now + overlap;
        let (expires, revoked) = if overlap == 0 {
            (old.expires, Some(now))
        } else if was_rotated && !given {
            (old.expires, None)
        } else {
            (Some(old.expires.map_or(end, |expires| expires.min(end))), None)
        };
        let old = self.end_credential(transaction, origin, old, expires, revoked).await?;
        self.warn_of_rotated(transaction, &old, directory).await?;
        Ok(Rotation { new, secret, old })
    }

    /// Ends a credential now. One that was revoked before keeps its time.
    pub(crate) async fn revoke_credential(
        &self,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        credential: Credential,
    ) -> Result<Credential> {
        if credential.revoked.is_some() {
            return Ok(credential);
        }
        let (expires, now) = (credential.expires, self.clock.now());
        self.end_credential(transaction, origin, credential, expires, Some(now)).await
    }

    async fn end_credential(
        &self,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        credential: Credential,
        expires: Option<i64>,
        revoked: Option<i64>,
    ) -> Result<Credential> {
        transaction.end_credential(credential.id, expires, revoked).await?;
        let facts = json!({
            "expires": { "before": credential.expires.and_then(date_time), "after": expires.and_then(date_time) },
            "revoked": { "before": credential.revoked.and_then(date_time), "after": revoked.and_then(date_time) },
        });
        let event =
            self.event(origin, credential.directory, EventKind::CredentialEnded, credential.id, facts);
        transaction.insert_event(&event).await?;
        Ok(Credential { expires, revoked, ..credential })
    }

    /// The credential of a kind and of a directory, or of all, that an id or a prefix names, held against other changes; no name
    /// means the newest live one.
    ///
    /// Errors: `NOT_FOUND`, and `INVALID_VALUE` for a prefix that fits several.
    pub(crate) async fn hold_named(
        &self,
        transaction: &mut dyn Transaction,
        kind: CredentialKind,
        directory: Option<Uuid>,
        what: &str,
        name: &str,
    ) -> Result<Credential> {
        let listed = self.pick(transaction.credentials(kind, directory).await?, what, name)?;
        // Somebody else may have ended it since it was listed.
        Ok(transaction.credential(&listed.hash).await?.unwrap_or(listed))
    }

    fn pick(&self, credentials: Vec<Credential>, what: &str, name: &str) -> Result<Credential> {
        let now = self.clock.now();
        if name.is_empty() {
            let newest = credentials.into_iter().find(|credential| is_live(credential, now));
            return newest.ok_or_else(|| {
                Error::new(ErrorReason::NotFound, format!("there is no live {what}; create one instead"))
            });
        }
        let mut named: Vec<Credential> = credentials
            .into_iter()
            .filter(|credential| credential.id.to_string() == name || credential.prefix == name)
            .collect();
        match (named.pop(), named.is_empty()) {
            (Some(credential), true) => Ok(credential),
            (Some(_), false) => Err(Error::value(format!(
                "{what}: the prefix {:?} fits several; give an id",
                shortened(name)
            ))),
            (None, _) => {
                let named = shortened(name);
                let hint = if named == name { "" } else { ": give its prefix, not the secret" };
                let detail = format!("there is no {what} with the id or prefix {named:?}{hint}");
                Err(Error::new(ErrorReason::NotFound, detail))
            }
        }
    }

    /// The user of a directory that a new credential is to stand for, by id or userName; empty, none.
    ///
    /// Errors: `NOT_FOUND`, `INVALID_VALUE`.
    pub(crate) async fn user_of_new(&self, directory: &Directory, named: &str) -> Result<Option<Uuid>> {
        if named.is_empty() {
            return Ok(None);
        }
        require_storable("user", named)?;
        if let Ok(id) = parse_id("User", named)
            && let Some(user) = self.store.user_id(directory.id, UserKey::Id(id)).await?
        {
            return Ok(Some(user));
        }
        let user = self.store.user_id(directory.id, UserKey::Name(named)).await?;
        Ok(Some(user.ok_or_else(|| {
            let named = shortened(named);
            Error::new(ErrorReason::NotFound, format!("there is no User with the id or userName {named:?}"))
        })?))
    }

    /// Refuses to rotate what has already ended.
    pub(crate) fn require_live(&self, credential: &Credential, what: &str) -> Result<()> {
        if is_live(credential, self.clock.now()) {
            return Ok(());
        }
        let prefix = &credential.prefix;
        Err(Error::new(
            ErrorReason::NotFound,
            format!("the {what} {prefix:?} has already ended; create a new one"),
        ))
    }

    /// Reads the end of a new credential. Errors: `INVALID_VALUE` for one that has passed.
    pub(crate) fn expiry(&self, expires: Option<prost_types::Timestamp>) -> Result<Option<i64>> {
        let Some(expires) = expires else { return Ok(None) };
        let micros = expires
            .seconds
            .checked_mul(1_000_000)
            .and_then(|micros| micros.checked_add(i64::from(expires.nanos) / 1000))
            .ok_or_else(|| Error::value("expires: no such time"))?;
        if micros <= self.clock.now() {
            return Err(Error::value("expires: it has passed; give a time to come"));
        }
        Ok(Some(micros))
    }
}

/// Reads a text for people. Errors: `INVALID_VALUE` for one that is too long or has control characters.
pub(crate) fn description(attribute: &str, text: String) -> Result<String> {
    if text.chars().count() > LONGEST_DESCRIPTION {
        return Err(Error::value(format!("{attribute}: it is longer than {LONGEST_DESCRIPTION} characters")));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::value(format!("{attribute}: it has control characters")));
    }
    Ok(text)
}

/// When a credential was last used, and from which address, as messages have it.
pub(crate) fn last_used(credential: &Credential) -> (Option<prost_types::Timestamp>, String) {
    let Some(last) = &credential.last_use else { return (None, String::new()) };
    (Some(timestamp(last.time)), last.address.clone().unwrap_or_default())
}

/// A time in µs as a message.
pub(crate) fn timestamp(micros: i64) -> prost_types::Timestamp {
    let nanos = i32::try_from(micros.rem_euclid(1_000_000)).unwrap_or_default() * 1000;
    prost_types::Timestamp { seconds: micros.div_euclid(1_000_000), nanos }
}

fn overlap_micros(overlap: Option<prost_types::Duration>) -> Result<i64> {
    let overlap = overlap.unwrap_or(prost_types::Duration { seconds: DEFAULT_OVERLAP_SECONDS, nanos: 0 });
    let micros = overlap
        .seconds
        .checked_mul(1_000_000)
        .and_then(|micros| micros.checked_add(i64::from(overlap.nanos) / 1000));
    micros
        .filter(|micros| (0..=LONGEST_OVERLAP_SECONDS * 1_000_000).contains(micros))
        .ok_or_else(|| Error::value("overlap: it must be from 0 s to 30 days"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overlap_is_24_hours_unless_said_and_30_days_at_most() {
        let overlap = |seconds| overlap_micros(Some(prost_types::Duration { seconds, nanos: 0 }));
        assert_eq!(overlap_micros(None).unwrap(), 24 * 3600 * 1_000_000);
        assert_eq!(overlap(0).unwrap(), 0);
        assert_eq!(overlap(30 * 86400).unwrap(), 30 * 86400 * 1_000_000);
        assert!(overlap(30 * 86400 + 1).is_err());
        assert!(overlap(-1).is_err());
        assert!(overlap(i64::MAX).is_err());
    }

    #[test]
    fn times_before_1970_keep_their_fraction() {
        assert_eq!(timestamp(1_500_001), prost_types::Timestamp { seconds: 1, nanos: 500_001_000 });
        assert_eq!(timestamp(-1), prost_types::Timestamp { seconds: -1, nanos: 999_999_000 });
    }
}
