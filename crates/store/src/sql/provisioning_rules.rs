//! The rules on which first sign-ins may create an account.

use sqlx::Row as _;
use uuid::Uuid;

use super::super::dialect::{Connection, Db, Query};
use super::{Row, failure};
use crate::{Effect, Error, ProvisioningRule, Result};

/// The rules of a directory in order.
pub(super) async fn list(connection: &mut Connection, directory: Uuid) -> Result<Vec<ProvisioningRule>> {
    let rows = sqlx::query::<Db>(
        "SELECT id, effect, conditions, description, created FROM provisioning_rules WHERE directory_id = $1 \
         ORDER BY position",
    )
    .bind(directory)
    .fetch_all(connection)
    .await
    .map_err(failure)?;
    rows.iter().map(rule).collect()
}

/// Gives a directory these rules, in this order, instead of those that it has.
pub(super) async fn set(
    connection: &mut Connection,
    directory: Uuid,
    rules: &[ProvisioningRule],
) -> Result<()> {
    sqlx::query::<Db>("DELETE FROM provisioning_rules WHERE directory_id = $1")
        .bind(directory)
        .execute(&mut *connection)
        .await
        .map_err(failure)?;
    if rules.is_empty() {
        return Ok(());
    }
    let mut numbered = Vec::with_capacity(rules.len());
    for (position, rule) in (1_i64..).zip(rules) {
        let conditions =
            serde_json::to_string(&rule.conditions).map_err(|error| Error::Damaged(error.to_string()))?;
        numbered.push((position, conditions, rule));
    }
    let mut query = Query::new(
        "INSERT INTO provisioning_rules (directory_id, position, id, effect, conditions, description, created) ",
    );
    query.push_values(&numbered, |mut row, (position, conditions, rule)| {
        row.push_bind(directory)
            .push_bind(position)
            .push_bind(rule.id)
            .push_bind(rule.effect.as_str())
            .push_bind(conditions)
            .push_bind(&rule.description)
            .push_bind(rule.created);
    });
    query.build().execute(connection).await.map_err(failure)?;
    Ok(())
}

fn rule(row: &Row) -> Result<ProvisioningRule> {
    let id: Uuid = row.try_get(0).map_err(failure)?;
    let effect: &str = row.try_get(1).map_err(failure)?;
    let conditions: &str = row.try_get(2).map_err(failure)?;
    Ok(ProvisioningRule {
        id,
        effect: Effect::from_name(effect).ok_or_else(|| {
            Error::Damaged(format!("the provisioning rule {id} has the unknown effect {effect:?}"))
        })?,
        conditions: serde_json::from_str(conditions).map_err(|error| {
            Error::Damaged(format!("the conditions of the provisioning rule {id}: {error}"))
        })?,
        description: row.try_get(3).map_err(failure)?,
        created: row.try_get(4).map_err(failure)?,
    })
}
