//! What lies in a database and wants to be looked after.

use async_trait::async_trait;

use super::super::Database;
use super::credentials::name_of;
use super::{Connection, Statement};
use crate::{CredentialKind, Load, Measuring, Result, Stock};

/// The kinds of credentials whose end somebody has to see coming.
const ENDING: [CredentialKind; 4] = [
    CredentialKind::ScimToken,
    CredentialKind::ServiceKey,
    CredentialKind::AdminKey,
    CredentialKind::ClientSecret,
];

#[async_trait]
impl Measuring for Database {
    fn load(&self) -> Load {
        self.transactions.load(self.connection_load())
    }

    async fn stock(&self, now: i64, directories: u32) -> Result<Stock> {
        let connection = &mut self.reader().await?;
        let unnumbered_events = Self::unnumbered_events(connection).await?;
        let pending = Statement::new("SELECT COUNT(*), MIN(created) FROM mails WHERE state = 'pending'")
            .row(connection)
            .await?;
        let (pending_mails, oldest_pending_mail) = match &pending {
            Some(row) => (row.get(0)?, row.get(1)?),
            None => (0, None),
        };
        let parked = Statement::new("SELECT COUNT(*) FROM mails WHERE state = 'parked'");
        let holds = Statement::new("SELECT COUNT(*) FROM holds WHERE state = 'pending'");
        let mut stock = Stock {
            unnumbered_events,
            pending_mails,
            oldest_pending_mail,
            parked_mails: parked.the_value(connection).await?,
            open_holds: holds.the_value(connection).await?,
            next_ends: Vec::new(),
            last_heard: last_heard(connection, directories).await?,
        };
        for kind in ENDING {
            if let Some(end) = next_end(connection, kind, now).await? {
                stock.next_ends.push((name_of(kind), end));
            }
        }
        Ok(stock)
    }
}

async fn next_end(connection: &mut Connection, kind: CredentialKind, now: i64) -> Result<Option<i64>> {
    let row = Statement::new(
        "SELECT expires FROM credentials WHERE kind = $1 AND expires > $2 AND revoked IS NULL ORDER BY expires LIMIT 1",
    )
    .bind(name_of(kind))
    .bind(now)
    .row(connection)
    .await?;
    row.map(|row| row.get(0)).transpose()
}

async fn last_heard(connection: &mut Connection, directories: u32) -> Result<Vec<(String, i64)>> {
    let rows = Statement::new(
        "SELECT d.name, c.last_seen FROM directories d JOIN connections c ON c.directory_id = d.id ORDER BY d.name LIMIT $1",
    )
    .bind(i64::from(directories))
    .rows(connection)
    .await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}
