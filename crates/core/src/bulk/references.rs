//! References to what the same request creates: `bulkId:` and the bulkId of a create, where an id may stand
//! (RFC 7644 §3.7.2).
//!
//! An id may stand in the path of an operation, among the members of a group, in an attribute that has a `$ref` beside its
//! `value` (a manager) or is a reference, and anywhere in an extension of the directory's own, since such schemas often
//! declare ids as plain text. Everywhere else such a text is a text: no userName and no password is read as a reference.

use rollcall_api::v1::bulk_operation::Operation;
use rollcall_api::v1::value::Kind;
use rollcall_api::v1::{PatchOperation, User, Value};
use rollcall_api::value::to_message;
use rollcall_scim::definition::{AttributeRef, Target};
use rollcall_scim::filter::{Expression, Literal, Test};
use rollcall_scim::path::Path;
use rollcall_scim::schema::{self, ENTERPRISE_USER, Schema};
use rollcall_scim::{Definition, Rules};
use serde_json::Value as Json;

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

/// Shows every text of an operation that stands where an id may stand.
pub(super) fn each_id(operation: &mut Operation, reading: Reading<'_>, show: &mut dyn FnMut(&mut String)) {
    match operation {
        Operation::CreateUser(create) => in_user(create.user.as_mut(), show),
        Operation::ReplaceUser(replace) => {
            show(&mut replace.id);
            in_user(replace.user.as_mut(), show);
        }
        Operation::PatchUser(patch) => {
            show(&mut patch.id);
            in_patch(&mut patch.operations, reading.user, reading.rules, show);
        }
        Operation::CreateGroup(create) => {
            create.members.iter_mut().for_each(&mut *show);
            in_extensions(create.group.iter_mut().flat_map(|group| group.extensions.values_mut()), show);
        }
        Operation::ReplaceGroup(replace) => {
            show(&mut replace.id);
            replace.members.iter_mut().for_each(&mut *show);
            in_extensions(replace.group.iter_mut().flat_map(|group| group.extensions.values_mut()), show);
        }
        Operation::PatchGroup(patch) => {
            show(&mut patch.id);
            in_patch(&mut patch.operations, reading.group, reading.rules, show);
        }
        Operation::DeleteUser(delete) | Operation::DeleteGroup(delete) => show(&mut delete.id),
        Operation::Refused(_) => {}
    }
}

fn in_user(user: Option<&mut User>, show: &mut dyn FnMut(&mut String)) {
    let Some(user) = user else { return };
    let manager = user.enterprise.as_mut().and_then(|enterprise| enterprise.manager.as_mut());
    manager.and_then(|manager| manager.value.as_mut()).into_iter().for_each(&mut *show);
    in_extensions(user.extensions.values_mut(), show);
}

fn in_extensions<'v>(extensions: impl Iterator<Item = &'v mut Value>, show: &mut dyn FnMut(&mut String)) {
    for value in extensions {
        in_value(value, Place::Extension, &mut |_, _| Place::Extension, show);
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
        if let (Place::Schema(schema), Some(Kind::StringValue(text))) = (at, &value.kind)
            && schema.id == definition.schema.id
            && let Ok(object @ Json::Object(_)) = serde_json::from_str(text)
        {
            // Some clients write attributes without a path as a text that holds an object.
            *value = to_message(object);
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
        None => refers || at.attribute.kind == schema::Kind::Reference,
        Some(leaf) => refers && leaf.name == "value" || leaf.kind == schema::Kind::Reference,
    }
}

/// Shows the ids in a value. `inside` says where the members of a schema stand.
fn in_value<'d>(
    value: &mut Value,
    at: Place<'d>,
    inside: &mut dyn FnMut(&Schema, &str) -> Place<'d>,
    show: &mut dyn FnMut(&mut String),
) {
    match (at, &mut value.kind) {
        (Place::Reference | Place::Extension, Some(Kind::StringValue(text))) => show(text),
        (Place::Reference | Place::Extension, Some(Kind::ListValue(list))) => {
            list.values.iter_mut().for_each(|value| in_value(value, at, inside, show));
        }
        (Place::Schema(_) | Place::Reference | Place::Extension, Some(Kind::MapValue(map))) => {
            for entry in &mut map.entries {
                let at = match at {
                    Place::Schema(schema) => inside(schema, &entry.name),
                    // Some clients write `{"members": […]}` under the path `members`.
                    Place::Reference if !names_ids(&entry.name) => Place::Elsewhere,
                    at => at,
                };
                if let Some(value) = &mut entry.value {
                    in_value(value, at, inside, show);
                }
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
