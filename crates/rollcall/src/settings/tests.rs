//! The settings and their documentation agree.

use std::collections::BTreeMap;

use clap::{Arg, Command, CommandFactory as _};

use super::*;
use crate::cli::Cli;

const DOCUMENT: &str = include_str!("../../../../docs/configuration.md");

/// The commands that take a configuration file.
fn servers() -> Vec<Command> {
    fn with_config(command: &Command) -> Vec<Command> {
        let own = command.get_arguments().any(|arg| arg.get_id() == "config").then(|| command.clone());
        own.into_iter().chain(command.get_subcommands().flat_map(with_config)).collect()
    }
    with_config(&Cli::command())
}

/// Every setting of every server, by the name of its flag.
fn settings() -> BTreeMap<String, Arg> {
    let all = servers().into_iter().flat_map(|command| command.get_arguments().cloned().collect::<Vec<_>>());
    all.filter(|arg| arg.get_env().is_some())
        .filter_map(|arg| Some((arg.get_long()?.to_owned(), arg)))
        .collect()
}

/// The rows of the document's tables that begin with a flag, without the backticks.
fn documented() -> BTreeMap<String, Vec<String>> {
    let rows = DOCUMENT.lines().filter(|line| line.starts_with("| `--"));
    rows.map(|row| {
        let cells: Vec<String> =
            row.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect();
        (cells[0].trim_start_matches("--").to_owned(), cells)
    })
    .collect()
}

#[test]
fn every_setting_has_the_same_name_everywhere() {
    assert_eq!(
        servers().len(),
        14,
        "serve, core, gateway, console, doctor, migrate, those of admin-key, page-token-key rotate, backup, restore, export, import"
    );
    for (name, arg) in settings() {
        let variable = format!("ROLLCALL_{}", name.to_uppercase().replace('-', "_"));
        assert_eq!(arg.get_env().unwrap().to_str(), Some(variable.as_str()));
    }
}

#[test]
fn every_setting_is_documented_and_nothing_else() {
    let (settings, documented) = (settings(), documented());
    assert_eq!(settings.keys().collect::<Vec<_>>(), documented.keys().collect::<Vec<_>>());
    for (name, arg) in settings {
        let [_, variable, key, default, meaning] = documented[&name].as_slice() else {
            panic!("the row of --{name} does not have 5 cells");
        };
        assert_eq!(arg.get_env().unwrap().to_str(), Some(variable.as_str()), "--{name}");
        let expected_key = if name == "config" { "-" } else { &name };
        assert_eq!(key, expected_key, "--{name}");
        let is_switch = arg.get_action().takes_values();
        if let Some(value) = arg.get_default_values().first().filter(|_| is_switch) {
            assert_eq!(Some(default.as_str()), value.to_str(), "--{name}");
        }
        assert!(!meaning.is_empty(), "--{name}");
    }
}

#[test]
fn limits_are_those_of_the_core_by_default() {
    let defaults = Limits {
        session_idle: Duration::from_hours(1),
        session_lifetime: Duration::from_hours(12),
        max_patch_operations: 5000,
        max_bulk_operations: 1000,
        max_request_members: 1_000_000,
        default_page_size: 100,
        max_page_size: 1000,
        page_token_lifetime: Duration::from_hours(1),
        event_retention: Duration::from_hours(90 * 24),
        max_requests_per_second: 10_000,
        password_attempts_per_user: 10,
        password_attempts_per_key: 600,
    };
    let large_body = LargeBody { max_large_body: ByteSize(32 << 20) };
    assert_eq!(defaults.checked(&large_body).unwrap(), rollcall_core::Limits::default());
    let mut wrong = defaults;
    wrong.default_page_size = 2000;
    let error = wrong.checked(&large_body).unwrap_err().to_string();
    assert!(error.contains("default-page-size") && error.contains("max-page-size"), "{error}");
}
