//! What operators watch of a database.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;

use crate::Result;

/// How busy a database has been since it was opened, as far as this process keeps it busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Transactions that began for the first time.
    pub begun: u64,
    /// Transactions that began anew, since they had lost against another one.
    pub begun_again: u64,
    /// Transactions that were saved. Those that began and were not are under way, or were given up.
    pub saved: u64,
    /// Who uses its connections.
    pub connections: ConnectionLoad,
}

/// How the connections of a database are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionLoad {
    /// On SQLite: the one that writes.
    Writer {
        /// Transactions that wait for their turn now.
        waiting: u64,
        /// Commits so far, and the transactions that they made durable.
        commits: (u64, u64),
    },
    /// On PostgreSQL: the pool.
    Pool {
        /// Connections that are in use now, those that are open and idle, and how many there may be.
        used: u64,
        /// Connections that are open and wait for work.
        idle: u64,
        /// How many there may be.
        most: u64,
        /// Who waits for one now.
        waiting: u64,
        /// How often somebody got one so far, and for how long they waited in all.
        waits: (u64, Duration),
    },
}

/// What lies in a database and wants to be looked after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stock {
    /// Events that have no number yet, up to 100,000.
    pub unnumbered_events: i64,
    /// E-mails that are to be sent.
    pub pending_mails: i64,
    /// When the oldest of them was written, in µs.
    pub oldest_pending_mail: Option<i64>,
    /// E-mails that were given up.
    pub parked_mails: i64,
    /// Holds that wait for an administrator.
    pub open_holds: i64,
    /// When the first live credential of a kind will end, in µs, by the name of each kind of which one will.
    pub next_ends: Vec<(&'static str, i64)>,
    /// When the identity providers of directories were last heard of, in µs, by the names of the directories.
    pub last_heard: Vec<(String, i64)>,
}

/// Measuring a database.
#[async_trait]
pub trait Measuring {
    /// How busy it is. Asks nobody.
    fn load(&self) -> Load;

    /// What lies in it at a time in µs; of so many directories at most when they were last heard of.
    async fn stock(&self, now: i64, directories: u32) -> Result<Stock>;
}

/// Counts transactions.
#[derive(Debug, Default)]
pub(crate) struct Transactions {
    begun: AtomicU64,
    begun_again: AtomicU64,
    saved: AtomicU64,
}

impl Transactions {
    pub(crate) fn begin(&self) {
        self.begun.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn begin_again(&self) {
        self.begun_again.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn save(&self) {
        self.saved.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn load(&self, connections: ConnectionLoad) -> Load {
        Load {
            begun: self.begun.load(Ordering::Relaxed),
            begun_again: self.begun_again.load(Ordering::Relaxed),
            saved: self.saved.load(Ordering::Relaxed),
            connections,
        }
    }
}
