//! The memory that large bodies may take up together: many of them at once end a process that has a limit of it.

use std::sync::Arc;
use std::time::Duration;

use rollcall_api::v1::ErrorReason;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::error::Problem;

/// Room is counted in so many bytes.
const UNIT: usize = 1024;

/// The room that there is for large bodies.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    places: Arc<Semaphore>,
    /// All of it, in units.
    all: u32,
}

/// The room of one body, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Room {
    /// Room for so many bytes.
    pub(crate) fn for_bytes(bytes: usize) -> Self {
        let all = units(bytes);
        Self { places: Arc::new(Semaphore::new(all as usize)), all }
    }

    /// Room for a body of so many bytes, in the order in which bodies came. One that is larger than all of it waits for all.
    ///
    /// Errors: 503, where there is none within `patience`.
    pub(crate) async fn place_for(&self, bytes: usize, patience: Duration) -> Result<Place, Problem> {
        let waiting = Arc::clone(&self.places).acquire_many_owned(units(bytes).min(self.all));
        match timeout(patience, waiting).await {
            Ok(Ok(permit)) => Ok(Place { _permit: permit }),
            Ok(Err(_)) | Err(_) => Err(Problem::new(
                ErrorReason::Unavailable,
                "the server is reading as many large bodies as it has room for, and nothing was done; send the request again \
                 later",
            )),
        }
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
    async fn bodies_have_the_room_together() {
        let room = Room::for_bytes(4 * UNIT);
        let first = room.place_for(3 * UNIT, NO_TIME).await.unwrap();
        let refused = room.place_for(UNIT + 1, NO_TIME).await.unwrap_err();
        assert_eq!(refused.status(), http::StatusCode::SERVICE_UNAVAILABLE);
        assert!(refused.detail().contains("nothing was done"), "{}", refused.detail());
        let second = room.place_for(UNIT, NO_TIME).await.unwrap();
        drop(first);
        drop(room.place_for(3 * UNIT, NO_TIME).await.unwrap());
        drop(second);
        room.place_for(usize::MAX, NO_TIME).await.unwrap();
    }
}
