//! `sqlite FILE SECONDS`: what SQLite does by itself, on one thread, with prepared statements, WAL and a sync for every
//! commit. One JSON object a line for each kind of work.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rollcall_load_ceilings::USER;
use rusqlite::{Connection, params};

/// Users in the table before anything is measured.
const USERS: u64 = 10_000;
/// Creates in one commit where they are grouped.
const GROUP: u64 = 16;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().context("sqlite FILE SECONDS")?;
    let seconds: f64 = arguments.next().context("sqlite FILE SECONDS")?.parse()?;
    let mut bench = Bench { table: Table::open(&file)?, time: Duration::from_secs_f64(seconds) };

    bench.run("read by id", 1, |table, turn| table.read_by_id(scattered(turn)))?;
    bench.run("read by userName", 1, |table, turn| table.read_by_name(scattered(turn)))?;
    bench.run("create + event", 1, |table, turn| table.commit(|table| table.create(USERS + turn)))?;
    let already = bench.table.count()?;
    bench.run("create + event, 16 in a commit", GROUP, |table, turn| {
        table.commit(|table| (0..GROUP).try_for_each(|nth| table.create(already + turn * GROUP + nth)))
    })?;
    bench.run("patch + event", 1, |table, turn| table.commit(|table| table.patch(scattered(turn))))?;
    Ok(())
}

struct Bench {
    table: Table,
    time: Duration,
}

impl Bench {
    /// Repeats a piece of work for the time, and prints how often it happened and what it took.
    fn run(&mut self, what: &str, size: u64, work: impl Fn(&mut Table, u64) -> Result<()>) -> Result<()> {
        let mut latencies = Vec::new();
        let (start, cpu) = (Instant::now(), cpu_micros()?);
        while start.elapsed() < self.time {
            let before = Instant::now();
            work(&mut self.table, latencies.len() as u64)?;
            latencies.push(before.elapsed());
        }
        let (elapsed, cpu) = (start.elapsed().as_secs_f64(), cpu_micros()? - cpu);
        latencies.sort_unstable();
        let done = latencies.len() as u64 * size;
        let percentile = |of_100: usize| latencies[latencies.len() * of_100 / 100].as_secs_f64() * 1e3;
        println!(
            r#"{{"what": "{what}", "per_s": {:.1}, "p50_ms": {:.4}, "p99_ms": {:.4}, "cpu_us": {:.2}}}"#,
            done as f64 / elapsed,
            percentile(50),
            percentile(99),
            cpu / done as f64
        );
        Ok(())
    }
}

struct Table(Connection);

impl Table {
    fn open(file: &str) -> Result<Self> {
        let connection = Connection::open(file)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.set_prepared_statement_cache_capacity(32);
        connection.execute_batch(
            "CREATE TABLE user (id BLOB PRIMARY KEY, name TEXT NOT NULL UNIQUE, version INTEGER NOT NULL,
                                document TEXT NOT NULL) STRICT, WITHOUT ROWID;
             CREATE TABLE event (number INTEGER PRIMARY KEY, subject BLOB NOT NULL, changes TEXT NOT NULL) STRICT;",
        )?;
        let mut table = Self(connection);
        table.commit(|table| (0..USERS).try_for_each(|nth| table.create(nth)))?;
        Ok(table)
    }

    fn commit(&mut self, work: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        self.0.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        work(self)?;
        self.0.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }

    fn create(&mut self, nth: u64) -> Result<()> {
        let document = str::from_utf8(USER)?;
        self.0.prepare_cached("INSERT INTO user VALUES (?1, ?2, 1, ?3)")?.execute(params![
            id(nth),
            name(nth),
            document
        ])?;
        self.event(nth)
    }

    fn patch(&mut self, nth: u64) -> Result<()> {
        let read: String = self
            .0
            .prepare_cached("SELECT document FROM user WHERE id = ?1")?
            .query_row([id(nth)], |row| row.get(0))?;
        self.0
            .prepare_cached("UPDATE user SET version = version + 1, document = ?2 WHERE id = ?1")?
            .execute(params![id(nth), read])?;
        self.event(nth)
    }

    fn event(&mut self, nth: u64) -> Result<()> {
        let changes = str::from_utf8(USER)?;
        self.0
            .prepare_cached("INSERT INTO event (subject, changes) VALUES (?1, ?2)")?
            .execute(params![id(nth), changes])?;
        Ok(())
    }

    fn read_by_id(&mut self, nth: u64) -> Result<()> {
        let mut statement = self.0.prepare_cached("SELECT document FROM user WHERE id = ?1")?;
        statement.query_row([id(nth)], |row| row.get::<_, String>(0))?;
        Ok(())
    }

    fn read_by_name(&mut self, nth: u64) -> Result<()> {
        let mut statement = self.0.prepare_cached("SELECT document FROM user WHERE name = ?1")?;
        statement.query_row([name(nth)], |row| row.get::<_, String>(0))?;
        Ok(())
    }

    fn count(&self) -> Result<u64> {
        Ok(self.0.query_row("SELECT count(*) FROM user", [], |row| row.get::<_, i64>(0))?.try_into()?)
    }
}

/// Which user a turn is about: each in its turn, and no two neighbours one after the other.
fn scattered(turn: u64) -> u64 {
    turn * 7919 % USERS
}

/// In order, as UUIDv7 are.
fn id(nth: u64) -> [u8; 16] {
    let mut id = [0x9d; 16];
    id[..8].copy_from_slice(&nth.to_be_bytes());
    id
}

fn name(nth: u64) -> String {
    format!("load-1-{nth:06}@example.com")
}

/// The CPU time of this process in µs, as the kernel counts it.
fn cpu_micros() -> Result<f64> {
    let schedule = std::fs::read_to_string("/proc/self/schedstat")?;
    let nanos = schedule.split_whitespace().next().context("schedstat is empty")?;
    Ok(nanos.parse::<f64>()? / 1e3)
}
