//! Who signs in as which user, and the rules on which first sign-ins may create an account.

use async_trait::async_trait;
use uuid::Uuid;

use super::super::dialect::json_rows;
use super::super::{Database, Tx};
use super::departed::departed;
use super::resource_row::{resource_columns, stored};
use super::{Connection, Row, Statement, Writes};
use crate::{
    Candidate, Effect, Error, ProvisioningRule, ResourceType, Result, SignInLink, SignInReading,
    SignInWriting, StoredResource,
};

/// Where a sign-in is decided: outside of transactions, or in one.
pub(super) enum Source<'a> {
    Database(&'a Database),
    Transaction(&'a mut Tx),
}

impl Source<'_> {
    async fn rows(&mut self, query: Statement) -> Result<Vec<Row>> {
        match self {
            Self::Database(database) => query.rows(&mut database.reader().await?).await,
            Self::Transaction(transaction) => query.rows(transaction.connection()?).await,
        }
    }
}

#[async_trait]
impl SignInReading for Source<'_> {
    async fn linked_user(
        &mut self,
        directory: Uuid,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<StoredResource>> {
        let mut query = Statement::new(concat!("SELECT ", resource_columns!()));
        query
            .push(
                " FROM sign_in_links l JOIN resources r \
                 ON r.directory_id = l.directory_id AND r.type = 'User' AND r.id = l.user_id WHERE l.directory_id = ",
            )
            .push_bind(directory)
            .push(" AND l.issuer = ")
            .push_bind(issuer)
            .push(" AND l.subject = ")
            .push_bind(subject);
        let rows = self.rows(query).await?;
        rows.first().map(|row| stored(&mut row.cells(), ResourceType::User)?.read()).transpose()
    }

    async fn sign_in_candidates(
        &mut self,
        directory: Uuid,
        address: &str,
        limit: u32,
    ) -> Result<Vec<Candidate>> {
        let mut query = Statement::new(concat!("SELECT ", resource_columns!()));
        query
            .push(
                ", l.issuer, l.subject FROM resources r LEFT JOIN sign_in_links l \
                 ON l.directory_id = r.directory_id AND l.user_id = r.id WHERE r.type = 'User' AND r.directory_id = ",
            )
            .push_bind(directory)
            .push(" AND r.id IN (SELECT n.id FROM resources n WHERE n.type = 'User' AND n.directory_id = ")
            .push_bind(directory)
            .push(" AND n.unique_name = ")
            .push_bind(address)
            .push(" UNION SELECT e.user_id FROM emails e WHERE e.directory_id = ")
            .push_bind(directory)
            .push(" AND e.value = ")
            .push_bind(address)
            .push(") ORDER BY r.id LIMIT ")
            .push_bind(i64::from(limit));
        let rows = self.rows(query).await?;
        let candidate = |row: &Row| {
            let cells = &mut row.cells();
            let user = stored(cells, ResourceType::User)?.read()?;
            let (issuer, subject): (Option<String>, Option<String>) = (cells.next()?, cells.next()?);
            Ok(Candidate { user, claimed_by: issuer.zip(subject) })
        };
        rows.iter().map(candidate).collect()
    }

    async fn departed_arrival(
        &mut self,
        directory: Uuid,
        issuer: &str,
        subject: &str,
        address: Option<&str>,
    ) -> Result<Option<StoredResource>> {
        // Each of the three look-ups follows an index.
        let query = Statement::new(
            "SELECT id, version, created, deleted, document, origin, scim_managed, 0 AS way FROM departed_users \
             WHERE directory_id = $1 AND issuer = $2 AND subject = $3 \
             UNION ALL SELECT id, version, created, deleted, document, origin, scim_managed, 1 AS way FROM departed_users \
             WHERE directory_id = $1 AND unique_name = $4 \
             UNION ALL SELECT id, version, created, deleted, document, origin, scim_managed, 1 AS way FROM departed_users \
             WHERE directory_id = $1 AND address = $4 \
             ORDER BY way, deleted DESC, id DESC LIMIT 1",
        )
        .bind(directory)
        .bind(issuer)
        .bind(subject)
        .bind(address);
        let rows = self.rows(query).await?;
        rows.first().map(departed).transpose()
    }

    async fn provisioning_rules(&mut self, directory: Uuid) -> Result<Vec<ProvisioningRule>> {
        let rows = self.rows(rules_of(directory)).await?;
        rows.iter().map(rule).collect()
    }
}

#[async_trait]
impl SignInWriting for Tx {
    async fn insert_link(&mut self, directory: Uuid, link: &SignInLink) -> Result<()> {
        Statement::new(
            "INSERT INTO sign_in_links (directory_id, issuer, subject, user_id, protocol, created) \
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(directory)
        .bind(&link.issuer)
        .bind(&link.subject)
        .bind(link.user)
        .bind(link.protocol.as_str())
        .bind(link.created)
        .run(self.connection()?)
        .await?;
        Ok(())
    }

    async fn delete_link_of(&mut self, directory: Uuid, user: Uuid) -> Result<Option<(String, String)>> {
        let row = Statement::new(
            "DELETE FROM sign_in_links WHERE directory_id = $1 AND user_id = $2 RETURNING issuer, subject",
        )
        .bind(directory)
        .bind(user)
        .row(self.connection()?)
        .await?;
        row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
    }

    async fn set_provisioning_rules(&mut self, directory: Uuid, rules: &[ProvisioningRule]) -> Result<()> {
        let connection = self.connection()?;
        Statement::new("DELETE FROM provisioning_rules WHERE directory_id = $1")
            .bind(directory)
            .run(&mut *connection)
            .await?;
        if rules.is_empty() {
            return Ok(());
        }
        let mut numbered = Vec::with_capacity(rules.len());
        for (position, rule) in (1_i64..).zip(rules) {
            let conditions =
                serde_json::to_string(&rule.conditions).map_err(|error| Error::Damaged(error.to_string()))?;
            numbered.push((position, conditions, rule));
        }
        let mut query = Statement::new(
            "INSERT INTO provisioning_rules (directory_id, position, id, effect, conditions, description, created) ",
        );
        query.push_rows(&numbered, |row, (position, conditions, rule)| {
            row.bind(directory)
                .bind(position)
                .bind(rule.id)
                .bind(rule.effect.as_str())
                .bind(conditions)
                .bind(&rule.description)
                .bind(rule.created);
        });
        query.run(connection).await?;
        Ok(())
    }
}

fn rules_of(directory: Uuid) -> Statement {
    Statement::new(
        "SELECT id, effect, conditions, description, created FROM provisioning_rules WHERE directory_id = $1 \
         ORDER BY position",
    )
    .bind(directory)
}

/// The rules of a directory, in order.
pub(super) async fn rules(connection: &mut Connection, directory: Uuid) -> Result<Vec<ProvisioningRule>> {
    rules_of(directory).rows(connection).await?.iter().map(rule).collect()
}

/// Deletes the link of a user who goes away.
pub(super) async fn forget_link(connection: &mut Connection, directory: Uuid, user: Uuid) -> Result<()> {
    Statement::new("DELETE FROM sign_in_links WHERE directory_id = $1 AND user_id = $2")
        .bind(directory)
        .bind(user)
        .later(Writes::Removes("sign_in_links"), connection)
        .await
}

fn rule(row: &Row) -> Result<ProvisioningRule> {
    let id: Uuid = row.get(0)?;
    let effect: &str = row.get(1)?;
    let conditions: &str = row.get(2)?;
    Ok(ProvisioningRule {
        id,
        effect: Effect::from_name(effect).ok_or_else(|| {
            Error::Damaged(format!("the provisioning rule {id} has the unknown effect {effect:?}"))
        })?,
        conditions: serde_json::from_str(conditions).map_err(|error| {
            Error::Damaged(format!("the conditions of the provisioning rule {id}: {error}"))
        })?,
        description: row.get(3)?,
        created: row.get(4)?,
    })
}
