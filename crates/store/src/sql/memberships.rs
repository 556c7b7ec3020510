//! The groups that somebody is in, directly or not.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use uuid::Uuid;

use super::super::Database;
use super::super::dialect::BY_MEMBER;
use super::condition::push_uuids;
use super::{Connection, ROWS_PER_STATEMENT, Row, Statement};
use crate::{DirectGroup, Membership, MembershipReading, Result};

#[async_trait]
impl MembershipReading for Database {
    // Goes up from the groups that some members are in themselves to those that these are in, and so on, a statement for each
    // level: the index leads from each group to those above it, which no plan of a recursive statement is sure to use. Groups
    // that contain one another in a circle are asked for once.
    async fn memberships(&self, directory: Uuid, of: &[(Uuid, &[DirectGroup])]) -> Result<Vec<Membership>> {
        let mut above = Above::default();
        for (member, groups) in of {
            for group in *groups {
                above.add(*member, group.clone());
            }
        }
        let mut level = std::mem::take(&mut above.open);
        if !level.is_empty() {
            let connection = &mut self.quick_reader().await?;
            while !level.is_empty() {
                let groups: Vec<Uuid> = level.into_iter().collect();
                for chunk in groups.chunks(ROWS_PER_STATEMENT) {
                    for (member, group) in groups_of_each(connection, directory, chunk).await? {
                        above.add(member, group);
                    }
                }
                level = std::mem::take(&mut above.open);
            }
        }
        let members: BTreeSet<Uuid> = of.iter().map(|(member, _)| *member).collect();
        Ok(members.into_iter().flat_map(|member| above.memberships(member)).collect())
    }
}

/// What is known of who is in which group.
#[derive(Default)]
struct Above {
    groups_of: BTreeMap<Uuid, BTreeSet<Uuid>>,
    labels: BTreeMap<Uuid, Option<String>>,
    /// The groups that are in groups which nobody has asked for yet.
    open: BTreeSet<Uuid>,
}

impl Above {
    fn add(&mut self, member: Uuid, group: DirectGroup) {
        self.groups_of.entry(member).or_default().insert(group.id);
        if self.labels.insert(group.id, group.label).is_none() && group.is_nested {
            self.open.insert(group.id);
        }
    }

    /// The groups of a member, in order of their ids.
    fn memberships(&self, member: Uuid) -> Vec<Membership> {
        let direct = self.groups_of.get(&member).cloned().unwrap_or_default();
        let membership = |group| Membership {
            member,
            group,
            label: self.labels.get(&group).cloned().flatten(),
            is_direct: direct.contains(&group),
        };
        closure(&direct, &self.groups_of).into_iter().map(membership).collect()
    }
}

/// The groups that some members are in themselves.
async fn groups_of_each(
    connection: &mut Connection,
    directory: Uuid,
    members: &[Uuid],
) -> Result<Vec<(Uuid, DirectGroup)>> {
    let mut query = Statement::new(
        "SELECT m.member_id, m.group_id, g.label, (SELECT 1 FROM members n WHERE n.directory_id = m.directory_id \
         AND n.member_id = m.group_id LIMIT 1) IS NOT NULL FROM members m",
    );
    query.push(BY_MEMBER).push(
        " JOIN resources g ON g.directory_id = m.directory_id AND g.type = 'Group' AND g.id = m.group_id \
         WHERE m.directory_id = ",
    );
    query.push_bind(directory).push(" AND m.member_id IN (");
    push_uuids(&mut query, members);
    query.push(")");
    let rows = query.rows(connection).await?;
    let membership = |row: &Row| {
        let cells = &mut row.cells();
        let member = cells.next()?;
        Ok((member, DirectGroup { id: cells.next()?, label: cells.next()?, is_nested: cells.next()? }))
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
