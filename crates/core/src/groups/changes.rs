//! Changes of groups within a transaction: the group, its members, its version and its events.

use std::collections::BTreeSet;

use rollcall_api::v1::ErrorReason;
use rollcall_scim::membership::{self, MemberChange};
use rollcall_scim::patch::Operation;
use rollcall_scim::replacement::with_immutable;
use rollcall_scim::{Definition, Resource, Rules, resource};
use rollcall_store::{
    AddedMembers, Directory, Event, EventKind, Provenance, ResourceType, StoredResource, Transaction,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::RESOURCE_TYPE;
use crate::Core;
use crate::error::{Error, Result, shortened};
use crate::events::{Origin, changes, tell};
use crate::resources::{Changed, Rewriting, names_of, patched, require_indexable};
use crate::types::require_known;
use crate::version::require_match;

/// How many skipped members a note names.
const NAMED_IN_NOTES: usize = 5;

/// The attribute that holds who is in a group.
const MEMBERS: &str = "members";
/// Members in one event, and read at once.
const MEMBERS_AT_ONCE: u32 = 1000;

/// What is to become of a group.
#[derive(Debug)]
pub(crate) struct GroupChange<'d> {
    next: Next,
    /// Each with the position of the operation of a PATCH that it is of.
    members: Vec<(Option<usize>, MemberChange<'d>)>,
    if_match: Vec<String>,
    definition: &'d Definition,
    rules: Rules,
}

#[derive(Debug)]
enum Next {
    /// These are its attributes.
    Replace(Resource),
    /// These operations make them.
    Patch(Vec<Operation>),
}

impl<'d> GroupChange<'d> {
    /// A PUT. `members` is `None` where the request does not mention them.
    /// Errors: `INVALID_VALUE` for attributes that are none.
    pub(crate) fn replace(
        group: Resource,
        members: Option<Vec<String>>,
        if_match: Vec<String>,
        definition: &'d Definition,
        rules: Rules,
    ) -> Result<Self> {
        let members = match members {
            None if rules.put_without_members_keeps_them => Vec::new(),
            members => vec![(None, MemberChange::Replace(members.unwrap_or_default()))],
        };
        Ok(Self { next: Next::Replace(judge(group, definition)?), members, if_match, definition, rules })
    }

    /// A PATCH. Errors: those of its paths and values.
    pub(crate) fn patch(
        operations: Vec<Operation>,
        if_match: Vec<String>,
        definition: &'d Definition,
        rules: Rules,
    ) -> Result<Self> {
        let parts = membership::split(operations, definition, rules)?;
        let members = parts.members.into_iter().map(|(place, change)| (Some(place), change)).collect();
        Ok(Self { next: Next::Patch(parts.attributes), members, if_match, definition, rules })
    }

    /// How many members the request names one by one.
    pub(crate) fn members_named(&self) -> usize {
        let named = |change: &MemberChange<'_>| match change {
            MemberChange::Add(ids) | MemberChange::Remove(ids) | MemberChange::Replace(ids) => ids.len(),
            MemberChange::RemoveWhere(_) => 0,
        };
        self.members.iter().map(|(_, change)| named(change)).sum()
    }

    /// Whether the group is replaced: it is a PUT.
    pub(crate) fn is_replacement(&self) -> bool {
        matches!(self.next, Next::Replace(_))
    }

    fn applied_to(&self, current: &Resource, id: Uuid) -> Result<Resource> {
        match &self.next {
            Next::Replace(attributes) => Ok(with_immutable(current, attributes.clone(), self.definition)?),
            Next::Patch(operations) => patched(current, id, operations, self.definition, self.rules),
        }
    }
}

/// Who came and who went.
#[derive(Debug, Default)]
struct Moves {
    added: BTreeSet<Uuid>,
    removed: BTreeSet<Uuid>,
    /// The ids that were to become members and are nobody's.
    skipped: Vec<String>,
}

impl Moves {
    fn add(&mut self, ids: impl IntoIterator<Item = Uuid>) {
        for id in ids {
            if !self.removed.remove(&id) {
                self.added.insert(id);
            }
        }
    }

    fn remove(&mut self, ids: impl IntoIterator<Item = Uuid>) {
        for id in ids {
            if !self.added.remove(&id) {
                self.removed.insert(id);
            }
        }
    }

    /// How many came and went, if anybody did.
    fn told(&self) -> Option<String> {
        let (added, removed) = (self.added.len(), self.removed.len());
        (added + removed > 0).then(|| format!("{MEMBERS} ({added} added, {removed} removed)"))
    }
}

impl Core {
    /// A new group, that nobody has written yet.
    pub(crate) fn new_group(&self, group: Resource, definition: &Definition) -> Result<StoredResource> {
        let attributes = judge(group, definition)?;
        let now = self.clock.now();
        Ok(StoredResource {
            resource_type: ResourceType::Group,
            id: self.new_id(),
            version: 1,
            created: now,
            modified: now,
            attributes,
            groups: Vec::new(),
            administrator: false,
            origin: None,
            scim_managed: false,
        })
    }

    /// Adds a group with its members.
    pub(crate) async fn insert_group(
        &self,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        directory: &Directory,
        group: &StoredResource,
        members: &[String],
        definition: &Definition,
    ) -> Result<()> {
        self.insert_empty_group(transaction, origin, directory, group, definition).await?;
        self.fill_new_group(transaction, origin, directory, group, members).await
    }

    /// Adds a group without members.
    pub(crate) async fn insert_empty_group(
        &self,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        directory: &Directory,
        group: &StoredResource,
        definition: &Definition,
    ) -> Result<()> {
        let event = self.event_to_come(origin, directory, EventKind::GroupCreated, group.id);
        let facts = self.add_resource(transaction, directory, group, definition, &event).await?;
        Ok(tell(transaction, origin, event.of(group.version).telling(facts)).await?)
    }

    /// Gives a group its members that the same transaction has added without any.
    pub(crate) async fn fill_new_group(
        &self,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        directory: &Directory,
        group: &StoredResource,
        members: &[String],
    ) -> Result<()> {
        let mut moves = Moves::default();
        add(transaction, directory, group.id, members, directory.rules(), &mut moves).await?;
        note_skipped(origin, &moves.skipped);
        let told = self.events_of(origin, directory, group.id, &moves);
        tell_all(transaction, origin, told, group.version).await
    }

    /// Changes a group. What changes nothing moves neither the version nor the time, and writes no event.
    pub(crate) async fn change_group(
        &self,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        directory: &Directory,
        id: Uuid,
        change: &GroupChange<'_>,
    ) -> Result<Changed> {
        self.hold_schemas(transaction, directory).await?;
        let group = transaction.resource(directory.id, ResourceType::Group, id).await?;
        let mut group = group.ok_or_else(|| Error::not_found(RESOURCE_TYPE, &id.to_string()))?;
        require_match(&change.if_match, group.version)?;
        require_known(&group.attributes, change.definition)?;
        let attributes = change.applied_to(&group.attributes, id)?;
        let mut moves = Moves::default();
        for (place, step) in &change.members {
            move_members(transaction, directory, id, step, change.rules, &mut moves)
                .await
                .map_err(|error| error.of_operation(*place))?;
        }
        note_skipped(origin, &moves.skipped);
        let is_rewritten = attributes != group.attributes;
        let rewriting = self.event_to_come(origin, directory, EventKind::GroupUpdated, id);
        let told = self.events_of(origin, directory, id, &moves);
        let others = told.last().map(|event| Provenance::of(event, [MEMBERS])).unwrap_or_default();
        let mut names = Vec::new();
        if is_rewritten {
            let by = Rewriting { event: &rewriting, others };
            let facts = self
                .rewrite_resource(transaction, directory, &mut group, attributes, change.definition, by)
                .await?;
            names = names_of(&facts);
            tell(transaction, origin, rewriting.of(group.version).telling(facts)).await?;
        } else if !told.is_empty() {
            group.modified = self.clock.now().max(group.modified);
            let version = transaction.touch_group(directory.id, id, group.modified, &others).await?;
            group.version = version.ok_or_else(|| Error::not_found(RESOURCE_TYPE, &id.to_string()))?;
        }
        names.extend(moves.told());
        tell_all(transaction, origin, told, group.version).await?;
        Ok(Changed { resource: group, names, is_adopted: false })
    }

    /// Deletes a group and its memberships.
    pub(crate) async fn delete_group(
        &self,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        directory: &Directory,
        id: Uuid,
        if_match: &[String],
    ) -> Result<()> {
        let groups = transaction.hold_groups_of(directory.id, id).await?;
        let group = transaction.resource_to_delete(directory.id, ResourceType::Group, id).await?;
        let group = group.ok_or_else(|| Error::not_found(RESOURCE_TYPE, &id.to_string()))?;
        require_match(if_match, group.version)?;
        self.leave_groups(transaction, origin, directory, id, &groups).await?;
        transaction.delete_resource(directory.id, ResourceType::Group, id).await?;
        let facts = changes(&group.attributes, &Resource::new());
        let event =
            self.event(origin, Some(directory.id), EventKind::GroupDeleted, id, facts).of(group.version);
        Ok(tell(transaction, origin, event).await?)
    }

    /// The events that tell who came and who went: as many as the members take.
    fn events_of(&self, origin: Origin<'_>, directory: &Directory, group: Uuid, moves: &Moves) -> Vec<Event> {
        let ways = [("added", &moves.added), ("removed", &moves.removed)];
        let parts = ways.into_iter().flat_map(|(way, ids)| {
            let ids: Vec<String> = ids.iter().map(Uuid::to_string).collect();
            let parts = ids.chunks(MEMBERS_AT_ONCE as usize);
            parts.map(|part| json!({ (MEMBERS): { (way): part } })).collect::<Vec<Value>>()
        });
        let event =
            |facts| self.event_to_come(origin, directory, EventKind::GroupUpdated, group).telling(facts);
        parts.map(event).collect()
    }
}

/// Writes the events of a change that made this version.
async fn tell_all(
    transaction: &mut dyn Transaction,
    origin: Origin<'_>,
    events: Vec<Event>,
    version: i64,
) -> Result<()> {
    for event in events {
        tell(transaction, origin, event.of(version)).await?;
    }
    Ok(())
}

async fn move_members(
    transaction: &mut dyn Transaction,
    directory: &Directory,
    group: Uuid,
    step: &MemberChange<'_>,
    rules: Rules,
    moves: &mut Moves,
) -> Result<()> {
    match step {
        MemberChange::Add(ids) => add(transaction, directory, group, ids, rules, moves).await,
        MemberChange::Remove(ids) => {
            let known: Vec<Uuid> = ids.iter().filter_map(|id| canonical(id)).collect();
            moves.remove(transaction.remove_members(directory.id, group, &known).await?);
            Ok(())
        }
        MemberChange::RemoveWhere(condition) => {
            let mut after = None;
            loop {
                let found = transaction
                    .member_ids(directory.id, group, Some(condition), after, MEMBERS_AT_ONCE)
                    .await?;
                after = found.last().copied();
                if after.is_none() {
                    return Ok(());
                }
                moves.remove(transaction.remove_members(directory.id, group, &found).await?);
            }
        }
        MemberChange::Replace(ids) => {
            let wanted: BTreeSet<Uuid> = ids.iter().filter_map(|id| canonical(id)).collect();
            remove_others(transaction, directory, group, &wanted, moves).await?;
            add(transaction, directory, group, ids, rules, moves).await
        }
    }
}

/// Removes the members that are not wanted, a part at a time.
async fn remove_others(
    transaction: &mut dyn Transaction,
    directory: &Directory,
    group: Uuid,
    wanted: &BTreeSet<Uuid>,
    moves: &mut Moves,
) -> Result<()> {
    let mut after = None;
    loop {
        let part = transaction.member_ids(directory.id, group, None, after, MEMBERS_AT_ONCE).await?;
        after = part.last().copied();
        if after.is_none() {
            return Ok(());
        }
        let others: Vec<Uuid> = part.into_iter().filter(|id| !wanted.contains(id)).collect();
        moves.remove(transaction.remove_members(directory.id, group, &others).await?);
    }
}

/// Adds members. Those that the directory does not have are refused or skipped, as its rules have it.
async fn add(
    transaction: &mut dyn Transaction,
    directory: &Directory,
    group: Uuid,
    ids: &[String],
    rules: Rules,
    moves: &mut Moves,
) -> Result<()> {
    let known: BTreeSet<Uuid> = ids.iter().filter_map(|id| canonical(id)).collect();
    let known: Vec<Uuid> = known.into_iter().collect();
    let AddedMembers { added, unknown } = transaction.add_members(directory.id, group, &known).await?;
    moves.add(added);
    let foreign = ids.iter().filter(|id| canonical(id).is_none()).cloned();
    let unknown: Vec<String> = unknown.iter().map(Uuid::to_string).chain(foreign).collect();
    match unknown.first() {
        Some(id) if !rules.unknown_members_are_skipped => Err(Error::new(
            ErrorReason::InvalidValue,
            format!("members: there is no user or group with the id {:?}", shortened(id)),
        )),
        _ => {
            moves.skipped.extend(unknown);
            Ok(())
        }
    }
}

/// Notes for the activity log which members were skipped: the first few by their ids, and how many others.
fn note_skipped(origin: Origin<'_>, skipped: &[String]) {
    for id in skipped.iter().take(NAMED_IN_NOTES) {
        let id = shortened(id);
        origin.note(&format!("members: there is no user or group with the id {id:?}, which was skipped"));
    }
    if skipped.len() > NAMED_IN_NOTES {
        let others = skipped.len() - NAMED_IN_NOTES;
        origin.note(&format!("members: {others} other ids that are nobody's were skipped"));
    }
}

/// The id that a client means; a second spelling of one is another id, which does not exist.
fn canonical(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().filter(|id| id.to_string() == text)
}

/// Judges the attributes that a client sent for a whole group.
fn judge(group: Resource, definition: &Definition) -> Result<Resource> {
    let attributes = resource::normalize_attributes(group, definition)?;
    require_indexable(&attributes)?;
    Ok(attributes)
}
