//! Logs: to standard error, as text for people or as JSON for machines.

use std::io::{self, IsTerminal as _};

use anyhow::{Result, anyhow};
use rollcall_store::STATEMENTS;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, Registry, fmt};

use super::traces::{PARENTS, Statements};
use crate::output::is_coloured;
use crate::settings::{General, Invalid, LogFormat};

/// What is never logged below `info`, whatever the filter says: these write out what went over the wire, and with it
/// credentials.
const CAPPED: [&str; 4] = ["h2", "hyper", "hyper_util", "rustls"];

/// What is never logged, whatever the filter says: spans by which statements are timed.
const UNLOGGED: [&str; 2] = [PARENTS, STATEMENTS];

/// Starts logging for the rest of the process. Errors: the filter is none.
pub(crate) fn init(general: &General) -> Result<()> {
    init_traced(general, None)
}

/// Starts logging, and listening to the statements of the store if somebody does. Errors: the filter is none.
pub(super) fn init_traced(general: &General, statements: Option<Statements>) -> Result<()> {
    let filter = filter(&general.log)?;
    let on_terminal = io::stderr().is_terminal();
    let as_json = match general.log_format {
        LogFormat::Auto => !on_terminal,
        LogFormat::Text => false,
        LogFormat::Json => true,
    };
    let lines: Box<dyn Layer<Registry> + Send + Sync> = if as_json {
        let lines = fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(true);
        lines.with_writer(io::stderr).boxed()
    } else {
        let lines = fmt::layer().with_ansi(is_coloured(on_terminal)).with_span_events(FmtSpan::NONE);
        lines.with_writer(io::stderr).boxed()
    };
    let registry = tracing_subscriber::registry();
    let started = match statements {
        // One filter for all, which costs less than one for each.
        None => registry.with(lines).with(filter).try_init(),
        Some(statements) => registry
            .with(lines.with_filter(filter))
            .with(statements.with_filter(Statements::filter()))
            .try_init(),
    };
    started.map_err(|error| anyhow!("logging cannot start: {error}"))
}

fn filter(text: &str) -> Result<Targets, Invalid> {
    let invalid = |why: &dyn std::fmt::Display| {
        Invalid(format!(
            "--log {text:?}: {why}; give off, error, warn, info, debug or trace, or directives such as info,rollcall_core=debug"
        ))
    };
    // A word alone would be a target, and a level that is mistyped would switch all others off.
    let is_odd = |directive: &&str| !directive.contains('=') && directive.parse::<LevelFilter>().is_err();
    if let Some(odd) = text.split(',').map(str::trim).find(is_odd) {
        return Err(invalid(&format_args!("{odd:?} is no level")));
    }
    let asked: Targets = text.parse().map_err(|error| invalid(&error))?;
    let rest = asked.default_level().unwrap_or(LevelFilter::OFF);
    let is_capped = |target: &str| CAPPED.iter().any(|capped| target.starts_with(capped));
    let named = asked.iter().map(|(target, level)| {
        (target.to_owned(), if is_capped(target) { level.min(LevelFilter::INFO) } else { level })
    });
    Ok(Targets::new()
        .with_default(rest)
        .with_targets(CAPPED.map(|capped| (capped, rest.min(LevelFilter::INFO))))
        .with_targets(named)
        .with_targets(UNLOGGED.map(|target| (target, LevelFilter::OFF))))
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn a_filter_is_a_level_or_directives() {
        for good in ["info", "trace", "off", "warn,rollcall_core=debug", "rollcall_gateway=trace"] {
            assert!(filter(good).is_ok(), "{good}");
        }
        let error = filter("info,rollcall=loud").unwrap_err().to_string();
        assert!(error.contains("loud") && error.contains("debug"), "{error}");
    }

    #[test]
    fn what_goes_over_the_wire_is_never_logged() {
        for asked in ["trace", "h2=trace,hyper=debug", "trace,h2::codec=trace", "h=trace"] {
            let filter = filter(asked).unwrap();
            for wire in ["h2", "h2::codec", "hyper::proto", "hyper_util::client", "rustls::conn"] {
                assert!(!filter.would_enable(wire, &Level::DEBUG), "{asked}: {wire}");
            }
        }
    }

    #[test]
    fn what_times_statements_is_never_logged() {
        for asked in ["trace", "rollcall_store=trace", "rollcall_store::statements=trace,rollcall=trace"] {
            let filter = filter(asked).unwrap();
            for target in UNLOGGED {
                assert!(!filter.would_enable(target, &Level::TRACE), "{asked}: {target}");
            }
        }
    }

    #[test]
    fn a_filter_says_how_much_of_what() {
        let filter = filter("warn,rollcall_core=debug,h2=error").unwrap();
        assert!(filter.would_enable("rollcall_core::users", &Level::DEBUG));
        assert!(!filter.would_enable("rollcall_gateway", &Level::INFO));
        assert!(
            !filter.would_enable("h2::codec", &Level::WARN) && !filter.would_enable("rustls", &Level::INFO)
        );
    }
}
