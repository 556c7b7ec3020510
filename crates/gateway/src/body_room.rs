//! The memory that large bodies may take up together: many of them at once end a process that has a limit of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use http::HeaderValue;

use rollcall_api::v1::ErrorReason;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::error::Problem;

/// Room is counted in so many bytes.
const UNIT: usize = 1024;

/// The room that there is for large bodies. Whoever lets bodies stall keeps none of others out who present another credential:
/// the bodies of one have half of it.
#[derive(Debug)]
pub(crate) struct Room {
    places: Arc<Semaphore>,
    /// All of it, in units.
    all: u32,
    /// What is left of the half of each credential of which there is a body.
    shares: Mutex<HashMap<Option<HeaderValue>, Weak<Semaphore>>>,
}

/// The room of one body, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    _of_all: OwnedSemaphorePermit,
    _of_credential: Option<OwnedSemaphorePermit>,
}

impl Room {
    /// Room for so many bytes.
    pub(crate) fn for_bytes(bytes: usize) -> Self {
        let all = units(bytes);
        Self { places: Arc::new(Semaphore::new(all as usize)), all, shares: Mutex::default() }
    }

    /// Room for a body of so many bytes that came with this credential, in the order in which bodies came. One that is larger than
    /// the half of its credential, or than all, waits for that.
    ///
    /// Errors: 503, where there is none within `patience`.
    pub(crate) async fn place_for(
        &self,
        bytes: usize,
        credential: Option<&HeaderValue>,
        patience: Duration,
    ) -> Result<Place, Problem> {
        let (wanted, share) = (units(bytes), self.share_of(credential));
        let waiting = async {
            let own = share.acquire_many_owned(wanted.min(self.half())).await?;
            let of_all = Arc::clone(&self.places).acquire_many_owned(wanted.min(self.all)).await?;
            Ok::<_, AcquireError>(Place { _of_all: of_all, _of_credential: Some(own) })
        };
        match timeout(patience, waiting).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(Problem::new(
                ErrorReason::Unavailable,
                "the server is reading as many large bodies as it has room for, and nothing was done; send the request again \
                 later",
            )),
        }
    }

    /// Room for a body of so many bytes, whoever sent it, if there is any now. One that is larger than all takes all.
    pub(crate) fn place_now(&self, bytes: usize) -> Option<Place> {
        let of_all = Arc::clone(&self.places).try_acquire_many_owned(units(bytes).min(self.all)).ok()?;
        Some(Place { _of_all: of_all, _of_credential: None })
    }
}

impl Room {
    fn half(&self) -> u32 {
        self.all.div_ceil(2)
    }

    fn share_of(&self, credential: Option<&HeaderValue>) -> Arc<Semaphore> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        shares.retain(|_, share| share.strong_count() > 0);
        let share = shares.get(&credential.cloned()).and_then(Weak::upgrade);
        share.unwrap_or_else(|| {
            let share = Arc::new(Semaphore::new(self.half() as usize));
            shares.insert(credential.cloned(), Arc::downgrade(&share));
            share
        })
    }
}

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_TIME: Duration = Duration::ZERO;

    #[tokio::test]
    async fn bodies_have_the_room_together_and_those_of_one_credential_half_of_it() {
        let room = Room::for_bytes(4 * UNIT);
        let [ana, ben, cleo] =
            ["ana", "ben", "cleo"].map(|secret| Some(HeaderValue::from_str(secret).unwrap()));
        let place = async |credential: &Option<HeaderValue>, bytes: usize| {
            room.place_for(bytes, credential.as_ref(), NO_TIME).await
        };
        let first = place(&ana, UNIT + 1).await.unwrap();
        let refused = place(&ana, 1).await.unwrap_err();
        assert_eq!(refused.status(), http::StatusCode::SERVICE_UNAVAILABLE);
        assert!(refused.detail().contains("nothing was done"), "{}", refused.detail());
        let second = place(&ben, UNIT).await.unwrap();
        assert!(place(&cleo, 2 * UNIT).await.is_err(), "there is less");
        drop(first);
        drop(place(&ana, 2 * UNIT).await.unwrap());
        drop(second);
        place(&cleo, usize::MAX).await.unwrap();
        let now = room.place_now(3 * UNIT).unwrap();
        assert!(room.place_now(2 * UNIT).is_none());
        drop(now);
        assert!(room.place_now(usize::MAX).is_some());
        assert!(room.shares.lock().unwrap().len() <= 3);
    }
}
