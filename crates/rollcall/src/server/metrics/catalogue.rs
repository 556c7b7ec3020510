//! The name and the meaning of each number: what `/metrics` says of it, and what `docs/metrics.md` does.

use prometheus_client::registry::{Metric, Registry};

/// A number.
#[cfg_attr(not(test), expect(dead_code, reason = "the document tells all of it, which a test compares"))]
pub(super) struct Entry {
    /// Its name, as Prometheus has it.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) labels: &'static [&'static str],
    /// Which processes have it.
    pub(super) of: &'static str,
    /// What it counts or measures, without a full stop.
    pub(super) help: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// Registers a number, with what the catalogue says of it. Every one has to be in there.
pub(super) fn register(registry: &mut Registry, name: &'static str, metric: impl Metric) {
    let entry = ENTRIES.iter().find(|entry| entry.name == name);
    debug_assert!(entry.is_some(), "{name} is not in the catalogue");
    let help = entry.map_or("", |entry| entry.help);
    // The name of a counter gets its ending when it is written.
    registry.register(name.trim_end_matches("_total"), help, metric);
}

macro_rules! entries {
    ($($kind:ident $name:literal [$($label:literal),*] $of:literal $help:literal)*) => {
        &[$(Entry { name: $name, kind: Kind::$kind, labels: &[$($label),*], of: $of, help: $help }),*]
    };
}

/// Every number, by theme.
pub(super) const ENTRIES: &[Entry] = entries! {
    Histogram "http_server_request_duration_seconds" ["http_request_method", "http_route", "http_response_status_code"] "serve, gateway, console"
        "Time from the head of a request to the head of its answer"
    Gauge "http_server_active_requests" [] "serve, gateway, console"
        "Requests that have no answer yet"
    Histogram "rpc_server_call_duration_seconds" ["rpc_method", "rpc_response_status_code"] "serve, core"
        "Time from the head of a gRPC call to the head of its answer; a stream that fails later counts as OK"
    Gauge "rollcall_connections" ["port"] "all"
        "Connections that are open, by the port that they came to"
    Gauge "rollcall_connections_max" ["port"] "all"
        "Connections that there may be at once, by the port: max-connections, or as many as the limit of open files leaves"
    Counter "rollcall_connections_refused_total" ["port"] "all"
        "Connections that were turned away, since max-connections or max-connections-per-address was reached"
    Gauge "rollcall_requests_at_once" ["port"] "all"
        "Requests of HTTP/2 that are under way and have one of the places of which there are as many as connections, by the port"
    Counter "rollcall_requests_refused_total" ["port"] "all"
        "Requests of HTTP/2 that found no place, since as many were under way as max-connections or max-connections-per-address allows"
    Gauge "rollcall_answers_untaken" ["port"] "all"
        "Answers of HTTP/2 that wait for their clients to take more of them, by the port"
    Counter "rollcall_answers_dropped_total" ["port"] "all"
        "Answers of HTTP/2 that were dropped, since their clients took nothing of them for too long or too many waited"
    Gauge "rollcall_certificate_end_timestamp_seconds" ["port"] "all"
        "When the first certificate of the chain ends that a port shows; absent where it shows none"
    Counter "rollcall_rate_limited_total" [] "serve, core"
        "Requests of identity providers that were refused with 429, since their directory had sent as many as max-requests-per-second lets it"
    Gauge "rollcall_database_takes_changes" [] "serve, core"
        "Whether the database took a change when that was last tried, every 5 s (1); where it did not (0), this core is not ready"
    Counter "rollcall_transactions_total" ["outcome"] "serve, core"
        "Transactions that began (begun), began anew since they had lost against another one (begun_again), and were saved (saved)"
    Gauge "rollcall_sqlite_writer_waiting" [] "serve, core on SQLite"
        "Transactions that wait for the one connection that writes"
    Counter "rollcall_sqlite_commits_total" [] "serve, core on SQLite"
        "Commits, of which each makes a batch of transactions durable"
    Counter "rollcall_sqlite_committed_transactions_total" [] "serve, core on SQLite"
        "Transactions that were made durable; divided by the commits, how large the batches are"
    Gauge "db_client_connection_count" ["state"] "serve, core on PostgreSQL"
        "Connections to the database, in use (used) or open without work (idle)"
    Gauge "db_client_connection_max" [] "serve, core on PostgreSQL"
        "Connections to the database that there may be: database-connections"
    Gauge "db_client_connection_pending_requests" [] "serve, core on PostgreSQL"
        "Who waits for a connection to the database"
    Counter "rollcall_db_connection_waits_total" [] "serve, core on PostgreSQL"
        "How often a connection to the database was asked for"
    Counter "rollcall_db_connection_wait_seconds_total" [] "serve, core on PostgreSQL"
        "How long connections to the database were waited for in all"
    Gauge "rollcall_database_up" [] "serve, core"
        "Whether the database told what lies in it (1); where it did not (0), what is read from it is missing"
    Gauge "rollcall_events_unnumbered" [] "serve, core"
        "Events that have no number yet, and that nobody who follows has seen, up to 100,000; the same on every core"
    Gauge "rollcall_event_followers" [] "serve, core"
        "Who follows events on this core"
    Gauge "rollcall_event_follower_lag_events" ["follower"] "serve, core"
        "Events that somebody who follows on this core has not taken yet, by a number that the next one gets who comes"
    Gauge "rollcall_outbox_mails" ["state"] "serve, core"
        "E-mails that are to be sent (pending) or were given up (parked); the same on every core"
    Gauge "rollcall_outbox_oldest_pending_timestamp_seconds" [] "serve, core"
        "When the oldest e-mail that is to be sent was written; absent where there is none"
    Counter "rollcall_job_runs_total" ["job_name", "outcome"] "serve, core"
        "Runs of the background work on this core, by how they ended (success, failure)"
    Gauge "rollcall_job_last_success_timestamp_seconds" ["job_name"] "serve, core"
        "When a piece of the background work last succeeded on this core"
    Gauge "rollcall_jobs_lease_held" [] "serve, core"
        "Whether this core does the background work (1): of all cores on a database one does"
    Gauge "rollcall_holds_open" [] "serve, core"
        "Held changes of identity providers that wait for an administrator; the same on every core"
    Gauge "rollcall_directory_last_heard_timestamp_seconds" ["directory"] "serve, core"
        "When the identity provider of a directory last sent a request; of metrics-directories directories at most, in the order of their names"
    Gauge "rollcall_credential_next_end_timestamp_seconds" ["kind"] "serve, core"
        "When the next live credential of a kind ends (scim_token, service_key, admin_key, client_secret); absent where none will"
    Gauge "rollcall_activity_reports_waiting" [] "serve, gateway"
        "Answered requests that are yet to be told to the core for the activity log"
    Counter "rollcall_activity_reports_dropped_total" [] "serve, gateway"
        "Answered requests that the activity log lacks, since there was no room for them or the core did not take them"
    Gauge "rollcall_cores" ["state"] "gateway, console"
        "Cores that the names in core-url lead to: those that serve (serving) and get calls, and the others (out)"
    Counter "rollcall_core_calls_tried_again_total" [] "gateway, console"
        "Calls of a core that failed on their way and were tried once more, at another core where there was one"
    Counter "rollcall_core_calls_shed_total" [] "gateway, console"
        "Calls that were refused with 503 and Retry-After, since every core had as many under way as it takes"
    Counter "rollcall_trace_spans_total" ["outcome"] "all"
        "Spans of traces by what became of them: told to the collector (exported), dropped since too many waited (dropped), and not taken by the collector (failed); absent where traces are off"
    Gauge "rollcall_build_info" ["version"] "all"
        "1, with the version of the binary"
    Counter "process_cpu_seconds_total" [] "all"
        "CPU time of the process"
    Gauge "process_resident_memory_bytes" [] "all"
        "Memory of the process that is in RAM"
    Gauge "process_open_fds" [] "all"
        "Descriptors that the process has open"
    Gauge "process_max_fds" [] "all"
        "Descriptors that the process may open"
    Gauge "process_start_time_seconds" [] "all"
        "When the process began"
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::metrics::Numbers;

    const DOCUMENT: &str = include_str!("../../../../../docs/metrics.md");

    /// The rows of the table in the document.
    fn rows() -> Vec<String> {
        let row = |entry: &Entry| {
            let kind = match entry.kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                Kind::Histogram => "histogram",
            };
            let labels: Vec<_> = entry.labels.iter().map(|label| format!("`{label}`")).collect();
            let labels = labels.join(", ");
            format!("| `{}` | {kind} | {labels} | {} | {} |", entry.name, entry.of, entry.help)
        };
        ENTRIES.iter().map(row).collect()
    }

    #[test]
    fn the_document_tells_of_each_number() {
        let told: Vec<_> = DOCUMENT.lines().filter(|line| line.starts_with("| `")).collect();
        assert_eq!(told, rows(), "docs/metrics.md should have these rows:\n{}", rows().join("\n"));
    }

    #[test]
    fn each_number_is_registered_as_the_catalogue_has_it() {
        let mut told = String::new();
        prometheus_client::encoding::prometheus_text::encode(&mut told, &Numbers::new(1).registry).unwrap();
        assert!(told.contains("# HELP rollcall_build_info 1, with the version of the binary.\n"), "{told}");
        assert!(told.contains("# TYPE process_cpu_seconds_total counter\n"), "{told}");
    }
}
