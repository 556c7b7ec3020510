//! How much of the core the requests of one directory may use at once, so that others are served whatever it waits for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rollcall_api::v1::ErrorReason;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use uuid::Uuid;

use crate::caller::Caller;
use crate::error::{Error, Result};

/// How long a request waits for those of its directory that are under way.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// After how long a client that was not served may ask again.
const COME_BACK: Duration = Duration::from_secs(1);

/// The requests that are under way, by directory.
#[derive(Debug)]
pub(crate) struct Shares {
    /// How many of one directory may be at once; `None`, as many as there are.
    share: Option<u32>,
    longest_wait: Duration,
    taken: Mutex<HashMap<Uuid, Arc<Semaphore>>>,
}

impl Shares {
    pub(crate) fn new(share: Option<u32>) -> Self {
        Self { share, longest_wait: LONGEST_WAIT, taken: Mutex::default() }
    }

    /// Waits until a request of a directory may begin, and counts it until what this returns is dropped.
    ///
    /// Errors: `UNAVAILABLE`, others of the directory have been under way for too long.
    pub(crate) async fn enter(&self, directory: Uuid) -> Result<Option<OwnedSemaphorePermit>> {
        let Some(share) = self.share else { return Ok(None) };
        let turns = self.turns(directory, share);
        match timeout(self.longest_wait, turns.acquire_owned()).await {
            Ok(Ok(turn)) => Ok(Some(turn)),
            _ => Err(Error::new(
                ErrorReason::Unavailable,
                "as many requests of this directory are under way as may be at once, and none has ended for a while; send the \
                 request again later",
            )
            .retry_after(COME_BACK)),
        }
    }

    /// The turn of a request among those of the directory that its caller is bound to. Errors: as [`enter`](Self::enter).
    pub(super) async fn turn_of(&self, caller: &Caller) -> Result<Option<OwnedSemaphorePermit>> {
        match caller.bound_to() {
            Some(directory) => self.enter(directory.id).await,
            None => Ok(None),
        }
    }

    fn turns(&self, directory: Uuid, share: u32) -> Arc<Semaphore> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever is not being served needs no place here.
        taken.retain(|other, turns| *other == directory || turns.available_permits() < share as usize);
        Arc::clone(taken.entry(directory).or_insert_with(|| Arc::new(Semaphore::new(share as usize))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_directory_takes_its_share_and_no_more() {
        let shares = Shares { longest_wait: Duration::from_millis(20), ..Shares::new(Some(2)) };
        let (acme, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let first = shares.enter(acme).await.unwrap();
        let second = shares.enter(acme).await.unwrap();
        let refused = shares.enter(acme).await.unwrap_err();
        assert_eq!(refused.reason(), ErrorReason::Unavailable);
        let theirs = shares.enter(other).await.unwrap();
        drop(first);
        let third = shares.enter(acme).await.unwrap();
        drop((second, third, theirs));
        shares.enter(acme).await.unwrap();
        assert_eq!(shares.taken.lock().unwrap().len(), 1, "directories that nobody asks for are forgotten");
    }

    #[tokio::test]
    async fn without_a_share_everybody_comes_in() {
        let shares = Shares::new(None);
        for _ in 0..100 {
            assert!(shares.enter(Uuid::from_u128(1)).await.unwrap().is_none());
        }
    }
}
