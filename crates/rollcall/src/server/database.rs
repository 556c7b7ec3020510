//! The database behind a core: where it is, and whether it is up to date.

use std::ffi::OsString;
use std::fs::DirBuilder;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use percent_encoding::percent_decode_str;
use rollcall_core::{Clock as _, Core, Limits, SystemClock, SystemRandom, new_id};
use rollcall_store::{Options, Store};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::timeout;

use super::file_lock::FileLock;
use crate::settings::{Database, Invalid};

/// The file in the data directory.
const FILE_NAME: &str = "rollcall.db";
/// Only its owner may look into a data directory.
pub(crate) const DIRECTORY_MODE: u32 = 0o700;
/// How long transactions that are under way may take when a server ends.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens the database. A SQLite file is made where it is missing, and the data directory with it.
pub(crate) async fn open(settings: &Database) -> Result<Arc<dyn Store>> {
    if settings.database_url.is_none() {
        let directory = &settings.data_dir;
        DirBuilder::new()
            .recursive(true)
            .mode(DIRECTORY_MODE)
            .create(directory)
            .with_context(|| format!("cannot make the data directory {}", directory.display()))?;
    }
    connect(settings).await
}

/// Opens the database, but makes none: a command that works on one has been pointed to the wrong place if there is none.
pub(crate) async fn open_existing(settings: &Database) -> Result<Arc<dyn Store>> {
    if let Some(file) = sqlite_file(settings).filter(|file| !file.exists()) {
        bail!(
            "there is no database {}: name the server's with --data-dir or --database-url, or make one with \
             `rollcall migrate`",
            file.display()
        );
    }
    connect(settings).await
}

async fn connect(settings: &Database) -> Result<Arc<dyn Store>> {
    settings.check_order(None)?;
    let options = Options {
        max_connections: settings.database_connections,
        statement_timeout: settings.database_statement_timeout,
        lock_timeout: settings.database_lock_timeout,
        pool_mode: settings.database_pool_mode.into(),
        ..Options::default()
    };
    let url = url(settings)?;
    rollcall_store::open(url.expose_secret(), &options).await.map_err(|error| {
        let shown = shown_url(settings);
        match error {
            rollcall_store::Error::Url(message) => Invalid(message).into(),
            error @ rollcall_store::Error::Unavailable(_) => anyhow!(error).context(format!(
                "cannot open the database {shown}: does it run, and can it be reached from here?"
            )),
            error => anyhow!(error).context(format!("cannot open the database {shown}")),
        }
    })
}

/// The database's URL, with its password. Errors: a data directory that no URL can name.
pub(crate) fn url(settings: &Database) -> Result<SecretString, Invalid> {
    if let Some(url) = &settings.database_url {
        return Ok(url.clone());
    }
    let path = settings.data_dir.join(FILE_NAME);
    let path =
        path.to_str().ok_or_else(|| Invalid(format!("data-dir {}: it is no UTF-8", path.display())))?;
    Ok(format!("sqlite:{}", path.replace('%', "%25").replace('?', "%3F")).into())
}

/// The database's URL as it may be shown: without a password.
pub(crate) fn shown_url(settings: &Database) -> String {
    let Some(url) = &settings.database_url else {
        return settings.data_dir.join(FILE_NAME).display().to_string();
    };
    let whole = url.expose_secret();
    let url = whole.split(['?', '#']).next().unwrap_or_default();
    let behind = whole.get(url.len()..).unwrap_or_default();
    match (url.split_once("://"), url.rsplit_once('@')) {
        // A password may have been written with what ends a host, and then this is where it goes on.
        (Some((scheme, _)), _) if behind.contains('@') => format!("{scheme}://…"),
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        _ => url.to_owned(),
    }
}

/// The file that is the database; `None`, it is on PostgreSQL.
pub(crate) fn sqlite_file(settings: &Database) -> Option<PathBuf> {
    let Some(url) = &settings.database_url else { return Some(settings.data_dir.join(FILE_NAME)) };
    let rest = url.expose_secret().strip_prefix("sqlite:")?;
    let path = rest.strip_prefix("//").unwrap_or(rest).split('?').next()?;
    let bytes: Vec<u8> = percent_decode_str(path).collect();
    Some(OsString::from_vec(bytes).into())
}

/// Applies the migrations that are pending, and names them.
pub(crate) async fn migrate(store: &dyn Store) -> Result<Vec<String>> {
    let random = SystemRandom::new().context("the system has no randomness to give")?;
    let holder = new_id(&random, SystemClock.now());
    store.migrate(holder, &|| SystemClock.now()).await.context("cannot migrate the database")
}

/// Refuses a database that lacks migrations.
pub(crate) async fn require_migrated(store: &dyn Store) -> Result<()> {
    let pending = store.pending_migrations().await.context("cannot read the database")?;
    if pending.is_empty() {
        return Ok(());
    }
    bail!("the database lacks {}; apply them with `rollcall migrate`", lacking(&pending));
}

/// What a database lacks, in a few words; there is something.
pub(crate) fn lacking(pending: &[String]) -> String {
    match pending {
        [first, _, ..] => format!("{} migrations, from {first:?} on", pending.len()),
        one => format!("the migration {:?}", one.concat()),
    }
}

/// A core on a database, with the time and the randomness of this machine.
pub(crate) fn core(store: Arc<dyn Store>, limits: Limits) -> Result<Core> {
    let random = SystemRandom::new().context("the system has no randomness to give")?;
    Ok(Core::new(store, Arc::new(SystemClock), Arc::new(random), limits))
}

/// The database of a server, which no other server may serve too if it is a file.
#[derive(Debug)]
pub(super) struct Claimed {
    pub(super) store: Arc<dyn Store>,
    lock: Option<FileLock>,
}

/// Opens the database of a server and brings it up to date, or refuses one that is not, or that is a file which another
/// server serves; `command` is what this process runs.
pub(super) async fn prepare(settings: &Database, no_migrate: bool, command: &str) -> Result<Claimed> {
    let store = open(settings).await?;
    let lock = sqlite_file(settings).map(|file| FileLock::take(&file, command)).transpose()?;
    if no_migrate {
        require_migrated(&*store).await?;
    } else {
        for name in migrate(&*store).await? {
            tracing::info!(migration = name, "applied a migration");
        }
    }
    tracing::info!(database = shown_url(settings), "the database is ready");
    Ok(Claimed { store, lock })
}

/// Closes the database; what does not end in time is cut off, and rolled back.
pub(super) async fn close(claimed: Claimed) {
    let Claimed { store, lock } = claimed;
    if timeout(CLOSE_TIMEOUT, store.close()).await.is_err() {
        tracing::warn!("the database was not closed in time");
    }
    // Only now may another server have the file.
    drop(lock);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: Option<&str>) -> Database {
        Database {
            database_url: url.map(SecretString::from),
            database_url_file: None,
            data_dir: PathBuf::from("data?100%"),
            database_connections: 2,
            database_statement_timeout: Duration::from_secs(10),
            database_lock_timeout: Duration::from_secs(5),
            database_pool_mode: crate::settings::PoolMode::Session,
        }
    }

    #[test]
    fn without_a_url_the_database_is_a_file_in_the_data_directory() {
        assert_eq!(url(&settings(None)).unwrap().expose_secret(), "sqlite:data%3F100%25/rollcall.db");
        assert_eq!(url(&settings(Some("postgres://db/x"))).unwrap().expose_secret(), "postgres://db/x");
    }

    #[test]
    fn a_password_is_never_shown() {
        let shown = |url| shown_url(&settings(Some(url)));
        assert_eq!(shown("postgres://u:p@ss@db:5432/x?sslmode=require&password=p"), "postgres://…@db:5432/x");
        assert_eq!(shown("postgres:///x?host=/run&password=p"), "postgres:///x");
        for unescaped in ["postgres://u:1?ss@db:5432/x", "postgres://u:1#ss@db/x", "postgres://u:p@1?s@db"] {
            assert_eq!(shown(unescaped), "postgres://…");
        }
        assert_eq!(shown("sqlite:rollcall.db"), "sqlite:rollcall.db");
    }

    #[test]
    fn a_sqlite_url_names_a_file() {
        let file = |url| sqlite_file(&settings(url)).map(|path| path.display().to_string());
        assert_eq!(file(Some("sqlite:a/b.db")).as_deref(), Some("a/b.db"));
        assert_eq!(file(Some("sqlite:///a/b.db?mode=rw")).as_deref(), Some("/a/b.db"));
        assert_eq!(file(Some("sqlite:a%3Fb%25.db")).as_deref(), Some("a?b%.db"));
        assert_eq!(file(None).as_deref(), Some("data?100%/rollcall.db"));
        assert_eq!(file(Some("postgres://db/x")), None);
    }

    #[test]
    fn each_wait_is_shorter_than_the_one_around_it() {
        let waits = |lock, statement| Database {
            database_lock_timeout: Duration::from_secs(lock),
            database_statement_timeout: Duration::from_secs(statement),
            ..settings(None)
        };
        let core = Some(Duration::from_secs(30));
        waits(5, 10).check_order(core).unwrap();
        waits(5, 60).check_order(None).unwrap();
        for (lock, statement) in [(0, 10), (10, 10), (11, 10), (5, 30)] {
            let Invalid(message) = waits(lock, statement).check_order(core).unwrap_err();
            assert!(message.contains("database-statement-timeout"), "{message}");
        }
    }

    #[test]
    fn a_quarter_of_the_connections_is_for_other_directories() {
        let of = |url: Option<&str>, connections| {
            let settings = Database { database_connections: connections, ..settings(url) };
            settings.requests_of_one_directory()
        };
        assert_eq!(of(Some("postgres://db/x"), 16), Some(12));
        assert_eq!(of(Some("postgres://db/x"), 2), Some(1));
        assert_eq!(of(None, 16), None);
        assert_eq!(of(Some("sqlite:a.db"), 16), None);
    }

    #[tokio::test]
    async fn a_database_that_is_not_there_is_not_made_by_a_command_that_works_on_one() {
        let error = open_existing(&settings(Some("sqlite:no/such.db"))).await.unwrap_err().to_string();
        assert!(error.contains("no/such.db") && error.contains("rollcall migrate"), "{error}");
    }
}
