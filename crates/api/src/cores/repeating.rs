//! What may be sent once more when it has failed on its way.

use std::error::Error as StdError;
use std::io;
use std::iter::successors;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::Reason;
use http_body::Frame;
use http_body_util::{BodyExt as _, Full};
use tonic::body::Body;
use tonic::{ConnectError, Status, TimeoutExpired};

/// How much of a stream is kept once it has been sent, in bytes: the first message of a group and its members is far less.
const MOST_KEPT: usize = 64 * 1024;

/// How far an rpc may be sent twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeatable {
    /// It changes nothing: whatever became of it.
    Read,
    /// Where no core has processed it.
    Unprocessed,
    /// The same, as long as what has been sent of it is kept: its messages are made as they go.
    Streamed,
}

/// Every rpc of `rollcall.v1`, in the order of the paths.
const RPCS: &[(&str, Repeatable)] = &include!(concat!(env!("OUT_DIR"), "/repeatable.rs"));

impl Repeatable {
    /// That of an rpc by its path. One that is not ours may be a stream.
    fn of(path: &str) -> Self {
        let found = RPCS.binary_search_by_key(&path, |(rpc, _)| rpc);
        found.map_or(Self::Streamed, |at| RPCS[at].1)
    }
}

/// What became of a call that failed on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// There was no connection, or it ended before the call was processed.
    NeverBegan,
    /// The core refused it unseen (RFC 9113 §8.7).
    Refused,
    /// The connection ended, and nobody knows how far the call had come.
    BrokeOff,
    /// The core ended it, and nothing else.
    Reset,
    /// Its own time is up.
    TimeIsUp,
}

impl Failure {
    /// What an error says of it.
    pub(super) fn of(error: &(dyn StdError + 'static)) -> Self {
        successors(Some(error), |&cause| cause.source()).find_map(Self::by_cause).unwrap_or(Self::BrokeOff)
    }

    fn by_cause(cause: &(dyn StdError + 'static)) -> Option<Self> {
        if let Some(error) = cause.downcast_ref::<hyper::Error>() {
            // One that is cancelled was never dispatched.
            let of_http2 = || error.source()?.downcast_ref().map(Self::of_http2);
            return Some(if error.is_canceled() {
                Self::NeverBegan
            } else {
                of_http2().unwrap_or(Self::BrokeOff)
            });
        }
        if cause.is::<TimeoutExpired>() {
            return Some(Self::TimeIsUp);
        }
        // Once there is a connection, each error is hyper's: another one comes of connecting, or of the time for that.
        (cause.is::<ConnectError>() || cause.is::<io::Error>()).then_some(Self::NeverBegan)
    }

    fn of_http2(error: &h2::Error) -> Self {
        match error.reason() {
            // It is told of the streams behind the last that the core has processed (RFC 9113 §6.8).
            Some(_) if error.is_go_away() && error.is_remote() => Self::NeverBegan,
            Some(Reason::REFUSED_STREAM) if error.is_remote() => Self::Refused,
            Some(_) if error.is_reset() => Self::Reset,
            _ => Self::BrokeOff,
        }
    }

    /// Whether all that was sent to the core at that time has failed with it.
    pub(super) fn ended_the_connection(self) -> bool {
        matches!(self, Self::NeverBegan | Self::BrokeOff)
    }

    fn is_unprocessed(self) -> bool {
        matches!(self, Self::NeverBegan | Self::Refused)
    }
}

/// What is kept of a call, to be sent once more.
#[derive(Debug)]
pub(super) enum Kept {
    /// Its one message.
    Message { bytes: Bytes, is_read: bool },
    /// Its messages, those that have been sent among them, while they are few.
    Stream(Arc<Mutex<Stream>>),
}

impl Kept {
    /// Of a call to this rpc: its body as it is sent, and what is kept. Errors: the message cannot be sent.
    pub(super) async fn of(path: &str, body: Body) -> Result<(Body, Self), Status> {
        match Repeatable::of(path) {
            Repeatable::Streamed => {
                let stream = Arc::new(Mutex::new(Stream { body, sent: Some(Vec::new()), bytes: 0 }));
                Ok((Body::new(Lent::of(&stream)), Self::Stream(stream)))
            }
            kind => {
                let bytes = body.collect().await?.to_bytes();
                let is_read = kind == Repeatable::Read;
                Ok((Body::new(Full::new(bytes.clone())), Self::Message { bytes, is_read }))
            }
        }
    }

    /// The body once more. `None`: after such a failure it may not be sent again.
    pub(super) fn again(self, failure: Failure) -> Option<Body> {
        match self {
            Self::Message { bytes, is_read } => {
                let is_safe = failure.is_unprocessed() || (is_read && failure != Failure::TimeIsUp);
                is_safe.then(|| Body::new(Full::new(bytes)))
            }
            Self::Stream(stream) => {
                let is_safe = failure.is_unprocessed() && lock(&stream).sent.is_some();
                is_safe.then(|| Body::new(Lent::of(&stream)))
            }
        }
    }
}

/// The messages of a call, as they are made.
#[derive(Debug)]
pub(super) struct Stream {
    body: Body,
    /// What has been sent of them; `None`, it was too much to be kept.
    sent: Option<Vec<Bytes>>,
    /// How many bytes of it there are.
    bytes: usize,
}

impl Stream {
    /// Keeps what is about to be sent, as long as there is room for it.
    fn keep(&mut self, data: &Bytes) {
        self.bytes += data.len();
        if self.bytes > MOST_KEPT {
            self.sent = None;
        }
        self.sent.iter_mut().for_each(|sent| sent.push(data.clone()));
    }
}

fn lock(stream: &Mutex<Stream>) -> MutexGuard<'_, Stream> {
    stream.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A body that begins with what has been sent of a stream, and goes on with what has not.
struct Lent {
    stream: Arc<Mutex<Stream>>,
    /// How many parts of it have been read here.
    read: usize,
}

impl Lent {
    fn of(stream: &Arc<Mutex<Stream>>) -> Self {
        Self { stream: Arc::clone(stream), read: 0 }
    }
}

impl http_body::Body for Lent {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        let mut stream = lock(&this.stream);
        if let Some(kept) = stream.sent.as_ref().and_then(|sent| sent.get(this.read)) {
            this.read += 1;
            return Poll::Ready(Some(Ok(Frame::data(kept.clone()))));
        }
        let frame = ready!(Pin::new(&mut stream.body).poll_frame(context));
        if let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()) {
            stream.keep(data);
            this.read += 1;
        }
        Poll::Ready(frame)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::StreamBody;
    use tonic::codegen::tokio_stream;

    use super::*;

    const READ: &str = "/rollcall.v1.UserService/GetUser";
    const CHANGE: &str = "/rollcall.v1.UserService/PatchUser";
    const STREAM: &str = "/rollcall.v1.GroupService/PatchGroup";
    const FAILURES: [Failure; 5] =
        [Failure::NeverBegan, Failure::Refused, Failure::BrokeOff, Failure::Reset, Failure::TimeIsUp];

    fn body() -> Body {
        Body::new(Full::new(Bytes::from_static(b"message")))
    }

    async fn bytes(body: Body) -> Bytes {
        body.collect().await.unwrap().to_bytes()
    }

    #[test]
    fn what_only_reads_is_known_by_its_name() {
        let names = ["Get", "List", "Search", "Watch", "Summarize", "Explain", "WhoAmI"];
        for (path, kind) in RPCS {
            let rpc = path.rsplit('/').next().unwrap();
            let reads = names.iter().any(|name| rpc.starts_with(name));
            assert_eq!(*kind == Repeatable::Read, reads, "{path}: idempotency_level in the proto");
        }
        assert_eq!(RPCS.len(), crate::access::rpcs().count());
    }

    #[tokio::test]
    async fn a_read_is_sent_again_whatever_became_of_it_and_a_change_if_nobody_has_seen_it() {
        for (path, safe) in [
            (READ, &FAILURES[..4]),
            (CHANGE, &FAILURES[..2]),
            (STREAM, &FAILURES[..2]),
            ("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", &FAILURES[..2]),
        ] {
            for failure in FAILURES {
                let (_, kept) = Kept::of(path, body()).await.unwrap();
                let again = kept.again(failure);
                assert_eq!(again.is_some(), safe.contains(&failure), "{path} {failure:?}");
                if let Some(again) = again {
                    assert_eq!(bytes(again).await, "message");
                }
            }
        }
    }

    #[tokio::test]
    async fn a_stream_is_sent_again_from_its_beginning_while_that_is_kept() {
        let (sent, kept) = Kept::of(STREAM, body()).await.unwrap();
        assert_eq!(bytes(sent).await, "message");
        assert_eq!(bytes(kept.again(Failure::NeverBegan).unwrap()).await, "message");
        let parts = || (0..4).map(|part| Ok::<_, Status>(Bytes::from(vec![part; MOST_KEPT / 3])));
        for (before, is_kept) in [(0, true), (2, true), (3, true), (4, false)] {
            let whole =
                Body::new(StreamBody::new(tokio_stream::iter(parts().map(|part| part.map(Frame::data)))));
            let (mut sent, kept) = Kept::of(STREAM, whole).await.unwrap();
            for _ in 0..before {
                sent.frame().await.unwrap().unwrap();
            }
            drop(sent);
            let again = kept.again(Failure::Refused);
            assert_eq!(again.is_some(), is_kept, "{before} parts were sent");
            if let Some(again) = again {
                let all: Vec<u8> = parts().flat_map(|part| part.unwrap().to_vec()).collect();
                assert_eq!(bytes(again).await, all);
            }
        }
        let (sent, kept) = Kept::of(CHANGE, body()).await.unwrap();
        assert_eq!(bytes(sent).await, "message");
        assert!(kept.again(Failure::Refused).is_some());
    }

    #[test]
    fn an_error_says_how_far_a_call_had_come() {
        let connecting = ConnectError(Box::new(io::Error::from(io::ErrorKind::ConnectionRefused)));
        assert_eq!(Failure::of(&connecting), Failure::NeverBegan);
        assert_eq!(Failure::of(&io::Error::from(io::ErrorKind::TimedOut)), Failure::NeverBegan);
        assert_eq!(Failure::of(&h2::Error::from(Reason::CANCEL)), Failure::BrokeOff);
        assert_eq!(Failure::of(&Status::unknown("")), Failure::BrokeOff);
    }
}
