//! A stored resource as its readers see it: as a message, or as the JSON of SCIM.

use std::collections::HashMap;
use std::fmt::{self, Display};

use jiff::Timestamp;
use rollcall_api::v1::{self, ScimResource};
use rollcall_scim::projection::Projection;
use rollcall_scim::schema::ENTERPRISE_USER;
use rollcall_scim::{Definition, Resource, resource};
use rollcall_store::{DirectGroup, Directory, Membership, ResourceType, StoredDocument, StoredResource};
use serde::{Serialize, Serializer};
use serde_json::Value;
use uuid::Uuid;

use self::splicing::spliced;
use crate::Core;
use crate::error::{Error, Result};
use crate::version::entity_tag;

mod splicing;

/// What of resources an answer shows, and as what.
#[derive(Debug, Default)]
pub(crate) struct View {
    projection: Projection,
    /// The base URL under which a client sees them as SCIM JSON; `None`, they are messages.
    scim_base_url: Option<String>,
}

impl View {
    /// Reads the projection of a request. Errors: `INVALID_PATH`; `INVALID_VALUE` when both lists are given.
    pub(crate) fn of(message: Option<v1::Projection>) -> Result<Self> {
        let message = message.unwrap_or_default();
        let projection = Projection::parse(&message.attributes, &message.excluded_attributes)?;
        Ok(Self { projection, scim_base_url: message.scim_base_url })
    }

    /// A resource that was read to be shown; `message` makes its message.
    pub(crate) fn of_document<M>(
        &self,
        document: StoredDocument,
        groups: &[Membership],
        definition: &Definition,
        message: impl FnOnce(StoredResource) -> M,
    ) -> Result<Shown<M>> {
        match &self.scim_base_url {
            Some(base) if self.projection.shows_all(definition) => {
                Ok(Shown::Scim(spliced(&document, groups, base, definition)?))
            }
            _ => self.of_resource(document.read()?, groups, definition, message),
        }
    }

    /// A resource; `message` makes its message.
    pub(crate) fn of_resource<M>(
        &self,
        stored: StoredResource,
        groups: &[Membership],
        definition: &Definition,
        message: impl FnOnce(StoredResource) -> M,
    ) -> Result<Shown<M>> {
        if self.scim_base_url.is_none() {
            return Ok(Shown::Message(message(stored)));
        }
        let (id, version) = (stored.id.to_string(), entity_tag(stored.version));
        let json =
            serde_json::to_vec(&self.represent(stored, groups, definition)).map_err(Error::internal)?;
        Ok(Shown::Scim(ScimResource { id, version, json: json.into() }))
    }

    /// The whole resource, with the attributes that the reader asked for: what is stored, and what the server knows and
    /// derives beside it.
    pub(crate) fn represent(
        &self,
        stored: StoredResource,
        groups: &[Membership],
        definition: &Definition,
    ) -> Resource {
        let base = self.scim_base_url.as_deref().unwrap_or_default();
        let derived = Derived::of(&stored, groups, base);
        let mut attributes = stored.attributes;
        if let Some(Value::Object(enterprise)) = attributes.get_mut(ENTERPRISE_USER) {
            add_manager_reference(enterprise, base);
        }
        let schemas = resource::schemas_of(&attributes, definition);
        let mut resource = Resource::with_capacity(attributes.len() + 4);
        resource.insert("schemas".to_owned(), schemas.into());
        resource.insert("id".to_owned(), stored.id.to_string().into());
        resource.extend(attributes);
        if !derived.groups.is_empty() {
            resource.insert("groups".to_owned(), value(&derived.groups));
        }
        resource.insert("meta".to_owned(), value(&derived.meta));
        self.projection.apply(&mut resource, definition);
        resource
    }
}

/// A resource as an answer shows it.
#[derive(Debug)]
pub(crate) enum Shown<M> {
    Message(M),
    Scim(ScimResource),
}

impl<M> Shown<M> {
    /// One of the two.
    pub(crate) fn parted(self) -> (Option<M>, Option<ScimResource>) {
        match self {
            Self::Message(message) => (Some(message), None),
            Self::Scim(scim) => (None, Some(scim)),
        }
    }
}

/// Resources as an answer shows them: all in one of the two lists.
pub(crate) fn parted<M>(
    shown: impl Iterator<Item = Result<Shown<M>>>,
) -> Result<(Vec<M>, Vec<ScimResource>)> {
    let (mut messages, mut scim) = (Vec::new(), Vec::new());
    for shown in shown {
        match shown? {
            Shown::Message(message) => messages.push(message),
            Shown::Scim(resource) => scim.push(resource),
        }
    }
    Ok((messages, scim))
}

/// The groups of some users, by user.
#[derive(Debug, Default)]
pub(crate) struct Memberships(HashMap<Uuid, Vec<Membership>>);

impl Memberships {
    /// The groups of one.
    pub(crate) fn of(&self, id: Uuid) -> &[Membership] {
        self.0.get(&id).map_or(&[], Vec::as_slice)
    }
}

impl Core {
    /// The groups that some resources are in, as far as they are shown: those of users, where the directory has groups and
    /// the reader asks for them. They were read with the resources, but for groups of groups.
    pub(crate) async fn memberships<A: Sync>(
        &self,
        directory: &Directory,
        resources: &[StoredResource<A>],
        view: &View,
    ) -> Result<Memberships> {
        let mut of = HashMap::<Uuid, Vec<Membership>>::new();
        if !directory.groups_enabled || !view.projection.may_show("groups") {
            return Ok(Memberships(of));
        }
        let users: Vec<(Uuid, &[DirectGroup])> = resources
            .iter()
            .filter(|resource| resource.resource_type == ResourceType::User && !resource.groups.is_empty())
            .map(|user| (user.id, user.groups.as_slice()))
            .collect();
        if !users.is_empty() {
            for membership in self.store.memberships(directory.id, &users).await? {
                of.entry(membership.member).or_default().push(membership);
            }
        }
        Ok(Memberships(of))
    }
}

/// What the server derives of a resource.
struct Derived<'a> {
    groups: Vec<Group<'a>>,
    meta: Meta<'a>,
}

impl<'a> Derived<'a> {
    fn of<A>(stored: &StoredResource<A>, groups: &'a [Membership], base: &'a str) -> Self {
        let StoredResource { resource_type, id, version, created, modified, .. } = *stored;
        let group = |membership: &'a Membership| Group {
            value: membership.group,
            reference: Location { base, resource_type: ResourceType::Group, id: membership.group },
            display: membership.label.as_deref(),
            kind: if membership.is_direct { "direct" } else { "indirect" },
        };
        let meta = Meta {
            resource_type: resource_type.as_str(),
            created: DateTime::of(created),
            last_modified: DateTime::of(modified),
            version: entity_tag(version),
            location: Location { base, resource_type, id },
        };
        Self { groups: groups.iter().map(group).collect(), meta }
    }
}

/// A group of a user (RFC 7643 §4.1.2).
#[derive(Serialize)]
struct Group<'a> {
    #[serde(serialize_with = "displayed")]
    value: Uuid,
    #[serde(rename = "$ref", serialize_with = "displayed")]
    reference: Location<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display: Option<&'a str>,
    #[serde(rename = "type")]
    kind: &'static str,
}

/// What the server knows about a resource (RFC 7643 §3.1).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Meta<'a> {
    resource_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<DateTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_modified: Option<DateTime>,
    version: String,
    #[serde(serialize_with = "displayed")]
    location: Location<'a>,
}

/// Where a resource is, under a base URL.
struct Location<'a> {
    base: &'a str,
    resource_type: ResourceType,
    id: Uuid,
}

impl Display for Location<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoint = match self.resource_type {
            ResourceType::User => "/Users/",
            ResourceType::Group => "/Groups/",
        };
        write!(f, "{}{endpoint}{}", self.base, self.id)
    }
}

/// Where a resource is, relative to the base URL.
pub(crate) fn location(resource_type: ResourceType, id: Uuid) -> String {
    Location { base: "", resource_type, id }.to_string()
}

fn displayed<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn value(derived: &impl Serialize) -> Value {
    // What the server derives has texts for names and nothing that JSON cannot hold.
    serde_json::to_value(derived).unwrap_or_default()
}

/// Gives a manager that can be one of our users its `$ref` (RFC 7643 §4.3).
fn add_manager_reference(enterprise: &mut Resource, base: &str) {
    let Some(Value::Object(manager)) = enterprise.get_mut("manager") else { return };
    let id = manager.get("value").and_then(Value::as_str).filter(|value| Uuid::try_parse(value).is_ok());
    if let Some(reference) = id.map(|id| format!("{base}/Users/{id}")) {
        manager.insert("$ref".to_owned(), Value::String(reference));
    }
}

/// A time as RFC 7643 §2.3.5 writes it.
struct DateTime(Timestamp);

impl DateTime {
    /// That of a time in µs; `None`, no calendar has it.
    fn of(micros: i64) -> Option<Self> {
        Timestamp::from_microsecond(micros).ok().map(Self)
    }
}

impl Serialize for DateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A time in µs as RFC 7643 §2.3.5 writes it; one that no calendar has is left out.
pub(crate) fn date_time(micros: i64) -> Option<String> {
    DateTime::of(micros).map(|time| time.0.to_string())
}
