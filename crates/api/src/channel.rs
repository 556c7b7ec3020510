//! The way to the core: in memory, over one connection, or to several cores; the same to whoever uses it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tonic::Status;
use tonic::body::Body;
use tonic::codegen::http::{Request, Response};
use tonic::codegen::{BoxFuture, Service};
use tonic::service::Routes;
use tonic::transport::{Channel, Error};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tower::Layer;
use tower::util::BoxCloneSyncService;

use crate::cores::Cores;

/// A connection to the core that every generated client can be made from. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CoreChannel(Way);

/// Among the extensions of a call that was made in the core's own process, which nobody can put there from outside.
#[derive(Debug, Clone, Copy)]
pub struct InProcess;

#[derive(Debug, Clone)]
enum Way {
    Memory(Routes),
    Tcp(Channel),
    Balanced(Cores),
    Layered(BoxCloneSyncService<Request<Body>, Response<Body>, Error>, Option<Cores>),
}

impl CoreChannel {
    /// Calls the core's services directly, in this process.
    pub fn memory(routes: Routes) -> Self {
        Self(Way::Memory(routes.prepare()))
    }

    /// Calls the core over a connection.
    pub fn tcp(channel: Channel) -> Self {
        Self(Way::Tcp(channel))
    }

    /// Calls whichever core has the fewest calls under way.
    pub fn balanced(cores: Cores) -> Self {
        Self(Way::Balanced(cores))
    }

    /// Whether a core serves, as `grpc.health.v1` has it. Errors: none could be asked.
    pub async fn serves(&self) -> Result<bool, Status> {
        if self.cores().is_some_and(Cores::serve) {
            return Ok(true);
        }
        let answer = HealthClient::new(self.clone()).check(HealthCheckRequest::default()).await?;
        Ok(answer.get_ref().status() == ServingStatus::Serving)
    }

    /// The same way, with a layer around each call.
    #[must_use]
    pub fn layer<L, S>(self, layer: &L) -> Self
    where
        L: Layer<Self, Service = S>,
        S: Service<Request<Body>, Response = Response<Body>, Error = Error> + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        let cores = self.cores().cloned();
        Self(Way::Layered(BoxCloneSyncService::new(layer.layer(self)), cores))
    }

    /// The cores among which calls are balanced, where they are.
    fn cores(&self) -> Option<&Cores> {
        match &self.0 {
            Way::Balanced(cores) => Some(cores),
            Way::Layered(_, cores) => cores.as_ref(),
            Way::Memory(_) | Way::Tcp(_) => None,
        }
    }
}

impl Service<Request<Body>> for CoreChannel {
    type Response = Response<Body>;
    type Error = Error;
    type Future = CoreFuture;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match &mut self.0 {
            Way::Memory(_) | Way::Balanced(_) => Poll::Ready(Ok(())),
            Way::Tcp(channel) => channel.poll_ready(context),
            Way::Layered(service, _) => service.poll_ready(context),
        }
    }

    fn call(&mut self, mut request: Request<Body>) -> CoreFuture {
        CoreFuture(match &mut self.0 {
            Way::Memory(routes) => {
                request.extensions_mut().insert(InProcess);
                let answer = routes.call(request);
                Box::pin(async move { Ok(answer.await.unwrap_or_else(|never| match never {})) })
            }
            Way::Tcp(channel) => Box::pin(channel.call(request)),
            Way::Balanced(cores) => Box::pin(cores.clone().call(request)),
            Way::Layered(service, _) => service.call(request),
        })
    }
}

/// An answer of the core that is on its way.
#[must_use = "a call does nothing until it is awaited"]
pub struct CoreFuture(BoxFuture<Response<Body>, Error>);

impl std::fmt::Debug for CoreFuture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CoreFuture").finish_non_exhaustive()
    }
}

impl Future for CoreFuture {
    type Output = Result<Response<Body>, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}
