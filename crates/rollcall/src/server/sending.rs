//! Sending answers: one of which its client takes no part for too long ends.
//!
//! hyper asks a body for more once the client has room for what there is, so that a body does not learn that nobody takes it, and
//! hands what there is to h2 as soon as there is room for one byte. So a body comes in pieces here, the last of which is the last
//! byte alone, unless it is short and for somebody known: while a piece is not asked for, the one before it has not been taken. And the task that sends an answer of HTTP/2
//! is run by something that looks how far its body is. It ends by being dropped, which resets the stream and frees what it holds.
//! On HTTP/1.1 a client that takes nothing holds up its own connection, which [`Heard`](super::heard::Heard) ends.

use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use futures_util::future::poll_fn;
use http_body::{Frame, SizeHint};
use hyper::rt::Executor;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task_local;
use tokio::time::{Sleep, sleep};

use super::connections::{Connections, LONGEST_SILENCE, Place};
use super::under_way::{UnderWay, Work};
use super::untaken::Listed;

/// How long a client may take no part of an answer.
pub(super) const PATIENCE: Duration = LONGEST_SILENCE;
/// How long somebody may who has shown no good credential.
pub(super) const PATIENCE_WITH_STRANGERS: Duration = Duration::from_secs(10);
/// What a part is, in bytes: a frame of HTTP/2, as long as it may be unless a client says otherwise.
const PIECE: usize = 16 * 1024;

task_local! {
    /// The answer that the task sends.
    static PROGRESS: Arc<Progress>;
}

/// How far an answer of HTTP/2 is: written by its service and its body, read by the task that sends it.
#[derive(Debug, Default)]
struct Progress {
    /// Pieces that hyper has asked for.
    pieces: AtomicU64,
    /// Whether it has one for which the client has no room, as far as the body knows.
    has_piece: AtomicBool,
    is_of_stranger: AtomicBool,
    /// The place among the requests, until the answer has been made or waits for its client.
    place: Mutex<Option<Place>>,
}

impl Progress {
    fn keep_place(&self, place: Option<Place>) {
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }
}

/// What a request holds.
#[derive(Debug, Default)]
pub(super) struct Held {
    until_made: Option<Place>,
    until_taken: Option<(OwnedSemaphorePermit, Option<Place>)>,
}

impl Held {
    /// A place that is given back once all of the answer is in memory, or waits for its client.
    pub(super) fn until_made(place: Place) -> Self {
        Self { until_made: Some(place), until_taken: None }
    }

    /// What is given back once all of the answer has been taken.
    pub(super) fn until_taken(places: (OwnedSemaphorePermit, Option<Place>)) -> Self {
        Self { until_made: None, until_taken: Some(places) }
    }
}

/// The body of an answer, in pieces.
#[derive(Debug)]
pub(super) struct Sent {
    body: Body,
    /// What is left of the frame that has begun.
    rest: Bytes,
    /// None on HTTP/1.1.
    progress: Option<Arc<Progress>>,
    under_way: Arc<UnderWay>,
    /// While more of the answer is being made.
    work: Option<Work>,
    /// Whether a piece of it has been asked for.
    has_begun: bool,
    is_of_stranger: bool,
    _until_taken: Option<(OwnedSemaphorePermit, Option<Place>)>,
}

impl Sent {
    /// An answer that is sent so, by the task that calls this.
    pub(super) fn answer(
        answer: Response,
        held: Held,
        is_of_stranger: bool,
        under_way: Arc<UnderWay>,
    ) -> Response {
        let progress = PROGRESS.try_with(Arc::clone).ok();
        if let Some(progress) = &progress {
            progress.is_of_stranger.store(is_of_stranger, Ordering::Relaxed);
            progress.keep_place(held.until_made);
        }
        answer.map(|body| {
            Body::new(Self {
                body,
                rest: Bytes::new(),
                progress,
                under_way,
                work: None,
                has_begun: false,
                is_of_stranger,
                _until_taken: held.until_taken,
            })
        })
    }

    /// The next piece of the frame that has begun.
    fn piece(&mut self) -> Bytes {
        let length = match self.rest.len() {
            length if length > PIECE => PIECE,
            length if length > 1 && self.is_watched() => length - 1,
            length => length,
        };
        self.has_begun = true;
        self.rest.split_to(length)
    }

    /// Whether somebody looks whether its end is taken. A short answer to whoever has shown a good credential goes out at once:
    /// most are that, and it is all that is held for them.
    fn is_watched(&self) -> bool {
        self.progress.is_some() && (self.is_of_stranger || self.has_begun)
    }

    /// Notes that a piece has been asked for, and so the one before it taken.
    fn note_piece(&self) {
        if let Some(progress) = &self.progress {
            progress.pieces.fetch_add(1, Ordering::Relaxed);
            progress.has_piece.store(true, Ordering::Relaxed);
        }
        if !self.is_of_stranger {
            self.under_way.note_answer_taken();
        }
    }
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            let frame = match Pin::new(&mut self.body).poll_frame(context) {
                Poll::Ready(frame) => frame,
                Poll::Pending => {
                    self.progress
                        .iter()
                        .for_each(|progress| progress.has_piece.store(false, Ordering::Relaxed));
                    if self.work.is_none() {
                        self.work = Some(self.under_way.work());
                    }
                    return Poll::Pending;
                }
            };
            self.work = None;
            if frame.is_none() || self.body.is_end_stream() {
                self.progress.iter().for_each(|progress| progress.keep_place(None));
            }
            match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => self.rest = data,
                Some(Ok(Err(other))) => return Poll::Ready(Some(Ok(other))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        self.note_piece();
        Poll::Ready(Some(Ok(Frame::data(self.piece()))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.rest.len() as u64;
        let hint = self.body.size_hint();
        hint.exact().map_or_else(SizeHint::default, |exact| SizeHint::with_exact(exact + rest))
    }
}

/// Runs what hyper does for each request of a connection of HTTP/2, and ends it where its client takes nothing.
#[derive(Debug, Clone)]
pub(super) struct Attended {
    pub(super) connections: Arc<Connections>,
    pub(super) peer: IpAddr,
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Attended {
    fn execute(&self, sending: F) {
        tokio::spawn(self.clone().attend(sending));
    }
}

impl Attended {
    async fn attend(self, sending: impl Future<Output = ()>) {
        let progress = Arc::new(Progress::default());
        let mut sending = pin!(PROGRESS.scope(Arc::clone(&progress), sending));
        let mut waits: Option<Waits> = None;
        poll_fn(|context| {
            if sending.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
            if !progress.has_piece.load(Ordering::Relaxed) {
                waits = None;
                return Poll::Pending;
            }
            let piece = progress.pieces.load(Ordering::Relaxed);
            let waits = match &mut waits {
                Some(same) if same.piece == piece => same,
                other => {
                    // It leaves the list before it is listed anew, or it might make another one go.
                    *other = None;
                    other.insert(self.begin_to_wait(piece, &progress))
                }
            };
            waits.poll(context, &self.connections)
        })
        .await;
    }

    fn begin_to_wait(&self, piece: u64, progress: &Progress) -> Waits {
        let patience =
            if progress.is_of_stranger.load(Ordering::Relaxed) { PATIENCE_WITH_STRANGERS } else { PATIENCE };
        progress.keep_place(None);
        Waits { piece, end: Box::pin(sleep(patience)), listed: self.connections.list_untaken(self.peer) }
    }
}

/// A piece that waits for a client.
struct Waits {
    piece: u64,
    end: Pin<Box<Sleep>>,
    listed: Listed,
}

impl Waits {
    /// Ready once it has waited for too long, or has to make room.
    fn poll(&mut self, context: &mut Context<'_>, connections: &Connections) -> Poll<()> {
        if Pin::new(&mut self.listed).poll(context).is_ready() {
            return Poll::Ready(());
        }
        if self.end.as_mut().poll(context).is_ready() {
            connections.note_untaken();
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;
    use tokio::time::{Instant, timeout};

    use super::*;
    use crate::settings;

    fn attended(most: usize) -> Attended {
        let settings = settings::Connections { max_connections: most, max_connections_per_address: most };
        let [connections] = Connections::of_ports(&settings, [&[]]);
        Attended { connections, peer: [127, 0, 0, 1].into() }
    }

    fn place(attended: &Attended) -> Option<Place> {
        attended.connections.admit_request(attended.peer)
    }

    /// Makes an answer, of which a client takes so many pieces, each after a while, and then none.
    async fn send(place: Place, of_stranger: bool, body: Body, pieces: usize, pause: Duration) {
        let answer = Sent::answer(body.into_response(), Held::until_made(place), of_stranger, Arc::default());
        let mut body = answer.into_body();
        for _ in 0..pieces {
            poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await;
            sleep(pause).await;
        }
        std::future::pending::<()>().await;
    }

    /// How long an answer is sent of which a client takes so many pieces, each after a while, and then none.
    async fn lasts(of_stranger: bool, pieces: usize, pause: Duration) -> Duration {
        let (attended, began) = (attended(1), Instant::now());
        let body = Body::from(vec![0; 10 * PIECE]);
        let sending = send(place(&attended).unwrap(), of_stranger, body, pieces, pause);
        attended.attend(sending).await;
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_of_which_nobody_takes_anything_ends_and_a_strangers_sooner() {
        let soon = Duration::from_millis(1);
        let at_most = |bound: Duration| bound..bound + Duration::from_millis(10);
        assert!(at_most(PATIENCE_WITH_STRANGERS).contains(&lasts(true, 1, soon).await));
        assert!(at_most(PATIENCE).contains(&lasts(false, 1, soon).await));
        let slowly = PATIENCE_WITH_STRANGERS * 9 / 10;
        assert!(
            at_most(slowly * 4 + PATIENCE_WITH_STRANGERS).contains(&lasts(true, 5, slowly).await),
            "it was taken"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_waits_has_no_place_and_makes_room_for_others() {
        let attended = attended(1);
        let begin = || {
            let sending =
                send(place(&attended).unwrap(), false, Body::from(vec![0; 2 * PIECE]), 1, Duration::ZERO);
            tokio::spawn(attended.clone().attend(sending))
        };
        let first = begin();
        sleep(Duration::from_secs(1)).await;
        assert!(!first.is_finished());
        let second = begin();
        sleep(Duration::from_secs(1)).await;
        assert!(first.is_finished() && !second.is_finished());
        assert_eq!(attended.connections.load().untaken, (1, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_has_nothing_to_send_yet_waits_for_nobody() {
        let attended = attended(1);
        let unending = Body::from_stream(futures_util::stream::pending::<Result<Bytes, axum::Error>>());
        let sending = send(place(&attended).unwrap(), true, unending, 1, Duration::ZERO);
        assert!(timeout(PATIENCE * 100, attended.clone().attend(sending)).await.is_err());
        assert_eq!(attended.connections.load().untaken, (0, 0));
    }

    #[tokio::test]
    async fn the_last_byte_comes_alone_where_somebody_looks_whether_it_was_taken() {
        let lengths = async || {
            let body = Body::from(vec![0; PIECE + 10]);
            let answer = Sent::answer(body.into_response(), Held::default(), false, Arc::default());
            let mut body = answer.into_body();
            let mut lengths = Vec::new();
            loop {
                let left = body.size_hint().exact();
                let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await else {
                    break;
                };
                lengths.push((
                    left.unwrap(),
                    frame.unwrap().into_data().unwrap().len(),
                    body.is_end_stream(),
                ));
            }
            lengths
        };
        let whole = PIECE as u64 + 10;
        assert_eq!(lengths().await, [(whole, PIECE, false), (10, 10, true)]);
        let attended = PROGRESS.scope(Arc::default(), lengths()).await;
        assert_eq!(attended, [(whole, PIECE, false), (10, 9, false), (1, 1, true)]);
    }
}
