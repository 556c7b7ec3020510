//! Fresh statistics for a database that grows quickly.
//!
//! Until a table is analysed for the first time, PostgreSQL takes every index that begins with the directory for as good as
//! the one that leads to the row, and a statement that was prepared while the table was empty stays with the index that it
//! took then: among 20,000 users it looks for a name by reading them all. To analyse a table also plans its statements
//! anew. Autovacuum looks once in a minute; this looks when the table has grown to four times its size.

use std::sync::atomic::{AtomicU64, Ordering};

use super::connection::Connection;
use super::pool::Pool;
use crate::Result;

/// How many new resources and memberships are worth the first look.
const FIRST: u64 = 200;

/// How much this process has added.
#[derive(Debug, Default)]
pub(super) struct Growth {
    added: AtomicU64,
}

impl Growth {
    /// Counts new resources and memberships, and refreshes the statistics, beside the work, when they have become many.
    pub(super) fn note(&self, added: u64, pool: &Pool) {
        let before = self.added.fetch_add(added, Ordering::Relaxed);
        if is_due(before, before + added) {
            let pool = pool.clone();
            tokio::spawn(async move {
                if let Err(error) = refresh(&pool).await {
                    tracing::debug!(cause = %error, "the statistics could not be refreshed");
                }
            });
        }
    }
}

async fn refresh(pool: &Pool) -> Result<()> {
    Connection::reader(pool).await?.run_all("ANALYZE resources; ANALYZE emails; ANALYZE members").await
}

/// Whether a count passes 200, 800, 3,200 and so on.
fn is_due(before: u64, after: u64) -> bool {
    let mut due = FIRST;
    while due <= before {
        let Some(next) = due.checked_mul(4) else { return false };
        due = next;
    }
    due <= after
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_due_whenever_there_are_four_times_as_many() {
        let due: Vec<u64> =
            (0..4000).filter(|count| is_due(*count, count + 1)).map(|count| count + 1).collect();
        assert_eq!(due, [200, 800, 3200]);
        assert!(is_due(100, 5000));
        assert!(!is_due(u64::MAX, u64::MAX));
    }
}
