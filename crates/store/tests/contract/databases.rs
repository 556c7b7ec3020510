//! Fresh databases.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use rollcall_store::{Options, PoolMode, Store, open};
use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;
use uuid::Uuid;

/// A fresh and empty database.
#[async_trait]
pub(crate) trait Database: Send + Sync {
    /// Opens it, without migrating it.
    async fn open(&self) -> Arc<dyn Store>;

    /// How many stores may write at once.
    fn writers(&self) -> usize;

    /// Whether what is to be changed may be what was read before the transaction.
    fn reads_ahead(&self) -> bool {
        true
    }

    /// The tables that have a column of this name.
    async fn tables_with(&self, column: &str) -> Vec<String>;

    /// Opens and migrates it.
    async fn store(&self) -> Arc<dyn Store> {
        let store = self.open().await;
        store.migrate(Uuid::from_u128(1), &|| 0).await.unwrap();
        store
    }
}

/// A file in a folder of its own.
pub(crate) struct Sqlite {
    folder: TempDir,
}

impl Sqlite {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("rollcall.db")
    }
}

#[async_trait]
impl Database for Sqlite {
    fn writers(&self) -> usize {
        1
    }

    async fn open(&self) -> Arc<dyn Store> {
        open(&format!("sqlite:{}", self.file().display()), &Options::default()).await.unwrap()
    }

    async fn tables_with(&self, column: &str) -> Vec<String> {
        let connection = rusqlite::Connection::open(self.file()).unwrap();
        let mut statement = connection
            .prepare("SELECT t.name FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table' AND c.name = ?1")
            .unwrap();
        let tables = statement.query_map([column], |row| row.get(0)).unwrap();
        tables.collect::<Result<_, _>>().unwrap()
    }
}

/// A schema of its own.
pub(crate) struct Postgres {
    url: String,
    schema: String,
    pool_mode: PoolMode,
}

impl Postgres {
    pub(crate) async fn new() -> Self {
        Self::used_as(PoolMode::Session).await
    }

    /// Used as through a pooler that gives connections for a transaction.
    pub(crate) async fn pooled() -> Self {
        Self::used_as(PoolMode::Transaction).await
    }

    async fn used_as(pool_mode: PoolMode) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let url = std::env::var("ROLLCALL_TEST_POSTGRES_URL")
            .expect("ROLLCALL_TEST_POSTGRES_URL must name a PostgreSQL database; tests/run starts one");
        let schema = format!("contract_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let postgres = Self { url, schema, pool_mode };
        let schema = &postgres.schema;
        postgres.execute(format!("DROP SCHEMA IF EXISTS {schema} CASCADE")).await;
        postgres.execute(format!("CREATE SCHEMA {schema}")).await;
        postgres
    }

    /// Changes the schema by a statement that names it `SCHEMA`.
    pub(crate) async fn alter(&self, statement: &str) {
        self.execute(statement.replace("SCHEMA", &self.schema)).await;
    }

    /// Opens it with other options than usual.
    pub(crate) async fn open_with(&self, options: &Options) -> Arc<dyn Store> {
        open(&self.own_url(), options).await.unwrap()
    }

    /// Its URL, with another host before its own.
    pub(crate) fn url_behind(&self, host: &str) -> String {
        let url = self.own_url();
        let start = url.find('@').or_else(|| url.find("//").map(|slashes| slashes + 1)).unwrap() + 1;
        format!("{}{host},{}", &url[..start], &url[start..])
    }

    fn own_url(&self) -> String {
        let separator = if self.url.contains('?') { '&' } else { '?' };
        let name = &self.schema;
        format!("{}{separator}options[search_path]={name}&application_name={name}", self.url)
    }

    /// A session of somebody else's that holds what a statement locks, which names the schema `SCHEMA`, until it is dropped.
    pub(crate) async fn hold(&self, statement: &str) -> PgConnection {
        let mut connection = PgConnection::connect(&self.url).await.unwrap();
        let statement = format!("BEGIN; {}", statement.replace("SCHEMA", &self.schema));
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
        connection
    }

    /// Ends every session of the stores, as a server does that is restarted.
    pub(crate) async fn end_sessions(&self) {
        self.execute(format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{}'",
            self.schema
        ))
        .await;
    }

    async fn execute(&self, statement: String) {
        let mut connection = PgConnection::connect(&self.url).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}

#[async_trait]
impl Database for Postgres {
    fn writers(&self) -> usize {
        2
    }

    fn reads_ahead(&self) -> bool {
        self.pool_mode == PoolMode::Session
    }

    async fn open(&self) -> Arc<dyn Store> {
        self.open_with(&Options { pool_mode: self.pool_mode, ..Options::default() }).await
    }

    async fn tables_with(&self, column: &str) -> Vec<String> {
        let mut connection = PgConnection::connect(&self.url).await.unwrap();
        sqlx::query_scalar(
            "SELECT CAST(table_name AS TEXT) FROM information_schema.columns \
             WHERE table_schema = $1 AND column_name = $2",
        )
        .bind(&self.schema)
        .bind(column)
        .fetch_all(&mut connection)
        .await
        .unwrap()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let (url, schema) = (self.url.clone(), self.schema.clone());
        let dropping = async move {
            let mut connection = PgConnection::connect(&url).await?;
            let statement = format!("DROP SCHEMA {schema} CASCADE");
            sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await
        };
        // A schema that stays behind does no harm: the cluster is thrown away.
        _ = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(dropping));
    }
}
