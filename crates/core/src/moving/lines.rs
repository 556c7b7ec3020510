//! The lines of an export: each is an object with one member, which says what it is.
//!
//! Times are in µs since 1970. What a line has is the same in every database, and so are its bytes.

use std::collections::BTreeMap;

use rollcall_scim::schema;
use rollcall_store::{Conditions, Person};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

/// The version of the format. It rises when a line says what an older version would not read, or read otherwise.
pub const FORMAT: u32 = 1;

/// A line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Line {
    /// The first one.
    Export(Header),
    /// A registered schema.
    Schema(Schema),
    /// A user.
    User(User),
    /// A group, without its members.
    Group(Group),
    /// Some of the members of a group.
    Members(Members),
    /// Who signs in as whom.
    Link(Link),
    /// On which rules first sign-ins may create an account, in order.
    ProvisioningRules(Vec<ProvisioningRule>),
    /// A user who was deleted and is kept.
    DeletedUser(DeletedUser),
    /// An event.
    Event(Event),
    /// The last one.
    End(Trailer),
}

impl Line {
    /// What it is, as it is counted; `None` of the first and the last one.
    pub fn kind(&self) -> Option<&'static str> {
        match self {
            Self::Export(_) | Self::End(_) => None,
            Self::Schema(_) => Some("schemas"),
            Self::User(_) => Some("users"),
            Self::Group(_) => Some("groups"),
            Self::Members(_) => Some("members"),
            Self::Link(_) => Some("links"),
            Self::ProvisioningRules(_) => Some("provisioningRules"),
            Self::DeletedUser(_) => Some("deletedUsers"),
            Self::Event(_) => Some("events"),
        }
    }

    /// How many of them it is.
    pub fn count(&self) -> u64 {
        match self {
            Self::Export(_) | Self::End(_) => 0,
            Self::Members(members) => (members.users.len() + members.groups.len()) as u64,
            Self::ProvisioningRules(rules) => rules.len() as u64,
            _ => 1,
        }
    }

    /// Where its kind stands in an export.
    pub fn place(&self) -> u8 {
        match self {
            Self::Export(_) => 0,
            Self::Schema(_) => 1,
            Self::User(_) => 2,
            Self::Group(_) => 3,
            Self::Members(_) => 4,
            Self::Link(_) => 5,
            Self::ProvisioningRules(_) => 6,
            Self::DeletedUser(_) => 7,
            Self::Event(_) => 8,
            Self::End(_) => 9,
        }
    }
}

/// An id, as SCIM writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Id(pub Uuid);

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.0.to_string()
    }
}

impl TryFrom<String> for Id {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Uuid::try_parse(&text).map(Self).map_err(|_| format!("{text:?} is no id"))
    }
}

/// What an export is of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a member of the line")]
pub struct Header {
    /// [`FORMAT`].
    pub format: u32,
    /// The version of Rollcall that made it.
    pub version: String,
    /// Whether the hashes of passwords are in it.
    pub passwords: bool,
    /// Whether the events are in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub events: bool,
    /// The name of the directory.
    pub directory: String,
    /// Its profile.
    pub profile: String,
    /// Whether its SCIM endpoint answers.
    pub scim: bool,
    /// Whether it has groups.
    pub groups: bool,
    /// Its other settings: those that are not as a new directory has them.
    pub settings: Map<String, Value>,
    /// When it was made.
    pub created: i64,
    /// When its settings last changed.
    pub modified: i64,
}

/// A registered schema.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Schema {
    /// The type that it extends.
    pub resource_type: String,
    /// Whether resources must have values of it.
    pub required: bool,
    /// When it was first registered.
    pub created: i64,
    /// The schema, as SCIM writes it.
    pub definition: schema::Schema,
}

/// What users and groups have in common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Record {
    /// The SCIM id.
    pub id: Id,
    /// Counts the changes, from 1 on: the entity tag.
    pub version: i64,
    /// When it was made.
    pub created: i64,
    /// When it last changed.
    pub modified: i64,
    /// The attributes in canonical form.
    pub attributes: Map<String, Value>,
    /// Which event last changed which attribute: `[event, time, credential]`; `*` is every one that is not named.
    pub provenance: Map<String, Value>,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct User {
    /// What it has in common with groups.
    pub record: Record,
    /// Where it came from.
    pub origin: String,
    /// Whether it is marked as an administrator of the application.
    pub administrator: bool,
    /// Whether an identity provider manages it.
    pub scim_managed: bool,
    /// The hash of its password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<String>,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Group {
    /// What it has in common with users.
    pub record: Record,
    /// Whether nobody else may have its name.
    pub unique: bool,
    /// Whether an identity provider manages it.
    pub scim_managed: bool,
}

/// Some of the members of a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Members {
    /// The group.
    pub group: Id,
    /// Those who are users.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<Id>,
    /// Those that are groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Id>,
}

/// Who signs in as whom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Link {
    /// Who speaks for the person.
    pub issuer: String,
    /// The person, as the issuer knows them.
    pub subject: String,
    /// The user.
    pub user: Id,
    /// How the person came in first.
    pub protocol: String,
    /// When.
    pub created: i64,
}

/// A rule on which first sign-ins may create an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProvisioningRule {
    /// The key.
    pub id: Id,
    /// What it does with a sign-in that it matches.
    pub effect: String,
    /// Which sign-ins it matches.
    pub conditions: Conditions,
    /// A description for people.
    pub description: String,
    /// When it was made.
    pub created: i64,
}

/// A user who was deleted and is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeletedUser {
    /// The SCIM id.
    pub id: Id,
    /// The version that it had.
    pub version: i64,
    /// When it was made.
    pub created: i64,
    /// When it was deleted.
    pub deleted: i64,
    /// The credential that deleted it.
    pub deleted_by: Option<Id>,
    /// Where it came from.
    pub origin: String,
    /// Whether an identity provider managed it.
    pub scim_managed: bool,
    /// The attributes that it had.
    pub attributes: Map<String, Value>,
    /// The issuer and the subject who signed in as it.
    pub link: Option<(String, String)>,
    /// Its folded primary work address.
    pub address: Option<String>,
}

/// What happened in the directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Event {
    /// The key, by which provenance knows it.
    pub id: Id,
    /// What happened.
    pub kind: String,
    /// Who or what changed.
    pub subject: Id,
    /// The version that the change made, where the subject has versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// When it happened.
    pub time: i64,
    /// The credential that made the change; none, Rollcall itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Id>,
    /// The person who made it with that credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Person>,
    /// The id of the request that asked for it.
    pub request_id: String,
    /// The changed attributes, before and after.
    pub changes: Value,
}

/// What came before it, so that a file that was cut is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Trailer {
    /// How many of what there are.
    pub counts: BTreeMap<String, u64>,
    /// SHA-256 of every line before this one, with their line ends, in hexadecimal digits.
    pub sha256: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written_and_written_as_it_was_read() {
        let lines = [
            r#"{"members":{"group":"0190f5e2-0000-7000-8000-000000000001","users":["0190f5e2-0000-7000-8000-000000000002"]}}"#,
            concat!(
                r#"{"user":{"record":{"id":"0190f5e2-0000-7000-8000-000000000002","version":3,"created":1,"modified":2,"#,
                r#""attributes":{"userName":"Ana","urn:x":{"height":1.50}},"provenance":{"*":["e",1]}},"#,
                r#""origin":"scim","administrator":false,"scimManaged":true}}"#
            ),
            r#"{"end":{"counts":{"users":1},"sha256":"00"}}"#,
        ];
        for text in lines {
            let line: Line = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&line).unwrap(), text);
        }
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for text in [r#"{"events":{}}"#, r#"{"end":{"counts":{},"sha256":"","more":1}}"#, "{}", "[]"] {
            assert!(serde_json::from_str::<Line>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_id_that_is_none_is_refused() {
        let text = r#"{"members":{"group":"x"}}"#;
        assert!(serde_json::from_str::<Line>(text).unwrap_err().to_string().contains("is no id"));
    }
}
