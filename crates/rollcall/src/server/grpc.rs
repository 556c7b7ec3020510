//! The core's gRPC API over TCP.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, Request};
use axum::response::Response;
use http_body::Frame;
use rollcall_api::hop;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::Status;
use tonic::service::Routes;
use tonic::transport::server::Connected as _;
use tower::{ServiceExt as _, service_fn};

use super::names;
use super::port::{self, Port, Protocol};

/// How long a health check may take to say what it asks.
const HEALTH_PATIENCE: Duration = Duration::from_secs(10);

/// Serves until told to stop, and then until every call has been answered.
pub(super) async fn serve(port: Port, routes: Routes, stop: CancellationToken) -> Result<()> {
    let services = routes.into_axum_router();
    let protocol = Protocol { builder: hop::core_end, is_http2: true, crowded };
    let stopped = stop.clone();
    let service = |stream: &TcpStream, _| {
        let connection = stream.connect_info();
        let (services, stop) = (services.clone(), stopped.clone());
        service_fn(move |mut request: Request<_>| {
            request.extensions_mut().insert(connection.clone());
            answered(services.clone(), request, stop.clone())
        })
    };
    port::serve(port, protocol, service, stop).await;
    Ok(())
}

fn crowded() -> Response {
    Status::unavailable(
        "too many of your calls are under way at once, and nothing was done; wait for answers before you send more",
    )
    .into_http()
}

/// The answer of a call, or what it gets instead once its client waits no longer.
async fn answered<B>(
    router: Router,
    request: Request<B>,
    stop: CancellationToken,
) -> Result<Response, Infallible>
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    let path = request.uri().path();
    let (is_health, watches) = (names::is_health(path), names::watches_health(path));
    let patience =
        client_patience(request.headers()).into_iter().chain(is_health.then_some(HEALTH_PATIENCE)).min();
    let answer = router.oneshot(request);
    let answer = match patience {
        None => answer.await?,
        Some(patience) => match timeout(patience, answer).await {
            Ok(answer) => answer?,
            Err(_) => Status::deadline_exceeded("the call took longer than it may").into_http(),
        },
    };
    if !watches {
        return Ok(answer);
    }
    let stop = Box::pin(stop.cancelled_owned());
    Ok(answer.map(|body| Body::new(UntilStopped { body, stop })))
}

/// How long the client of a call waits for its answer, which it may say in `grpc-timeout`.
fn client_patience(headers: &HeaderMap) -> Option<Duration> {
    let said = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = said.split_at_checked(said.len().checked_sub(1)?)?;
    let count = u64::from(digits.parse::<u32>().ok()?);
    Some(match unit {
        "H" => Duration::from_hours(count),
        "M" => Duration::from_mins(count),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    })
}

/// The body of an answer that goes on for as long as the server does: nobody waits for its end.
struct UntilStopped {
    body: Body,
    stop: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl HttpBody for UntilStopped {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let frame @ Poll::Ready(_) = Pin::new(&mut self.body).poll_frame(context) {
            return frame;
        }
        ready!(self.stop.as_mut().poll(context));
        self.body = Body::empty();
        let ended = Status::unavailable("the server is stopping").into_http::<()>();
        Poll::Ready(Some(Ok(Frame::trailers(ended.into_parts().0.headers))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;
    use axum::routing::any;
    use futures_util::future::poll_fn;
    use tonic::Code;

    use super::*;

    #[test]
    fn a_client_says_how_long_it_waits() {
        let patience = |said: &str| {
            let header = (HeaderName::from_static("grpc-timeout"), said.parse().unwrap());
            client_patience(&HeaderMap::from_iter([header]))
        };
        assert_eq!(patience("31000000u"), Some(Duration::from_secs(31)));
        assert_eq!(patience("1H"), Some(Duration::from_hours(1)));
        for nothing in ["", "S", "1", "1s", "-1S", "1é", "99999999999S"] {
            assert_eq!(patience(nothing), None, "{nothing}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_health_check_says_soon_what_it_asks_and_one_that_watches_ends_with_the_server() {
        let never = |_: Request<Body>| std::future::pending::<()>();
        let watched =
            || async { Body::from_stream(futures_util::stream::pending::<Result<Bytes, axum::Error>>()) };
        let router = Router::new()
            .route("/grpc.health.v1.Health/Check", any(never))
            .route("/grpc.health.v1.Health/Watch", any(watched));
        let stop = CancellationToken::new();
        let asked = async |rpc: &str| {
            let request = Request::builder().uri(format!("/grpc.health.v1.Health/{rpc}")).body(Body::empty());
            answered(router.clone(), request.unwrap(), stop.clone()).await.unwrap()
        };
        let answer = asked("Check").await;
        assert_eq!(Status::from_header_map(answer.headers()).unwrap().code(), Code::DeadlineExceeded);
        let mut body = asked("Watch").await.into_body();
        let mut next = async || {
            timeout(HEALTH_PATIENCE, poll_fn(|context| Pin::new(&mut body).poll_frame(context))).await
        };
        assert!(next().await.is_err(), "it goes on");
        stop.cancel();
        let trailers = next().await.unwrap().unwrap().unwrap().into_trailers().unwrap();
        assert_eq!(Status::from_header_map(&trailers).unwrap().code(), Code::Unavailable);
        assert!(next().await.unwrap().is_none());
    }
}
