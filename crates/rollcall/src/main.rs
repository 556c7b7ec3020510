//! The one binary: `rollcall serve` runs everything in one process, `rollcall core` and `rollcall gateway` run the two
//! halves apart, and the other commands administer them.

mod apply;
mod cli;
mod client;
mod memory;
mod output;
mod server;
mod settings;

use std::process::ExitCode;

use crate::cli::Stopped;
use crate::settings::Invalid;
use crate::settings::layers::Failure;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The exit status of a command that could not do what was asked.
const FAILED: u8 = 1;
/// The exit status of a command line or a setting that makes no sense.
const MISUSED: u8 = 2;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let error = match cli::parse(&arguments) {
        Ok(command) => match cli::run(command) {
            Ok(()) => return ExitCode::SUCCESS,
            Err(error) => error,
        },
        Err(Failure::Usage(error)) => {
            output::usage(&error);
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(MISUSED));
        }
        Err(Failure::Setting(error)) => error.into(),
    };
    output::error(&error);
    let stopped = error.downcast_ref::<Stopped>().map(Stopped::status);
    ExitCode::from(stopped.unwrap_or(if error.is::<Invalid>() { MISUSED } else { FAILED }))
}
