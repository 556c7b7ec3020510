//! A directory on its way out: its lines, some at a time.

use rollcall_api::v1::ErrorReason;
use rollcall_store::{
    Actor, MovedDeparted, MovedDirectory, MovedMember, MovedResource, ResourceType, SignInLink, Snapshot,
    UserOrigin,
};
use uuid::Uuid;

use super::lines::{
    DeletedUser, Event, FORMAT, Group, Header, Id, Line, Link, Members, ProvisioningRule, Record, Schema,
    User,
};
use super::ways_on;
use crate::Core;
use crate::caller::no_directory;
use crate::error::{Error, Result};

/// How much is read at once.
const PAGE: u32 = 200;
/// How many members one line has at most.
const MEMBERS_PER_LINE: usize = 1_000;

impl Core {
    /// Begins to export a directory as it is now, with what is asked for beside.
    ///
    /// Errors: `NOT_FOUND`; `FORBIDDEN`, a guard rail holds changes of it.
    pub async fn export(&self, directory: &str, beside: Beside) -> Result<Exporting> {
        let mut snapshot = self.store.snapshot().await?;
        let found = snapshot.directory(directory).await?.ok_or_else(|| no_directory(directory))?;
        if let Some(mark) = self.store.import(found.id).await? {
            return Err(Error::new(
                ErrorReason::Forbidden,
                format!(
                    "the directory {directory:?} is being imported, and {} lines are in: {}",
                    mark.lines,
                    ways_on(directory)
                ),
            ));
        }
        if snapshot.has_pending_holds(found.id).await? {
            return Err(Error::new(
                ErrorReason::Forbidden,
                format!(
                    "changes of the directory {directory:?} are held, and would be lost: approve or reject them first; \
                     `rollcall hold list --directory {directory}` lists them"
                ),
            ));
        }
        Ok(Exporting { snapshot, directory: found, beside, stage: Stage::Header })
    }
}

/// What an export has only where it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beside {
    /// The hashes of passwords.
    pub passwords: bool,
    /// What has happened in the directory.
    pub events: bool,
}

/// A directory that is being exported, as it was at one moment.
pub struct Exporting {
    snapshot: Box<dyn Snapshot>,
    directory: MovedDirectory,
    beside: Beside,
    stage: Stage,
}

/// What comes next, and behind which key.
enum Stage {
    Header,
    Schemas,
    Resources(ResourceType, Option<Uuid>),
    Members(Option<(Uuid, Uuid)>, Option<Members>),
    Links(Option<(String, String)>),
    ProvisioningRules,
    DeletedUsers(Option<Uuid>),
    Events(i64),
    Done,
}

impl std::fmt::Debug for Exporting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exporting").field("directory", &self.directory.name).finish_non_exhaustive()
    }
}

impl Exporting {
    /// The next lines, which may be none; `None`, there are no more.
    pub async fn next(&mut self) -> Result<Option<Vec<Line>>> {
        let directory = self.directory.id;
        let (lines, next) = match std::mem::replace(&mut self.stage, Stage::Done) {
            Stage::Header => (vec![Line::Export(self.header()?)], Stage::Schemas),
            Stage::Schemas => {
                let schemas = self.snapshot.schemas(directory).await?;
                let lines = schemas.into_iter().map(|registered| {
                    Line::Schema(Schema {
                        resource_type: registered.resource_type.as_str().to_owned(),
                        required: registered.required,
                        created: registered.created,
                        definition: registered.schema,
                    })
                });
                (lines.collect(), Stage::Resources(ResourceType::User, None))
            }
            Stage::Resources(resource_type, after) => self.resources(resource_type, after).await?,
            Stage::Members(after, begun) => self.members(after, begun).await?,
            Stage::Links(after) => {
                let after = after.as_ref().map(|(issuer, subject)| (issuer.as_str(), subject.as_str()));
                let links = self.snapshot.links(directory, after, PAGE).await?;
                let last = links.last().map(|link| (link.issuer.clone(), link.subject.clone()));
                let next = last.map_or(Stage::ProvisioningRules, |last| Stage::Links(Some(last)));
                (links.into_iter().map(link).collect(), next)
            }
            Stage::ProvisioningRules => {
                let rules = self.snapshot.provisioning_rules(directory).await?;
                let rules: Vec<_> = rules.into_iter().map(rule).collect();
                let lines = if rules.is_empty() { Vec::new() } else { vec![Line::ProvisioningRules(rules)] };
                (lines, Stage::DeletedUsers(None))
            }
            Stage::DeletedUsers(after) => {
                let departed = self.snapshot.departed_users(directory, after, PAGE).await?;
                let last = departed.last().map(|departed| departed.user.id);
                let behind = if self.beside.events { Stage::Events(0) } else { Stage::Done };
                let next = last.map_or(behind, |last| Stage::DeletedUsers(Some(last)));
                (departed.into_iter().map(deleted_user).collect(), next)
            }
            Stage::Events(after) => {
                let events = self.snapshot.events(directory, after, PAGE).await?;
                let next = events.last().map_or(Stage::Done, |(place, _)| Stage::Events(*place));
                (events.into_iter().map(|(_, moved)| event(moved)).collect(), next)
            }
            Stage::Done => return Ok(None),
        };
        self.stage = next;
        Ok(Some(lines))
    }

    fn header(&self) -> Result<Header> {
        let directory = &self.directory;
        Ok(Header {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            passwords: self.beside.passwords,
            events: self.beside.events,
            directory: directory.name.clone(),
            profile: directory.profile.as_str().to_owned(),
            scim: directory.scim_enabled,
            groups: directory.groups_enabled,
            settings: serde_json::from_str(&directory.settings).map_err(Error::internal)?,
            created: directory.created,
            modified: directory.modified,
        })
    }

    async fn resources(
        &mut self,
        resource_type: ResourceType,
        after: Option<Uuid>,
    ) -> Result<(Vec<Line>, Stage)> {
        let found = self.snapshot.resources(self.directory.id, resource_type, after, PAGE).await?;
        let next = match (found.last(), resource_type) {
            (Some(last), _) => Stage::Resources(resource_type, Some(last.resource.id)),
            (None, ResourceType::User) => Stage::Resources(ResourceType::Group, None),
            (None, ResourceType::Group) => Stage::Members(None, None),
        };
        let line = |moved| match resource_type {
            ResourceType::User => Line::User(user(moved, self.beside.passwords)),
            ResourceType::Group => Line::Group(group(moved)),
        };
        Ok((found.into_iter().map(line).collect(), next))
    }

    /// The next members. A line is cut where it is full, wherever the pages are cut that are read.
    async fn members(
        &mut self,
        after: Option<(Uuid, Uuid)>,
        mut begun: Option<Members>,
    ) -> Result<(Vec<Line>, Stage)> {
        let found = self.snapshot.members(self.directory.id, after, PAGE).await?;
        let Some(last) = found.last().map(|last| (last.group, last.member)) else {
            return Ok((begun.map(Line::Members).into_iter().collect(), Stage::Links(None)));
        };
        let mut lines = Vec::new();
        for MovedMember { group, member, resource_type } in found {
            let has_room = |line: &Members| {
                line.group.0 == group && line.users.len() + line.groups.len() < MEMBERS_PER_LINE
            };
            if !begun.as_ref().is_some_and(has_room) {
                let new = Members { group: Id(group), users: Vec::new(), groups: Vec::new() };
                lines.extend(begun.replace(new).map(Line::Members));
            }
            if let Some(line) = &mut begun {
                match resource_type {
                    ResourceType::User => line.users.push(Id(member)),
                    ResourceType::Group => line.groups.push(Id(member)),
                }
            }
        }
        Ok((lines, Stage::Members(Some(last), begun)))
    }
}

fn record(moved: &mut MovedResource) -> Record {
    let resource = &mut moved.resource;
    Record {
        id: Id(resource.id),
        version: resource.version,
        created: resource.created,
        modified: resource.modified,
        attributes: std::mem::take(&mut resource.attributes),
        provenance: moved.provenance.to_json(),
    }
}

fn user(mut moved: MovedResource, passwords: bool) -> User {
    User {
        record: record(&mut moved),
        origin: origin(moved.resource.origin),
        administrator: moved.resource.administrator,
        scim_managed: moved.resource.scim_managed,
        password_hash: moved.password.filter(|_| passwords),
    }
}

fn group(mut moved: MovedResource) -> Group {
    Group { record: record(&mut moved), unique: moved.unique, scim_managed: moved.resource.scim_managed }
}

fn link(link: SignInLink) -> Line {
    Line::Link(Link {
        issuer: link.issuer,
        subject: link.subject,
        user: Id(link.user),
        protocol: link.protocol.as_str().to_owned(),
        created: link.created,
    })
}

fn rule(rule: rollcall_store::ProvisioningRule) -> ProvisioningRule {
    ProvisioningRule {
        id: Id(rule.id),
        effect: rule.effect.as_str().to_owned(),
        conditions: rule.conditions,
        description: rule.description,
        created: rule.created,
    }
}

fn deleted_user(departed: MovedDeparted) -> Line {
    let MovedDeparted { user, deleted_by, link, address } = departed;
    Line::DeletedUser(DeletedUser {
        id: Id(user.id),
        version: user.version,
        created: user.created,
        deleted: user.modified,
        deleted_by: deleted_by.map(Id),
        origin: origin(user.origin),
        scim_managed: user.scim_managed,
        attributes: user.attributes,
        link,
        address,
    })
}

fn event(event: rollcall_store::Event) -> Line {
    Line::Event(Event {
        id: Id(event.id),
        kind: event.kind.as_str().to_owned(),
        subject: Id(event.subject),
        version: event.version,
        time: event.time,
        actor: match event.actor {
            Actor::Credential(id) => Some(Id(id)),
            Actor::System => None,
        },
        person: event.person,
        request_id: event.request_id,
        changes: event.changes,
    })
}

fn origin(origin: Option<UserOrigin>) -> String {
    origin.unwrap_or(UserOrigin::Scim).as_str().to_owned()
}
