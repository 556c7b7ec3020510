//! What operators watch of a core: how its background work fares, who follows events, and what lies in its database.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rollcall_store::{EventRange, Load, Stock};
use tokio::sync::watch;

use crate::Core;
use crate::error::Result;

/// What this process has done and does.
#[derive(Debug)]
pub struct Measures {
    /// How busy it keeps the database.
    pub load: Load,
    /// Whether it does the background work.
    pub does_jobs: bool,
    /// How each job has fared here, by its name; none before its first run.
    pub jobs: Vec<(&'static str, JobRuns)>,
    /// By how many events each who follows is behind, by the places that followers have here; `None` is a place that nobody has.
    pub followers: Vec<Option<i64>>,
    /// Requests that were refused since their directory had sent too many.
    pub rate_limited: u64,
}

/// How a job has fared in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JobRuns {
    /// Runs that succeeded.
    pub succeeded: u64,
    /// Runs that failed, and were tried again.
    pub failed: u64,
    /// When the last one succeeded, in µs.
    pub last_success: Option<i64>,
}

/// What is kept for [`Measures`].
#[derive(Debug, Default)]
pub(crate) struct Watched {
    does_jobs: AtomicBool,
    jobs: Mutex<BTreeMap<&'static str, JobRuns>>,
    followers: Arc<Mutex<Vec<Option<Follower>>>>,
}

/// Somebody who follows events.
#[derive(Debug)]
struct Follower {
    position: Arc<AtomicI64>,
    pulse: watch::Receiver<EventRange>,
}

impl Watched {
    /// Notes whether this process does the background work from now on.
    pub(crate) fn note_jobs(&self, does_jobs: bool) {
        self.does_jobs.store(does_jobs, Ordering::Relaxed);
    }

    /// Notes a run of a job, which succeeded at a time in µs or failed.
    pub(crate) fn note_run(&self, job: &'static str, success: Option<i64>) {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let runs = jobs.entry(job).or_default();
        match success {
            Some(time) => {
                runs.succeeded += 1;
                runs.last_success = Some(time);
            }
            None => runs.failed += 1,
        }
    }

    /// Gives whoever follows a place, the first that is free.
    pub(crate) fn follow(&self, pulse: watch::Receiver<EventRange>, position: i64) -> FollowerPlace {
        let position = Arc::new(AtomicI64::new(position));
        let follower = Follower { position: Arc::clone(&position), pulse };
        let mut followers = self.followers.lock().unwrap_or_else(PoisonError::into_inner);
        let place = followers.iter().position(Option::is_none).unwrap_or(followers.len());
        match followers.get_mut(place) {
            Some(free) => *free = Some(follower),
            None => followers.push(Some(follower)),
        }
        FollowerPlace { position, place, followers: Arc::clone(&self.followers) }
    }

    fn behind(&self) -> Vec<Option<i64>> {
        let followers = self.followers.lock().unwrap_or_else(PoisonError::into_inner);
        let behind = |follower: &Follower| {
            let newest = follower.pulse.borrow().newest;
            newest.saturating_sub(follower.position.load(Ordering::Relaxed)).max(0)
        };
        followers.iter().map(|follower| follower.as_ref().map(behind)).collect()
    }
}

/// The place of somebody who follows, which is free again when it is dropped.
#[derive(Debug)]
pub(crate) struct FollowerPlace {
    position: Arc<AtomicI64>,
    place: usize,
    followers: Arc<Mutex<Vec<Option<Follower>>>>,
}

impl FollowerPlace {
    /// Notes up to where the reader has everything.
    pub(crate) fn note(&self, position: i64) {
        self.position.store(position, Ordering::Relaxed);
    }
}

impl Drop for FollowerPlace {
    fn drop(&mut self) {
        let mut followers = self.followers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = followers.get_mut(self.place) {
            *place = None;
        }
        while followers.last().is_some_and(Option::is_none) {
            followers.pop();
        }
    }
}

impl Core {
    /// What this process has done and does. Asks nobody.
    pub fn measures(&self) -> Measures {
        let jobs = self.watched.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        Measures {
            load: self.store.load(),
            does_jobs: self.watched.does_jobs.load(Ordering::Relaxed),
            jobs: jobs.iter().map(|(name, runs)| (*name, *runs)).collect(),
            followers: self.watched.behind(),
            rate_limited: self.throttle.refused(),
        }
    }

    /// What lies in the database and wants to be looked after; of so many directories at most when their identity providers
    /// were last heard of.
    ///
    /// Errors: the database cannot be asked.
    pub async fn stock(&self, directories: u32) -> Result<Stock> {
        Ok(self.store.stock(self.clock.now(), directories).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(newest: i64) -> EventRange {
        EventRange { expired: 0, newest, pending: false }
    }

    #[test]
    fn whoever_follows_has_the_first_place_that_is_free() {
        let watched = Watched::default();
        let (newest, pulse) = watch::channel(range(10));
        let first = watched.follow(pulse.clone(), 10);
        let second = watched.follow(pulse.clone(), 4);
        assert_eq!(watched.behind(), [Some(0), Some(6)]);
        newest.send_replace(range(12));
        second.note(11);
        assert_eq!(watched.behind(), [Some(2), Some(1)]);
        drop(first);
        assert_eq!(watched.behind(), [None, Some(1)]);
        let third = watched.follow(pulse, 12);
        assert_eq!(watched.behind(), [Some(0), Some(1)]);
        drop((second, third));
        assert!(watched.behind().is_empty());
    }

    #[test]
    fn runs_of_jobs_are_counted_by_how_they_ended() {
        let watched = Watched::default();
        for success in [Some(1), None, Some(3), None] {
            watched.note_run("number events", success);
        }
        let jobs = watched.jobs.lock().unwrap();
        assert_eq!(jobs["number events"], JobRuns { succeeded: 2, failed: 2, last_success: Some(3) });
    }
}
