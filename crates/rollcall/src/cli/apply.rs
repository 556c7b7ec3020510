//! `rollcall apply`: directories as code.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;

use super::ask;
use crate::apply::{Applied, as_json, execute, plan, read, report};
use crate::client::{Client, Connection};
use crate::output;

const EXAMPLES: &str = "\
Examples:
  rollcall apply -f directories.yaml --dry-run
  rollcall apply -f directories.yaml
  rollcall apply -f directories.yaml --prune --yes

The file has what is to be, and what it does not mention is left as it is:
  directories:
    - name: acme
      profile: okta
      scim: on
      rules:
        unique-group-names: off
      guard-rail: 10,20%,1h
      provisioning-rules:
        - effect: allow
          protocols: [saml]
          email-domains: [partner.example]
      service-keys:
        - name: billing
          scopes: [directory.read]
          sha256: 118814543cc1506dc68d8661e14c5b6d06748040536f3ddb5a7e8254f5ec2e4f

A service key stands there by the hash of its secret, never by the secret: printf %s \"$SECRET\" | sha256sum. docs/cli.md has \
every field. A core applies such a file at its start, too: --directories-file.";

/// `rollcall apply`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Apply {
    /// YAML file that says what directories are to be; - is standard input
    #[arg(short, long, value_name = "FILE")]
    file: PathBuf,

    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,

    /// Remove what the file does not have: schemas, provisioning rules, service keys that were made by a hash, and directories in
    /// which nobody is
    #[arg(long)]
    prune: bool,

    /// Do not ask at a terminal before anything changes
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    connection: Connection,
}

impl Apply {
    /// Runs the command. Errors: what is wrong in the file, and what was refused.
    pub(super) async fn run(self) -> Result<()> {
        // What is wrong with the file is told before anybody is called.
        let file = read(&self.file)?;
        let client = Client::connect(&self.connection).await?;
        let json = self.connection.json;
        let plan = plan(&client, &file, self.prune).await?;
        for remark in &plan.remarks {
            output::remark(&format!("warning: {remark}"));
        }
        if plan.is_empty() && !json {
            return output::line(&format!("Nothing to do: all is as {} has it.", self.file.display()));
        }
        if !json {
            output::line(&report(&plan, output::is_coloured(io::stdout().is_terminal())))?;
        }
        if self.dry_run || plan.is_empty() {
            if json {
                output::json(&as_json(&plan, None))?;
            }
            return refuse(&plan.refused());
        }
        ask::whether_to_go_on(self.yes)?;
        let applied = execute(&client, &plan).await;
        if json {
            output::json(&as_json(&plan, Some(&applied)))?;
        }
        let Applied { refused, warnings, .. } = applied;
        for warning in warnings {
            output::remark(&format!("warning: {warning}"));
        }
        refuse(&refused)?;
        if json { Ok(()) } else { output::line("Done.") }
    }
}

/// Ends with what was refused, where something was; a line each.
fn refuse(refused: &[String]) -> Result<()> {
    if refused.is_empty() {
        return Ok(());
    }
    bail!("{}", refused.join("\n"))
}
