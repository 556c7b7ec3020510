//! The gate as a layer around the router.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum_core::body::Body;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Request, Response};
use rollcall_api::access;
use rollcall_api::channel::InProcess;
use rollcall_api::error::reason_from;
use rollcall_api::traceparent::Traceparent;
use rollcall_api::v1::{ErrorReason, Scope};
use tokio::time::timeout;
use tonic::Status;
use tonic::codegen::{BoxFuture, Service};
use tower::Layer;
use tracing::Instrument as _;
use tracing::field::display;

use super::{Admission, Gate, message};
use crate::error::{Error, Result};
use crate::last_uses::CameFrom;
use crate::notes::Notes;
use crate::random::new_id;
use crate::texts::is_plain_name;

/// How long a read may take until its answer begins: longer than any client of ours waits.
const LONGEST_READ: Duration = Duration::from_mins(2);
/// The metadata key under which a request id travels.
const REQUEST_ID: &str = "x-request-id";

/// The id that the gateway gave to a request, or a new one.
fn request_id(headers: &HeaderMap, gate: &Gate) -> String {
    let sent = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    match sent.filter(|id| is_plain_name(id) && !is_credential(id, headers)) {
        Some(id) => id.to_owned(),
        None => new_id(&*gate.random, gate.clock.now()).to_string(),
    }
}

/// Whether the id of a request, which is logged, is what it is allowed by.
fn is_credential(id: &str, headers: &HeaderMap) -> bool {
    let credential = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
    let scheme = credential.and_then(|credential| credential.strip_suffix(id.as_bytes()));
    scheme.is_some_and(|scheme| scheme.is_empty() || scheme.ends_with(b" "))
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

impl<S, Answered> Service<Request<Body>> for Guarded<S>
where
    S: Service<Request<Body>, Response = Response<Answered>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
    Answered: Default + Send + 'static,
{
    type Response = Response<Answered>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let unready = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, unready);
        let gate = Arc::clone(&self.gate);
        let request_id = request_id(request.headers(), &gate);
        if let Some(credential) = request.headers_mut().get_mut(AUTHORIZATION) {
            credential.set_sensitive(true);
        }
        let trace_id = Traceparent::of(request.headers()).map(|parent| display(parent.trace_id()));
        let span = tracing::info_span!("rpc", path = request.uri().path(), request_id, trace_id);
        let notes = Notes::of(request.headers());
        let began = Instant::now();
        let answer = async move {
            let from = CameFrom::of(request.headers(), request.extensions());
            match gate.admit_call(&mut request, request_id, from, notes.clone()).await {
                Ok(admission) => {
                    let writes = writes(request.uri().path());
                    let turn = match &admission {
                        Admission::Caller(caller) => gate.shares.turn_of(caller).await,
                        Admission::Anonymous | Admission::Presented(_) => Ok(None),
                    };
                    let turn = match turn {
                        Ok(turn) => turn,
                        Err(error) => return Ok(refused(error, &notes)),
                    };
                    // Dropped with this future: then nobody waits any more.
                    let _watch = match &admission {
                        Admission::Presented(presented) => Some(presented.gone.clone().drop_guard()),
                        Admission::Anonymous | Admission::Caller(_) => None,
                    };
                    match admission {
                        Admission::Anonymous => _ = request.extensions_mut().insert(from),
                        Admission::Caller(caller) => _ = request.extensions_mut().insert(*caller),
                        Admission::Presented(presented) => _ = request.extensions_mut().insert(presented),
                    }
                    let call = inner.call(request);
                    // A write keeps its turn until it has ended, whoever still waits.
                    let call = async move {
                        let answer = call.await;
                        drop(turn);
                        answer
                    };
                    let mut answer = if writes {
                        let settling = Arc::clone(&gate);
                        run_to_the_end(async move { settling.settled(call.await).await }).await
                    } else {
                        within_bounds(call).await
                    };
                    if let Ok(answer) = &mut answer {
                        notes.write(answer.headers_mut());
                    }
                    tell_of_refusal(&answer, from);
                    let took_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
                    tracing::debug!(took_us, "answered");
                    answer
                }
                Err(error) => {
                    let answer = Ok(refused(error, &notes));
                    tell_of_refusal(&answer, from);
                    answer
                }
            }
        };
        Box::pin(answer.instrument(span))
    }
}

impl Gate {
    /// Judges a call. A gateway in this process needs no key for what it reports. Where the rpc is to check the credential, it
    /// is given a message that has arrived; a long one only once the credential is known to be good.
    async fn admit_call(
        &self,
        request: &mut Request<Body>,
        request_id: String,
        from: CameFrom,
        notes: Notes,
    ) -> Result<Admission> {
        let is_inside = request.extensions().get::<InProcess>().is_some();
        if is_inside && access::required_scope(request.uri().path()) == Some(Scope::ActivityWrite) {
            return Ok(Admission::Anonymous);
        }
        let admission = self.admit(request.uri().path(), request.headers(), request_id, from, notes).await?;
        if let Admission::Presented(presented) = &admission {
            let arrived = message::arrived(std::mem::take(request.body_mut())).await?;
            *request.body_mut() = arrived.body;
            if arrived.long {
                self.check(presented).await?;
            }
        }
        Ok(admission)
    }

    /// The answer of a write, once what it was refused for is durable.
    async fn settled<T: Default>(
        &self,
        answer: Result<Response<T>, Infallible>,
    ) -> Result<Response<T>, Infallible> {
        match self.store.settled().await {
            Err(error) if refusal(&answer).is_some() => Ok(Status::from(Error::from(error)).into_http()),
            _ => answer,
        }
    }
}

/// The answer to whoever is refused, with what is noted of the request.
fn refused<T: Default>(error: Error, notes: &Notes) -> Response<T> {
    let mut answer = Status::from(error).into_http();
    notes.write(answer.headers_mut());
    answer
}

/// The status of an answer that refuses.
fn refusal<T>(answer: &Result<Response<T>, Infallible>) -> Option<Status> {
    answer.as_ref().ok().and_then(|answer| Status::from_header_map(answer.headers()))
}

/// Logs that a credential was refused: whoever guesses is to be seen, and whoever forgot to rotate one as well.
fn tell_of_refusal<T>(answer: &Result<Response<T>, Infallible>, CameFrom(address): CameFrom) {
    if refusal(answer).is_some_and(|status| reason_from(&status) == ErrorReason::CredentialInvalid) {
        tracing::info!(address = address.map(tracing::field::display), "a credential was refused");
    }
}

fn writes(path: &str) -> bool {
    let scope = access::required_scope(path);
    matches!(scope, Some(Scope::DirectoryWrite | Scope::Admin | Scope::SsoSignIn | Scope::ActivityWrite))
}

/// A read is given up after a while, whatever it waits for. An answer that is a stream has begun by then.
async fn within_bounds<T: Default>(
    call: impl Future<Output = Result<Response<T>, Infallible>>,
) -> Result<Response<T>, Infallible> {
    timeout(LONGEST_READ, call).await.unwrap_or_else(|_| {
        let late = "the answer took too long; send the request again later";
        Ok(Status::from(Error::new(ErrorReason::Unavailable, late)).into_http())
    })
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
