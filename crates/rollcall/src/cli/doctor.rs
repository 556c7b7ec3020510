//! `rollcall doctor`: whether an installation is set up as it has to be, and what to mend where it is not.

mod certificates;
mod collector;
mod database;
mod finding;
mod public_url;
mod settings;
mod smtp;
mod way_to_core;

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use tokio::join;

use self::finding::{Finding, as_json, report};
use crate::output;
use crate::server::logging;
use crate::settings::{
    Connections, ConsoleAddress, ConsoleSwitch, CoreConnection, Database, GatewayKey, General, Grpc, Http,
    Limits, Metrics, OpenId, Shutdown, Smtp, Start,
};

/// How long each check may wait for others.
const PATIENCE: Duration = Duration::from_secs(5);

const EXAMPLES: &str = "\
Examples:
  rollcall doctor --data-dir ./rollcall-data
  rollcall doctor core --config /etc/rollcall.toml
  rollcall doctor gateway --core-url https://core:50051 --mtls-dir /etc/rollcall/mtls
  rollcall doctor --json | jq '.checks[] | select(.verdict == \"wrong\")'

It takes the settings of the server that it is asked about, from the same places, so that in a pod or a container it needs \
no more than its name. It changes nothing, sends no e-mail, and may run beside the server. The exit status is 0 where nothing \
is wrong, warnings or not, and 1 otherwise.";

/// `rollcall doctor`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Doctor {
    /// Which server is asked about: what it needs is checked
    #[arg(value_name = "SERVER", default_value = "serve")]
    part: Part,

    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    http: Http,
    #[command(flatten)]
    grpc: Grpc,
    #[command(flatten)]
    core: CoreConnection,
    #[command(flatten)]
    key: GatewayKey,
    #[command(flatten)]
    console: ConsoleSwitch,
    #[command(flatten)]
    console_address: ConsoleAddress,
    #[command(flatten)]
    open_id: OpenId,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    start: Start,
    #[command(flatten)]
    smtp: Smtp,
    #[command(flatten)]
    limits: Limits,
    #[command(flatten)]
    connections: Connections,
    #[command(flatten)]
    metrics: Metrics,
    #[command(flatten)]
    shutdown: Shutdown,
    #[command(flatten)]
    pub(super) general: General,
}

/// A server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Gateway, console and core in one process
    Serve,
    /// The core alone
    Core,
    /// The gateway alone
    Gateway,
    /// The console alone
    Console,
}

impl Part {
    /// Whether it has the database.
    fn has_core(self) -> bool {
        matches!(self, Self::Serve | Self::Core)
    }

    /// Whether it has the SCIM endpoint.
    fn has_gateway(self) -> bool {
        matches!(self, Self::Serve | Self::Gateway)
    }

    /// Whether administrators sign in there.
    fn has_console(self) -> bool {
        matches!(self, Self::Serve | Self::Console)
    }
}

impl Doctor {
    /// Runs the command. Errors: something is wrong.
    pub(super) async fn run(self) -> Result<()> {
        logging::init(&self.general)?;
        let findings = Box::pin(self.findings()).await;
        if self.json {
            output::json(&as_json(&findings))?;
        } else {
            output::line(&report(&findings, output::is_coloured(io::stdout().is_terminal())))?;
        }
        match findings.iter().filter(|finding| finding.is_wrong()).count() {
            0 => Ok(()),
            1 => bail!("1 of {} checks found something wrong", findings.len()),
            wrong => bail!("{wrong} of {} checks found something wrong", findings.len()),
        }
    }

    /// What each check found, in a fixed order. Those that wait do so side by side.
    async fn findings(&self) -> Vec<Finding> {
        let database = async {
            if self.part.has_core() { database::check(&self.database, &self.start).await } else { Vec::new() }
        };
        let smtp =
            async { if self.part.has_core() { vec![smtp::check(&self.smtp).await] } else { Vec::new() } };
        let core = async {
            match self.part {
                Part::Gateway => way_to_core::check(&self.core, Some(&self.key)).await,
                Part::Console => way_to_core::check(&self.core, None).await,
                Part::Serve | Part::Core => Vec::new(),
            }
        };
        let public_url = async {
            if self.part == Part::Core { Vec::new() } else { public_url::check(&self.http.public).await }
        };
        let (database, core, smtp, public_url, collector) =
            join!(database, core, smtp, public_url, collector::check());
        let mut findings = settings::check(self);
        findings.extend(database);
        findings.extend(core);
        findings.extend(smtp);
        findings.extend(certificates::check(self));
        findings.extend(public_url);
        findings.push(collector);
        findings
    }
}
