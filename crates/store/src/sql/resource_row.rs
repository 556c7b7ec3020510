//! A resource as a row has it.

use serde_json::Value;
use uuid::Uuid;

use super::Cells;
use crate::{DirectGroup, Error, ResourceType, Result, StoredDocument, StoredResource, UserOrigin};

/// The columns of a resource `r` that [`stored`] reads. Whether a group is a member is not asked by EXISTS: for that PostgreSQL
/// may read every membership of the table first.
macro_rules! resource_columns {
    () => {
        concat!(
            "r.id, r.version, r.created, r.modified, r.document, ",
            json_rows!(
                "m.group_id",
                "g.label, (SELECT 1 FROM members n WHERE n.directory_id = m.directory_id \
                 AND n.member_id = m.group_id LIMIT 1) IS NOT NULL",
                " JOIN resources g ON g.directory_id = m.directory_id AND g.type = 'Group' AND g.id = m.group_id \
                 WHERE m.directory_id = r.directory_id AND m.member_id = r.id"
            ),
            ", r.administrator, r.origin, r.scim_managed"
        )
    };
}
pub(super) use resource_columns;

/// Reads a resource from the next columns of a row, in the order of `resource_columns`.
pub(super) fn stored(cells: &mut Cells<'_>, resource_type: ResourceType) -> Result<StoredDocument> {
    Ok(StoredResource {
        resource_type,
        id: cells.next()?,
        version: cells.next()?,
        created: cells.next()?,
        modified: cells.next()?,
        attributes: cells.next()?,
        groups: groups(cells.next()?)?,
        administrator: cells.next()?,
        origin: origin(cells.next()?, resource_type)?,
        scim_managed: cells.next()?,
    })
}

/// The groups in a column of JSON; NULL where there are none.
fn groups(column: Option<&str>) -> Result<Vec<DirectGroup>> {
    let Some(text) = column.filter(|text| *text != "[]") else { return Ok(Vec::new()) };
    let damaged = || Error::Damaged(format!("a resource is in the groups {text:?}"));
    let rows: Vec<(&str, Option<String>, Flag)> = serde_json::from_str(text).map_err(|_| damaged())?;
    let group = |(id, label, Flag(is_nested))| {
        Uuid::try_parse(id).map(|id| DirectGroup { id, label, is_nested }).map_err(|_| damaged())
    };
    let mut groups = rows.into_iter().map(group).collect::<Result<Vec<_>>>()?;
    groups.sort_unstable_by_key(|group| group.id);
    Ok(groups)
}

/// A truth in JSON that a database made.
#[derive(serde::Deserialize)]
#[serde(from = "Value")]
struct Flag(bool);

impl From<Value> for Flag {
    fn from(value: Value) -> Self {
        Self(value == Value::Bool(true) || value.as_i64() == Some(1))
    }
}

/// Where a user came from. One that does not say was made while there was nothing but SCIM, or is being made by a replica
/// of that time.
pub(super) fn origin(name: Option<&str>, resource_type: ResourceType) -> Result<Option<UserOrigin>> {
    match (resource_type, name) {
        (ResourceType::Group, _) => Ok(None),
        (ResourceType::User, None) => Ok(Some(UserOrigin::Scim)),
        (ResourceType::User, Some(name)) => UserOrigin::from_name(name)
            .map(Some)
            .ok_or_else(|| Error::Damaged(format!("a user has the unknown origin {name:?}"))),
    }
}
