//! A directory on its way in: its lines are written as they are, some in each transaction.
//!
//! Until all are there the directory is marked as being imported, with how many of the lines it has, and its SCIM endpoint does
//! not answer: an import that was killed goes on where it ended.

use rollcall_api::v1::ErrorReason;
use rollcall_scim::{Profile, Resource};
use rollcall_store::{
    DepartedQuery, Directory, EventKind, ImportMark, MovedDeparted, MovedDirectory, MovedMember,
    MovedResource, RegisteredSchema, ResourceType, SignInLink, Transaction,
};
use serde_json::Map;
use uuid::Uuid;

use super::lines::{FORMAT, Header, Id, Line};
use super::records::{deleted_user, event, group, link, members, rule, schema, user};
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
                        "the directory {name:?} is being imported from another file, of which {lines} lines are in: go on with \
                         that one, or delete the directory with `rollcall directory delete {name} --confirm {name}` and begin \
                         anew"
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
        self.judge(&header)?;
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
        let known = self.store.directory(name).await?.map(|directory| directory.id);
        let id = known.unwrap_or_else(|| self.new_id());
        let mut transaction = self.store.begin().await?;
        // Whoever has begun to write into it did not know of the import, and is done before the mark is set, or refused by it.
        // They are waited for before anything is held that they may want.
        if known.is_some() && !transaction.hold_empty(id).await? {
            return Err(overtaken(name));
        }
        let before = transaction.directory(name).await?;
        if before.as_ref().map(|before| before.id) != known || transaction.import(id).await?.is_some() {
            return Err(overtaken(name));
        }
        let unfinished = MovedDirectory {
            scim_enabled: false,
            importing: true,
            ..moved_directory(id, name, header, profile)?
        };
        transaction.put_moved_directory(&unfinished).await?;
        let kind = if before.is_some() { EventKind::DirectoryUpdated } else { EventKind::DirectoryCreated };
        // The mark refuses other events that tell of a change.
        self.tell_of_directory(&mut *transaction, name, kind, before.as_ref()).await?;
        transaction.set_import(id, Some(&ImportMark { digest: digest.to_owned(), lines: 1 })).await?;
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
        let mark = self.mark(self.lines + count);
        let written = async {
            self.write_batch(&mut *transaction, batch).await?;
            transaction.set_import(self.directory.id, Some(&mark)).await?;
            Ok::<_, Error>(transaction.save().await?)
        };
        let place = format!("lines {} to {}", self.lines + 1, self.lines + count);
        written.await.map_err(|error| error.at(&place))?;
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
        let moved = moved_directory(directory.id, name, &header, profile)?;
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
pub(super) fn checked(header: &Header) -> Result<Profile> {
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

pub(super) fn moved_directory(
    id: Uuid,
    name: &str,
    header: &Header,
    profile: Profile,
) -> Result<MovedDirectory> {
    Ok(MovedDirectory {
        id,
        name: name.to_owned(),
        profile,
        scim_enabled: header.scim,
        groups_enabled: header.groups,
        settings: serde_json::to_string(&header.settings).map_err(Error::internal)?,
        importing: false,
        created: header.created,
        modified: header.modified,
    })
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
        format!(
            "somebody else imports into the directory {name:?} at the same time, or changes it: try again"
        ),
    )
}
