//! Memberships: a row each. Nothing here reads more of a group than it is asked about.

use std::collections::{BTreeMap, BTreeSet};

use rollcall_scim::condition::Condition;
use sqlx::Row as _;
use sqlx::types::Json;
use uuid::Uuid;

use super::super::dialect::{BY_MEMBER, Connection, Db, KEEP, Query, merged};
use super::condition::{push_member_condition, push_uuids};
use super::{ROWS_PER_STATEMENT, failure, push_limit};
use crate::{AddedMembers, Error, Event, Member, Membership, Provenance, ResourceType, Result};

pub(super) async fn touch(
    connection: &mut Connection,
    directory: Uuid,
    group: Uuid,
    now: i64,
    provenance: &Provenance,
) -> Result<Option<i64>> {
    sqlx::query_scalar::<Db, i64>(concat!(
        "UPDATE resources SET version = version + 1, modified = CASE WHEN modified < $3 THEN $3 ELSE modified END, \
         provenance = ",
        merged!("provenance", "$4"),
        " WHERE directory_id = $1 AND type = 'Group' AND id = $2 RETURNING version",
    ))
    .bind(directory)
    .bind(group)
    .bind(now)
    .bind(Json(provenance.as_stored()))
    .fetch_optional(connection)
    .await
    .map_err(failure)
}

pub(super) async fn add(
    connection: &mut Connection,
    directory: Uuid,
    group: Uuid,
    members: &[Uuid],
) -> Result<AddedMembers> {
    let mut outcome = AddedMembers::default();
    for chunk in members.chunks(ROWS_PER_STATEMENT) {
        let mut query =
            Query::new("INSERT INTO members (directory_id, group_id, member_id, member_type) SELECT ");
        query.push("r.directory_id, ").push_bind(group).push(", r.id, r.type ");
        push_those(&mut query, directory, chunk);
        query.push(KEEP).push(" ON CONFLICT DO NOTHING RETURNING member_id");
        let added: Vec<Uuid> =
            query.build_query_scalar().fetch_all(&mut *connection).await.map_err(failure)?;
        if added.len() < chunk.len() {
            let known = known(connection, directory, chunk).await?;
            outcome.unknown.extend(chunk.iter().filter(|id| !known.contains(id)));
        }
        outcome.added.extend(added);
    }
    Ok(outcome)
}

async fn known(connection: &mut Connection, directory: Uuid, ids: &[Uuid]) -> Result<BTreeSet<Uuid>> {
    let mut query = Query::new("SELECT r.id ");
    push_those(&mut query, directory, ids);
    let known: Vec<Uuid> = query.build_query_scalar().fetch_all(connection).await.map_err(failure)?;
    Ok(known.into_iter().collect())
}

fn push_those(query: &mut Query, directory: Uuid, ids: &[Uuid]) {
    query.push("FROM resources r WHERE r.directory_id = ").push_bind(directory);
    query.push(" AND r.type IN ('User', 'Group') AND r.id IN (");
    push_uuids(query, ids);
    query.push(")");
}

pub(super) async fn remove(
    connection: &mut Connection,
    directory: Uuid,
    group: Uuid,
    members: &[Uuid],
) -> Result<Vec<Uuid>> {
    let mut removed = Vec::new();
    for chunk in members.chunks(ROWS_PER_STATEMENT) {
        let mut query = Query::new("DELETE FROM members WHERE directory_id = ");
        query.push_bind(directory).push(" AND group_id = ").push_bind(group).push(" AND member_id IN (");
        push_uuids(&mut query, chunk);
        query.push(") RETURNING member_id");
        let gone: Vec<Uuid> =
            query.build_query_scalar().fetch_all(&mut *connection).await.map_err(failure)?;
        removed.extend(gone);
    }
    Ok(removed)
}

pub(super) async fn ids(
    connection: &mut Connection,
    directory: Uuid,
    group: Uuid,
    condition: Option<&Condition<'_>>,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Vec<Uuid>> {
    let mut query = Query::new("SELECT m.member_id FROM members m");
    if condition.is_some() {
        query.push(
            " JOIN resources x ON x.directory_id = m.directory_id AND x.type = m.member_type AND x.id = m.member_id",
        );
    }
    query.push(" WHERE m.directory_id = ").push_bind(directory).push(" AND m.group_id = ").push_bind(group);
    if let Some(after) = after {
        query.push(" AND m.member_id > ").push_bind(after);
    }
    if let Some(condition) = condition {
        query.push(" AND ");
        push_member_condition(&mut query, directory, condition);
    }
    query.push(" ORDER BY m.member_id");
    push_limit(&mut query, limit.into());
    query.build_query_scalar().fetch_all(connection).await.map_err(failure)
}

pub(super) async fn list(
    connection: &mut Connection,
    directory: Uuid,
    group: Uuid,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Vec<Member>> {
    let mut query = Query::new(
        "SELECT m.member_id, m.member_type, x.label FROM (SELECT m.directory_id, m.member_id, m.member_type \
         FROM members m WHERE m.directory_id = ",
    );
    query.push_bind(directory).push(" AND m.group_id = ").push_bind(group);
    if let Some(after) = after {
        query.push(" AND m.member_id > ").push_bind(after);
    }
    query.push(" ORDER BY m.member_id");
    push_limit(&mut query, limit.into());
    query.push(
        ") m JOIN resources x ON x.directory_id = m.directory_id AND x.type = m.member_type AND x.id = m.member_id \
         ORDER BY m.member_id",
    );
    let rows = query.build().fetch_all(connection).await.map_err(failure)?;
    let member = |row: &super::Row| {
        Ok(Member {
            id: row.try_get(0).map_err(failure)?,
            resource_type: type_of(row.try_get(1).map_err(failure)?)?,
            label: row.try_get(2).map_err(failure)?,
        })
    };
    rows.iter().map(member).collect()
}

/// Goes up from the members to their groups, to the groups of those, and so on, a statement for each level: the index leads
/// from each member to its groups, which no plan of a recursive statement is sure to use. Groups that contain one another
/// in a circle are asked for once.
pub(super) async fn memberships(
    connection: &mut Connection,
    directory: Uuid,
    of: &[Uuid],
) -> Result<Vec<Membership>> {
    let mut groups_of = BTreeMap::<Uuid, BTreeSet<Uuid>>::new();
    let mut labels = BTreeMap::<Uuid, Option<String>>::new();
    let mut level: Vec<Uuid> = of.to_vec();
    while !level.is_empty() {
        let mut above = BTreeSet::new();
        for chunk in level.chunks(ROWS_PER_STATEMENT) {
            for (member, group, label) in groups_of_each(connection, directory, chunk).await? {
                groups_of.entry(member).or_default().insert(group);
                if labels.insert(group, label).is_none() {
                    above.insert(group);
                }
            }
        }
        level = above.into_iter().collect();
    }
    let members: BTreeSet<Uuid> = of.iter().copied().collect();
    let mut memberships = Vec::new();
    for member in members {
        let direct = groups_of.get(&member).cloned().unwrap_or_default();
        for group in closure(&direct, &groups_of) {
            let label = labels.get(&group).cloned().flatten();
            memberships.push(Membership { member, group, label, is_direct: direct.contains(&group) });
        }
    }
    Ok(memberships)
}

/// The groups that some members are in themselves, with what people call them.
async fn groups_of_each(
    connection: &mut Connection,
    directory: Uuid,
    members: &[Uuid],
) -> Result<Vec<(Uuid, Uuid, Option<String>)>> {
    let mut query = Query::new("SELECT m.member_id, m.group_id, g.label FROM members m");
    query.push(BY_MEMBER).push(
        " JOIN resources g ON g.directory_id = m.directory_id AND g.type = 'Group' AND g.id = m.group_id \
         WHERE m.directory_id = ",
    );
    query.push_bind(directory).push(" AND m.member_id IN (");
    push_uuids(&mut query, members);
    query.push(")");
    let rows = query.build().fetch_all(connection).await.map_err(failure)?;
    let membership = |row: &super::Row| {
        Ok((
            row.try_get(0).map_err(failure)?,
            row.try_get(1).map_err(failure)?,
            row.try_get(2).map_err(failure)?,
        ))
    };
    rows.iter().map(membership).collect()
}

/// Some groups and all that they are in.
fn closure(direct: &BTreeSet<Uuid>, groups_of: &BTreeMap<Uuid, BTreeSet<Uuid>>) -> BTreeSet<Uuid> {
    let mut closure = BTreeSet::new();
    let mut open: Vec<Uuid> = direct.iter().copied().collect();
    while let Some(group) = open.pop() {
        if closure.insert(group) {
            open.extend(groups_of.get(&group).into_iter().flatten());
        }
    }
    closure
}

pub(super) async fn leave(
    connection: &mut Connection,
    directory: Uuid,
    member: Uuid,
    event: &mut (dyn FnMut(Uuid) -> Event + Send),
) -> Result<Vec<Event>> {
    let groups: Vec<Uuid> = sqlx::query_scalar::<Db, Uuid>(
        "SELECT group_id FROM members WHERE directory_id = $1 AND member_id = $2 ORDER BY group_id",
    )
    .bind(directory)
    .bind(member)
    .fetch_all(&mut *connection)
    .await
    .map_err(failure)?;
    // The groups are locked in the order of their ids before their rows go, so that two who leave do not wait in a circle.
    let mut events = Vec::new();
    for group in groups {
        let event = event(group);
        let provenance = Provenance::of(&event, ["members"]);
        if let Some(version) = touch(connection, directory, group, event.time, &provenance).await? {
            events.push(event.of(version));
        }
    }
    sqlx::query::<Db>("DELETE FROM members WHERE directory_id = $1 AND member_id = $2")
        .bind(directory)
        .bind(member)
        .execute(connection)
        .await
        .map_err(failure)?;
    Ok(events)
}

/// Removes every member of a group that is about to be deleted.
pub(super) async fn clear(connection: &mut Connection, directory: Uuid, group: Uuid) -> Result<()> {
    sqlx::query::<Db>("DELETE FROM members WHERE directory_id = $1 AND group_id = $2")
        .bind(directory)
        .bind(group)
        .execute(connection)
        .await
        .map_err(failure)?;
    Ok(())
}

fn type_of(name: &str) -> Result<ResourceType> {
    match name {
        "User" => Ok(ResourceType::User),
        "Group" => Ok(ResourceType::Group),
        _ => Err(Error::Damaged(format!("a member is of the unknown type {name:?}"))),
    }
}
