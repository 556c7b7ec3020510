//! One of several cores, and the calls that it has under way.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::http::{Request, Response};
use tonic::transport::{Channel, Error};
use tower::{Service as _, ServiceExt as _};

use super::repeating::Failure;
use crate::hop::CALLS_AT_ONCE;

/// A core at an address.
#[derive(Debug)]
pub(super) struct Replica {
    address: SocketAddr,
    channel: Channel,
    serves: AtomicBool,
    under_way: AtomicUsize,
}

impl Replica {
    /// One of which nobody knows yet whether it serves.
    pub(super) fn new(address: SocketAddr, channel: Channel) -> Self {
        Self { address, channel, serves: AtomicBool::new(false), under_way: AtomicUsize::new(0) }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The way to it, for what is no call of anybody.
    pub(super) fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// Whether it served when it was last heard of.
    pub(super) fn serves(&self) -> bool {
        self.serves.load(Ordering::Relaxed)
    }

    /// Notes what it says of itself.
    pub(super) fn says(&self, serves: bool) {
        self.serves.store(serves, Ordering::Relaxed);
    }

    /// How many calls it has that have not been answered whole.
    pub(super) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    /// A place for one more call. `None`: it has as many as it takes.
    pub(super) fn place(self: &Arc<Self>) -> Option<Place> {
        let one_more = |count| (count < CALLS_AT_ONCE as usize).then_some(count + 1);
        self.under_way.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
        Some(Place(Arc::clone(self)))
    }
}

/// The place of a call, which another one gets when it is dropped.
#[derive(Debug)]
pub(super) struct Place(Arc<Replica>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Place {
    /// The core that it is at.
    pub(super) fn core(&self) -> &Arc<Replica> {
        &self.0
    }

    /// Sends a call, which keeps the place until its answer has been read or is given up. A core whose connection ends with it
    /// gets no calls until it has said again that it serves.
    pub(super) async fn call(self, request: Request<Body>) -> Result<Response<Body>, Error> {
        match send(self.0.channel(), request).await {
            Ok(answer) => Ok(answer.map(|body| Body::new(Answer { body, _place: self }))),
            Err(error) => {
                if Failure::of(&error).ended_the_connection() {
                    self.0.says(false);
                }
                Err(error)
            }
        }
    }
}

async fn send(mut channel: Channel, request: Request<Body>) -> Result<Response<Body>, Error> {
    channel.ready().await?.call(request).await
}

/// The body of an answer.
struct Answer {
    body: Body,
    _place: Place,
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
