//! A directory on its way in: its lines are written as they are, some in each transaction.
//!
//! Until all are there the directory is marked as being imported, with how many of the lines it has, and its SCIM endpoint does
//! not answer: an import that was killed goes on where it ended.

use rollcall_api::v1::ErrorReason;
use rollcall_scim::{Profile, Resource};
use rollcall_store::{
    Actor, DepartedQuery, Directory, Effect, EventKind, ImportMark, MovedDeparted, MovedDirectory,
    MovedMember, MovedResource, Protocol, Provenance, RegisteredSchema, ResourceType, SignInLink,
    StoredResource, Transaction, UserOrigin,
};
use serde_json::Map;
use uuid::Uuid;

use super::lines::{
    DeletedUser, Event, FORMAT, Group, Header, Id, Line, Link, Members, ProvisioningRule, Record, Schema,
    User,
};
use crate::Core;
use crate::directories::{facts, require_name};
use crate::error::{Error, Result};
use crate::events::{Origin, changes};
use crate::resources::search_form;
use crate::types::Types;

/// Where an import goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The directory will be made.
    New,
    /// It is there, and has nothing.
    Empty,
    /// An import of the same file has begun, and so many of its lines are there.
    Unfinished(u64),
}

impl Core {
    /// Where an export with this digest would go, or go on with `resume`.
    ///
    /// Errors: `INVALID_VALUE`, no directory can be called so; `FORBIDDEN`, the directory has something already, or is being
    /// imported.
    pub async fn import_target(&self, name: &str, digest: &str, resume: bool) -> Result<Target> {
        require_name(name)?;
        let Some(directory) = self.store.directory(name).await? else { return Ok(Target::New) };
        if let Some(mark) = self.store.import(directory.id).await? {
            let lines = mark.lines;
            return match (mark.digest == digest, resume) {
                (true, true) => Ok(Target::Unfinished(u64::try_from(lines).unwrap_or_default())),
                (true, false) => Err(Error::new(
                    ErrorReason::Forbidden,
                    format!(
                        "an import of this file into the directory {name:?} has begun, and {lines} lines of it are there: go \
                         on with --resume"
                    ),
                )),
                (false, _) => Err(Error::new(
                    ErrorReason::Forbidden,
                    format!(
                        "the directory {name:?} is being imported from another file: go on with that one, or delete the \
                         directory and begin anew"
                    ),
                )),
            };
        }
        let contents = self.contents(&directory).await?;
        if contents.is_empty() {
            return Ok(Target::Empty);
        }
        Err(Error::new(
            ErrorReason::Forbidden,
            format!(
                "the directory {name:?} is not empty, it has {}: give one that is, or a name that none has",
                contents.join(", ")
            ),
        ))
    }

    /// Makes sure that the events of an export, of which this is the first, are not in this database. Errors: `FORBIDDEN`.
    pub async fn require_new_events(&self, first: Id) -> Result<()> {
        if self.store.has_event(first.0).await? { Err(events_are_there()) } else { Ok(()) }
    }

    /// What a directory has, in words.
    async fn contents(&self, directory: &Directory) -> Result<Vec<String>> {
        let every = DepartedQuery { deleted_after: i64::MIN, user_name_prefix: "", behind: None, limit: 1 };
        let departed = self.store.count_departed_users(directory.id, &every).await?;
        let schemas = self.store.schemas(directory.id).await?.len();
        let rules = self.store.sign_ins().provisioning_rules(directory.id).await?.len();
        let mut transaction = self.store.begin().await?;
        let users = transaction.count_resources(directory.id, ResourceType::User).await?;
        let groups = transaction.count_resources(directory.id, ResourceType::Group).await?;
        let counted = [
            (u64::try_from(users).unwrap_or_default(), "users"),
            (u64::try_from(groups).unwrap_or_default(), "groups"),
            (schemas as u64, "schemas"),
            (rules as u64, "provisioning rules"),
            (departed, "deleted users"),
        ];
        let some = counted.into_iter().filter(|(count, _)| *count > 0);
        Ok(some.map(|(count, what)| format!("{count} {what}")).collect())
    }

    /// Begins an import, or goes on with one, into the directory of that name.
    ///
    /// Errors: those of [`import_target`](Self::import_target); `INVALID_VALUE`, the header is none that this version reads.
    pub async fn import(&self, name: &str, header: Header, digest: &str, resume: bool) -> Result<Importing> {
        let profile = checked(&header)?;
        let lines = match self.import_target(name, digest, resume).await? {
            Target::Unfinished(lines) => lines,
            Target::New | Target::Empty => {
                self.open_import(name, &header, profile, digest).await?;
                1
            }
        };
        let directory = self.store.directory(name).await?.ok_or_else(|| gone(name))?;
        let types = self.types(&directory).await?;
        Ok(Importing {
            core: self.clone(),
            directory,
            types,
            header,
            profile,
            digest: digest.to_owned(),
            lines,
        })
    }

    /// Makes the directory, or gives the one that is there other settings, and marks it.
    async fn open_import(&self, name: &str, header: &Header, profile: Profile, digest: &str) -> Result<()> {
        let mut transaction = self.store.begin().await?;
        let before = transaction.directory(name).await?;
        let id = before.as_ref().map_or_else(|| self.new_id(), |before| before.id);
        if transaction.import(id).await?.is_some() {
            return Err(overtaken(name));
        }
        transaction.put_moved_directory(&moved_directory(id, name, header, profile, false)?).await?;
        transaction.set_import(id, Some(&ImportMark { digest: digest.to_owned(), lines: 1 })).await?;
        let kind = if before.is_some() { EventKind::DirectoryUpdated } else { EventKind::DirectoryCreated };
        self.tell_of_directory(&mut *transaction, name, kind, before.as_ref()).await?;
        Ok(transaction.save().await?)
    }

    async fn tell_of_directory(
        &self,
        transaction: &mut dyn Transaction,
        name: &str,
        kind: EventKind,
        before: Option<&Directory>,
    ) -> Result<()> {
        let after = transaction.directory(name).await?.ok_or_else(|| gone(name))?;
        let changed = changes(&before.map_or_else(Map::new, facts), &facts(&after));
        let event = self.event(Origin::SYSTEM, Some(after.id), kind, after.id, changed);
        Ok(transaction.insert_event(&event).await?)
    }
}

/// An import that is under way.
#[derive(Debug)]
pub struct Importing {
    core: Core,
    directory: Directory,
    types: Types,
    header: Header,
    profile: Profile,
    digest: String,
    lines: u64,
}

impl Importing {
    /// How many lines of the file are in the directory, the header included: go on behind them.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Writes the next lines, in one transaction. Errors: `INVALID_VALUE`, one of them cannot be written, and then none is;
    /// `CONFLICT`, somebody else goes on with this import.
    pub async fn write(&mut self, lines: Vec<Line>) -> Result<()> {
        let count = lines.len() as u64;
        let mut batch = Batch::default();
        for (line, number) in lines.into_iter().zip(self.lines + 1..) {
            batch
                .add(line, self.directory.id, &self.types)
                .map_err(|why| Error::value(format!("line {number}: {why}")))?;
        }
        let (has_schemas, has_events) = (!batch.schemas.is_empty(), !batch.events.is_empty());
        let mut transaction = self.claim().await?;
        self.write_batch(&mut *transaction, batch).await?;
        let mark = self.mark(self.lines + count);
        transaction.set_import(self.directory.id, Some(&mark)).await?;
        transaction.save().await?;
        self.lines += count;
        if has_events {
            // Nobody else may be there who does. What waits for its number has no index of ids.
            while self.core.store.number_events(Some(self.directory.id)).await? {}
        }
        if has_schemas {
            let name = &self.directory.name;
            self.directory = self.core.store.directory(name).await?.ok_or_else(|| gone(name))?;
            self.types = self.core.types(&self.directory).await?;
        }
        Ok(())
    }

    async fn write_batch(&self, transaction: &mut dyn Transaction, batch: Batch) -> Result<()> {
        let directory = self.directory.id;
        for schema in &batch.schemas {
            transaction.put_schema(directory, schema).await?;
        }
        transaction.insert_moved_resources(directory, &batch.resources).await?;
        for (moved, search) in &batch.resources {
            let definition = match moved.resource.resource_type {
                ResourceType::User => self.types.user(),
                ResourceType::Group => self.types.group(),
            };
            self.core
                .write_unique_values(transaction, &self.directory, &moved.resource, search, None, definition)
                .await?;
        }
        transaction.insert_moved_members(directory, &batch.members).await?;
        transaction.insert_moved_links(directory, &batch.links).await?;
        if !batch.rules.is_empty() {
            transaction.set_provisioning_rules(directory, &batch.rules).await?;
        }
        transaction.insert_departed_users(directory, &batch.departed).await?;
        if transaction.insert_moved_events(&batch.events).await? {
            return Ok(());
        }
        Err(events_are_there())
    }

    /// Ends the import: the directory is as the header says. Errors: those of [`write`](Self::write).
    pub async fn finish(self) -> Result<()> {
        let mut transaction = self.claim().await?;
        let Self { core, directory, header, profile, .. } = self;
        let name = &directory.name;
        let before = transaction.directory(name).await?.ok_or_else(|| gone(name))?;
        let moved = moved_directory(directory.id, name, &header, profile, header.scim)?;
        transaction.put_moved_directory(&moved).await?;
        transaction.set_import(directory.id, None).await?;
        if header.scim {
            core.tell_of_directory(&mut *transaction, name, EventKind::DirectoryUpdated, Some(&before))
                .await?;
        }
        Ok(transaction.save().await?)
    }

    /// A transaction in which nobody else goes on with this import, and nobody else has.
    async fn claim(&self) -> Result<Box<dyn Transaction>> {
        let mut transaction = self.core.store.begin().await?;
        if transaction.import(self.directory.id).await? != Some(self.mark(self.lines)) {
            return Err(overtaken(&self.directory.name));
        }
        Ok(transaction)
    }

    fn mark(&self, lines: u64) -> ImportMark {
        ImportMark { digest: self.digest.clone(), lines: i64::try_from(lines).unwrap_or(i64::MAX) }
    }
}

/// What some lines say, as it is written.
#[derive(Debug, Default)]
struct Batch {
    schemas: Vec<RegisteredSchema>,
    resources: Vec<(MovedResource, Resource)>,
    members: Vec<MovedMember>,
    links: Vec<SignInLink>,
    rules: Vec<rollcall_store::ProvisioningRule>,
    departed: Vec<MovedDeparted>,
    events: Vec<rollcall_store::Event>,
}

impl Batch {
    /// Adds what a line says. Errors: what is wrong with it, in words.
    fn add(&mut self, line: Line, directory: Uuid, types: &Types) -> Result<(), String> {
        match line {
            Line::Export(_) | Line::End(_) => {
                return Err("an export has one beginning and one end".to_owned());
            }
            Line::Schema(line) => self.schemas.push(schema(line)?),
            Line::User(line) => {
                let search = search_form(&line.record.attributes, types.user());
                self.resources.push((user(line)?, search));
            }
            Line::Group(line) => {
                let search = search_form(&line.record.attributes, types.group());
                self.resources.push((group(line)?, search));
            }
            Line::Members(line) => self.members.extend(members(line)),
            Line::Link(line) => self.links.push(link(line)?),
            Line::ProvisioningRules(rules) => {
                self.rules = rules.into_iter().map(rule).collect::<Result<_, _>>()?;
            }
            Line::DeletedUser(line) => self.departed.push(deleted_user(line)?),
            Line::Event(line) => self.events.push(event(line, directory)?),
        }
        Ok(())
    }
}

/// The profile of a header that this version reads.
fn checked(header: &Header) -> Result<Profile> {
    if header.format != FORMAT {
        return Err(Error::value(format!(
            "the export has the format {}, and this version of Rollcall reads {FORMAT}: use the version that made it, {}, or a \
             later one",
            header.format, header.version
        )));
    }
    Profile::from_name(&header.profile).ok_or_else(|| {
        Error::value(format!("the export is of a directory of the unknown profile {:?}", header.profile))
    })
}

fn moved_directory(
    id: Uuid,
    name: &str,
    header: &Header,
    profile: Profile,
    scim_enabled: bool,
) -> Result<MovedDirectory> {
    Ok(MovedDirectory {
        id,
        name: name.to_owned(),
        profile,
        scim_enabled,
        groups_enabled: header.groups,
        settings: serde_json::to_string(&header.settings).map_err(Error::internal)?,
        created: header.created,
        modified: header.modified,
    })
}

fn schema(line: Schema) -> Result<RegisteredSchema, String> {
    Ok(RegisteredSchema {
        resource_type: [ResourceType::User, ResourceType::Group]
            .into_iter()
            .find(|known| known.as_str() == line.resource_type)
            .ok_or_else(|| format!("a schema of {:?}, which is no type", line.resource_type))?,
        required: line.required,
        created: line.created,
        schema: line.definition,
    })
}

fn user(line: User) -> Result<MovedResource, String> {
    let User { record, origin, administrator, scim_managed, password_hash } = line;
    let origin = Some(known_origin(&origin)?);
    let beside = Beside { unique: true, administrator, origin, scim_managed, password: password_hash };
    moved(ResourceType::User, record, beside)
}

fn group(line: Group) -> Result<MovedResource, String> {
    let Group { record, unique, scim_managed } = line;
    let beside = Beside { unique, administrator: false, origin: None, scim_managed, password: None };
    moved(ResourceType::Group, record, beside)
}

/// What a user or group has beside its record.
struct Beside {
    unique: bool,
    administrator: bool,
    origin: Option<UserOrigin>,
    scim_managed: bool,
    password: Option<String>,
}

fn moved(resource_type: ResourceType, record: Record, beside: Beside) -> Result<MovedResource, String> {
    let provenance = Provenance::from_json(record.provenance).map_err(|error| error.to_string())?;
    let resource = StoredResource {
        resource_type,
        id: record.id.0,
        version: record.version,
        created: record.created,
        modified: record.modified,
        attributes: record.attributes,
        groups: Vec::new(),
        administrator: beside.administrator,
        origin: beside.origin,
        scim_managed: beside.scim_managed,
    };
    Ok(MovedResource { resource, unique: beside.unique, provenance, password: beside.password })
}

fn members(line: Members) -> impl Iterator<Item = MovedMember> {
    let Members { group: Id(group), users, groups } = line;
    let of = move |resource_type| move |Id(member): Id| MovedMember { group, member, resource_type };
    users.into_iter().map(of(ResourceType::User)).chain(groups.into_iter().map(of(ResourceType::Group)))
}

fn link(line: Link) -> Result<SignInLink, String> {
    let protocol = Protocol::from_name(&line.protocol)
        .ok_or_else(|| format!("a link by {:?}, which is no protocol", line.protocol))?;
    let Link { issuer, subject, user: Id(user), created, .. } = line;
    Ok(SignInLink { issuer, subject, user, protocol, created })
}

fn rule(line: ProvisioningRule) -> Result<rollcall_store::ProvisioningRule, String> {
    let effect = Effect::from_name(&line.effect)
        .ok_or_else(|| format!("a rule with the effect {:?}, which is none", line.effect))?;
    let ProvisioningRule { id: Id(id), conditions, description, created, .. } = line;
    Ok(rollcall_store::ProvisioningRule { id, effect, conditions, description, created })
}

fn deleted_user(line: DeletedUser) -> Result<MovedDeparted, String> {
    let user = StoredResource {
        resource_type: ResourceType::User,
        id: line.id.0,
        version: line.version,
        created: line.created,
        modified: line.deleted,
        attributes: line.attributes,
        groups: Vec::new(),
        administrator: false,
        origin: Some(known_origin(&line.origin)?),
        scim_managed: line.scim_managed,
    };
    let deleted_by = line.deleted_by.map(|Id(id)| id);
    Ok(MovedDeparted { user, deleted_by, link: line.link, address: line.address })
}

fn event(line: Event, directory: Uuid) -> Result<rollcall_store::Event, String> {
    let kind = EventKind::from_name(&line.kind)
        .ok_or_else(|| format!("an event of the kind {:?}, which is none", line.kind))?;
    Ok(rollcall_store::Event {
        id: line.id.0,
        directory: Some(directory),
        kind,
        subject: line.subject.0,
        version: line.version,
        time: line.time,
        actor: line.actor.map_or(Actor::System, |Id(id)| Actor::Credential(id)),
        person: line.person,
        request_id: line.request_id,
        changes: line.changes,
    })
}

fn known_origin(name: &str) -> Result<UserOrigin, String> {
    UserOrigin::from_name(name).ok_or_else(|| format!("a user with the origin {name:?}, which is none"))
}

fn events_are_there() -> Error {
    Error::new(
        ErrorReason::Forbidden,
        "the events of the export are in this database already, of the directory that was exported: for a copy beside it, \
         export without them",
    )
}

fn gone(name: &str) -> Error {
    Error::new(ErrorReason::Conflict, format!("the directory {name:?} was deleted meanwhile"))
}

fn overtaken(name: &str) -> Error {
    Error::new(
        ErrorReason::Conflict,
        format!("somebody else imports into the directory {name:?} at the same time"),
    )
}
