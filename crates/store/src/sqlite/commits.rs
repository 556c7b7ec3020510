//! Who commits a batch, in whose hands the writing connection is meanwhile.

use std::sync::mpsc;

use tokio::sync::OwnedMutexGuard;

use super::writer::State;
use crate::{Disk, Error, Result};

/// Where batches are handed to, to be committed.
#[derive(Debug, Clone)]
pub(super) enum Commits {
    /// A thread of its own, since a commit waits for the disk.
    Thread(mpsc::Sender<OwnedMutexGuard<State>>),
    /// Nobody: it is done at once.
    AtOnce,
}

impl Commits {
    /// Whoever commits to such a disk. Errors: [`Error::Unavailable`].
    pub(super) fn to(disk: Disk) -> Result<Self> {
        if disk == Disk::Simulated {
            return Ok(Self::AtOnce);
        }
        let (commits, to_commit) = mpsc::channel();
        std::thread::Builder::new()
            .name("commits".to_owned())
            .spawn(move || to_commit.into_iter().for_each(commit))
            .map_err(|error| Error::Unavailable(Box::new(error)))?;
        Ok(Self::Thread(commits))
    }

    /// Has the open batch committed. Says whether there is anybody who does.
    pub(super) fn take(&self, state: OwnedMutexGuard<State>) -> bool {
        match self {
            Self::Thread(commits) => commits.send(state).is_ok(),
            Self::AtOnce => {
                commit(state);
                true
            }
        }
    }
}

fn commit(mut state: OwnedMutexGuard<State>) {
    state.commit_batch();
}
