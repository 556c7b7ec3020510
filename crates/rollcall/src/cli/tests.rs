//! The command line and its documentation agree, and misuse is told from use.

mod commands;
mod texts;

use clap::Command;
use clap::error::ErrorKind;

use super::*;

const DOCUMENT: &str = include_str!("../../../../docs/cli.md");

/// Every command that does something, with the words that call it.
fn leaves(command: &Command, words: &str) -> Vec<(String, Command)> {
    if command.get_subcommands().next().is_none() {
        return vec![(words.to_owned(), command.clone())];
    }
    command
        .get_subcommands()
        .flat_map(|inner| leaves(inner, &format!("{words} {}", inner.get_name())))
        .collect()
}

/// The section of the document under the heading of a command.
fn section(words: &str) -> &'static str {
    let heading = format!("### `{words}`\n");
    let (_, rest) = DOCUMENT.split_once(&heading).unwrap_or_else(|| panic!("docs/cli.md has no {heading}"));
    rest.split("\n##").next().unwrap()
}

#[test]
fn every_command_is_documented_with_its_own_flags() {
    for (words, command) in leaves(&Cli::command(), "rollcall") {
        let section = section(&words);
        let own = command.get_arguments().filter(|arg| arg.get_env().is_none());
        for flag in own.filter_map(|arg| arg.get_long()).filter(|flag| *flag != "help") {
            assert!(section.contains(&format!("--{flag}")), "{words}: --{flag} is not documented");
        }
    }
}

#[test]
fn the_command_line_holds_together() {
    Cli::command().debug_assert();
}

fn refused(line: &str) -> ErrorKind {
    let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
    match parse(&words) {
        Err(Failure::Usage(error)) => error.kind(),
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn misuse_is_refused() {
    assert_eq!(refused("rollcall directory create acme"), ErrorKind::MissingRequiredArgument);
    assert_eq!(refused("rollcall directory create acme --profile ldap"), ErrorKind::InvalidValue);
    assert_eq!(refused("rollcall directory update acme"), ErrorKind::MissingRequiredArgument);
    assert_eq!(refused("rollcall token create"), ErrorKind::MissingRequiredArgument);
    assert_eq!(refused("rollcall token create --directory a --expires soon"), ErrorKind::ValueValidation);
    assert_eq!(refused("rollcall token revoke --directory a"), ErrorKind::MissingRequiredArgument);
    assert_eq!(refused("rollcall service-key create billing"), ErrorKind::MissingRequiredArgument);
    assert_eq!(refused("rollcall service-key create billing --scope root"), ErrorKind::InvalidValue);
    assert_eq!(refused("rollcall user list --directory a --all --count 5"), ErrorKind::ArgumentConflict);
    assert_eq!(refused("rollcall user list --directory a --descending"), ErrorKind::MissingRequiredArgument);
    assert_eq!(refused("rollcall migrate --check --dry-run"), ErrorKind::ArgumentConflict);
    assert_eq!(refused("rollcall serve --http-addr localhost"), ErrorKind::ValueValidation);
    assert_eq!(refused("rollcall serve --public-url example.com"), ErrorKind::ValueValidation);
}

#[test]
fn scopes_can_be_given_together_or_one_by_one() {
    for line in [
        "rollcall service-key create billing --scope directory.read,events.read",
        "rollcall service-key create billing --scope directory.read --scope events.read --json",
    ] {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        assert!(parse(&words).is_ok(), "{line}");
    }
}
