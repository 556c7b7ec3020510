//! The members of a group in a request, apart from its other attributes: they are kept as rows, and never put together with
//! the group.

use serde_json::{Map, Value};

use crate::condition::{Condition, Operand, Operator};
use crate::definition::{Definition, Target};
use crate::error::{Error, Result};
use crate::patch::{Kind, Operation};
use crate::path::Path;
use crate::profile::Rules;
use crate::resolve::{PathTarget, resolve_path};

/// One step in which a PATCH changes the members of a group. Ids are as the client wrote them: whether they are known is
/// for the store to say.
#[derive(Debug, Clone, PartialEq)]
pub enum MemberChange<'d> {
    /// These become members.
    Add(Vec<String>),
    /// These are no members any more.
    Remove(Vec<String>),
    /// Those that fulfil the condition are no members any more.
    RemoveWhere(Condition<'d>),
    /// These are the members, and nobody else is.
    Replace(Vec<String>),
}

/// A PATCH of a group, taken apart. The order of its operations counts within each part; between the parts it makes no
/// difference.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupPatch<'d> {
    /// The operations without what they say of members. As many as there were, so that errors name the right one.
    pub attributes: Vec<Operation>,
    /// What they say of members, in order, each with the position of its operation.
    pub members: Vec<(usize, MemberChange<'d>)>,
}

/// Takes a PATCH of a group apart.
///
/// Errors: `invalidPath` and `invalidFilter` for a path, `invalidValue` for members that are none, `mutability` for a part
/// of a member that cannot be changed. Each names its operation, counted from 0: `Operations[2]: …`.
pub fn split(operations: Vec<Operation>, definition: &Definition, rules: Rules) -> Result<GroupPatch<'_>> {
    let mut patch = GroupPatch { attributes: Vec::with_capacity(operations.len()), members: Vec::new() };
    for (index, operation) in operations.into_iter().enumerate() {
        let rest = patch
            .take(index, operation, definition, rules)
            .map_err(|error| Error::new(error.scim_type, format!("Operations[{index}]: {error}")))?;
        patch.attributes.push(rest);
    }
    Ok(patch)
}

/// The ids that the `members` of a group name: a list of `{"value": id}`, or of bare ids, as some clients write them. Null
/// names nobody.
///
/// Errors: `invalidValue` for anything else.
pub fn ids(members: Value) -> Result<Vec<String>> {
    match members {
        Value::Null => Ok(Vec::new()),
        Value::Array(elements) => {
            elements.into_iter().enumerate().map(|(index, element)| id(element, index)).collect()
        }
        single => Ok(vec![id(single, 0)?]),
    }
}

fn id(member: Value, index: usize) -> Result<String> {
    let id = match member {
        Value::Object(mut parts) => parts
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("value"))
            .map(|(name, _)| name.clone())
            .and_then(|name| parts.shift_remove(&name)),
        other => Some(other),
    };
    match id {
        Some(Value::String(id)) if !id.is_empty() => Ok(id),
        _ => Err(Error::value(format!(
            "members[{index}]: expected an object whose value is the id of a user or group, such as {{\"value\": \"…\"}}"
        ))),
    }
}

impl<'d> GroupPatch<'d> {
    /// Takes what an operation says of members, and returns the rest of it.
    fn take(
        &mut self,
        index: usize,
        operation: Operation,
        definition: &'d Definition,
        rules: Rules,
    ) -> Result<Operation> {
        let path = operation.path.as_deref().map(str::trim).filter(|path| !path.is_empty());
        let path = path.filter(|path| !path.eq_ignore_ascii_case(&definition.schema.id));
        let Some(path) = path else { return self.take_from_value(index, operation, definition) };
        let name = path.split('[').next().unwrap_or_default();
        if !is_members(definition, name) {
            return Ok(operation);
        }
        let path = Path::parse(path, rules)?;
        let change = match resolve_path(&path, definition, rules)? {
            PathTarget::Attribute(attribute) if attribute.sub_attribute.is_some() => {
                return Err(immutable(&path));
            }
            PathTarget::Elements { sub_attribute: Some(_), .. } => return Err(immutable(&path)),
            PathTarget::Elements { condition, .. } => {
                of_elements(operation.kind, operation.value, condition, &path)?
            }
            PathTarget::Attribute(_) | PathTarget::Extension(_) => of_all(operation.kind, operation.value)?,
        };
        self.members.push((index, change));
        Ok(nothing())
    }

    /// A value without a path holds attributes, of which `members` may be one.
    fn take_from_value(
        &mut self,
        index: usize,
        operation: Operation,
        definition: &Definition,
    ) -> Result<Operation> {
        let Operation { kind: Kind::Add | Kind::Replace, .. } = operation else { return Ok(operation) };
        let Some(mut attributes) = object(operation.value.as_ref()) else { return Ok(operation) };
        let names: Vec<String> =
            attributes.keys().filter(|name| is_members(definition, name)).cloned().collect();
        for name in names {
            let members = attributes.shift_remove(&name).unwrap_or_default();
            self.members.push((index, of_all(operation.kind, Some(members))?));
        }
        Ok(Operation { value: Some(Value::Object(attributes)), ..operation })
    }
}

/// A value without a path: an object, or a text that holds one.
fn object(value: Option<&Value>) -> Option<Map<String, Value>> {
    match value? {
        Value::Object(attributes) => Some(attributes.clone()),
        Value::String(text) => serde_json::from_str(text).ok(),
        _ => None,
    }
}

/// What changes nothing.
fn nothing() -> Operation {
    Operation { kind: Kind::Add, path: None, value: Some(Value::Object(Map::new())) }
}

fn is_members(definition: &Definition, name: &str) -> bool {
    match definition.lookup(name) {
        Some(Target::Attribute(found)) => found.extension.is_none() && found.attribute.name == "members",
        _ => false,
    }
}

fn of_all<'d>(kind: Kind, value: Option<Value>) -> Result<MemberChange<'d>> {
    match (kind, value) {
        (Kind::Remove, None | Some(Value::Null)) => Ok(MemberChange::Replace(Vec::new())),
        (Kind::Remove, Some(value)) => Ok(MemberChange::Remove(ids(listed(value))?)),
        (Kind::Replace, None) => {
            Err(Error::value("value: it is missing; give the members, which are none where it is []"))
        }
        (Kind::Replace, Some(value)) => Ok(MemberChange::Replace(ids(cleared(value))?)),
        (Kind::Add, None) => Err(Error::value("value: it is missing; give the members to add")),
        (Kind::Add, Some(value)) => Ok(MemberChange::Add(ids(cleared(value))?)),
    }
}

/// `""` clears, as it does for every attribute.
fn cleared(value: Value) -> Value {
    if value == "" { Value::Null } else { value }
}

/// Some clients write `{"members": […]}` under the path `members`.
fn listed(value: Value) -> Value {
    match value {
        Value::Object(mut parts) if !parts.contains_key("value") && parts.contains_key("members") => {
            parts.shift_remove("members").unwrap_or_default()
        }
        value => value,
    }
}

fn of_elements<'d>(
    kind: Kind,
    value: Option<Value>,
    condition: Condition<'d>,
    path: &Path,
) -> Result<MemberChange<'d>> {
    let ids_in_path = named(&condition);
    match (kind, ids_in_path) {
        (Kind::Remove, Some(members)) => Ok(MemberChange::Remove(members)),
        (Kind::Remove, None) => Ok(MemberChange::RemoveWhere(condition)),
        // To write the member that the path already names is to have it.
        (Kind::Add | Kind::Replace, Some(members)) => {
            let written = ids(value.unwrap_or_default())?;
            if written.iter().all(|id| members.contains(id)) {
                Ok(MemberChange::Add(members))
            } else {
                Err(immutable(path))
            }
        }
        (Kind::Add | Kind::Replace, None) => Err(immutable(path)),
    }
}

/// The ids that a condition names one by one: `value eq "a" or value eq "b"`.
fn named(condition: &Condition<'_>) -> Option<Vec<String>> {
    match condition {
        Condition::Compare(attribute, Operator::Eq, Operand::Text(id))
            if attribute.leaf().name == "value" =>
        {
            Some(vec![id.clone()])
        }
        Condition::Or(parts) => {
            let ids: Option<Vec<Vec<String>>> = parts.iter().map(named).collect();
            Some(ids?.concat())
        }
        _ => None,
    }
}

fn immutable(path: &Path) -> Error {
    Error::mutability(format!("path: {path} cannot be changed; remove the member and add another one"))
}

#[cfg(test)]
mod tests {
    mod forms;

    use serde_json::json;

    use super::*;
    use crate::builtin;
    use crate::error::ScimType;
    use crate::profile::Profile;

    fn operation(kind: Kind, path: Option<&str>, value: Option<Value>) -> Operation {
        Operation { kind, path: path.map(str::to_owned), value }
    }

    fn split_one(kind: Kind, path: Option<&str>, value: Option<Value>) -> Result<GroupPatch<'static>> {
        split(vec![operation(kind, path, value)], builtin::group(), Profile::Generic.rules())
    }

    fn change(kind: Kind, path: Option<&str>, value: Option<Value>) -> MemberChange<'static> {
        let parts = split_one(kind, path, value).unwrap();
        assert_eq!((parts.attributes.len(), parts.members.len()), (1, 1));
        parts.members.into_iter().next().unwrap().1
    }

    fn ids_of(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn members_are_added_in_every_form_that_clients_send() {
        let both = MemberChange::Add(ids_of(&["u1", "u2"]));
        for (path, value) in [
            (Some("members"), json!([{"$ref": null, "value": "u1"}, {"value": "u2", "display": "x"}])),
            (Some("MEMBERS"), json!(["u1", "u2"])),
            (Some("urn:ietf:params:scim:schemas:core:2.0:Group:members"), json!([{"Value": "u1"}, "u2"])),
            (None, json!({"members": [{"value": "u1"}, {"value": "u2"}]})),
            (Some(""), json!({"Members": [{"value": "u1"}, {"value": "u2"}]})),
            (None, json!("{\"members\": [{\"value\": \"u1\"}, {\"value\": \"u2\"}]}")),
        ] {
            assert_eq!(change(Kind::Add, path, Some(value.clone())), both, "{path:?} {value}");
        }
        assert_eq!(
            change(Kind::Add, Some("members"), Some(json!({"value": "u1"}))),
            MemberChange::Add(ids_of(&["u1"]))
        );
    }

    #[test]
    fn remove_with_a_value_removes_what_it_names_and_without_one_all() {
        let remove = |value| change(Kind::Remove, Some("members"), value);
        let one = MemberChange::Remove(ids_of(&["u1"]));
        assert_eq!(remove(Some(json!([{"$ref": null, "value": "u1"}]))), one);
        assert_eq!(remove(Some(json!({"value": "u1"}))), one);
        assert_eq!(remove(Some(json!("u1"))), one);
        assert_eq!(remove(Some(json!({"members": [{"value": "u1"}]}))), one);
        assert_eq!(remove(Some(json!([]))), MemberChange::Remove(Vec::new()));
        assert_eq!(remove(None), MemberChange::Replace(Vec::new()));
        assert_eq!(remove(Some(Value::Null)), MemberChange::Replace(Vec::new()));
    }

    #[test]
    fn a_filter_names_members_or_describes_them() {
        let remove = |path| change(Kind::Remove, Some(path), None);
        assert_eq!(remove("members[value eq \"u1\"]"), MemberChange::Remove(ids_of(&["u1"])));
        assert_eq!(
            remove("members[value eq \"u1\" or value eq \"u2\"]"),
            MemberChange::Remove(ids_of(&["u1", "u2"]))
        );
        assert!(matches!(remove("members[type eq \"User\"]"), MemberChange::RemoveWhere(_)));
        let path = Some("members[value eq \"u1\"]");
        assert_eq!(
            change(Kind::Replace, path, Some(json!({"value": "u1"}))),
            MemberChange::Add(ids_of(&["u1"]))
        );
        let error = split_one(Kind::Replace, path, Some(json!({"value": "u2"}))).unwrap_err();
        assert_eq!(error.scim_type, ScimType::Mutability);
    }

    #[test]
    fn replace_says_who_the_members_are() {
        let replace = |value| change(Kind::Replace, Some("members"), Some(value));
        assert_eq!(replace(json!([{"value": "u1"}])), MemberChange::Replace(ids_of(&["u1"])));
        assert_eq!(replace(json!([])), MemberChange::Replace(Vec::new()));
        assert_eq!(replace(Value::Null), MemberChange::Replace(Vec::new()));
        let value = json!({"displayName": "Ops", "members": [{"value": "u1"}]});
        let patch = split_one(Kind::Replace, None, Some(value)).unwrap();
        assert_eq!(patch.members, [(0, MemberChange::Replace(ids_of(&["u1"])))]);
        assert_eq!(patch.attributes[0].value, Some(json!({"displayName": "Ops"})));
    }

    #[test]
    fn what_is_not_about_members_is_left_where_it_was() {
        let operations = vec![
            operation(Kind::Replace, Some("displayName"), Some(json!("Ops"))),
            operation(Kind::Add, Some("members"), Some(json!([{"value": "u1"}]))),
            operation(Kind::Remove, Some("nonsense["), None),
        ];
        let patch = split(operations.clone(), builtin::group(), Profile::Okta.rules()).unwrap();
        assert_eq!(patch.attributes, [operations[0].clone(), nothing(), operations[2].clone()]);
        assert_eq!(patch.members.len(), 1);
    }

    #[test]
    fn mistakes_name_their_operation_and_their_place() {
        for (kind, path, value, scim_type, place) in [
            (Kind::Add, "members", Some(json!([{"display": "x"}])), ScimType::InvalidValue, "members[0]"),
            (Kind::Add, "members", Some(json!([{"value": "u1"}, 7])), ScimType::InvalidValue, "members[1]"),
            (Kind::Add, "members", None, ScimType::InvalidValue, "value"),
            (Kind::Replace, "members", None, ScimType::InvalidValue, "value"),
            (
                Kind::Replace,
                "members[value eq \"u1\"].display",
                Some(json!("x")),
                ScimType::Mutability,
                "display",
            ),
            (Kind::Replace, "members.display", Some(json!("x")), ScimType::Mutability, "display"),
            (Kind::Remove, "members[value eq", None, ScimType::InvalidPath, "column"),
            (Kind::Remove, "members[shoe eq \"1\"]", None, ScimType::InvalidFilter, "shoe"),
        ] {
            let error = split_one(kind, Some(path), value).expect_err(path);
            assert_eq!(error.scim_type, scim_type, "{path}: {error}");
            assert!(
                error.detail.starts_with("Operations[0]: ") && error.detail.contains(place),
                "{path}: {error}"
            );
        }
    }
}
