//! Comparisons to which an index leads, and alternatives of them: what an administrator types is looked for as the beginning
//! of several attributes at once. A database that meets them side by side reads every row; each by itself finds its few rows,
//! and the resources are those of all of them together.

use rollcall_scim::condition::{Condition, Operand, Operator};
use rollcall_scim::definition::AttributeRef;
use uuid::Uuid;

use super::super::dialect::push_one_of;
use super::Statement;
use super::comparison::push_prefix;
use crate::ResourceType;

/// How many characters of a name the columns of beginnings hold.
pub(super) const HELD: usize = 100;
/// The beginning of the displayName of a user, by which an index leads to it.
const DISPLAY_BEGINS: &str = "r.display_begins";
/// The beginning of the family name of a user, by which an index leads to it.
const FAMILY_BEGINS: &str = "r.family_begins";

/// A comparison to which an index leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lead<'c> {
    index: Index,
    is_prefix: bool,
    text: &'c str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Index {
    /// That of a column of `resources AS r`.
    Resources(&'static str),
    /// That of e-mail addresses.
    Addresses,
}

impl<'c> Lead<'c> {
    /// The lead that a comparison is.
    pub(super) fn of(condition: &'c Condition<'_>, resource_type: ResourceType) -> Option<Self> {
        let Condition::Compare(attribute, operator, Operand::Text(text)) = condition else { return None };
        let is_prefix = match operator {
            Operator::Eq => false,
            Operator::Sw => true,
            _ => return None,
        };
        if text.is_empty() || attribute.extension.is_some() {
            return None;
        }
        let sub_attribute = attribute.sub_attribute.map(|sub| sub.name.as_str());
        let is_held = text.chars().count() < HELD;
        let index = match (resource_type, attribute.attribute.name.as_str(), sub_attribute) {
            (ResourceType::User, "userName", None) => Index::Resources("r.unique_name"),
            (_, "externalId", None) => Index::Resources("r.external_id"),
            (ResourceType::Group, "displayName", None) => Index::Resources("r.display_name"),
            (ResourceType::User, "displayName", None) if is_held => Index::Resources(DISPLAY_BEGINS),
            (ResourceType::User, "name", Some("familyName")) if is_held => Index::Resources(FAMILY_BEGINS),
            (ResourceType::User, _, _) if is_address(attribute) => Index::Addresses,
            _ => return None,
        };
        Some(Self { index, is_prefix, text })
    }

    /// The leads that all the alternatives are; `None` where one is something else.
    pub(super) fn of_all(conditions: &'c [Condition<'_>], resource_type: ResourceType) -> Option<Vec<Self>> {
        conditions.iter().map(|condition| Self::of(condition, resource_type)).collect()
    }

    /// Whether there is no such index for a comparison as it is written otherwise.
    pub(super) fn is_hidden(self) -> bool {
        self.index == Index::Addresses || self.index == Index::Resources(DISPLAY_BEGINS) || {
            self.index == Index::Resources(FAMILY_BEGINS)
        }
    }

    fn push_ids(self, query: &mut Statement, directory: Uuid, resource_type: ResourceType) {
        let column = match self.index {
            Index::Resources(column) => {
                query.push("SELECT r.id FROM resources r WHERE r.directory_id = ").push_bind(directory);
                query.push(" AND r.type = ").push_bind(resource_type.as_str());
                column
            }
            Index::Addresses => {
                query.push("SELECT m.user_id FROM emails m WHERE m.directory_id = ").push_bind(directory);
                "m.value"
            }
        };
        query.push(" AND ");
        if self.is_prefix {
            push_prefix(query, &|query| _ = query.push(column), self.text);
        } else {
            query.push(column).push(" = ").push_bind(self.text.to_owned());
        }
    }
}

/// Whether an attribute is that of e-mail addresses, which have an index of their own.
pub(super) fn is_address(attribute: &AttributeRef<'_>) -> bool {
    attribute.extension.is_none()
        && attribute.attribute.name == "emails"
        && attribute.sub_attribute.is_some_and(|sub| sub.name == "value")
}

/// Appends that a resource of the type is one of those to which one of these leads. It is never NULL.
pub(super) fn push_led(
    query: &mut Statement,
    directory: Uuid,
    resource_type: ResourceType,
    leads: &[Lead<'_>],
) {
    push_one_of(query, "r.id", |query| {
        for (index, lead) in leads.iter().enumerate() {
            query.push(if index == 0 { "" } else { " UNION " });
            lead.push_ids(query, directory, resource_type);
        }
    });
}

/// Appends that an id is that of a user or group of whom a name begins with this folded text. It is never NULL.
pub(super) fn push_named(query: &mut Statement, id: &str, directory: Uuid, text: &str) {
    // Of a longer text the columns know no more than this.
    let held: String = text.chars().take(HELD - 1).collect();
    let names = [
        (ResourceType::User, Index::Resources("r.unique_name"), text),
        (ResourceType::User, Index::Resources(DISPLAY_BEGINS), &held),
        (ResourceType::User, Index::Resources(FAMILY_BEGINS), &held),
        (ResourceType::User, Index::Addresses, text),
        (ResourceType::Group, Index::Resources("r.display_name"), text),
    ];
    push_one_of(query, id, |query| {
        for (place, (resource_type, index, text)) in names.into_iter().enumerate() {
            query.push(if place == 0 { "" } else { " UNION " });
            Lead { index, is_prefix: true, text }.push_ids(query, directory, resource_type);
        }
    });
}
