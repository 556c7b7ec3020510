//! The one door to every rpc: who is calling, and may they.
//!
//! The gate stands before the router, so that no service can forget it. What it does not know, it refuses.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderMap, Request, Response, header};
use rollcall_api::access;
use rollcall_api::v1::{ErrorReason, Scope};
use rollcall_store::{Credential, CredentialKind, Directory, ResourceType, Session, Store, StoredResource};
use subtle::ConstantTimeEq as _;
use tonic::codegen::{BoxFuture, Service};
use tonic::{Extensions, Status};
use tower::Layer;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::Core;
use crate::caller::Caller;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::last_uses::{CameFrom, LastUses};
use crate::random::{Random, new_id};
use crate::secret;
use crate::throttle::Throttle;

/// The metadata key under which a request id travels.
const REQUEST_ID: &str = "x-request-id";

/// Health checks come from probes that carry no credential, and say nothing but that the service runs.
const HEALTH: &str = "/grpc.health.v1.Health/";
/// Reflection shows the public protos, to whoever has any credential.
const REFLECTION: &str = "/grpc.reflection.";

/// The rpcs that read one resource, and check the credential with it.
const READS_ONE: [&str; 2] = ["/rollcall.v1.UserService/GetUser", "/rollcall.v1.GroupService/GetGroup"];

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
        let presented = Presented { hash, session, scope, request_id, from };
        if READS_ONE.contains(&path) {
            return Ok(Admission::Presented(presented));
        }
        let found = self.store.credential(&presented.hash).await?;
        let now = self.clock.now();
        let caller = presented.judge(found, now)?;
        self.last_uses.note(caller.credential_id(), now, from.0);
        self.throttle.count_rpc(path, &caller, now)?;
        Ok(Admission::Caller(Box::new(caller)))
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
    /// It needs no credential and came without one.
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
    from: CameFrom,
}

impl Core {
    /// Checks the credential of an rpc that reads one resource, and reads that of the directory which the credential is
    /// bound to; all in one statement.
    pub(crate) async fn admit_to_resource(
        &self,
        extensions: &Extensions,
        resource_type: ResourceType,
        id: Option<Uuid>,
    ) -> Result<(Caller, Option<StoredResource>)> {
        let presented = extensions.get::<Presented>().ok_or_else(missing)?;
        let (found, resource) = match id {
            None => (self.store.credential(&presented.hash).await?, None),
            Some(id) => match self.store.credential_and_resource(&presented.hash, resource_type, id).await? {
                None => (None, None),
                Some((credential, directory, resource)) => (Some((credential, directory)), resource),
            },
        };
        let now = self.clock.now();
        let caller = presented.judge(found, now)?;
        self.last_uses.note(caller.credential_id(), now, presented.from.0);
        self.throttle.count(&caller, now)?;
        Ok((caller, resource))
    }

    /// Checks the credential of a call that goes on, and the session that it is made in, as they were checked when the call
    /// began. A call that goes on is use of its session.
    pub(crate) async fn admit_again(&self, caller: &Caller, scope: Scope) -> Result<Caller> {
        let now = self.clock.now();
        let session = caller.shared_session();
        if let Some(session) = &session {
            let found = self.store.session(&session.hash).await?;
            found.filter(|(session, _)| now < session.expires).ok_or_else(invalid)?;
        }
        let request_id = caller.origin().request_id.to_owned();
        let presented = Presented { hash: *caller.hash(), session, scope, request_id, from: CameFrom(None) };
        let found = self.store.credential(&presented.hash).await?;
        presented.judge(found, now)
    }
}

impl Core {
    /// Checks the credential of a call that goes on for long once more. Errors: `CREDENTIAL_INVALID`.
    pub(crate) async fn still_good(&self, caller: &Caller) -> Result<()> {
        let found = self.store.credential(caller.credential_hash()).await?;
        let is_good = found.is_some_and(|(credential, _)| is_live(&credential, self.clock.now()));
        if is_good { Ok(()) } else { Err(invalid()) }
    }
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

/// The id that the gateway gave to a request, or a new one.
fn request_id(headers: &HeaderMap, gate: &Gate) -> String {
    let sent = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let is_good = |id: &&str| {
        (1..=64).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
    };
    match sent.filter(is_good) {
        Some(id) => id.to_owned(),
        None => new_id(&*gate.random, gate.clock.now()).to_string(),
    }
}

impl<S> Layer<S> for Gate {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { gate: Arc::new(self.clone()), inner }
    }
}

/// A service behind the gate.
#[derive(Debug, Clone)]
pub(crate) struct Guarded<S> {
    gate: Arc<Gate>,
    inner: S,
}

impl<S, Asked, Answered> Service<Request<Asked>> for Guarded<S>
where
    S: Service<Request<Asked>, Response = Response<Answered>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
    Asked: Send + 'static,
    Answered: Default + Send + 'static,
{
    type Response = Response<Answered>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Asked>) -> Self::Future {
        let unready = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, unready);
        let gate = Arc::clone(&self.gate);
        let request_id = request_id(request.headers(), &gate);
        let span = tracing::info_span!("rpc", path = request.uri().path(), request_id);
        let answer = async move {
            let from = CameFrom::of(request.headers(), request.extensions());
            match gate.admit(request.uri().path(), request.headers(), request_id, from).await {
                Ok(admission) => {
                    let writes = writes(request.uri().path());
                    let notes = match &admission {
                        Admission::Caller(caller) => Some(caller.notes().clone()),
                        Admission::Anonymous | Admission::Presented(_) => None,
                    };
                    match admission {
                        Admission::Anonymous => _ = request.extensions_mut().insert(from),
                        Admission::Caller(caller) => _ = request.extensions_mut().insert(*caller),
                        Admission::Presented(presented) => _ = request.extensions_mut().insert(presented),
                    }
                    let call = inner.call(request);
                    let mut answer = if writes { run_to_the_end(call).await } else { call.await };
                    if let (Ok(answer), Some(notes)) = (&mut answer, notes) {
                        notes.write(answer.headers_mut());
                    }
                    answer
                }
                Err(error) => Ok(Status::from(error).into_http()),
            }
        };
        Box::pin(answer.instrument(span))
    }
}

fn writes(path: &str) -> bool {
    matches!(access::required_scope(path), Some(Scope::DirectoryWrite | Scope::Admin | Scope::SsoSignIn))
}

/// A write, once started, is not left half-done by a client that hangs up: it runs in its own task.
async fn run_to_the_end<T: Default + Send + 'static>(
    call: impl Future<Output = Result<Response<T>, Infallible>> + Send + 'static,
) -> Result<Response<T>, Infallible> {
    match tokio::spawn(call.in_current_span()).await {
        Ok(answer) => answer,
        Err(failure) => Ok(Status::from(Error::internal(failure)).into_http()),
    }
}
