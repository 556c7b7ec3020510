//! The command line: what the commands are, and which code runs them.

mod about;
mod activity;
mod admin_key;
mod apply;
mod ask;
mod audit;
mod backup;
mod credential;
mod directory;
mod doctor;
mod event;
mod export;
mod export_file;
mod group;
pub(crate) mod guard_rail;
mod hold;
mod import;
mod import_people;
mod migrate;
mod notice;
mod oauth_client;
mod page_token_key;
mod people;
mod restore;
mod schema;
mod service_key;
mod session;
mod sso;
mod stopped;
mod switch;
pub(crate) mod time;
mod tls;
mod token;
mod user;
mod wanted;
mod whole_file;

use std::ffi::OsString;

use anyhow::{Context as _, Result};
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use tokio::runtime::{Builder, Runtime};

pub(crate) use self::stopped::Stopped;
use self::stopped::unless_stopped;
use crate::settings::General;
use crate::settings::layers::{self, Failure};
use crate::{memory, server};

const EXAMPLES: &str = "\
Examples:
  Start everything on this machine, with a SQLite database in ./rollcall-data:
    rollcall serve

  Make a directory for an identity provider, and the token that it presents:
    export ROLLCALL_ADMIN_KEY=rc_admin_…
    rollcall directory create acme --profile okta
    rollcall token create --directory acme --expires 1y

  See who has been provisioned:
    rollcall user list --directory acme

Every command has its own --help.";

/// SCIM 2.0 provisioning: an HTTP gateway for identity providers in front of a gRPC identity core.
#[derive(Debug, Parser)]
#[command(name = "rollcall", version, after_help = EXAMPLES, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
enum Command {
    /// Run the SCIM gateway, the web console and the identity core in one process
    Serve(Box<server::serve::Settings>),
    /// Run the identity core alone: gRPC in front of the database
    Core(Box<server::core::Settings>),
    /// Run the SCIM gateway alone: HTTP in front of a core
    Gateway(Box<server::gateway::Settings>),
    /// Run the web console alone: pages for administrators in front of a core
    Console(Box<server::console::Settings>),
    /// Check an installation, and say what is to be mended
    Doctor(Box<doctor::Doctor>),
    /// Make certificates to try TLS and mTLS with
    Tls(tls::Tls),
    /// Bring the database up to date
    Migrate(migrate::Migrate),
    /// Make, list and revoke admin keys, on the database itself
    AdminKey(admin_key::AdminKey),
    /// Change the keys that seal page tokens and cursors, on the database itself
    PageTokenKey(page_token_key::PageTokenKey),
    /// Copy the SQLite database into a file, while a server uses it
    Backup(backup::Backup),
    /// Put a backup in the place of the SQLite database
    Restore(restore::Restore),
    /// Write all that a directory is into a file
    Export(export::Export),
    /// Make a directory of an exported file, also in another database; or users of the rows of a table
    Import(import::Import),
    /// Make directories what a file says: directories as code
    Apply(apply::Apply),
    /// Make, see and change directories: each is one connection to an identity provider
    Directory(directory::Directory),
    /// Register, see and delete the schemas that a directory has beside the built-in ones
    Schema(schema::Schema),
    /// Make, see and end the SCIM tokens that identity providers present
    Token(token::Token),
    /// See the notices to administrators, give parked ones a new try, and send a test
    Notice(notice::Notice),
    /// Make, see and delete OAuth 2.0 clients: identity providers that fetch a token for an hour at a time
    OauthClient(oauth_client::OauthClient),
    /// Make, see and end the keys of your own services
    ServiceKey(service_key::ServiceKey),
    /// See who is signed in to the web console, and sign out
    Session(session::Session),
    /// See what identity providers sent, and what they got
    Activity(activity::Activity),
    /// See what administrators changed
    Audit(audit::Audit),
    /// See what guard rails hold, and decide about it
    Hold(hold::Hold),
    /// List and follow what changes
    Event(event::Event),
    /// See the users of a directory, send them away or let them in again, and mark its administrators
    User(user::User),
    /// See the groups of a directory, and who is in them
    Group(group::Group),
    /// Print a script with which a shell completes what is typed
    Completion(about::Completion),
    /// Write a page for `man` about each command
    Man(about::Man),
    /// Say which version this is
    Version(about::Version),
    /// Decide on sign-ins by SSO, and say which may create an account
    Sso(sso::Sso),
}

/// Reads a command line, and the settings that the environment and a configuration file add to it.
pub(crate) fn parse(arguments: &[OsString]) -> Result<Cli, Failure> {
    let matches = layers::matches(Cli::command(), arguments)?;
    Cli::from_arg_matches(&matches).map_err(Failure::Usage)
}

impl Command {
    /// The settings of a command that works on the database or serves.
    fn general(&self) -> Option<&General> {
        match self {
            Self::Serve(settings) => Some(&settings.general),
            Self::Core(settings) => Some(&settings.general),
            Self::Gateway(settings) => Some(&settings.general),
            Self::Console(settings) => Some(&settings.general),
            Self::Doctor(command) => Some(&command.general),
            Self::Migrate(command) => Some(&command.general),
            Self::AdminKey(command) => Some(command.general()),
            Self::PageTokenKey(command) => Some(command.general()),
            Self::Backup(command) => Some(&command.general),
            Self::Restore(command) => Some(&command.general),
            Self::Export(command) => Some(&command.general),
            Self::Import(command) => Some(&command.general),
            _ => None,
        }
    }
}

/// Runs a command to its end.
pub(crate) fn run(cli: Cli) -> Result<()> {
    if !cli.command.general().is_some_and(|general| general.core_dumps) {
        memory::close()?;
    }
    match cli.command {
        Command::Serve(settings) => finish(Builder::new_multi_thread(), server::serve::run(*settings)),
        Command::Core(settings) => finish(Builder::new_multi_thread(), server::core::run(*settings)),
        Command::Gateway(settings) => finish(Builder::new_multi_thread(), server::gateway::run(*settings)),
        Command::Console(settings) => finish(Builder::new_multi_thread(), server::console::run(*settings)),
        Command::Doctor(command) => finish(Builder::new_current_thread(), command.run()),
        Command::Tls(command) => command.run(),
        Command::Migrate(command) => finish(Builder::new_current_thread(), command.run()),
        Command::AdminKey(command) => finish(Builder::new_current_thread(), command.run()),
        Command::PageTokenKey(command) => finish(Builder::new_current_thread(), command.run()),
        Command::Backup(command) => finish(Builder::new_current_thread(), unless_stopped(command.run())),
        Command::Restore(command) => finish(Builder::new_current_thread(), unless_stopped(command.run())),
        Command::Export(command) => finish(Builder::new_current_thread(), unless_stopped(command.run())),
        Command::Import(command) => finish(Builder::new_current_thread(), command.run()),
        Command::Apply(command) => finish(Builder::new_current_thread(), command.run()),
        Command::Directory(command) => finish(Builder::new_current_thread(), command.run()),
        Command::Schema(command) => finish(Builder::new_current_thread(), command.run()),
        Command::Notice(command) => finish(Builder::new_current_thread(), command.run()),
        Command::Token(command) => finish(Builder::new_current_thread(), command.run()),
        Command::OauthClient(command) => finish(Builder::new_current_thread(), command.run()),
        Command::ServiceKey(command) => finish(Builder::new_current_thread(), command.run()),
        Command::Session(command) => finish(Builder::new_current_thread(), command.run()),
        Command::Activity(command) => finish(Builder::new_current_thread(), command.run()),
        Command::Audit(command) => finish(Builder::new_current_thread(), command.run()),
        Command::Sso(command) => finish(Builder::new_current_thread(), command.run()),
        Command::Hold(command) => finish(Builder::new_current_thread(), command.run()),
        Command::Event(command) => finish(Builder::new_current_thread(), command.run()),
        Command::User(command) => finish(Builder::new_current_thread(), command.run()),
        Command::Group(command) => finish(Builder::new_current_thread(), command.run()),
        Command::Completion(command) => command.run(),
        Command::Man(command) => command.run(),
        Command::Version(command) => command.run(),
    }
}

/// Runs a future; what it leaves behind when it ends is not waited for.
fn finish(mut builder: Builder, future: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime: Runtime = builder.enable_all().build().context("the runtime cannot start")?;
    let result = runtime.block_on(future);
    runtime.shutdown_background();
    result
}

#[cfg(test)]
mod tests;
