//! References to what the same request creates: `bulkId:` and the bulkId of a create, where an id may stand
//! (RFC 7644 §3.7.2).
//!
//! An id may stand in the path of an operation, among the members of a group, in an attribute that has a `$ref` beside its
//! `value` (a manager) or is a reference, and anywhere in an extension of the directory's own, since such schemas often
//! declare ids as plain text. Everywhere else such a text is a text: no userName and no password is read as a reference.

use rollcall_scim::definition::{AttributeRef, Target};
use rollcall_scim::expression::{Expression, Literal, Test};
use rollcall_scim::patch::Operation as PatchOperation;
use rollcall_scim::path::Path;
use rollcall_scim::schema::{ENTERPRISE_USER, Kind, Schema};
use rollcall_scim::{Definition, Rules};
use rollcall_store::ResourceType;
use serde_json::Value as Json;

use super::operation::{Edit, Operation, Whole};

/// What stands before the bulkId.
const PREFIX: &str = "bulkId:";

/// The bulkId that stands in the place of an id, if one does.
pub(super) fn bulk_id(id: &str) -> Option<&str> {
    let (prefix, bulk_id) = id.split_at_checked(PREFIX.len())?;
    prefix.eq_ignore_ascii_case(PREFIX).then_some(bulk_id)
}

/// How operations are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'d> {
    pub(super) user: &'d Definition,
    pub(super) group: &'d Definition,
    pub(super) rules: Rules,
}

impl<'d> Reading<'d> {
    fn of(self, resource_type: ResourceType) -> &'d Definition {
        match resource_type {
            ResourceType::User => self.user,
            ResourceType::Group => self.group,
        }
    }
}

/// Shows every text of an operation that stands where an id may stand.
pub(super) fn each_id(operation: &mut Operation, reading: Reading<'_>, show: &mut dyn FnMut(&mut String)) {
    match operation {
        Operation::Create(resource_type, whole) => in_whole(whole, reading.of(*resource_type), show),
        Operation::Existing { resource_type, id, edit, .. } => {
            show(id);
            match edit {
                Edit::Replace(whole) => in_whole(whole, reading.of(*resource_type), show),
                Edit::Patch { operations: Ok(operations), .. } => {
                    in_patch(operations, reading.of(*resource_type), reading.rules, show);
                }
                Edit::Patch { operations: Err(_), .. } | Edit::Delete => {}
            }
        }
        Operation::Refused(..) => {}
    }
}

/// Shows the ids in a whole user or group, whose attributes have the names that their schemas spell, and what else was sent.
fn in_whole(whole: &mut Whole, definition: &Definition, show: &mut dyn FnMut(&mut String)) {
    whole.members.iter_mut().flatten().for_each(&mut *show);
    for (name, value) in whole.attributes.iter_mut().flatten() {
        let mut built_in = definition.schema.attributes.iter().chain(definition.common());
        if name == ENTERPRISE_USER && definition.extension(name).is_some() {
            if let Some(Json::String(manager)) = value.pointer_mut("/manager/value") {
                show(manager);
            }
        } else if built_in.all(|attribute| attribute.name != *name) {
            in_value(value, Place::Extension, &mut |_, _| Place::Extension, show);
        }
    }
}

fn in_patch(
    operations: &mut [PatchOperation],
    definition: &Definition,
    rules: Rules,
    show: &mut dyn FnMut(&mut String),
) {
    let mut inside = |schema: &Schema, name: &str| {
        let is_core = schema.id == definition.schema.id;
        let name = if is_core { name.to_owned() } else { format!("{}:{name}", schema.id) };
        Path::parse(name.trim(), rules).map_or(Place::Elsewhere, |path| place(&path, definition))
    };
    for operation in operations {
        let text = operation.path.as_deref().map(str::trim).filter(|path| !path.is_empty());
        let mut at = Place::Schema(&definition.schema);
        if let Some(text) = text {
            // The core says what is wrong with a path, where something is.
            let Ok(mut path) = Path::parse(text, rules) else { continue };
            at = place(&path, definition);
            if let Some(condition) = &mut path.condition
                && in_condition(condition, at, show)
            {
                operation.path = Some(path.to_string());
            }
        }
        let Some(value) = &mut operation.value else { continue };
        if let (Place::Schema(schema), Json::String(text)) = (at, &*value)
            && schema.id == definition.schema.id
            && let Ok(object @ Json::Object(_)) = serde_json::from_str(text)
        {
            // Some clients write attributes without a path as a text that holds an object.
            *value = object;
        }
        in_value(value, at, &mut inside, show);
    }
}

/// Where a value stands.
#[derive(Debug, Clone, Copy)]
enum Place<'d> {
    /// Where no id stands.
    Elsewhere,
    /// In the place of an id, or around it.
    Reference,
    /// In an extension of the directory's own.
    Extension,
    /// Around the attributes of this schema.
    Schema(&'d Schema),
}

fn place<'d>(path: &Path, definition: &'d Definition) -> Place<'d> {
    match definition.lookup(&path.attribute) {
        Some(Target::Extension(schema)) if schema.id == ENTERPRISE_USER => Place::Schema(schema),
        Some(Target::Extension(_)) => Place::Extension,
        Some(Target::Attribute(at)) if at.extension.is_some_and(|urn| urn != ENTERPRISE_USER) => {
            Place::Extension
        }
        Some(Target::Attribute(at)) if is_reference(&at, path.sub_attribute.as_deref()) => Place::Reference,
        None if path.attribute.eq_ignore_ascii_case(&definition.schema.id) => {
            Place::Schema(&definition.schema)
        }
        _ => Place::Elsewhere,
    }
}

fn is_reference(at: &AttributeRef<'_>, sub_attribute: Option<&str>) -> bool {
    let refers = at.attribute.sub_attribute("$ref").is_some();
    let leaf = match sub_attribute {
        Some(name) => at.attribute.sub_attribute(name),
        None => at.sub_attribute,
    };
    match leaf {
        None if sub_attribute.is_some() => false,
        None => refers || at.attribute.kind == Kind::Reference,
        Some(leaf) => refers && leaf.name == "value" || leaf.kind == Kind::Reference,
    }
}

/// Shows the ids in a value. `inside` says where the members of a schema stand.
fn in_value<'d>(
    value: &mut Json,
    at: Place<'d>,
    inside: &mut dyn FnMut(&Schema, &str) -> Place<'d>,
    show: &mut dyn FnMut(&mut String),
) {
    match (at, value) {
        (Place::Reference | Place::Extension, Json::String(text)) => show(text),
        (Place::Reference | Place::Extension, Json::Array(values)) => {
            for value in values {
                in_value(value, at, inside, show);
            }
        }
        (Place::Schema(_) | Place::Reference | Place::Extension, Json::Object(members)) => {
            for (name, value) in members {
                let at = match at {
                    Place::Schema(schema) => inside(schema, name),
                    // Some clients write `{"members": […]}` under the path `members`.
                    Place::Reference if !names_ids(name) => Place::Elsewhere,
                    at => at,
                };
                in_value(value, at, inside, show);
            }
        }
        _ => {}
    }
}

fn names_ids(name: &str) -> bool {
    ["value", "members"].into_iter().any(|one| one.eq_ignore_ascii_case(name))
}

/// Shows the ids that a condition compares with, and says whether one was changed.
fn in_condition(condition: &mut Expression, at: Place<'_>, show: &mut dyn FnMut(&mut String)) -> bool {
    match condition {
        Expression::And(parts) | Expression::Or(parts) => {
            let mut changed = false;
            for part in parts {
                changed |= in_condition(part, at, show);
            }
            changed
        }
        Expression::Not(inner) => in_condition(inner, at, show),
        Expression::Attribute { attribute, test: Test::Compare(_, Literal::String(text)) } => {
            let is_id = match at {
                Place::Reference => attribute.eq_ignore_ascii_case("value"),
                Place::Extension => true,
                Place::Elsewhere | Place::Schema(_) => false,
            };
            let before = text.clone();
            if is_id {
                show(text);
            }
            *text != before
        }
        Expression::Attribute { .. } | Expression::Element { .. } => false,
    }
}

#[cfg(test)]
mod tests;
