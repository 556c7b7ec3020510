//! Several cores as one: a call goes to the one that serves and has the fewest calls under way.
//!
//! Names are looked up again and again, so that cores come and go behind a name (`names`); each core is asked how it is
//! (`checks`); what a core has not processed, or changes nothing, is tried once more at another one (`repeating`).

mod checks;
mod choice;
mod names;
mod network;
mod repeating;
mod replica;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::http::{Request, Response};
use tonic::transport::{Endpoint, Error};

use self::choice::choose;
use self::names::{Host, Known};
pub use self::network::{Network, Tcp};
use self::repeating::{Failure, Kept};
use self::replica::Place;
use crate::error::status_with_retry;
use crate::v1::ErrorReason;

/// How long a call waits for the names to be looked up for the first time.
const FIRST_LOOK_UP: Duration = Duration::from_secs(5);
/// When a call may be sent again that no core had room for.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The cores behind some URLs. Clones share them.
#[derive(Debug, Clone)]
pub struct Cores(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    known: watch::Receiver<Known>,
    /// Which of those that have equally many calls under way is next.
    turn: AtomicUsize,
    tried_again: AtomicU64,
    shed: AtomicU64,
}

/// How many cores there are, and what became of calls so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Cores that the names led to when they were last looked up.
    pub known: u64,
    /// Those of them that serve.
    pub serving: u64,
    /// Calls that failed on their way and were tried once more.
    pub tried_again: u64,
    /// Calls that were refused since every core had as many as it takes.
    pub shed: u64,
}

impl Cores {
    /// Looks for the cores at these URLs from now on, until the last clone is dropped: every address that the name in one
    /// leads to is a core. Needs a runtime of tokio.
    pub fn find(urls: Vec<Endpoint>, network: impl Network) -> Self {
        let network: Arc<dyn Network> = Arc::new(network);
        let (known, found) = watch::channel(Known::nothing_yet(urls.len()));
        let known = Arc::new(known);
        for (number, url) in urls.into_iter().enumerate() {
            tokio::spawn(Host::new(number, url).follow(Arc::clone(&network), Arc::clone(&known)));
        }
        Self(Arc::new(Shared {
            known: found,
            turn: AtomicUsize::default(),
            tried_again: AtomicU64::default(),
            shed: AtomicU64::default(),
        }))
    }

    /// Whether there is one that serves.
    pub fn serve(&self) -> bool {
        self.0.known.borrow().serve()
    }

    /// What there is to say at present.
    pub fn load(&self) -> Load {
        let known = self.0.known.borrow();
        Load {
            known: known.cores().len() as u64,
            serving: known.cores().iter().filter(|core| core.serves()).count() as u64,
            tried_again: self.0.tried_again.load(Ordering::Relaxed),
            shed: self.0.shed.load(Ordering::Relaxed),
        }
    }

    /// Sends a call to one core and, where that fails and is safe, to another.
    pub(crate) async fn call(self, request: Request<Body>) -> Result<Response<Body>, Error> {
        let (parts, body) = request.into_parts();
        let (body, kept) = match Kept::of(parts.uri.path(), body).await {
            Ok(both) => both,
            Err(status) => return Ok(status.into_http()),
        };
        let place = match self.place().await {
            Ok(place) => place,
            Err(status) => return Ok(status.into_http()),
        };
        let core = Arc::clone(place.core());
        let error = match place.call(Request::from_parts(parts.clone(), body)).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let Some(body) = kept.again(Failure::of(&error)) else { return Err(error) };
        let Some(place) = choose(self.0.known.borrow().cores(), self.turn(), Some(&core)) else {
            return Err(error);
        };
        self.0.tried_again.fetch_add(1, Ordering::Relaxed);
        place.call(Request::from_parts(parts, body)).await
    }

    /// A place at a core, once one is known. Errors: none is, or all have as many calls as they take.
    async fn place(&self) -> Result<Place, Status> {
        if !self.0.known.borrow().is_settled() {
            // Whether that was in time is seen by what is known then.
            let _ = timeout(FIRST_LOOK_UP, self.0.known.clone().wait_for(Known::is_settled)).await;
        }
        let known = self.0.known.borrow();
        if known.cores().is_empty() {
            return Err(Status::unavailable("no name of a core leads anywhere"));
        }
        choose(known.cores(), self.turn(), None).ok_or_else(|| {
            self.0.shed.fetch_add(1, Ordering::Relaxed);
            let message = "the identity core has as much to do as it takes; send the request again later";
            status_with_retry(ErrorReason::Unavailable, message, Some(RETRY_AFTER))
        })
    }

    fn turn(&self) -> usize {
        self.0.turn.fetch_add(1, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;
    use tokio::time::sleep;
    use tonic::Code;
    use tonic_types::StatusExt as _;

    use super::*;
    use crate::hop::CALLS_AT_ONCE;

    fn call() -> Request<Body> {
        Request::builder().uri("http://core/rollcall.v1.UserService/GetUser").body(Body::empty()).unwrap()
    }

    fn under_way(cores: &Cores) -> usize {
        cores.0.known.borrow().cores().iter().map(|core| core.under_way()).sum()
    }

    #[tokio::test]
    async fn calls_for_which_there_is_no_room_are_told_so_at_once() {
        // It takes connections, and says nothing.
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", silent.local_addr().unwrap());
        let cores = Cores::find(vec![Endpoint::from_shared(url).unwrap()], Tcp);
        let waiting: Vec<_> = (0..CALLS_AT_ONCE).map(|_| tokio::spawn(cores.clone().call(call()))).collect();
        while under_way(&cores) < CALLS_AT_ONCE as usize {
            sleep(Duration::from_millis(5)).await;
        }
        let answer = cores.clone().call(call()).await.unwrap();
        let refusal = Status::from_header_map(answer.headers()).unwrap();
        assert_eq!((refusal.code(), cores.load().shed), (Code::Unavailable, 1));
        assert_eq!(refusal.get_details_retry_info().unwrap().retry_delay, Some(RETRY_AFTER));
        waiting.iter().for_each(tokio::task::JoinHandle::abort);
    }
}
