//! One request on its way through the gateway, and how the core is asked about it.

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::OnceLock;
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use rollcall_api::bearer::TELL_BEARER;
use rollcall_api::channel::CoreChannel;
use rollcall_api::client;
use rollcall_api::traceparent::TRACEPARENT;
use rollcall_api::v1::{Projection, ScimResource, WhoAmIRequest};
use rollcall_api::{CLIENT_ADDRESS, IMPLIED_SCHEMA};
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::time::timeout;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};

use crate::answer::Answer;
use crate::body::{Incoming, too_large};
use crate::client_address::address_of;
use crate::error::Problem;
use crate::json;
use crate::negotiation::require_json;
use crate::notes::Notes;
use crate::preconditions::client_has;
use crate::query::Query;
use crate::request_id::{REQUEST_ID, RequestId};
use crate::state::Gateway;

/// The bytes of a body that are read for anybody. What is longer is read once the credential is known to be good.
const READ_FOR_ANYBODY: usize = 64 * 1024;

/// The bytes of a body that the core has its usual time for, and once more for as many again.
const BYTES_AT_A_TIME: usize = 256 * 1024;

/// How much later than the gateway a core gives up: the answer of the gateway says more.
const GRACE: Duration = Duration::from_secs(1);
/// The longest deadline that a core is told: gRPC has no room for any.
const LONGEST_DEADLINE: Duration = Duration::from_hours(24);

/// A request to a SCIM endpoint.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) gateway: &'a Gateway,
    pub(crate) parts: &'a Parts,
    pub(crate) request_id: &'a RequestId,
    /// The URL that the client came by.
    pub(crate) base: Cow<'a, str>,
    pub(crate) notes: &'a Notes,
    /// The schema that the body did not name and its endpoint implies.
    pub(crate) implied_schema: OnceLock<&'static str>,
}

impl Call<'_> {
    /// The way to the core.
    pub(crate) fn core(&self) -> CoreChannel {
        self.gateway.core.clone()
    }

    /// What goes to the core with every message: the credential as it came, the id of the request and its place in a trace, and
    /// where it came from.
    pub(crate) fn metadata(&self) -> HeaderMap {
        let mut metadata = HeaderMap::with_capacity(6);
        for credential in self.parts.headers.get_all(AUTHORIZATION) {
            metadata.append(AUTHORIZATION, credential.clone());
        }
        metadata.insert(REQUEST_ID, self.request_id.header());
        let traceparent = self.parts.headers.get(TRACEPARENT);
        if let Some(traceparent) = traceparent.filter(|_| self.request_id.trace_id().is_some()) {
            metadata.insert(TRACEPARENT, traceparent.clone());
        }
        if self.gateway.tells_bearers {
            metadata.insert(TELL_BEARER, HeaderValue::from_static("1"));
        }
        let address = address_of(self.parts, &self.gateway.trusted_proxies);
        if let Some(address) = address.and_then(|address| HeaderValue::try_from(address.to_string()).ok()) {
            metadata.insert(CLIENT_ADDRESS, address);
        }
        if let Some(urn) = self.implied_schema.get() {
            metadata.insert(IMPLIED_SCHEMA, HeaderValue::from_static(urn));
        }
        metadata
    }

    /// Notes whether the body lacks this schema, which its endpoint implies, for the core to judge.
    pub(crate) fn note_implied(&self, is_missing: bool, urn: &'static str) {
        if is_missing {
            self.implied_schema.get_or_init(|| urn);
        }
    }

    /// A message to the core, or a stream of them, with its metadata.
    pub(crate) fn message<T>(&self, message: T) -> Request<T> {
        self.message_within(self.gateway.core_timeout, message)
    }

    /// The same where the core has a time of its own to answer. It is told, and stops by itself where it is not told that
    /// nobody waits any more.
    pub(crate) fn message_within<T>(&self, time: Duration, message: T) -> Request<T> {
        let mut request = with_metadata(self.metadata(), message);
        request.set_timeout(time.saturating_add(GRACE).min(LONGEST_DEADLINE));
        request
    }

    /// What the core answers, within the time that it has. The call is boxed: with its messages it is large, and
    /// would be moved around in every future that waits for it.
    pub(crate) async fn answered<T>(
        &self,
        call: Pin<Box<impl Future<Output = Result<Response<T>, Status>>>>,
    ) -> Result<T, Problem> {
        self.answered_within(self.gateway.core_timeout, call).await
    }

    /// The time that the core has for what so many bytes ask of it.
    pub(crate) fn patience(&self, bytes: usize) -> Duration {
        let times = 1 + bytes / BYTES_AT_A_TIME;
        self.gateway.core_timeout.saturating_mul(u32::try_from(times).unwrap_or(u32::MAX))
    }

    /// What the core answers, within a time of its own.
    pub(crate) async fn answered_within<T>(
        &self,
        time: Duration,
        call: Pin<Box<impl Future<Output = Result<Response<T>, Status>>>>,
    ) -> Result<T, Problem> {
        match timeout(time, call).await {
            Ok(Ok(response)) => {
                self.notes.read(response.metadata());
                Ok(response.into_inner())
            }
            Ok(Err(status)) => {
                self.notes.read(status.metadata());
                let problem = Problem::from_core(&status, self.request_id);
                Err(if self.reads() { problem.of_read() } else { problem })
            }
            Err(_) => {
                tracing::warn!(
                    request_id = %self.request_id,
                    trace_id = self.request_id.trace_id(),
                    "the core did not answer in time"
                );
                Err(Problem::late())
            }
        }
    }

    /// Asks the core whether the credential is good. Errors: it is not, the core cannot say, or there is none, which nobody need be
    /// asked about.
    pub(crate) async fn authenticate(&self) -> Result<(), Problem> {
        if !self.parts.headers.contains_key(AUTHORIZATION) {
            return Err(Problem::no_credential());
        }
        let message = self.message(WhoAmIRequest {});
        self.answered(Box::pin(client::identity(self.core()).who_am_i(message))).await?;
        Ok(())
    }

    /// The same before a body is read, which strangers may send in numbers: in turn, so that the calls of everybody else have room.
    async fn authenticate_in_turn(&self) -> Result<(), Problem> {
        let asking = async {
            let _turn = self.gateway.turns_to_ask.acquire().await;
            self.authenticate().await
        };
        timeout(self.gateway.core_timeout, asking).await.unwrap_or_else(|_| Err(Problem::late()))
    }

    /// What a client wants to see of resources, as SCIM JSON with the URLs that it came by.
    pub(crate) fn as_scim(&self, projection: Projection) -> Projection {
        Projection { scim_base_url: Some(self.base.clone().into_owned()), ..projection }
    }

    /// The parameters of the query.
    pub(crate) fn query(&self) -> Result<Query<'_>, Problem> {
        Query::parse(self.parts.uri.query())
    }

    /// The body as a JSON object of at most `limit` bytes.
    pub(crate) async fn json(
        &self,
        body: &mut Incoming,
        limit: usize,
    ) -> Result<Map<String, Value>, Problem> {
        self.read(body, limit).await?;
        body.parse()
    }

    /// Reads the body, which is to be JSON of at most `limit` bytes. More than anybody may send, or than there is room for
    /// whoever sends it, is read only once the core has said that the credential is good, and where there is room for it.
    pub(crate) async fn read(&self, body: &mut Incoming, limit: usize) -> Result<(), Problem> {
        require_json(&self.parts.headers)?;
        if body.announces_more_than(limit) {
            return Err(too_large(limit));
        }
        if self.read_for_anybody(body, limit.min(READ_FOR_ANYBODY)).await? {
            return Ok(());
        }
        self.authenticate_in_turn().await?;
        let credential = self.parts.headers.get(AUTHORIZATION);
        body.find_room(&self.gateway.body_room, credential, limit).await?;
        if !body.read_within(limit).await? {
            return Err(too_large(limit));
        }
        body.find_room_as_tree(&self.gateway.tree_room, credential).await
    }

    /// Reads a body whose credential nobody has checked, and gives whether it has ended within the limit and there is room for it.
    async fn read_for_anybody(&self, body: &mut Incoming, limit: usize) -> Result<bool, Problem> {
        let room = &self.gateway.open_room;
        let may_come = !body.announces_more_than(limit) && body.take_room(room, limit);
        Ok(may_come && body.read_within(limit).await? && body.take_room_as_tree(room))
    }

    fn reads(&self) -> bool {
        matches!(self.parts.method, Method::GET | Method::HEAD)
    }

    /// Whether this is a reader who has the resource as it is.
    pub(crate) fn has(&self, resource: &ScimResource) -> bool {
        self.reads() && client_has(&self.parts.headers, &resource.version)
    }

    /// An answer that is no more than a value.
    pub(crate) fn answer(&self, status: StatusCode, value: &impl Serialize) -> Result<Answer, Problem> {
        json::answer(status, value, self.request_id)
    }
}

/// A message, or a stream of them, with its metadata.
pub(crate) fn with_metadata<T>(metadata: HeaderMap, message: T) -> Request<T> {
    Request::from_parts(MetadataMap::from_headers(metadata), tonic::Extensions::new(), message)
}
