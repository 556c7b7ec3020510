//! How directories are doing.

use async_trait::async_trait;
use uuid::Uuid;

use super::super::Database;
use super::activity::first_since;
use super::{Cells, Statement, directories, heard};
use crate::statuses::MOST_FAILURES;
use crate::{DirectoryCounts, DirectoryStatus, Result, StatusReading};

/// The end of a credential that has none.
const NEVER: i64 = i64::MAX;

/// Each directory, what has been heard of it, and what is counted beside it.
const STATUSES: &str = "SELECT d.id, d.name, d.profile, d.scim_enabled, d.groups_enabled, d.settings, d.schemas_version, \
    d.created, d.modified, c.directory_id, c.entries, c.last_seen, c.last_success, c.last_error, c.last_error_status, \
    c.last_error_detail, c.last_error_id, \
    (SELECT CAST(COALESCE(SUM(t.total), 0) AS BIGINT) FROM totals t WHERE t.directory_id = d.id AND t.type = 'User'), \
    (SELECT CAST(COALESCE(SUM(t.total), 0) AS BIGINT) FROM totals t WHERE t.directory_id = d.id AND t.type = 'Group'), \
    (SELECT COUNT(*) FROM holds h WHERE h.directory_id = d.id AND h.state = 'pending'), \
    (SELECT COUNT(*) FROM mails m WHERE m.directory_id = d.id AND m.state = 'parked'), \
    (SELECT MAX(COALESCE(k.expires, $3)) FROM credentials k WHERE k.kind IN ('scim_token', 'client_secret') \
     AND k.directory_id = d.id AND k.revoked IS NULL AND (k.expires IS NULL OR k.expires > $2)) \
    FROM directories d LEFT JOIN connections c ON c.directory_id = d.id WHERE $1 IS NULL OR d.name = $1 ORDER BY d.name";

#[async_trait]
impl StatusReading for Database {
    async fn directory_statuses(&self, directory: Option<&str>, now: i64) -> Result<Vec<DirectoryStatus>> {
        let rows = Statement::new(STATUSES)
            .bind(directory)
            .bind(now)
            .bind(NEVER)
            .rows(&mut self.reader().await?)
            .await?;
        rows.iter().map(|row| status(&mut row.cells())).collect()
    }

    async fn directory_counts(&self, directories: &[Uuid], since: i64) -> Result<Vec<DirectoryCounts>> {
        if directories.is_empty() {
            return Ok(Vec::new());
        }
        let mut query = Statement::new(
            "SELECT d.id, (SELECT COUNT(*) FROM resources r WHERE r.directory_id = d.id AND r.type = 'User' AND NOT r.active), \
             (SELECT COUNT(*) FROM (SELECT 1 FROM activity a WHERE a.directory_id = d.id AND a.status >= 400 AND a.id >= ",
        );
        query
            .push_bind(first_since(since))
            .push(" LIMIT ")
            .push(MOST_FAILURES)
            .push(") AS failures) FROM directories d WHERE d.id IN (")
            .push_list(directories.iter().copied())
            .push(")");
        let rows = query.rows(&mut self.reader().await?).await?;
        rows.iter()
            .map(|row| {
                Ok(DirectoryCounts {
                    directory: row.get(0)?,
                    inactive_users: row.get(1)?,
                    failures: row.get(2)?,
                })
            })
            .collect()
    }
}

fn status(cells: &mut Cells<'_>) -> Result<DirectoryStatus> {
    Ok(DirectoryStatus {
        directory: directories::directory(cells)?,
        heard: heard::heard_if_any(cells)?,
        users: cells.next()?,
        groups: cells.next()?,
        open_holds: cells.next()?,
        parked_mails: cells.next()?,
        access_ends: cells.next::<Option<i64>>()?.filter(|end| *end != NEVER),
    })
}
