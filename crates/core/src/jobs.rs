//! The background work: what the core does without being asked.
//!
//! Of several replicas one does it, the holder of a lease. It gives the lease back when it stops, so that another one
//! follows at once; after one that died, the lease has to end first. A lease cannot rule out that for a moment two
//! replicas think that they hold it, so every job is safe to be run by two at once.

use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::Core;
use crate::error::Result;

/// The name of the lease.
const LEASE: &str = "jobs";
/// How long the lease is taken for, in µs. After a replica that died, the background work rests for so long at most.
const LEASE_MICROS: i64 = 15 * 1_000_000;
/// How often its holder renews it.
const RENEWAL: Duration = Duration::from_secs(5);
/// How often everybody else asks for it.
const ASKING: Duration = Duration::from_secs(1);
/// How long a job that failed rests at least, so that a database that is away fills no log.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// How long the lease cannot be asked for before that is said.
const SAID_AFTER: Duration = Duration::from_mins(1);
/// How long jobs may go on when they are to end. What takes longer is dropped, and its transaction undone.
const GRACE: Duration = Duration::from_secs(5);

/// A piece of background work.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Job {
    /// What it is called in the log.
    pub(crate) name: &'static str,
    /// How long to wait between the end of one run and the beginning of the next.
    pub(crate) period: Duration,
    /// The work. When it fails, that is logged, and the next run tries again.
    pub(crate) run: for<'a> fn(&'a Core) -> BoxFuture<'a, Result<()>>,
}

/// Every job.
const JOBS: &[Job] = &[
    Job {
        name: "forget old keys of page tokens",
        period: Duration::from_hours(1),
        run: |core| Box::pin(core.forget_page_token_keys()),
    },
    Job {
        name: "purge deleted users",
        period: Duration::from_mins(10),
        run: |core| Box::pin(core.purge_departed_users()),
    },
    Job {
        name: "warn of credentials that are about to expire",
        period: Duration::from_mins(1),
        run: |core| Box::pin(core.warn_of_expiring_credentials()),
    },
    Job {
        name: "delete expired access tokens",
        period: Duration::from_hours(1),
        run: |core| Box::pin(core.delete_expired_access_tokens()),
    },
    Job {
        name: "delete what deleted directories left behind",
        period: Duration::from_mins(1),
        run: |core| Box::pin(core.delete_leftovers()),
    },
    Job {
        name: "send notices",
        period: Duration::from_secs(1),
        run: |core| Box::pin(core.deliver_notices()),
    },
    Job {
        name: "forget old notices",
        period: Duration::from_hours(1),
        run: |core| Box::pin(core.forget_old_notices()),
    },
    Job {
        name: "number events",
        period: Duration::from_secs(1),
        run: |core| Box::pin(core.number_all_events()),
    },
    Job {
        name: "delete old events",
        period: Duration::from_mins(10),
        run: |core| Box::pin(core.expire_events()),
    },
    Job {
        name: "forget old activity",
        period: Duration::from_mins(1),
        run: |core| Box::pin(core.trim_activity()),
    },
];

impl Core {
    /// Does the background work whenever it is this replica's turn, until it is told to stop; then streams end too that
    /// would go on for ever.
    pub async fn work(&self, stop: CancellationToken) {
        let ending = async {
            stop.cancelled().await;
            self.stopping.cancel();
        };
        let working = self.work_on(JOBS, stop.clone());
        tokio::join!(ending, working, self.keep_writing_last_uses(stop.clone()));
    }

    /// Does each piece of the background work once, in the order of the table, whoever holds the lease: as if every period had
    /// just ended. Errors: that of the first one that failed; those after it are not done.
    pub async fn work_once(&self) -> Result<()> {
        for job in JOBS {
            (job.run)(self).await?;
        }
        Ok(())
    }

    async fn work_on(&self, jobs: &'static [Job], stop: CancellationToken) {
        let holder = self.new_id();
        let mut resting = Resting::default();
        loop {
            if self.take_jobs_lease(holder, &mut resting).await {
                let holding = stop.child_token();
                self.watched.note_jobs(true);
                self.hold(holder, start(self, jobs, &holding), &holding, &mut resting).await;
                self.watched.note_jobs(false);
                if stop.is_cancelled() {
                    break;
                }
            }
            tokio::select! {
            biased;
                            () = sleep(ASKING) => {}
                            () = stop.cancelled() => break,
                        }
        }
        if let Err(error) = self.store.give_back_lease(LEASE, holder).await {
            tracing::warn!(
                cause = &error as &dyn std::error::Error,
                "the lease of the jobs was not given back"
            );
        }
    }

    /// Keeps the lease while the jobs run: until they are to stop, the lease is lost, or one of them breaks.
    async fn hold(
        &self,
        holder: Uuid,
        mut jobs: JoinSet<()>,
        holding: &CancellationToken,
        resting: &mut Resting,
    ) {
        loop {
            tokio::select! {
            biased;
                            () = holding.cancelled() => break,
                            () = sleep(RENEWAL) => if !self.take_jobs_lease(holder, resting).await { break },
                            Some(ended) = jobs.join_next() => {
                                if let Err(error) = ended {
                                    tracing::error!(%error, "a job broke; the jobs begin anew");
                                    break;
                                }
                            }
                        }
        }
        holding.cancel();
        let ended = timeout(GRACE, async { while jobs.join_next().await.is_some() {} }).await;
        if ended.is_err() {
            jobs.shutdown().await;
        }
    }

    /// Takes or renews the lease. A database that does not answer counts as somebody else's having it.
    async fn take_jobs_lease(&self, holder: Uuid, resting: &mut Resting) -> bool {
        match self.store.take_lease(LEASE, holder, self.clock.now(), LEASE_MICROS).await {
            Ok(taken) => {
                *resting = Resting::default();
                taken
            }
            Err(error) => {
                resting.note(&error);
                false
            }
        }
    }
}

/// Since when the lease cannot be asked for, so that it may be that nobody works.
#[derive(Debug, Default)]
struct Resting {
    since: Option<Instant>,
    is_said: bool,
}

impl Resting {
    /// Notes that it could not be asked for, and says so when that goes on.
    fn note(&mut self, error: &rollcall_store::Error) {
        let since = *self.since.get_or_insert_with(Instant::now);
        if !self.is_said && since.elapsed() >= SAID_AFTER {
            self.is_said = true;
            tracing::warn!(
                cause = error as &dyn std::error::Error,
                "the lease of the background work cannot be taken; until it can, no notice is sent and nothing is purged"
            );
        }
    }
}

/// Starts each job in a task of its own, so that none waits for a slow one.
fn start(core: &Core, jobs: &'static [Job], stop: &CancellationToken) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for job in jobs {
        tasks.spawn(repeat(core.clone(), job, stop.clone()));
    }
    tasks
}

/// Runs a job again and again until it is to stop; the run that is under way then still ends.
async fn repeat(core: Core, job: &'static Job, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let mut rest = job.period;
        let ran = (job.run)(&core).await;
        core.watched.note_run(job.name, ran.is_ok().then(|| core.clock.now()));
        if let Err(error) = ran {
            rest = rest.max(AFTER_FAILURE);
            let cause = std::error::Error::source(&error).unwrap_or(&error);
            tracing::warn!(job = job.name, cause, "a job failed; it is tried again");
        }
        tokio::select! {
        biased;
                    () = sleep(rest) => {}
                    () = stop.cancelled() => {}
                }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::Error;
    use crate::fixture::Scratch;

    /// How long something may take that has to happen.
    const PATIENCE: Duration = Duration::from_mins(1);
    const SOON: Duration = Duration::from_millis(5);

    async fn until_at_least(runs: u32, count: &AtomicU32) {
        let reached = async {
            while count.load(Ordering::SeqCst) < runs {
                sleep(SOON).await;
            }
        };
        timeout(PATIENCE, reached).await.unwrap();
    }

    #[tokio::test]
    async fn one_of_two_works_and_the_other_follows_when_it_stops() {
        static FIRST: AtomicU32 = AtomicU32::new(0);
        static SECOND: AtomicU32 = AtomicU32::new(0);
        const COUNT_FIRST: &[Job] = &[Job {
            name: "count",
            period: SOON,
            run: |_| {
                FIRST.fetch_add(1, Ordering::SeqCst);
                Box::pin(async { Ok(()) })
            },
        }];
        const COUNT_SECOND: &[Job] = &[Job {
            name: "count",
            period: SOON,
            run: |_| {
                SECOND.fetch_add(1, Ordering::SeqCst);
                Box::pin(async { Ok(()) })
            },
        }];
        let scratch = Scratch::new().await;
        let work = |jobs: &'static [Job]| {
            let (core, stop) = (scratch.core(), CancellationToken::new());
            let stopped = stop.clone();
            (tokio::spawn(async move { core.work_on(jobs, stopped).await }), stop)
        };
        let (first, stop_first) = work(COUNT_FIRST);
        until_at_least(1, &FIRST).await;
        let (second, stop_second) = work(COUNT_SECOND);
        until_at_least(20, &FIRST).await;
        assert_eq!(SECOND.load(Ordering::SeqCst), 0, "the second one has to wait for the lease");
        stop_first.cancel();
        first.await.unwrap();
        let runs = FIRST.load(Ordering::SeqCst);
        until_at_least(20, &SECOND).await;
        assert_eq!(FIRST.load(Ordering::SeqCst), runs, "the first one has stopped");
        stop_second.cancel();
        second.await.unwrap();
    }

    #[tokio::test]
    async fn a_job_that_fails_or_breaks_is_tried_again() {
        static FAILING: AtomicU32 = AtomicU32::new(0);
        static BREAKING: AtomicU32 = AtomicU32::new(0);
        const TROUBLED: &[Job] = &[
            Job {
                name: "fail",
                period: SOON,
                run: |_| {
                    FAILING.fetch_add(1, Ordering::SeqCst);
                    Box::pin(async { Err(Error::internal("on purpose")) })
                },
            },
            Job {
                name: "break",
                period: SOON,
                run: |_| {
                    Box::pin(async {
                        let runs = BREAKING.fetch_add(1, Ordering::SeqCst);
                        assert!(runs > 0, "on purpose");
                        Ok(())
                    })
                },
            },
        ];
        let scratch = Scratch::new().await;
        let core = scratch.core();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let working = tokio::spawn(async move { core.work_on(TROUBLED, stopped).await });
        until_at_least(3, &FAILING).await;
        until_at_least(3, &BREAKING).await;
        stop.cancel();
        working.await.unwrap();
    }
}
