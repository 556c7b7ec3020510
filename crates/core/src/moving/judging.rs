//! An export on its way in, before anything of it is written: whether each line is one that can be.
//!
//! What belongs together may stand in lines that are far apart, so what they refer to is remembered: in memory for each user,
//! group, membership of the group that is being read, link and event a few dozen bytes, and never what they are called.

use std::collections::HashSet;

use rollcall_scim::fold::fold;
use rollcall_scim::{Definition, Resource, builtin, kept, unique};
use rollcall_store::{MovedDirectory, MovedResource, RegisteredSchema};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::importing::{checked, moved_directory};
use super::lines::{DeletedUser, Event, Group, Header, Id, Line, Link, Members, ProvisioningRule, User};
use super::records;
use crate::Core;
use crate::clock::LATEST;
use crate::directories::judge_settings;
use crate::error::{Error, Result, shortened};
use crate::passwords::require_hash;
use crate::provisioning_rules::judge_rules;
use crate::resources::{require_indexable, require_short, search_form};
use crate::schemas::judge_registered;
use crate::sso::require_text;
use crate::types::Types;

/// The highest version: so many changes nobody makes, and JSON has no higher number that is the same everywhere.
const HIGHEST_VERSION: i64 = 1 << 53;
/// The longest text in bytes: no body of a user is longer, unless an installation lets it.
const LONGEST_TEXT: usize = 2 << 20;

/// What has been read of an export.
#[derive(Debug)]
pub struct Judging {
    directory: MovedDirectory,
    has_passwords: bool,
    has_events: bool,
    /// The line that was read last, from 1 on.
    number: u64,
    types: Types,
    schemas: Vec<RegisteredSchema>,
    users: HashSet<Uuid>,
    groups: HashSet<Uuid>,
    deleted: HashSet<Uuid>,
    linked: HashSet<Uuid>,
    events: HashSet<Uuid>,
    /// What only one may have, each by its digest.
    taken: HashSet<[u8; 16]>,
    /// The groups whose members have begun, and those of the last one.
    begun: HashSet<Uuid>,
    group: Option<Uuid>,
    members: HashSet<Uuid>,
}

impl Core {
    /// Judges the first line of an export; the others are judged by what it gives.
    ///
    /// Errors: `INVALID_VALUE`, this version does not read it, or no directory has such settings.
    pub fn judge(&self, header: &Header) -> Result<Judging> {
        let profile = checked(header)?;
        let judged = || -> Result<MovedDirectory, String> {
            require_times(&[("created", header.created), ("modified", header.modified)])?;
            let directory = moved_directory(Uuid::nil(), &header.directory, header, profile)
                .map_err(|error| error.to_string())?;
            let read = self.store.read_moved(&directory)?;
            judge_settings(read).map_err(|error| format!("settings: {error}"))?;
            Ok(directory)
        };
        let directory = judged().map_err(|why| Error::value(format!("line 1: {}", shortened(&why))))?;
        Ok(Judging::new(directory, header))
    }
}

impl Judging {
    fn new(directory: MovedDirectory, header: &Header) -> Self {
        Self {
            directory,
            has_passwords: header.passwords,
            has_events: header.events,
            number: 1,
            types: Types::default(),
            schemas: Vec::new(),
            users: HashSet::new(),
            groups: HashSet::new(),
            deleted: HashSet::new(),
            linked: HashSet::new(),
            events: HashSet::new(),
            taken: HashSet::new(),
            begun: HashSet::new(),
            group: None,
            members: HashSet::new(),
        }
    }

    /// Judges the next line. Errors: `INVALID_VALUE`, with the number of the line, whom it is about, and what is wrong.
    pub fn line(&mut self, line: &Line) -> Result<()> {
        self.number += 1;
        self.judge(line).map_err(|why| {
            let number = self.number;
            Error::value(match named(line) {
                Some(name) => format!("line {number}, {name}: {why}"),
                None => format!("line {number}: {why}"),
            })
        })
    }

    fn judge(&mut self, line: &Line) -> Result<(), String> {
        let json = serde_json::to_value(line).map_err(|error| error.to_string())?;
        require_storable(&json)?;
        match line {
            Line::Export(_) | Line::End(_) => Err("an export has one beginning and one end".to_owned()),
            Line::Schema(line) => self.schema(records::schema(line.clone())?),
            Line::User(line) => self.user(line),
            Line::Group(line) => self.group(line),
            Line::Members(line) => self.members(line),
            Line::Link(line) => self.link(line),
            Line::ProvisioningRules(rules) => self.rules(rules),
            Line::DeletedUser(line) => self.deleted_user(line),
            Line::Event(line) => self.event(line),
        }
    }

    fn schema(&mut self, schema: RegisteredSchema) -> Result<(), String> {
        require_times(&[("created", schema.created)])?;
        judge_registered(&schema, &self.schemas).map_err(|error| error.to_string())?;
        self.schemas.push(schema);
        self.types = Types::extended(self.schemas.iter().cloned().map(without_requirements).collect());
        Ok(())
    }

    fn user(&mut self, line: &User) -> Result<(), String> {
        let types = self.types.clone();
        let moved = records::user(line.clone())?;
        if let Some(hash) = &moved.password {
            if !self.has_passwords {
                return Err("passwordHash: the first line says that there are none".to_owned());
            }
            require_hash(hash).map_err(|error| error.to_string())?;
        }
        self.resource(&moved, types.user())?;
        self.users.insert(moved.resource.id);
        self.name("userName", &moved.resource.attributes)
    }

    fn group(&mut self, line: &Group) -> Result<(), String> {
        let types = self.types.clone();
        let moved = records::group(line.clone())?;
        self.resource(&moved, types.group())?;
        self.groups.insert(moved.resource.id);
        if moved.unique { self.name("displayName", &moved.resource.attributes) } else { Ok(()) }
    }

    /// Judges what users and groups have in common.
    fn resource(&mut self, moved: &MovedResource, definition: &Definition) -> Result<(), String> {
        let resource = &moved.resource;
        let id = resource.id;
        if self.users.contains(&id) || self.groups.contains(&id) {
            return Err(format!("id: {id} stands in an earlier line too"));
        }
        require_version(resource.version)?;
        require_times(&[("created", resource.created), ("modified", resource.modified)])?;
        for (name, mark) in moved.provenance.to_json() {
            let time = mark.get(1).and_then(Value::as_i64).unwrap_or(i64::MAX);
            require_times(&[("provenance", time)]).map_err(|why| format!("{why} (of {name:?})"))?;
        }
        let attributes = &resource.attributes;
        kept::require_canonical(attributes, definition).map_err(|error| error.detail)?;
        require_indexable(attributes).map_err(|error| error.to_string())?;
        let search = search_form(attributes, definition);
        for value in unique::values(&search, definition) {
            let unique::UniqueValue { attribute, value } = value;
            require_short(&attribute, &value).map_err(|error| error.to_string())?;
            let place = [definition.name.as_str(), &attribute, &value];
            self.take(&place, || {
                format!("{attribute}: another line has the value {:?} too", shortened(&value))
            })?;
        }
        Ok(())
    }

    /// Takes a name that nobody else may have, whatever its case.
    fn name(&mut self, attribute: &str, attributes: &Resource) -> Result<(), String> {
        let name = attributes.get(attribute).and_then(Value::as_str).unwrap_or_default();
        self.take(&[attribute, &fold(name)], || {
            format!("{attribute}: {:?} stands in an earlier line too", shortened(name))
        })
    }

    fn take(&mut self, parts: &[&str], taken: impl FnOnce() -> String) -> Result<(), String> {
        let mut digest = Sha256::new();
        for part in parts {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
        let mut key = [0; 16];
        key.copy_from_slice(&digest.finalize()[..16]);
        if self.taken.insert(key) { Ok(()) } else { Err(taken()) }
    }

    fn members(&mut self, line: &Members) -> Result<(), String> {
        let Id(group) = line.group;
        if !self.groups.contains(&group) {
            return Err(format!("group: {group} is no group of an earlier line"));
        }
        if self.group != Some(group) {
            if !self.begun.insert(group) {
                return Err(format!("group: the members of {group} stand in two places"));
            }
            self.group = Some(group);
            self.members.clear();
        }
        for (what, known, ids) in [("user", &self.users, &line.users), ("group", &self.groups, &line.groups)]
        {
            for Id(id) in ids {
                if !known.contains(id) {
                    return Err(format!("{what}s: {id} is no {what} of an earlier line"));
                }
                if !self.members.insert(*id) {
                    return Err(format!("{what}s: {id} is a member twice"));
                }
            }
        }
        Ok(())
    }

    fn link(&mut self, line: &Link) -> Result<(), String> {
        let sent = records::link(line.clone())?;
        require_link(&sent.issuer, &sent.subject)?;
        require_times(&[("created", sent.created)])?;
        if !self.users.contains(&sent.user) {
            return Err(format!("user: {} is no user of an earlier line", sent.user));
        }
        if !self.linked.insert(sent.user) {
            return Err(format!("user: {} has a link in an earlier line", sent.user));
        }
        self.take(&["link", &sent.issuer, &sent.subject], || {
            "issuer and subject stand in an earlier line too".to_owned()
        })
    }

    fn rules(&mut self, lines: &[ProvisioningRule]) -> Result<(), String> {
        let mut rules = Vec::with_capacity(lines.len());
        for line in lines {
            let rule = records::rule(line.clone())?;
            require_times(&[("created", rule.created)])?;
            self.take(&["rule", &rule.id.to_string()], || format!("id: there are two rules {}", rule.id))?;
            rules.push(rule);
        }
        self.take(&["rules"], || "an export has its rules in one line".to_owned())?;
        judge_rules(&rules).map_err(|error| error.to_string())
    }

    fn deleted_user(&mut self, line: &DeletedUser) -> Result<(), String> {
        let departed = records::deleted_user(line.clone())?;
        let user = &departed.user;
        let id = user.id;
        if self.users.contains(&id) || self.groups.contains(&id) || !self.deleted.insert(id) {
            return Err(format!("id: {id} stands in an earlier line too"));
        }
        require_version(user.version)?;
        require_times(&[("created", user.created), ("deleted", user.modified)])?;
        // The schemas of the directory may have gone, or become others, after they had.
        let definition = builtin::user();
        let attributes = user.attributes.clone().into_iter();
        let attributes: Resource = attributes
            .filter(|(name, _)| !name.starts_with("urn:") || definition.extension(name).is_some())
            .collect();
        kept::require_canonical(&attributes, definition).map_err(|error| error.detail)?;
        require_indexable(&attributes).map_err(|error| error.to_string())?;
        if let Some(address) = &departed.address {
            require_short("address", address).map_err(|error| error.to_string())?;
        }
        departed.link.as_ref().map_or(Ok(()), |(issuer, subject)| require_link(issuer, subject))
    }

    fn event(&mut self, line: &Event) -> Result<(), String> {
        if !self.has_events {
            return Err("the first line says that there are no events".to_owned());
        }
        let event = records::event(line.clone(), self.directory.id)?;
        require_times(&[("time", event.time)])?;
        event.version.map_or(Ok(()), require_version)?;
        if !event.changes.is_object() {
            return Err("changes: they are no object".to_owned());
        }
        if self.events.insert(event.id) {
            return Ok(());
        }
        Err(format!("id: {} stands in an earlier line too", event.id))
    }
}

/// A schema as older resources fulfil it: what it requires was not always required.
fn without_requirements(mut registered: RegisteredSchema) -> RegisteredSchema {
    for attribute in &mut registered.schema.attributes {
        attribute.sub_attributes.iter_mut().for_each(|sub| sub.required = false);
    }
    registered
}

/// Whom a line is about, for people.
fn named(line: &Line) -> Option<String> {
    let called = |attributes: &Resource, name: &str| {
        let text = attributes.get(name).and_then(Value::as_str);
        text.map_or_else(String::new, |text| format!(" {:?}", shortened(text)))
    };
    Some(match line {
        Line::Schema(schema) => format!("the schema {:?}", shortened(&schema.definition.id)),
        Line::User(user) => {
            format!("the user{} ({})", called(&user.record.attributes, "userName"), user.record.id.0)
        }
        Line::Group(group) => {
            format!("the group{} ({})", called(&group.record.attributes, "displayName"), group.record.id.0)
        }
        Line::Link(of) => format!("the link of {:?}", shortened(&of.subject)),
        Line::DeletedUser(user) => {
            format!("the deleted user{} ({})", called(&user.attributes, "userName"), user.id.0)
        }
        Line::Event(event) => format!("the event {}", event.id.0),
        Line::Export(_) | Line::Members(_) | Line::ProvisioningRules(_) | Line::End(_) => return None,
    })
}

fn require_link(issuer: &str, subject: &str) -> Result<(), String> {
    require_text("issuer", issuer)
        .and_then(|()| require_text("subject", subject))
        .map_err(|error| error.to_string())
}

fn require_version(version: i64) -> Result<(), String> {
    if (1..=HIGHEST_VERSION).contains(&version) {
        return Ok(());
    }
    Err(format!("version: {version} is not from 1 to {HIGHEST_VERSION}"))
}

/// Refuses times, in µs, of other years than 1970 to 9999.
fn require_times(times: &[(&str, i64)]) -> Result<(), String> {
    match times.iter().find(|(_, time)| !(0..=LATEST).contains(time)) {
        None => Ok(()),
        Some((name, time)) => Err(format!("{name}: {time} is no time in µs between the years 1970 and 9999")),
    }
}

/// Refuses texts that no database keeps, or no body has.
fn require_storable(json: &Value) -> Result<(), String> {
    let text = |text: &str| {
        if text.contains('\0') {
            return Err("a text has the character U+0000".to_owned());
        }
        if text.len() > LONGEST_TEXT {
            return Err(format!("a text is longer than {LONGEST_TEXT} bytes"));
        }
        Ok(())
    };
    match json {
        Value::String(value) => text(value),
        Value::Array(values) => values.iter().try_for_each(require_storable),
        Value::Object(members) => members.iter().try_for_each(|(name, value)| {
            text(name).and_then(|()| require_storable(value)).map_err(|why| {
                if why.starts_with("a text") { format!("{}: {why}", shortened(name)) } else { why }
            })
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests;
