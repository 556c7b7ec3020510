//! What has to be done so that directories are what the file says.

use anyhow::{Result, bail};
use rollcall_api::unseen::shown;
use rollcall_api::v1::{
    CreateDirectoryRequest, CreateProvisioningRuleRequest, CreateServiceKeyRequest, DeleteDirectoryRequest,
    DeleteProvisioningRuleRequest, DeleteSchemaRequest, MoveProvisioningRuleRequest, RegisterSchemaRequest,
    RevokeServiceKeyRequest, ServiceKey, UpdateDirectoryRequest,
};

use super::file::{DirectoriesFile, Directory};
use super::{current, keys, rules, schemas, settings};
use crate::client::Client;

/// What has to be done, a part for each directory that is not what it is to be, and one for what is of all.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(super) parts: Vec<Part>,
    /// What is not as the file has it and stays so: a sentence each.
    pub(crate) remarks: Vec<String>,
}

/// What has to be done with one directory.
#[derive(Debug)]
pub(super) struct Part {
    /// Its name; empty, it is about all directories.
    pub(super) directory: String,
    pub(super) kind: Kind,
    pub(super) work: Work,
}

/// What becomes of a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Made,
    Changed,
    Deleted,
}

/// Changes as people see them, and the calls that make them, in order.
#[derive(Debug, Default)]
pub(super) struct Work {
    pub(super) changes: Vec<Change>,
    pub(super) steps: Vec<Step>,
    /// What cannot be done, and why.
    pub(super) hindrances: Vec<String>,
    /// What is not as the file has it and stays so, and why.
    pub(super) remarks: Vec<String>,
    /// Why none of it is tried, though the rest of the plan is.
    pub(super) refused: Option<String>,
}

impl Work {
    /// A change that takes one call.
    pub(super) fn step(&mut self, change: Change, step: Step) {
        self.changes.push(change);
        self.steps.push(step);
    }

    fn add(&mut self, other: Self) {
        self.changes.extend(other.changes);
        self.steps.extend(other.steps);
        self.hindrances.extend(other.hindrances);
        self.remarks.extend(other.remarks);
    }
}

/// What is to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// The setting or the thing, as the file calls it.
    pub(super) what: String,
    /// What it is; `None`, it is not there.
    pub(super) before: Option<String>,
    /// What it is to be; `None`, it goes away.
    pub(super) after: Option<String>,
}

impl Change {
    pub(super) fn new(what: impl Into<String>, before: Option<String>, after: Option<String>) -> Self {
        Self { what: what.into(), before, after }
    }
}

/// A call.
#[derive(Debug, Clone)]
pub(super) enum Step {
    CreateDirectory(Box<CreateDirectoryRequest>),
    UpdateDirectory(Box<UpdateDirectoryRequest>),
    DeleteDirectory(DeleteDirectoryRequest),
    RegisterSchema(RegisterSchemaRequest),
    DeleteSchema(DeleteSchemaRequest),
    CreateRule(CreateProvisioningRuleRequest),
    MoveRule(MoveProvisioningRuleRequest),
    DeleteRule(DeleteProvisioningRuleRequest),
    CreateKey(CreateServiceKeyRequest),
    RevokeKey(RevokeServiceKeyRequest),
}

impl Plan {
    /// Whether everything is as it is to be.
    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// What will not be done, and why: a sentence for each directory.
    pub(crate) fn refused(&self) -> Vec<String> {
        self.parts.iter().filter_map(Part::refused).collect()
    }

    /// How many changes there are to make.
    pub(crate) fn changes(&self) -> usize {
        self.parts.iter().map(|part| part.work.changes.len().max(1)).sum()
    }
}

/// Compares a file with what there is. With `prune`, what the file does not have is to go: directories, and of those that it has
/// schemas, provisioning rules, and keys that were made by a hash.
///
/// Errors: the core's, and what can never become as the file has it.
pub(crate) async fn plan(client: &Client, file: &DirectoriesFile, prune: bool) -> Result<Plan> {
    let there = current::directories(client).await?;
    let keys = current::keys(client).await?;
    let mut parts = Vec::new();
    for wanted in &file.directories {
        let name = wanted.name.value.as_str();
        let part = match there.iter().find(|directory| directory.name == name) {
            Some(directory) => {
                let work = changed(client, wanted, directory, &keys, prune).await?;
                Part { directory: name.to_owned(), kind: Kind::Changed, work }
            }
            None => Part { directory: name.to_owned(), kind: Kind::Made, work: made(wanted, &keys) },
        };
        parts.push(part);
    }
    let of_all = keys::compared("", &file.service_keys, &keys, prune);
    parts.push(Part { directory: String::new(), kind: Kind::Changed, work: of_all });
    if prune {
        let is_wanted = |name: &str| file.directories.iter().any(|directory| directory.name.value == name);
        let residents = current::residents(client).await?;
        for directory in there.iter().filter(|directory| !is_wanted(&directory.name)) {
            let within = residents.get(&directory.name).copied().unwrap_or_default();
            parts.push(deleted(client, &directory.name, within).await?);
        }
    }
    let hindrances: Vec<String> = parts.iter().flat_map(|part| part.said(&part.work.hindrances)).collect();
    if !hindrances.is_empty() {
        bail!("nothing was changed: {}", hindrances.join("; "));
    }
    let remarks = parts.iter().flat_map(|part| part.said(&part.work.remarks)).collect();
    parts.retain(|part| !part.work.steps.is_empty());
    Ok(Plan { parts, remarks })
}

impl Part {
    /// What the directory is called in sentences.
    pub(super) fn title(&self) -> String {
        match self.directory.as_str() {
            "" => "all directories".to_owned(),
            name => format!("directory {}", shown(name, false)),
        }
    }

    /// Why it is not tried, with the directory that it is about.
    pub(super) fn refused(&self) -> Option<String> {
        self.work.refused.as_ref().map(|why| format!("{}: {why}", self.title()))
    }

    /// Sentences, each with the directory that it is about.
    fn said(&self, sentences: &[String]) -> Vec<String> {
        sentences.iter().map(|sentence| format!("{}: {sentence}", self.title())).collect()
    }
}

fn made(wanted: &Directory, keys: &[ServiceKey]) -> Work {
    let mut work = Work::default();
    let given = settings::given(wanted).into_iter();
    work.changes = given.map(|(what, after)| Change::new(what, None, Some(after))).collect();
    work.steps.push(Step::CreateDirectory(Box::new(settings::creating(wanted))));
    let name = &wanted.name.value;
    work.add(schemas::compared(name, &wanted.schemas, &[], false));
    work.add(rules::compared(name, &wanted.provisioning_rules, &[], false));
    work.add(keys::compared(name, &wanted.service_keys, keys, false));
    work
}

async fn changed(
    client: &Client,
    wanted: &Directory,
    there: &rollcall_api::v1::Directory,
    keys: &[ServiceKey],
    prune: bool,
) -> Result<Work> {
    let mut work = Work::default();
    if there.imported_lines.is_some() {
        // A core that starts meanwhile must not stay away for it.
        work.remarks.push("it is being imported, and stays as it is until all is there".to_owned());
        return Ok(work);
    }
    let name = wanted.name.value.as_str();
    let present = settings::present(there);
    for (what, after) in settings::given(wanted) {
        let before = present.get(&what).cloned();
        if before.as_ref() != Some(&after) {
            work.changes.push(Change::new(what, before, Some(after)));
        }
    }
    if !work.changes.is_empty() {
        work.steps.push(Step::UpdateDirectory(Box::new(settings::updating(wanted))));
    }
    // What the file says nothing of need not be known, unless it is to go.
    if prune || !wanted.schemas.is_empty() {
        let there = current::schemas(client, name).await?;
        work.add(schemas::compared(name, &wanted.schemas, &there, prune));
    }
    if prune || !wanted.provisioning_rules.is_empty() {
        let there = current::rules(client, name).await?;
        work.add(rules::compared(name, &wanted.provisioning_rules, &there, prune));
    }
    work.add(keys::compared(name, &wanted.service_keys, keys, prune));
    Ok(work)
}

/// A directory that is to go, with what ends with it. One that has users or groups is never deleted so: that takes its name once
/// more, by a person.
async fn deleted(client: &Client, name: &str, (users, groups): (i64, i64)) -> Result<Part> {
    let request = DeleteDirectoryRequest { name: name.to_owned(), confirm_name: String::new() };
    let mut work = Work { steps: vec![Step::DeleteDirectory(request)], ..Work::default() };
    if users + groups > 0 {
        work.refused = Some(format!(
            "it is not deleted, since it has users ({users}) or groups ({groups}): `rollcall directory delete {name} \
             --confirm {name}` deletes it with everything in it"
        ));
    } else {
        let ending = current::live_access(client, name).await?.into_iter();
        work.changes = ending.map(|(what, of)| Change::new(what, Some(of), None)).collect();
    }
    Ok(Part { directory: name.to_owned(), kind: Kind::Deleted, work })
}
