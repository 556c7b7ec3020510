//! What the binary says of itself: its version, and its command line as shells and `man` read it.

use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use serde_json::json;

use super::Cli;
use crate::output;

/// `rollcall completion`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
                        bash: rollcall completion bash > ~/.local/share/bash-completion/completions/rollcall\n  \
                        zsh:  rollcall completion zsh > \"${fpath[1]}/_rollcall\"\n  \
                        fish: rollcall completion fish > ~/.config/fish/completions/rollcall.fish")]
pub(super) struct Completion {
    /// Which shell completes
    shell: Shell,
}

impl Completion {
    pub(super) fn run(self) -> Result<()> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "rollcall", &mut script);
        io::stdout().write_all(&script).context("cannot write to standard output")
    }
}

/// `rollcall man`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  rollcall man --out ~/.local/share/man/man1\n\n\
                  `man rollcall` and `man rollcall-token-create` then show them.")]
pub(super) struct Man {
    /// The directory that they are written into
    #[arg(long, value_name = "DIRECTORY")]
    out: PathBuf,
}

impl Man {
    pub(super) fn run(self) -> Result<()> {
        let out = self.out.display();
        std::fs::create_dir_all(&self.out).with_context(|| format!("cannot make the directory {out}"))?;
        clap_mangen::generate_to(Cli::command(), &self.out)
            .with_context(|| format!("cannot write into {out}"))?;
        output::line(&format!("{out}: a page for each command"))
    }
}

/// `rollcall version`.
#[derive(Debug, Args)]
pub(super) struct Version {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Version {
    pub(super) fn run(self) -> Result<()> {
        let version = env!("CARGO_PKG_VERSION");
        if self.json {
            output::json(&json!({ "version": version }))
        } else {
            output::line(&format!("rollcall {version}"))
        }
    }
}
