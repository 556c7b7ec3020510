//! The rules on which first sign-ins may create an account.

use uuid::Uuid;

use super::{Connection, Row, Statement};
use crate::{Effect, Error, ProvisioningRule, Result};

/// The rules of a directory in order.
pub(super) async fn list(connection: &mut Connection, directory: Uuid) -> Result<Vec<ProvisioningRule>> {
    let rows = Statement::new(
        "SELECT id, effect, conditions, description, created FROM provisioning_rules WHERE directory_id = $1 \
         ORDER BY position",
    )
    .bind(directory)
    .rows(connection)
    .await?;
    rows.iter().map(rule).collect()
}

/// Gives a directory these rules, in this order, instead of those that it has.
pub(super) async fn set(
    connection: &mut Connection,
    directory: Uuid,
    rules: &[ProvisioningRule],
) -> Result<()> {
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
