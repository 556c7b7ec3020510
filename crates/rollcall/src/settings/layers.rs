//! The layers that a setting can come from: flags, then the environment, then the configuration file, then defaults.
//!
//! clap knows flags, environment and defaults. The file comes in as other defaults: the command line is parsed once to
//! learn which file, and once more with what the file has.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{OsStr, Resettable};
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, ArgMatches, Command};
use secrecy::ExposeSecret as _;

use super::config_file::{self, FileSettings};
use super::mtls::{MTLS_DIR, with_file_of};
use super::{Invalid, arguments, secrets};

/// The setting that names the configuration file.
const CONFIG: &str = "config";
/// The setting that is a secret and may stand in a file of its own, and the one that names the file.
const URL: &str = "database_url";
const URL_FILE: &str = "database_url_file";

/// Why there are no settings.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line is wrong, or asks for help.
    Usage(clap::Error),
    /// A setting is wrong before it is looked at: the configuration file, or the place that it came from.
    Setting(Invalid),
}

/// Parses a command line with all layers.
pub(crate) fn matches(command: Command, arguments: &[OsString]) -> Result<ArgMatches, Failure> {
    let known: Vec<String> = known_settings(&command).into_iter().map(str::to_owned).collect();
    let command = map_args(command, &without_empty_variable);
    let matches = parse(command.clone(), arguments, |error, flag| match variable_of(&command, flag) {
        Some(variable) => {
            explained(error, format!("the value comes from the environment variable {variable}"))
        }
        None => error,
    })?;
    arguments::refuse_passwords(&matches).map_err(Failure::Setting)?;
    let Some(path) = path_of(&matches, CONFIG) else { return with_files(command, matches, arguments) };
    let file = config_file::read(&path, &known).map_err(Failure::Setting)?;
    let command = map_args(command, &|arg| with_file_default(arg, &file));
    let matches = parse(command.clone(), arguments, |error, _| {
        explained(error, format!("the value comes from the configuration file {}", path.display()))
    })?;
    with_files(command, matches, arguments)
}

/// The same settings, with those that stand in files which others of them name.
fn with_files(command: Command, matches: ArgMatches, arguments: &[OsString]) -> Result<ArgMatches, Failure> {
    let Some(directory) = path_of(&matches, MTLS_DIR) else {
        return with_database_url(command, matches, arguments);
    };
    let command = map_args(command, &|arg| with_file_of(&directory, arg));
    let matches = parse(command.clone(), arguments, |error, _| error)?;
    with_database_url(command, matches, arguments)
}

/// The same settings, with the URL of the database from the file that one of them names.
fn with_database_url(
    command: Command,
    matches: ArgMatches,
    arguments: &[OsString],
) -> Result<ArgMatches, Failure> {
    let Some(path) = path_of(&matches, URL_FILE) else { return Ok(matches) };
    if innermost(&matches).contains_id(URL) {
        let twice = format!("database-url and a file ({}) are both given; give one", path.display());
        return Err(Failure::Setting(Invalid(twice)));
    }
    let url = secrets::of_file("database-url", &path).map_err(Failure::Setting)?;
    let with_url = |arg: Arg| {
        if arg.get_id() == URL { arg.default_value(url.expose_secret().to_owned()) } else { arg }
    };
    parse(map_args(command, &with_url), arguments, |error, _| error)
}

/// Parses; an error about the value of a flag that does not stand in the arguments is explained.
fn parse(
    command: Command,
    arguments: &[OsString],
    explain: impl Fn(clap::Error, &str) -> clap::Error,
) -> Result<ArgMatches, Failure> {
    command.try_get_matches_from(arguments).map_err(|error| {
        let flag = match error.get(ContextKind::InvalidArg) {
            Some(ContextValue::String(usage)) => usage.split_whitespace().next().map(str::to_owned),
            _ => None,
        };
        match flag {
            Some(flag) if !stands_in(&flag, arguments) => Failure::Usage(explain(error, &flag)),
            _ => Failure::Usage(error),
        }
    })
}

fn stands_in(flag: &str, arguments: &[OsString]) -> bool {
    arguments.iter().any(|argument| {
        let text = argument.to_string_lossy();
        text.strip_prefix(flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    })
}

fn explained(mut error: clap::Error, sentence: String) -> clap::Error {
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![sentence.into()]));
    error
}

/// The name of the environment variable of a flag, if that variable is set.
fn variable_of(command: &Command, flag: &str) -> Option<String> {
    let long = flag.strip_prefix("--")?;
    let own = command.get_arguments().find(|arg| arg.get_long() == Some(long)).and_then(Arg::get_env);
    match own {
        Some(variable) => env::var_os(variable).map(|_| variable.to_string_lossy().into_owned()),
        None => command.get_subcommands().find_map(|inner| variable_of(inner, flag)),
    }
}

/// A variable that is set to nothing is as good as not set: that is how compose files write an optional one.
fn without_empty_variable(arg: Arg) -> Arg {
    let is_empty = arg.get_env().and_then(env::var_os).is_some_and(|value| value.is_empty());
    if is_empty { arg.env(Resettable::<OsStr>::Reset) } else { arg }
}

fn with_file_default(arg: Arg, file: &FileSettings) -> Arg {
    match arg.get_long().and_then(|name| file.get(name)) {
        Some(value) => arg.default_value(value.clone()),
        None => arg,
    }
}

fn map_args(command: Command, change: &dyn Fn(Arg) -> Arg) -> Command {
    command.mut_args(change).mut_subcommands(|inner| map_args(inner, change))
}

/// The file that a setting of the innermost command names.
fn path_of(matches: &ArgMatches, setting: &str) -> Option<PathBuf> {
    innermost(matches).try_get_one::<PathBuf>(setting).ok().flatten().cloned()
}

/// What the innermost command was given.
pub(super) fn innermost(matches: &ArgMatches) -> &ArgMatches {
    matches.subcommand().map_or(matches, |(_, inner)| innermost(inner))
}

/// The names of the settings of every command that takes a configuration file: one file does for all of them.
fn known_settings(command: &Command) -> Vec<&str> {
    let takes_file = command.get_arguments().any(|arg| arg.get_id() == CONFIG);
    let own =
        command.get_arguments().filter(|arg| takes_file && arg.get_id() != CONFIG && arg.get_env().is_some());
    own.filter_map(Arg::get_long).chain(command.get_subcommands().flat_map(known_settings)).collect()
}
