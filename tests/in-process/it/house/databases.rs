//! Databases, each copied from a template that was migrated once.
//!
//! nextest runs each test in a process of its own, several at once: whoever comes first makes the template, whose name
//! carries a checksum of the migrations.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

use rollcall_store::{Options, Store};
use sqlx::{Connection as _, PgConnection, Row as _};
use tempfile::TempDir;
use uuid::Uuid;

/// The number of the lock under which a template is made on PostgreSQL.
const LOCK: i64 = 0x726f_6c6c_6361_6c6c;

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

/// A database of a test's own.
#[derive(Debug)]
pub(crate) enum Database {
    Sqlite(TempDir),
    Postgres { server: String, name: String },
}

impl Database {
    /// A new one, migrated.
    pub(crate) async fn new(kind: Kind) -> Self {
        match kind {
            Kind::Sqlite => {
                let folder = tempfile::tempdir_in(scratch()).unwrap();
                fs::copy(sqlite_template().await, folder.path().join("rollcall.db")).unwrap();
                Self::Sqlite(folder)
            }
            Kind::Postgres => {
                static COUNT: AtomicU32 = AtomicU32::new(0);
                let server = env::var("ROLLCALL_TEST_POSTGRES_URL").expect(
                    "ROLLCALL_TEST_POSTGRES_URL must name a PostgreSQL database; tests/run starts one",
                );
                let number = COUNT.fetch_add(1, Ordering::Relaxed);
                let name = format!("in_process_{}_{number}", process::id());
                let mut connection = PgConnection::connect(&server).await.unwrap();
                let template = postgres_template(&server, &mut connection).await;
                execute(&mut connection, format!("DROP DATABASE IF EXISTS {name}")).await;
                execute(&mut connection, format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
                connection.close().await.unwrap();
                Self::Postgres { server, name }
            }
        }
    }

    /// Opens it.
    pub(crate) async fn open(&self) -> Arc<dyn Store> {
        let url = match self {
            Self::Sqlite(folder) => sqlite_url(&folder.path().join("rollcall.db")),
            Self::Postgres { server, name } => with_name(server, name),
        };
        let options = Options { max_connections: 4, ..Options::default() };
        rollcall_store::open(&url, &options).await.unwrap()
    }

    /// Deletes it.
    pub(crate) async fn remove(self) {
        if let Self::Postgres { server, name } = self {
            let mut connection = PgConnection::connect(&server).await.unwrap();
            execute(&mut connection, format!("DROP DATABASE {name} WITH (FORCE)")).await;
            connection.close().await.unwrap();
        }
    }
}

/// Where files are kept that nobody needs after the test: in memory where the machine has such a place, since writing to a
/// disk is what a test on SQLite would wait for.
fn scratch() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { env::temp_dir() }
}

/// The template, a file.
async fn sqlite_template() -> PathBuf {
    let template =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("template-{:08x}.db", checksum("sqlite")));
    if !template.exists() {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let file = folder.path().join("new.db");
        migrate(&sqlite_url(&file)).await;
        // Of several who made one, the last one's stays.
        fs::rename(file, &template).unwrap();
    }
    template
}

fn sqlite_url(file: &Path) -> String {
    format!("sqlite:{}", file.display())
}

/// The name of the template, a database.
async fn postgres_template(server: &str, connection: &mut PgConnection) -> String {
    let name = format!("in_process_template_{:08x}", checksum("postgres"));
    if is_there(connection, &name).await {
        return name;
    }
    sqlx::query("SELECT pg_advisory_lock($1)").bind(LOCK).execute(&mut *connection).await.unwrap();
    if !is_there(connection, &name).await {
        // Under another name until it is done, so that one whose maker was ended is no template.
        let unfinished = format!("{name}_unfinished");
        execute(connection, format!("DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)")).await;
        execute(connection, format!("CREATE DATABASE {unfinished}")).await;
        migrate(&with_name(server, &unfinished)).await;
        execute(connection, format!("ALTER DATABASE {unfinished} RENAME TO {name}")).await;
    }
    sqlx::query("SELECT pg_advisory_unlock($1)").bind(LOCK).execute(connection).await.unwrap();
    name
}

async fn is_there(connection: &mut PgConnection, name: &str) -> bool {
    let asked = sqlx::query("SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)").bind(name);
    asked.fetch_one(connection).await.unwrap().get(0)
}

async fn execute(connection: &mut PgConnection, statement: String) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(connection).await.unwrap();
}

/// The URL of another database on a server.
fn with_name(server: &str, name: &str) -> String {
    let (before, options) = server.split_once('?').unwrap_or((server, ""));
    let host = before.rsplit_once('/').unwrap().0;
    let separator = if options.is_empty() { "" } else { "?" };
    format!("{host}/{name}{separator}{options}")
}

async fn migrate(url: &str) {
    let store = rollcall_store::open(url, &Options::default()).await.unwrap();
    store.migrate(Uuid::from_u128(1), &|| 0).await.unwrap();
    store.close().await;
}

/// Tells the migrations of this tree from others.
fn checksum(database: &str) -> u32 {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(database);
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut sum = crc32fast::Hasher::new();
    for file in files {
        sum.update(&fs::read(file).unwrap());
    }
    sum.finalize()
}
