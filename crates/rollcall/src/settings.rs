//! The settings of the server commands, in groups that each command puts together.
//!
//! A setting has one name: `--http-addr` on the command line, `ROLLCALL_HTTP_ADDR` in the environment and `http-addr`
//! in the configuration file. The first of these that has a value wins, and after them the default
//! ([`layers`]). `docs/configuration.md` lists them all; a test compares it with this file.

#![expect(clippy::struct_field_names, reason = "a field has the name of its setting")]

mod address;
mod arguments;
mod config_file;
mod connections;
mod duration;
mod gateway_key;
pub(crate) mod layers;
mod metrics;
mod mtls;
mod open_id;
mod otlp;
mod secrets;
mod size;
pub(crate) mod small_file;
mod smtp;
mod tls;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{BoolishValueParser, StringValueParser, TypedValueParser};
use clap::{Args, ValueEnum};
use secrecy::{ExposeSecret as _, SecretString};

pub(crate) use connections::Connections;
pub(crate) use duration::{Expiry, duration};
pub(crate) use gateway_key::GatewayKey;
pub(crate) use metrics::Metrics;
pub(crate) use mtls::Mtls;
pub(crate) use open_id::OpenId;
pub(crate) use otlp::{Otlp, Protocol, Sampler, SpanQueue};
pub(crate) use secrets::{BootstrapFiles, secret};
use size::{ByteSize, Memory};
pub(crate) use smtp::Smtp;
pub(crate) use tls::HttpTls;

/// A setting that cannot be used, and what would do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Invalid(pub(crate) String);

/// Where settings are read from besides flags and environment.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Settings file and logs")]
pub(crate) struct General {
    /// TOML file with settings; its keys are the names of the flags without the dashes, such as `http-addr`
    #[arg(long, env = "ROLLCALL_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// What is logged, to standard error: error, warn, info, debug or trace, or directives such as
    /// `info,rollcall_core=debug`
    #[arg(long, env = "ROLLCALL_LOG", value_name = "FILTER", default_value = "info")]
    pub(crate) log: String,

    /// How it is logged; auto is text on a terminal and JSON otherwise
    #[arg(long, env = "ROLLCALL_LOG_FORMAT", value_name = "FORMAT", default_value = "auto")]
    pub(crate) log_format: LogFormat,

    /// Leave the memory of this process to core dumps and debuggers, which find secrets in it
    #[arg(long, env = "ROLLCALL_CORE_DUMPS", value_parser = BoolishValueParser::new())]
    pub(crate) core_dumps: bool,
}

/// Reads a setting that may have a password in it.
fn secret_text() -> impl TypedValueParser<Value = SecretString> {
    StringValueParser::new().map(SecretString::from)
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    Auto,
    /// One line for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The SCIM endpoint.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "HTTP")]
pub(crate) struct Http {
    /// Address that the SCIM endpoint listens on; port 0 takes any free one
    #[arg(long, env = "ROLLCALL_HTTP_ADDR", value_name = "IP:PORT", default_value = "127.0.0.1:8080", value_parser = address::parse)]
    pub(crate) http_addr: SocketAddr,

    #[command(flatten)]
    pub(crate) tls: HttpTls,

    #[command(flatten)]
    pub(crate) public: Public,

    #[command(flatten)]
    pub(crate) proxies: Proxies,

    #[command(flatten)]
    pub(crate) access_log: AccessLog,

    /// Largest body of a request about one user
    #[arg(long, env = "ROLLCALL_MAX_USER_BODY", value_name = "SIZE", default_value = "2MiB")]
    pub(crate) max_user_body: ByteSize,

    #[command(flatten)]
    pub(crate) large_body: LargeBody,

    /// Memory that bodies of more than 64 KiB may take up together until the core has them, those of one credential half of it;
    /// further ones wait
    #[arg(long, env = "ROLLCALL_MAX_BODY_MEMORY", value_name = "SIZE", default_value = "64MiB")]
    pub(crate) max_body_memory: Memory,

    /// How long a client may take to send a body
    #[arg(long, env = "ROLLCALL_BODY_TIMEOUT", value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub(crate) body_timeout: Duration,

    #[command(flatten)]
    pub(crate) patience: Patience,
}

/// Where identity providers find the SCIM endpoint.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "HTTP")]
pub(crate) struct Public {
    /// URL by which identity providers reach this server, without `/scim/v2`, such as `https://id.example.com`; without
    /// it, the Host header of each request is believed
    #[arg(long, env = "ROLLCALL_PUBLIC_URL", value_name = "URL", value_parser = rollcall_gateway::parse_public_url)]
    pub(crate) public_url: Option<String>,
}

/// What stands in front.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "HTTP")]
pub(crate) struct Proxies {
    /// Proxies in front of this server whose X-Forwarded-For is believed, by address or network, such as `10.0.0.0/8`;
    /// several by comma
    #[arg(long, env = "ROLLCALL_TRUSTED_PROXIES", value_name = "NETWORK", value_delimiter = ',')]
    pub(crate) trusted_proxies: Vec<rollcall_gateway::Network>,
}

/// What is logged of each request.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "HTTP")]
pub(crate) struct AccessLog {
    /// Log a line for each request: who asked for what from where, and what came of it
    #[arg(long, env = "ROLLCALL_ACCESS_LOG", value_parser = BoolishValueParser::new())]
    pub(crate) access_log: bool,
}

/// How long the core is waited for.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "HTTP")]
pub(crate) struct Patience {
    /// How long the core may take to answer
    #[arg(long, env = "ROLLCALL_CORE_TIMEOUT", value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub(crate) core_timeout: Duration,
}

/// Whether one process serves the console too.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Console")]
pub(crate) struct ConsoleSwitch {
    /// Do not serve the web console at /admin
    #[arg(long, env = "ROLLCALL_NO_CONSOLE", value_parser = BoolishValueParser::new())]
    pub(crate) no_console: bool,
}

/// Where a console that is a process of its own is.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Console")]
pub(crate) struct ConsoleAddress {
    /// Address that the web console listens on; port 0 takes any free one
    #[arg(long, env = "ROLLCALL_CONSOLE_ADDR", value_name = "IP:PORT", default_value = "127.0.0.1:8090", value_parser = address::parse)]
    pub(crate) console_addr: SocketAddr,
}

/// The console as a process of its own.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Console")]
pub(crate) struct ConsoleHttp {
    #[command(flatten)]
    pub(crate) address: ConsoleAddress,

    #[command(flatten)]
    pub(crate) tls: HttpTls,

    #[command(flatten)]
    pub(crate) proxies: Proxies,

    #[command(flatten)]
    pub(crate) access_log: AccessLog,

    #[command(flatten)]
    pub(crate) public: Public,

    #[command(flatten)]
    pub(crate) patience: Patience,
}

/// What a gateway refuses and a core announces.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "HTTP")]
pub(crate) struct LargeBody {
    /// Largest body of a request about groups, and of a bulk request: a gateway refuses a larger one, and a core announces
    /// the limit
    #[arg(long, env = "ROLLCALL_MAX_LARGE_BODY", value_name = "SIZE", default_value = "32MiB")]
    pub(crate) max_large_body: ByteSize,
}

/// Where a gateway finds the cores.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Core")]
pub(crate) struct CoreConnection {
    /// URL of the core's gRPC address; with https:// the connection is encrypted. Several by comma; every address that a name
    /// leads to is a core
    #[arg(
        long,
        env = "ROLLCALL_CORE_URL",
        value_name = "URL",
        value_delimiter = ',',
        default_value = "http://127.0.0.1:50051"
    )]
    pub(crate) core_url: Vec<String>,

    #[command(flatten)]
    pub(crate) mtls: Mtls,

    /// PEM file with the certificates that the core's is checked against; without it, those of the system
    #[arg(long, env = "ROLLCALL_CORE_CA_CERT", value_name = "FILE")]
    pub(crate) core_ca_cert: Option<PathBuf>,

    /// PEM file with the certificate that this gateway presents to the core (mTLS)
    #[arg(long, env = "ROLLCALL_CORE_CLIENT_CERT", value_name = "FILE")]
    pub(crate) core_client_cert: Option<PathBuf>,

    /// PEM file with the private key of that certificate
    #[arg(long, env = "ROLLCALL_CORE_CLIENT_KEY", value_name = "FILE")]
    pub(crate) core_client_key: Option<PathBuf>,
}

/// The core's gRPC endpoint.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "gRPC")]
pub(crate) struct Grpc {
    /// Address that the gRPC API listens on; port 0 takes any free one
    #[arg(long, env = "ROLLCALL_GRPC_ADDR", value_name = "IP:PORT", default_value = "127.0.0.1:50051", value_parser = address::parse)]
    pub(crate) grpc_addr: SocketAddr,

    /// PEM file with the certificate of the gRPC API, which switches TLS on
    #[arg(long, env = "ROLLCALL_GRPC_TLS_CERT", value_name = "FILE")]
    pub(crate) grpc_tls_cert: Option<PathBuf>,

    /// PEM file with the private key of that certificate
    #[arg(long, env = "ROLLCALL_GRPC_TLS_KEY", value_name = "FILE")]
    pub(crate) grpc_tls_key: Option<PathBuf>,

    /// PEM file with the certificates that clients must be signed by (mTLS); without it, clients present none
    #[arg(long, env = "ROLLCALL_GRPC_TLS_CLIENT_CA", value_name = "FILE")]
    pub(crate) grpc_tls_client_ca: Option<PathBuf>,
}

/// The database.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Database")]
pub(crate) struct Database {
    /// `postgres://USER:PASSWORD@HOST/NAME` or `sqlite:FILE`; without it, the SQLite file rollcall.db in the data
    /// directory
    #[arg(long, env = "ROLLCALL_DATABASE_URL", value_name = "URL", hide_env_values = true, value_parser = secret_text())]
    pub(crate) database_url: Option<SecretString>,

    /// File with that URL
    #[arg(long, env = "ROLLCALL_DATABASE_URL_FILE", value_name = "FILE")]
    pub(crate) database_url_file: Option<PathBuf>,

    /// Directory of the SQLite database, made if it is not there
    #[arg(long, env = "ROLLCALL_DATA_DIR", value_name = "DIRECTORY", default_value = "./rollcall-data")]
    pub(crate) data_dir: PathBuf,

    /// Connections to the database at most
    #[arg(long, env = "ROLLCALL_DATABASE_CONNECTIONS", value_name = "N", default_value_t = 16,
          value_parser = clap::value_parser!(u32).range(2..=1000))]
    pub(crate) database_connections: u32,

    /// How long a statement may take before it is given up
    #[arg(long, env = "ROLLCALL_DATABASE_STATEMENT_TIMEOUT", value_name = "DURATION", default_value = "10s",
          value_parser = duration)]
    pub(crate) database_statement_timeout: Duration,

    /// How long a statement waits on PostgreSQL for what another one has locked
    #[arg(long, env = "ROLLCALL_DATABASE_LOCK_TIMEOUT", value_name = "DURATION", default_value = "5s",
          value_parser = duration)]
    pub(crate) database_lock_timeout: Duration,

    /// For how long PgBouncer, or another pooler between Rollcall and PostgreSQL, gives a connection: its `pool_mode`; without a
    /// pooler, `session`
    #[arg(long, env = "ROLLCALL_DATABASE_POOL_MODE", value_name = "MODE", default_value = "session")]
    pub(crate) database_pool_mode: PoolMode,
}

/// For how long a pooler gives a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PoolMode {
    Session,
    Transaction,
}

impl From<PoolMode> for rollcall_store::PoolMode {
    fn from(mode: PoolMode) -> Self {
        match mode {
            PoolMode::Session => Self::Session,
            PoolMode::Transaction => Self::Transaction,
        }
    }
}

impl Database {
    /// How many requests of one directory are served at once: on PostgreSQL as many as leave a quarter of the connections to
    /// the others; on SQLite, where none waits for another one's locks, all.
    pub(crate) fn requests_of_one_directory(&self) -> Option<u32> {
        let url = self.database_url.as_ref()?;
        let connections = self.database_connections;
        (!url.expose_secret().starts_with("sqlite:")).then(|| connections - (connections / 4).max(1))
    }

    /// Checks that each wait is shorter than the one around it: a lock's, a statement's, and that for the core's answer, where
    /// one is known.
    pub(crate) fn check_order(&self, core_timeout: Option<Duration>) -> Result<(), Invalid> {
        let (lock, statement) = (self.database_lock_timeout, self.database_statement_timeout);
        if lock.is_zero() || lock >= statement {
            return Err(Invalid(format!(
                "database-lock-timeout {lock:?} must be more than nothing and less than database-statement-timeout {statement:?}"
            )));
        }
        match core_timeout {
            Some(core) if statement >= core => Err(Invalid(format!(
                "database-statement-timeout {statement:?} must be less than core-timeout {core:?}: a gateway would give up first"
            ))),
            _ => Ok(()),
        }
    }
}

/// What a core does before it serves.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Start")]
pub(crate) struct Start {
    /// Do not apply migrations: refuse to start while some are pending
    #[arg(long, env = "ROLLCALL_NO_MIGRATE", value_parser = BoolishValueParser::new())]
    pub(crate) no_migrate: bool,

    /// YAML file that says what directories are to be, as `rollcall apply -f FILE` takes it; it is made true before the server serves, and
    /// what it does not have is left alone
    #[arg(long, env = "ROLLCALL_DIRECTORIES_FILE", value_name = "FILE")]
    pub(crate) directories_file: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) bootstrap: BootstrapFiles,
}

/// The published limits of a core.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct Limits {
    /// Operations in one PATCH at most
    #[arg(long, env = "ROLLCALL_MAX_PATCH_OPERATIONS", value_name = "N", default_value_t = 5000,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) max_patch_operations: u32,

    /// Operations in one bulk request at most
    #[arg(long, env = "ROLLCALL_MAX_BULK_OPERATIONS", value_name = "N", default_value_t = 1000,
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) max_bulk_operations: u32,

    /// Members of a group in one request at most
    #[arg(long, env = "ROLLCALL_MAX_REQUEST_MEMBERS", value_name = "N", default_value_t = 1_000_000,
          value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(crate) max_request_members: u32,

    /// Resources in a page when the client does not say
    #[arg(long, env = "ROLLCALL_DEFAULT_PAGE_SIZE", value_name = "N", default_value_t = 100,
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) default_page_size: u32,

    /// Resources in a page at most
    #[arg(long, env = "ROLLCALL_MAX_PAGE_SIZE", value_name = "N", default_value_t = 1000,
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) max_page_size: u32,

    /// How long a client may wait before it asks for the next page by cursor
    #[arg(long, env = "ROLLCALL_PAGE_TOKEN_LIFETIME", value_name = "DURATION", default_value = "1h", value_parser = duration)]
    pub(crate) page_token_lifetime: Duration,

    /// How long events are kept for those who follow them
    #[arg(long, env = "ROLLCALL_EVENT_RETENTION", value_name = "DURATION", default_value = "90d", value_parser = duration)]
    pub(crate) event_retention: Duration,

    /// Requests that the identity provider of a directory may send in a second, and at once; each core counts for itself;
    /// 0: as many as it likes
    #[arg(long, env = "ROLLCALL_MAX_REQUESTS_PER_SECOND", value_name = "N", default_value_t = 10_000, value_parser = pace)]
    pub(crate) max_requests_per_second: u32,

    /// How long a session of the web console lasts without being used
    #[arg(long, env = "ROLLCALL_SESSION_IDLE", value_name = "DURATION", default_value = "1h", value_parser = duration)]
    pub(crate) session_idle: Duration,

    /// How long a session of the web console lasts, used or not
    #[arg(long, env = "ROLLCALL_SESSION_LIFETIME", value_name = "DURATION", default_value = "12h", value_parser = duration)]
    pub(crate) session_lifetime: Duration,

    /// Passwords that may be tried for one user in a minute, until one is right
    #[arg(long, env = "ROLLCALL_PASSWORD_ATTEMPTS_PER_USER", value_name = "N", default_value_t = 10,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) password_attempts_per_user: u32,

    /// Passwords that one service key may try in a minute
    #[arg(long, env = "ROLLCALL_PASSWORD_ATTEMPTS_PER_KEY", value_name = "N", default_value_t = 600,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) password_attempts_per_key: u32,
}

impl Limits {
    /// The limits as the core takes them. Errors: a default that is more than the maximum.
    pub(crate) fn checked(&self, large_body: &LargeBody) -> Result<rollcall_core::Limits, Invalid> {
        let Self { default_page_size, max_page_size, .. } = *self;
        if default_page_size > max_page_size {
            return Err(Invalid(format!(
                "default-page-size is {default_page_size}, more than max-page-size, {max_page_size}; lower the one or raise the other"
            )));
        }
        if self.session_idle > self.session_lifetime {
            return Err(Invalid(
                "session-idle is longer than session-lifetime; lower the one or raise the other".to_owned(),
            ));
        }
        Ok(rollcall_core::Limits {
            requests_of_one_directory: None,
            default_page_size,
            max_page_size,
            max_patch_operations: usize::try_from(self.max_patch_operations).unwrap_or(usize::MAX),
            max_bulk_operations: usize::try_from(self.max_bulk_operations).unwrap_or(usize::MAX),
            max_bulk_bytes: large_body.max_large_body.0,
            max_members_per_request: usize::try_from(self.max_request_members).unwrap_or(usize::MAX),
            page_token_lifetime: self.page_token_lifetime,
            event_retention: self.event_retention,
            max_requests_per_second: (self.max_requests_per_second > 0)
                .then_some(self.max_requests_per_second),
            session_idle: self.session_idle,
            session_lifetime: self.session_lifetime,
            password_attempts_per_user: self.password_attempts_per_user,
            password_attempts_per_key: self.password_attempts_per_key,
        })
    }
}

/// The least that a limit of requests a second may be: as many as Entra asks for.
const LEAST_PACE: u32 = 25;
const GREATEST_PACE: u32 = 1_000_000;

/// Reads a limit of requests a second, or 0 for none.
fn pace(text: &str) -> Result<u32, String> {
    let read = text.parse().ok().filter(|pace| *pace == 0 || (LEAST_PACE..=GREATEST_PACE).contains(pace));
    read.ok_or_else(|| format!("it must be a number from {LEAST_PACE} to {GREATEST_PACE}, or 0 for no limit"))
}

/// How a server ends.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Shutdown")]
pub(crate) struct Shutdown {
    /// How long after the first SIGTERM or Ctrl-C the server still takes new work, while its readiness already says
    /// no: the time that a load balancer needs to notice
    #[arg(long, env = "ROLLCALL_DRAIN_DELAY", value_name = "DURATION", default_value = "0s", value_parser = duration)]
    pub(crate) drain_delay: Duration,

    /// How long requests that are under way may then take to finish; a second signal ends them at once
    #[arg(long, env = "ROLLCALL_DRAIN_DEADLINE", value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub(crate) drain_deadline: Duration,
}

#[cfg(test)]
mod tests;
