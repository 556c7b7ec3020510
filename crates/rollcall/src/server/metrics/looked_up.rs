//! What is looked up when somebody asks for it.

use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use rollcall_core::Measures;
use rollcall_gateway::ActivityMeter;
use rollcall_store::{ConnectionLoad, Load, Stock};

use super::Sources;
use super::catalogue::register;

/// No label.
type Alone = [(&'static str, &'static str); 0];
/// A label and its value.
type Label = [(&'static str, &'static str); 1];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Follower {
    follower: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Directory {
    directory: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Run {
    job_name: &'static str,
    outcome: &'static str,
}

/// The numbers. A family holds a number only where it is known.
#[derive(Debug, Default)]
pub(super) struct LookedUp {
    connections: Family<Label, Gauge>,
    most_connections: Family<Label, Gauge>,
    connections_refused: Family<Label, Counter>,
    requests_at_once: Family<Label, Gauge>,
    requests_refused: Family<Label, Counter>,
    answers_untaken: Family<Label, Gauge>,
    answers_dropped: Family<Label, Counter>,
    certificate_ends: Family<Label, Gauge<f64, AtomicU64>>,
    rate_limited: Family<Alone, Counter>,
    takes_changes: Family<Alone, Gauge>,
    transactions: Family<Label, Counter>,
    writer_waiting: Family<Alone, Gauge>,
    commits: Family<Alone, Counter>,
    committed: Family<Alone, Counter>,
    database_connections: Family<Label, Gauge>,
    most_database_connections: Family<Alone, Gauge>,
    database_connections_pending: Family<Alone, Gauge>,
    database_waits: Family<Alone, Counter>,
    database_waited: Family<Alone, Counter<f64, AtomicU64>>,
    database_up: Family<Alone, Gauge>,
    unnumbered: Family<Alone, Gauge>,
    followers: Family<Alone, Gauge>,
    follower_lags: Family<Follower, Gauge>,
    mails: Family<Label, Gauge>,
    oldest_mail: Family<Alone, Gauge<f64, AtomicU64>>,
    job_runs: Family<Run, Counter>,
    job_successes: Family<Label, Gauge<f64, AtomicU64>>,
    lease_held: Family<Alone, Gauge>,
    holds: Family<Alone, Gauge>,
    last_heard: Family<Directory, Gauge<f64, AtomicU64>>,
    next_ends: Family<Label, Gauge<f64, AtomicU64>>,
    reports_waiting: Family<Alone, Gauge>,
    reports_dropped: Family<Alone, Counter>,
    cores: Family<Label, Gauge>,
    tried_again: Family<Alone, Counter>,
    shed: Family<Alone, Counter>,
    spans: Family<Label, Counter>,
}

impl LookedUp {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let made = Self::default();
        macro_rules! register_each {
            ($($name:literal: $field:ident,)*) => { $(register(registry, $name, made.$field.clone());)* };
        }
        register_each! {
            "rollcall_connections": connections,
            "rollcall_connections_max": most_connections,
            "rollcall_connections_refused_total": connections_refused,
            "rollcall_requests_at_once": requests_at_once,
            "rollcall_requests_refused_total": requests_refused,
            "rollcall_answers_untaken": answers_untaken,
            "rollcall_answers_dropped_total": answers_dropped,
            "rollcall_certificate_end_timestamp_seconds": certificate_ends,
            "rollcall_rate_limited_total": rate_limited,
            "rollcall_database_takes_changes": takes_changes,
            "rollcall_transactions_total": transactions,
            "rollcall_sqlite_writer_waiting": writer_waiting,
            "rollcall_sqlite_commits_total": commits,
            "rollcall_sqlite_committed_transactions_total": committed,
            "db_client_connection_count": database_connections,
            "db_client_connection_max": most_database_connections,
            "db_client_connection_pending_requests": database_connections_pending,
            "rollcall_db_connection_waits_total": database_waits,
            "rollcall_db_connection_wait_seconds_total": database_waited,
            "rollcall_database_up": database_up,
            "rollcall_events_unnumbered": unnumbered,
            "rollcall_event_followers": followers,
            "rollcall_event_follower_lag_events": follower_lags,
            "rollcall_outbox_mails": mails,
            "rollcall_outbox_oldest_pending_timestamp_seconds": oldest_mail,
            "rollcall_job_runs_total": job_runs,
            "rollcall_job_last_success_timestamp_seconds": job_successes,
            "rollcall_jobs_lease_held": lease_held,
            "rollcall_holds_open": holds,
            "rollcall_directory_last_heard_timestamp_seconds": last_heard,
            "rollcall_credential_next_end_timestamp_seconds": next_ends,
            "rollcall_activity_reports_waiting": reports_waiting,
            "rollcall_activity_reports_dropped_total": reports_dropped,
            "rollcall_cores": cores,
            "rollcall_core_calls_tried_again_total": tried_again,
            "rollcall_core_calls_shed_total": shed,
            "rollcall_trace_spans_total": spans,
        }
        made
    }

    /// Looks at what this process knows.
    pub(super) fn look(&self, sources: &Sources) {
        for (port, connections) in &sources.connections {
            let load = connections.load();
            let (open, most, refused) = load.connections;
            self.connections.get_or_create(&[("port", port)]).set(gauge(open));
            self.most_connections.get_or_create(&[("port", port)]).set(gauge(most));
            reach(&self.connections_refused.get_or_create(&[("port", port)]), refused);
            let (at_once, refused) = load.requests;
            self.requests_at_once.get_or_create(&[("port", port)]).set(gauge(at_once));
            reach(&self.requests_refused.get_or_create(&[("port", port)]), refused);
            let (untaken, dropped) = load.untaken;
            self.answers_untaken.get_or_create(&[("port", port)]).set(gauge(untaken));
            reach(&self.answers_dropped.get_or_create(&[("port", port)]), dropped);
        }
        if let Some((waiting, dropped)) = sources.activity.as_ref().and_then(ActivityMeter::load) {
            self.reports_waiting.get_or_create(&[]).set(gauge(waiting));
            reach(&self.reports_dropped.get_or_create(&[]), dropped);
        }
        if let Some(cores) = &sources.cores {
            let load = cores.load();
            for (state, count) in [("serving", load.serving), ("out", load.known - load.serving)] {
                self.cores.get_or_create(&[("state", state)]).set(gauge(count));
            }
            reach(&self.tried_again.get_or_create(&[]), load.tried_again);
            reach(&self.shed.get_or_create(&[]), load.shed);
        }
        for (outcome, count) in sources.spans.iter().flat_map(|spans| spans.load()) {
            reach(&self.spans.get_or_create(&[("outcome", outcome)]), count);
        }
        for (port, certificates) in &sources.certificates {
            if let Some(ends) = certificates.ends() {
                self.certificate_ends.get_or_create(&[("port", port)]).set(seconds(ends.as_microsecond()));
            }
        }
        if let Some(takes_changes) = &sources.takes_changes {
            self.takes_changes.get_or_create(&[]).set(i64::from(takes_changes.load(Ordering::Relaxed)));
        }
        if let Some(core) = &sources.core {
            self.note_core(&core.measures());
        }
    }

    fn note_core(&self, measures: &Measures) {
        let Measures { load, does_jobs, jobs, followers, rate_limited } = measures;
        self.note_load(load);
        reach(&self.rate_limited.get_or_create(&[]), *rate_limited);
        self.lease_held.get_or_create(&[]).set(i64::from(*does_jobs));
        for (job, runs) in jobs {
            for (outcome, count) in [("success", runs.succeeded), ("failure", runs.failed)] {
                reach(&self.job_runs.get_or_create(&Run { job_name: job, outcome }), count);
            }
            if let Some(time) = runs.last_success {
                self.job_successes.get_or_create(&[("job_name", job)]).set(seconds(time));
            }
        }
        self.followers.get_or_create(&[]).set(gauge(followers.iter().flatten().count() as u64));
        self.follower_lags.clear();
        for (follower, lag) in (0..).zip(followers) {
            if let Some(lag) = lag {
                self.follower_lags.get_or_create(&Follower { follower }).set(*lag);
            }
        }
    }

    fn note_load(&self, load: &Load) {
        for (outcome, count) in
            [("begun", load.begun), ("begun_again", load.begun_again), ("saved", load.saved)]
        {
            reach(&self.transactions.get_or_create(&[("outcome", outcome)]), count);
        }
        match load.connections {
            ConnectionLoad::Writer { waiting, commits: (commits, committed) } => {
                self.writer_waiting.get_or_create(&[]).set(gauge(waiting));
                reach(&self.commits.get_or_create(&[]), commits);
                reach(&self.committed.get_or_create(&[]), committed);
            }
            ConnectionLoad::Pool { used, idle, most, waiting, waits: (waits, waited) } => {
                for (state, count) in [("used", used), ("idle", idle)] {
                    self.database_connections.get_or_create(&[("state", state)]).set(gauge(count));
                }
                self.most_database_connections.get_or_create(&[]).set(gauge(most));
                self.database_connections_pending.get_or_create(&[]).set(gauge(waiting));
                reach(&self.database_waits.get_or_create(&[]), waits);
                let so_far = self.database_waited.get_or_create(&[]);
                so_far.inc_by((waited.as_secs_f64() - so_far.get()).max(0.0));
            }
        }
    }

    /// Notes what lies in the database; `None`, it did not tell.
    pub(super) fn note_stock(&self, stock: Option<&Stock>) {
        self.database_up.get_or_create(&[]).set(i64::from(stock.is_some()));
        // What was true once is not told as what is.
        for family in [&self.unnumbered, &self.holds] {
            family.clear();
        }
        self.mails.clear();
        self.oldest_mail.clear();
        self.last_heard.clear();
        self.next_ends.clear();
        let Some(stock) = stock else { return };
        self.unnumbered.get_or_create(&[]).set(stock.unnumbered_events);
        self.holds.get_or_create(&[]).set(stock.open_holds);
        for (state, count) in [("pending", stock.pending_mails), ("parked", stock.parked_mails)] {
            self.mails.get_or_create(&[("state", state)]).set(count);
        }
        if let Some(time) = stock.oldest_pending_mail {
            self.oldest_mail.get_or_create(&[]).set(seconds(time));
        }
        for (directory, time) in &stock.last_heard {
            self.last_heard.get_or_create(&Directory { directory: directory.clone() }).set(seconds(*time));
        }
        for (kind, time) in &stock.next_ends {
            self.next_ends.get_or_create(&[("kind", kind)]).set(seconds(*time));
        }
    }
}

fn gauge(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A time in µs as Prometheus has it.
fn seconds(micros: i64) -> f64 {
    std::time::Duration::from_micros(micros.max(0).unsigned_abs()).as_secs_f64()
}

/// Brings a counter up to what somebody else has counted.
fn reach(counter: &Counter, count: u64) {
    counter.inner().fetch_max(count, Ordering::Relaxed);
}
