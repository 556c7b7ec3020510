//! What stands in the lines, as it is stored. Errors say what is wrong with a line, in words.

use rollcall_store::{
    Actor, Effect, EventKind, MovedDeparted, MovedMember, MovedResource, Protocol, Provenance,
    RegisteredSchema, ResourceType, SignInLink, StoredResource, UserOrigin,
};
use uuid::Uuid;

use super::lines::{DeletedUser, Event, Group, Id, Link, Members, ProvisioningRule, Record, Schema, User};

pub(super) fn schema(line: Schema) -> Result<RegisteredSchema, String> {
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

pub(super) fn user(line: User) -> Result<MovedResource, String> {
    let User { record, origin, administrator, scim_managed, password_hash } = line;
    let origin = Some(known_origin(&origin)?);
    let beside = Beside { unique: true, administrator, origin, scim_managed, password: password_hash };
    moved(ResourceType::User, record, beside)
}

pub(super) fn group(line: Group) -> Result<MovedResource, String> {
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
    let provenance = Provenance::from_json(record.provenance).map_err(|_| {
        "provenance: each is [event, time, credential], and the credential may be missing".to_owned()
    })?;
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

pub(super) fn members(line: Members) -> impl Iterator<Item = MovedMember> {
    let Members { group: Id(group), users, groups } = line;
    let of = move |resource_type| move |Id(member): Id| MovedMember { group, member, resource_type };
    users.into_iter().map(of(ResourceType::User)).chain(groups.into_iter().map(of(ResourceType::Group)))
}

pub(super) fn link(line: Link) -> Result<SignInLink, String> {
    let protocol = Protocol::from_name(&line.protocol)
        .ok_or_else(|| format!("a link by {:?}, which is no protocol", line.protocol))?;
    let Link { issuer, subject, user: Id(user), created, .. } = line;
    Ok(SignInLink { issuer, subject, user, protocol, created })
}

pub(super) fn rule(line: ProvisioningRule) -> Result<rollcall_store::ProvisioningRule, String> {
    let effect = Effect::from_name(&line.effect)
        .ok_or_else(|| format!("a rule with the effect {:?}, which is none", line.effect))?;
    let ProvisioningRule { id: Id(id), conditions, description, created, .. } = line;
    Ok(rollcall_store::ProvisioningRule { id, effect, conditions, description, created })
}

pub(super) fn deleted_user(line: DeletedUser) -> Result<MovedDeparted, String> {
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

pub(super) fn event(line: Event, directory: Uuid) -> Result<rollcall_store::Event, String> {
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
