//! Memberships: a row each. Nothing here reads more of a group than it is asked about.

use std::collections::BTreeSet;

use async_trait::async_trait;
use rollcall_scim::Resource;
use rollcall_scim::condition::Condition;
use rollcall_scim::fold::fold;
use serde_json::Value;
use uuid::Uuid;

use super::super::dialect::{FOR_NO_KEY_UPDATE, KEEP, merged};
use super::super::{Database, Tx};
use super::condition::{push_member_condition, push_uuids};
use super::leads::push_named;
use super::{Connection, Json, ROWS_PER_STATEMENT, Row, Statement, push_limit};
use crate::{
    AddedMembers, Error, Event, KnownMember, Member, MemberQuery, MemberReading, MemberWriting, Provenance,
    ResourceType, Result,
};

#[async_trait]
impl MemberReading for Database {
    // The page is cut from the keys alone, and where a name is asked for the indexes of names lead to those keys.
    async fn known_members(
        &self,
        directory: Uuid,
        group: Uuid,
        asked: &MemberQuery<'_>,
    ) -> Result<Vec<KnownMember>> {
        let mut query = Statement::new(
            "SELECT m.member_id, m.member_type, x.label, x.document, x.active FROM (SELECT m.directory_id, m.member_id, \
             m.member_type FROM members m WHERE ",
        );
        push_asked(&mut query, directory, group, asked);
        if let Some(after) = asked.after {
            query.push(" AND m.member_id > ").push_bind(after);
        }
        query.push(" ORDER BY m.member_id");
        push_limit(&mut query, asked.limit.into());
        query.push(
            ") m JOIN resources x ON x.directory_id = m.directory_id AND x.type = m.member_type AND x.id = m.member_id \
             ORDER BY m.member_id",
        );
        let rows = query.rows(&mut self.reader().await?).await?;
        rows.iter().map(known_member).collect()
    }

    async fn count_members(&self, directory: Uuid, group: Uuid, asked: &MemberQuery<'_>) -> Result<u64> {
        let mut query = Statement::new("SELECT COUNT(*) FROM members m WHERE ");
        push_asked(&mut query, directory, group, asked);
        let count: i64 = query.the_value(&mut self.reader().await?).await?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    async fn group_members(
        &self,
        directory: Uuid,
        group: Uuid,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Member>> {
        let mut query = Statement::new(
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
        let rows = query.rows(&mut self.reader().await?).await?;
        let member = |row: &Row| {
            Ok(Member { id: row.get(0)?, resource_type: type_of(row.get(1)?)?, label: row.get(2)? })
        };
        rows.iter().map(member).collect()
    }
}

#[async_trait]
impl MemberWriting for Tx {
    async fn touch_group(
        &mut self,
        directory: Uuid,
        group: Uuid,
        now: i64,
        provenance: &Provenance,
    ) -> Result<Option<i64>> {
        Statement::new(concat!(
            "UPDATE resources SET version = version + 1, modified = CASE WHEN modified < $3 THEN $3 ELSE modified END, \
             provenance = ",
            merged!("provenance", "$4"),
            " WHERE directory_id = $1 AND type = 'Group' AND id = $2 RETURNING version",
        ))
        .bind(directory)
        .bind(group)
        .bind(now)
        .bind(Json(provenance.as_stored()))
        .value::<i64>(self.connection()?)
        .await
    }

    async fn add_members(&mut self, directory: Uuid, group: Uuid, members: &[Uuid]) -> Result<AddedMembers> {
        let connection = self.connection()?;
        let mut outcome = AddedMembers::default();
        for chunk in members.chunks(ROWS_PER_STATEMENT) {
            let mut query = Statement::new(
                "INSERT INTO members (directory_id, group_id, member_id, member_type) SELECT ",
            );
            query.push("r.directory_id, ").push_bind(group).push(", r.id, r.type ");
            push_those(&mut query, directory, chunk);
            query.push(KEEP).push(" ON CONFLICT DO NOTHING RETURNING member_id");
            let added: Vec<Uuid> = query.values(&mut *connection).await?;
            if added.len() < chunk.len() {
                let known = known(connection, directory, chunk).await?;
                outcome.unknown.extend(chunk.iter().filter(|id| !known.contains(id)));
            }
            outcome.added.extend(added);
        }
        self.totals().count_memberships(outcome.added.len());
        Ok(outcome)
    }

    async fn remove_members(&mut self, directory: Uuid, group: Uuid, members: &[Uuid]) -> Result<Vec<Uuid>> {
        let mut removed = Vec::new();
        for chunk in members.chunks(ROWS_PER_STATEMENT) {
            let mut query = Statement::new("DELETE FROM members WHERE directory_id = ");
            query.push_bind(directory).push(" AND group_id = ").push_bind(group).push(" AND member_id IN (");
            push_uuids(&mut query, chunk);
            query.push(") RETURNING member_id");
            let gone: Vec<Uuid> = query.values(self.connection()?).await?;
            removed.extend(gone);
        }
        Ok(removed)
    }

    async fn member_ids(
        &mut self,
        directory: Uuid,
        group: Uuid,
        condition: Option<&Condition<'_>>,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Uuid>> {
        let mut query = Statement::new("SELECT m.member_id FROM members m");
        if condition.is_some() {
            query.push(
                " JOIN resources x ON x.directory_id = m.directory_id AND x.type = m.member_type AND x.id = m.member_id",
            );
        }
        query
            .push(" WHERE m.directory_id = ")
            .push_bind(directory)
            .push(" AND m.group_id = ")
            .push_bind(group);
        if let Some(after) = after {
            query.push(" AND m.member_id > ").push_bind(after);
        }
        if let Some(condition) = condition {
            query.push(" AND ");
            push_member_condition(&mut query, directory, condition);
        }
        query.push(" ORDER BY m.member_id");
        push_limit(&mut query, limit.into());
        query.values(self.connection()?).await
    }

    async fn hold_groups_of(&mut self, directory: Uuid, member: Uuid) -> Result<Vec<Uuid>> {
        let mut query = Statement::new(
            "SELECT id FROM resources WHERE directory_id = $1 AND type = 'Group' AND id IN \
             (SELECT group_id FROM members WHERE directory_id = $1 AND member_id = $2 UNION ALL SELECT $2) ORDER BY id",
        )
        .bind(directory)
        .bind(member);
        query.push(FOR_NO_KEY_UPDATE);
        let mut held: Vec<Uuid> = query.values(self.connection()?).await?;
        held.retain(|group| *group != member);
        Ok(held)
    }

    async fn leave_groups(
        &mut self,
        directory: Uuid,
        member: Uuid,
        held: &[Uuid],
        event: &mut (dyn FnMut(Uuid) -> Event + Send),
    ) -> Result<Vec<Event>> {
        let groups: Vec<Uuid> = Statement::new(
            "SELECT group_id FROM members WHERE directory_id = $1 AND member_id = $2 AND group_id <> $2 ORDER BY group_id",
        )
        .bind(directory)
        .bind(member)
        .values::<Uuid>(self.connection()?)
        .await?;
        // To wait now for a group that somebody else holds, who may wait for this member, could be to wait in a circle.
        if groups.iter().any(|group| !held.contains(group)) {
            return Err(Error::Conflict("it has come into another group since its groups were held".into()));
        }
        let mut events = Vec::new();
        for group in groups {
            let event = event(group);
            let provenance = Provenance::of(&event, ["members"]);
            if let Some(version) = self.touch_group(directory, group, event.time, &provenance).await? {
                events.push(event.of(version));
            }
        }
        Statement::new("DELETE FROM members WHERE directory_id = $1 AND member_id = $2")
            .bind(directory)
            .bind(member)
            .run(self.connection()?)
            .await?;
        Ok(events)
    }
}

async fn known(connection: &mut Connection, directory: Uuid, ids: &[Uuid]) -> Result<BTreeSet<Uuid>> {
    let mut query = Statement::new("SELECT r.id ");
    push_those(&mut query, directory, ids);
    let known: Vec<Uuid> = query.values(connection).await?;
    Ok(known.into_iter().collect())
}

fn push_those(query: &mut Statement, directory: Uuid, ids: &[Uuid]) {
    query.push("FROM resources r WHERE r.directory_id = ").push_bind(directory);
    query.push(" AND r.type IN ('User', 'Group') AND r.id IN (");
    push_uuids(query, ids);
    query.push(")");
}

fn push_asked(query: &mut Statement, directory: Uuid, group: Uuid, asked: &MemberQuery<'_>) {
    query.push("m.directory_id = ").push_bind(directory).push(" AND m.group_id = ").push_bind(group);
    if !asked.name_prefix.is_empty() {
        query.push(" AND ");
        push_named(query, "m.member_id", directory, &fold(asked.name_prefix));
    }
}

fn known_member(row: &Row) -> Result<KnownMember> {
    let resource_type = type_of(row.get(1)?)?;
    let id: Uuid = row.get(0)?;
    let document: &str = row.get(3)?;
    let active: Option<bool> = row.get(4)?;
    let document: Resource = serde_json::from_str(document)
        .map_err(|error| Error::Damaged(format!("the document of resource {id}: {error}")))?;
    let user_name = document.get("userName").and_then(Value::as_str).map(str::to_owned);
    Ok(KnownMember {
        member: Member { id, resource_type, label: row.get(2)? },
        user_name,
        active: resource_type == ResourceType::Group || active == Some(true),
    })
}

/// Removes every member of a group that is about to be deleted.
pub(super) async fn clear(connection: &mut Connection, directory: Uuid, group: Uuid) -> Result<()> {
    Statement::new("DELETE FROM members WHERE directory_id = $1 AND group_id = $2")
        .bind(directory)
        .bind(group)
        .run(connection)
        .await?;
    Ok(())
}

pub(super) fn type_of(name: &str) -> Result<ResourceType> {
    match name {
        "User" => Ok(ResourceType::User),
        "Group" => Ok(ResourceType::Group),
        _ => Err(Error::Damaged(format!("a member is of the unknown type {name:?}"))),
    }
}
