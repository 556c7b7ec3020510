//! The one door to every rpc: who is calling, and may they.
//!
//! The gate stands before the router, so that no service can forget it. What it does not know, it refuses.

mod admitting;
mod door;
mod message;
mod shares;

use std::sync::Arc;

use http::{HeaderMap, header};
use rollcall_api::access;
use rollcall_api::bearer::Bearer;
use rollcall_api::v1::{ErrorReason, Scope};
use rollcall_store::{Credential, CredentialKind, Directory, Session, Store};
use subtle::ConstantTimeEq as _;
use tokio_util::sync::CancellationToken;

pub(crate) use self::admitting::ToChange;
pub(crate) use self::shares::Shares;

use crate::caller::Caller;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::implied_schemas::implied_schema;
use crate::last_uses::{CameFrom, LastUses};
use crate::notes::Notes;
use crate::random::Random;
use crate::secret;
use crate::throttle::Throttle;

/// Health checks come from probes that carry no credential, and say nothing but that the service runs.
const HEALTH: &str = "/grpc.health.v1.Health/";
/// Reflection shows the public protos, to whoever has any credential.
const REFLECTION: &str = "/grpc.reflection.";

/// The rpcs that read one resource, or may turn out to, and check the credential with it.
const READS_ONE: [&str; 3] = [
    "/rollcall.v1.UserService/GetUser",
    "/rollcall.v1.UserService/ListUsers",
    "/rollcall.v1.GroupService/GetGroup",
];

/// The rpcs that change one user, and check the credential with it where that spares a statement.
const CHANGES_ONE: [&str; 2] = ["/rollcall.v1.UserService/PatchUser", "/rollcall.v1.UserService/ReplaceUser"];

/// How old the note of the last use of a session is before it is renewed, in µs.
const SESSION_NOTED: i64 = 60 * 1_000_000;

/// What the gate needs to judge a credential.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) throttle: Arc<Throttle>,
    pub(crate) last_uses: Arc<LastUses>,
    pub(crate) shares: Arc<Shares>,
    /// How long a session lasts without being used, in µs.
    pub(crate) session_idle: i64,
}

impl Gate {
    /// Judges a request.
    async fn admit(
        &self,
        path: &str,
        headers: &HeaderMap,
        request_id: String,
        from: CameFrom,
        notes: Notes,
    ) -> Result<Admission> {
        let scope = if path.starts_with(HEALTH) {
            return Ok(Admission::Anonymous);
        } else if path.starts_with(REFLECTION) {
            Scope::Authenticated
        } else {
            access::required_scope(path)
                .ok_or_else(|| Error::new(ErrorReason::NotImplemented, format!("there is no rpc {path}")))?
        };
        let Some(presented) = bearer(headers)? else {
            if scope == Scope::Public {
                return Ok(Admission::Anonymous);
            }
            return Err(missing());
        };
        let hash = secret::lookup_hash(presented).ok_or_else(invalid)?;
        let (hash, session) = if secret::is_session(presented) {
            let (session, hash) = self.session(&hash).await?;
            (hash, Some(session.into()))
        } else {
            (hash, None)
        };
        let presented = Presented {
            hash,
            session,
            scope,
            request_id,
            implied_schema: implied_schema(headers),
            from,
            notes,
            gone: CancellationToken::new(),
        };
        if READS_ONE.contains(&path) || CHANGES_ONE.contains(&path) {
            return Ok(Admission::Presented(presented));
        }
        let caller = self.check(&presented).await?;
        let now = self.clock.now();
        self.last_uses.note(caller.credential_id(), now, from.0);
        self.throttle.count_rpc(path, &caller, now)?;
        Ok(Admission::Caller(Box::new(caller)))
    }

    /// Checks a credential in a statement of its own.
    async fn check(&self, presented: &Presented) -> Result<Caller> {
        let found = self.store.credential(&presented.hash).await?;
        presented.judge(found, self.clock.now())
    }

    /// The live session with a secret of this hash, and the hash of the credential that it acts as. That it is used is noted
    /// once a minute, and not with every call.
    async fn session(&self, hash: &[u8; 32]) -> Result<(Session, [u8; 32])> {
        let (session, credential) = self.store.session(hash).await?.ok_or_else(invalid)?;
        let now = self.clock.now();
        if !bool::from(session.hash.ct_eq(hash))
            || now >= session.expires
            || now >= session.used + self.session_idle
        {
            return Err(invalid());
        }
        if now >= session.used + SESSION_NOTED {
            let mut transaction = self.store.begin().await?;
            transaction.touch_session(session.id, now).await?;
            transaction.save().await?;
        }
        Ok((session, credential))
    }
}

/// How a request came through the gate.
enum Admission {
    /// It needs no credential and came without one, or from this process.
    Anonymous,
    /// Its credential is good for what it asks.
    Caller(Box<Caller>),
    /// The rpc checks the credential in the statement in which it reads what is asked for. One that forgot would find no
    /// caller, and refuse.
    Presented(Presented),
}

/// A credential that was presented, and has not been checked.
#[derive(Debug, Clone)]
pub(crate) struct Presented {
    /// The hash of the credential's secret.
    hash: [u8; 32],
    /// The session that presents it.
    session: Option<Arc<Session>>,
    scope: Scope,
    request_id: String,
    implied_schema: Option<String>,
    from: CameFrom,
    /// What is noted beside the answer, for the gate to write into it.
    notes: Notes,
    /// Cancelled once nobody waits for the answer.
    gone: CancellationToken,
}

impl Presented {
    /// Finds out who presents the secret, and whether they may. Unknown, expired and revoked ones cost the same look-up
    /// and get the same answer.
    fn judge(&self, found: Option<(Credential, Option<Directory>)>, now: i64) -> Result<Caller> {
        let (credential, directory) = found.ok_or_else(invalid)?;
        let same = bool::from(credential.hash.ct_eq(&self.hash));
        if !same || !is_live(&credential, now) || credential.directory.is_some() != directory.is_some() {
            return Err(invalid());
        }
        self.notes.tell_bearer(|| Bearer {
            directory: directory.as_ref().map(|directory| directory.name.clone()),
            prefix: credential.prefix.clone(),
        });
        // A client secret is for the token endpoint, and is no bearer token.
        if credential.kind == CredentialKind::ClientSecret {
            return Err(invalid());
        }
        if credential.kind.is_of_identity_provider() {
            match &directory {
                None => return Err(invalid()),
                Some(directory) if !directory.scim_enabled => {
                    return Err(Error::new(
                        ErrorReason::ScimOff,
                        "SCIM is switched off for this directory; an administrator can switch it on",
                    ));
                }
                Some(_) => {}
            }
        }
        let caller =
            Caller::new(credential, directory, self.request_id.clone()).in_session(self.session.clone());
        let caller = caller.implying(self.implied_schema.clone()).noting(self.notes.clone());
        if caller.has(self.scope) {
            return Ok(caller);
        }
        let needed = access::scope_name(self.scope).unwrap_or("unknown");
        Err(Error::new(ErrorReason::ScopeMissing, format!("this credential lacks the scope {needed}")))
    }
}

/// Whether a credential counts at a time in µs.
pub(crate) fn is_live(credential: &Credential, now: i64) -> bool {
    credential.revoked.is_none() && credential.expires.is_none_or(|expires| now < expires)
}

fn missing() -> Error {
    Error::new(
        ErrorReason::CredentialMissing,
        "no credential: send it as the metadata `authorization: Bearer <secret>`",
    )
}

fn invalid() -> Error {
    Error::new(ErrorReason::CredentialInvalid, "the credential is not valid")
}

/// The bearer token of a request (RFC 6750 §2.1); the scheme's case does not matter.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(invalid());
    }
    value.to_str().ok().and_then(token_of).map(Some).ok_or_else(invalid)
}

/// The token in a header `Authorization: Bearer …`.
pub(crate) fn token_of(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
