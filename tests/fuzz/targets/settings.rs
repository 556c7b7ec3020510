//! Settings: files, the environment, arguments and what stands in them. Each is read or refused, with no secret in what is said of
//! it; lengths, sizes, times and URLs of databases read as something simpler reads them.

#![no_main]
#![allow(dead_code, reason = "the binary reads more of its settings than this")]

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use arbitrary::Arbitrary;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use rollcall_files::server::{database_file, shown};
use rollcall_files::settings;
use secrecy::SecretString;
use tempfile::NamedTempFile;

/// The files of the binary that read settings, which has no library.
#[path = "../../../crates/rollcall/src"]
mod rollcall_files {
    pub mod settings;

    #[path = "server"]
    pub mod server {
        mod database;
        mod file_lock;

        pub(crate) use self::database::{shown_url as shown, sqlite_file as database_file};
    }

    #[path = "cli"]
    pub mod cli {
        mod time;

        /// A time in the past; errors: it is none, or no calendar reaches it.
        pub fn past(text: &str, now: jiff::Timestamp) -> Option<prost_types::Timestamp> {
            time::Past::parse(text).ok()?.message(now).ok()
        }
    }
}

/// What is a secret wherever it is put.
const SECRET: &str = "zQ7kWx";
/// Variables that are set.
const VARIABLES: [&str; 12] = [
    "ROLLCALL_CONFIG",
    "ROLLCALL_HTTP_ADDR",
    "ROLLCALL_DATABASE_URL",
    "ROLLCALL_DATABASE_CONNECTIONS",
    "ROLLCALL_TRUSTED_PROXIES",
    "ROLLCALL_PUBLIC_URL",
    "ROLLCALL_MAX_USER_BODY",
    "ROLLCALL_CORE_TIMEOUT",
    "ROLLCALL_SMTP_URL",
    "ROLLCALL_NO_CONSOLE",
    "ROLLCALL_LOG_FORMAT",
    "ROLLCALL_EVENT_RETENTION",
];
const FLAGS: [&str; 8] = [
    "--http-addr",
    "--max-user-body",
    "--database-url",
    "--trusted-proxies",
    "--no-console",
    "--public-url",
    "--core-timeout",
    "--smtp-url",
];

#[derive(Debug, Parser)]
#[command(name = "rollcall")]
struct Everything {
    #[command(flatten)]
    general: settings::General,
    #[command(flatten)]
    http: settings::Http,
    #[command(flatten)]
    connections: settings::Connections,
    #[command(flatten)]
    console: settings::ConsoleSwitch,
    #[command(flatten)]
    database: settings::Database,
    #[command(flatten)]
    start: settings::Start,
    #[command(flatten)]
    limits: settings::Limits,
    #[command(flatten)]
    smtp: settings::Smtp,
    #[command(flatten)]
    metrics: settings::Metrics,
    #[command(flatten)]
    open_id: settings::OpenId,
}

#[derive(Debug, Arbitrary)]
enum Given<'a> {
    File(&'a str),
    Layers { file: Vec<(u8, &'a str)>, variables: Vec<(u8, &'a str)>, arguments: Vec<(u8, Option<&'a str>)> },
    Duration(&'a str),
    Seconds(u32, u8),
    Expiry(&'a str, i32),
    Past(&'a str, i32),
    DatabaseUrl(&'a str),
    Hosts { password: &'a str, hosts: Vec<(u8, Option<u16>)>, parameters: &'a str },
    SqliteFile(&'a str),
    Smtp { url: &'a str, password: bool, from: &'a str },
}

fuzz_target!(|given: Given<'_>| match given {
    Given::File(text) => drop(layers(text, &[], &[])),
    Given::Layers { file, variables, arguments } => given_in_layers(&file, &variables, &arguments),
    Given::Duration(text) => drop(settings::duration(text)),
    Given::Seconds(number, unit) => {
        let (unit, seconds) = [("s", 1), ("m", 60), ("h", 3600), ("d", 86400)][usize::from(unit) % 4];
        let read = settings::duration(&format!("{number}{unit}"));
        // The library knows lengths up to some ten thousand years.
        if let Ok(read) = read {
            assert_eq!(read, Duration::from_secs(u64::from(number) * seconds));
        }
    }
    Given::Expiry(text, now) => {
        let now = Timestamp::from_second(now.into()).expect("a time");
        if let Ok(expiry) = settings::Expiry::parse(text)
            && let Ok(time) = expiry.time(now)
        {
            let is_time = text.parse::<Timestamp>().is_ok();
            assert!(is_time || time >= now, "{text:?} from {now} is {time}");
        }
    }
    Given::Past(text, now) => {
        let now = Timestamp::from_second(now.into()).expect("a time");
        _ = rollcall_files::cli::past(text, now);
    }
    Given::DatabaseUrl(url) => {
        database_url(url);
        // However a password is written, and whatever is behind it.
        database_url(&format!("postgres://ana:{SECRET}{url}"));
    }
    Given::Hosts { password, hosts, parameters } => named_hosts(password, &hosts, parameters),
    Given::SqliteFile(path) => database_url(&format!("sqlite:{path}")),
    Given::Smtp { url, password, from } => {
        let url = if password { format!("smtps://ana:{SECRET}{url}") } else { url.to_owned() };
        let settings = rollcall_core::SmtpSettings {
            url: url.into(),
            password: password.then(|| SECRET.into()),
            from: from.to_owned(),
            ca: None,
            timeout: Duration::from_secs(1),
            retry_delay: Duration::from_secs(1),
        };
        if let Err(error) = rollcall_core::Smtp::new(settings) {
            assert!(!error.to_string().contains(SECRET), "{error}");
        }
    }
});

/// What a file, variables and arguments give together.
fn layers(file: &str, variables: &[(&str, &str)], arguments: &[String]) -> Result<Everything, String> {
    let mut there = NamedTempFile::new_in(folder()).expect("a file");
    there.write_all(file.as_bytes()).expect("a file");
    let path = there.path().to_str().expect("a path").to_owned();
    // SAFETY: no other thread reads the environment.
    unsafe { variables.iter().for_each(|(name, value)| std::env::set_var(name, value)) };
    let mut line: Vec<OsString> = vec!["rollcall".into()];
    if !variables.iter().any(|(name, _)| *name == "ROLLCALL_CONFIG") {
        line.extend(["--config".into(), path.into()]);
    }
    line.extend(arguments.iter().map(OsString::from));
    let read = settings::layers::matches(Everything::command(), &line);
    unsafe { variables.iter().for_each(|(name, _)| std::env::remove_var(name)) };
    match read {
        Ok(matches) => Everything::from_arg_matches(&matches).map_err(|error| error.to_string()),
        Err(settings::layers::Failure::Usage(error)) => Err(error.render().to_string()),
        Err(settings::layers::Failure::Setting(error)) => Err(error.to_string()),
    }
}

fn folder() -> &'static Path {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory } else { Path::new("/tmp") }
}

fn given_in_layers(file: &[(u8, &str)], variables: &[(u8, &str)], arguments: &[(u8, Option<&str>)]) {
    let name = |at: &u8| VARIABLES[usize::from(*at) % VARIABLES.len()];
    let key = |at: &u8| name(at).trim_start_matches("ROLLCALL_").to_lowercase().replace('_', "-");
    let text: String = file.iter().map(|(at, value)| format!("{} = {}\n", key(at), quoted(value))).collect();
    let variables: Vec<_> = variables
        .iter()
        .filter(|(_, value)| !value.contains('\0'))
        .map(|(at, value)| (name(at), *value))
        // A file of the machine is nobody's settings.
        .filter(|(name, _)| *name != "ROLLCALL_CONFIG")
        .collect();
    let mut line = Vec::new();
    for (at, value) in arguments {
        line.push(FLAGS[usize::from(*at) % FLAGS.len()].to_owned());
        line.extend(value.map(str::to_owned));
    }
    let Ok(read) = layers(&text, &variables, &line) else { return };
    // The environment counts before the file.
    let set = variables.iter().rev().find(|(name, _)| *name == "ROLLCALL_HTTP_ADDR");
    if let Some((_, value)) = set.filter(|(_, value)| !value.is_empty())
        && !line.iter().any(|argument| argument.starts_with("--http-addr"))
    {
        assert_eq!(Ok(read.http.http_addr), value.parse());
    }
}

/// The settings of a database at a URL.
fn database(url: &str) -> settings::Database {
    settings::Database {
        database_url: Some(SecretString::from(url)),
        database_url_file: None,
        data_dir: PathBuf::from("data"),
        database_connections: 2,
        database_statement_timeout: Duration::from_secs(10),
        database_lock_timeout: Duration::from_secs(5),
        database_pool_mode: settings::PoolMode::Session,
    }
}

/// A URL is read or refused; what is shown of it has no password; and what looks for the file finds the one that is opened.
fn database_url(url: &str) {
    let settings = database(url);
    // Without an @ behind it there is a port where a password would be.
    if url.starts_with("postgres") && url.rfind('@') > url.find(SECRET) {
        let shown = shown(&settings);
        assert!(!shown.contains(SECRET), "{url:?} is shown as {shown:?}");
        assert!(!format!("{settings:?}").contains(SECRET));
        if let Err(error) = rollcall_store::fuzzing::hosts(url) {
            assert!(!error.to_string().contains(SECRET), "{url:?}: {error}");
        }
    }
    if url.starts_with("sqlite:")
        && let Ok(file) = rollcall_store::fuzzing::file(url)
    {
        assert_eq!(database_file(&settings), Some(file), "{url:?}");
    }
}

/// Each host that a URL names is one that is connected to, in their order.
fn named_hosts(password: &str, hosts: &[(u8, Option<u16>)], parameters: &str) {
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_plain(password) || !is_plain(parameters) || hosts.is_empty() {
        return;
    }
    let expected: Vec<_> =
        hosts.iter().map(|(name, port)| (format!("h{name}"), port.unwrap_or(5432))).collect();
    let written: Vec<String> = hosts
        .iter()
        .map(|(name, port)| port.map_or(format!("h{name}"), |port| format!("h{name}:{port}")))
        .collect();
    let url = format!(
        "postgres://ana:{password}@{}/rollcall?application_name={parameters}&target_session_attrs=any",
        written.join(",")
    );
    let (read, read_write) = rollcall_store::fuzzing::hosts(&url).expect("a URL");
    assert_eq!((read, read_write), (expected, false), "{url}");
}

/// A text as TOML has it: all but the escapes of control characters are those of JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}
