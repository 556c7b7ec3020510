//! PATCH (RFC 7644 §3.5.2): operations that change a resource together or not at all.
//!
//! What identity providers send beyond the RFC's letter is understood in every directory: values without a path whose
//! keys are dotted, value paths or behind URNs, such values as a JSON string, `""` and null that clear, and `remove` with
//! a value, which removes exactly what the value names. In what directories differ, [`Rules`] says.

mod outcome;
mod target;

use std::fmt;

use serde_json::{Map, Value};

use crate::definition::{AttributeRef, Definition, Target};
use crate::draft::{Draft, Manner};
use crate::error::{Error, Result};
use crate::judge;
use crate::resource::{Meant, meant, no_object, require_attributes};
use crate::schema::Schema;
use crate::{Resource, Rules};

use target::PatchTarget;

pub use outcome::outcome;

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Gives an attribute a value, or a list elements.
    Add,
    /// Takes a value away.
    Remove,
    /// Gives an attribute a value instead of the one it has.
    Replace,
}

/// One operation. `Debug` does not show what is written, which may be a password.
#[derive(Clone, PartialEq)]
pub struct Operation {
    /// What it does.
    pub kind: Kind,
    /// The attribute, the elements or the sub-attribute that it changes. Without one, or with an empty one, the value says so.
    pub path: Option<String>,
    /// The value as it was sent; absent and null differ.
    pub value: Option<Value>,
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// The resource after the operations, in their order. The `resource` is in canonical form, and so is the result: equal
/// ones mean that nothing changes. The `id` is the one that the resource has, which a value may repeat.
///
/// Errors: `invalidPath` and `invalidFilter` for a path, `invalidValue` for a value, `noTarget` for a path that selects
/// nothing or is missing, `mutability` for what is read-only, immutable or required. Each names its operation, counted
/// from 0: `Operations[2]: …`.
pub fn apply(
    resource: &Resource,
    id: &str,
    operations: &[Operation],
    definition: &Definition,
    rules: Rules,
) -> Result<Resource> {
    let mut patch = Patch { draft: Draft::new(resource.clone(), definition), id, definition, rules };
    for (index, operation) in operations.iter().enumerate() {
        patch
            .operation(operation)
            .map_err(|error| Error::new(error.scim_type, format!("Operations[{index}]: {error}")))?;
    }
    let patched = patch.draft.finish();
    require_new_extensions(resource, &patched, definition)?;
    Ok(patched)
}

/// Checks that an extension which the operations brought has all that is required of it.
fn require_new_extensions(before: &Resource, after: &Resource, definition: &Definition) -> Result<()> {
    for extension in &definition.extensions {
        let schema = &extension.schema;
        if let Some(Value::Object(members)) = after.get(&schema.id)
            && !before.contains_key(&schema.id)
        {
            require_attributes(schema, Some(&schema.id), members)?;
        }
    }
    Ok(())
}

struct Patch<'d> {
    draft: Draft<'d>,
    id: &'d str,
    definition: &'d Definition,
    rules: Rules,
}

impl<'d> Patch<'d> {
    fn operation(&mut self, operation: &Operation) -> Result<()> {
        let manner = match operation.kind {
            Kind::Remove => return self.remove(operation),
            Kind::Add => Manner::Add,
            Kind::Replace => Manner::Replace,
        };
        let path = path(operation).filter(|path| !path.eq_ignore_ascii_case(&self.definition.schema.id));
        match (path, operation.value.clone()) {
            (Some(path), Some(value)) => self.write_at(manner, path, value),
            (Some(_), None) => Err(Error::value("value: it is missing; give null to clear the attribute")),
            (None, value) => {
                for (name, value) in attributes(value)? {
                    self.write_member(manner, &name, value)?;
                }
                Ok(())
            }
        }
    }

    fn write_at(&mut self, manner: Manner, path: &str, value: Value) -> Result<()> {
        match PatchTarget::read(path, self.definition, self.rules)? {
            PatchTarget::Extension(schema) => self.write_member(manner, &schema.id, value),
            PatchTarget::Attribute(at) if at.is_schemas() => urns(&value).map(drop),
            PatchTarget::Attribute(at) => {
                require_writable(&at)?;
                self.draft.assign(manner, at, value)
            }
            PatchTarget::Elements(at, condition, model) => {
                require_writable(&at)?;
                let selection = target::selection(condition, model, manner, self.rules);
                self.draft.assign_elements(manner, at, Some(&selection), value)
            }
        }
    }

    /// Writes a member of a value without a path. What is read-only there is ignored, as in the body of a PUT, and so is
    /// what nothing is called.
    fn write_member(&mut self, manner: Manner, name: &str, value: Value) -> Result<()> {
        if let Some((attribute, _)) = name.split_once('[') {
            return match self.definition.lookup(attribute) {
                Some(Target::Attribute(at)) if !at.is_read_only() => self.write_at(manner, name, value),
                _ => Ok(()),
            };
        }
        for meant in meant(self.definition, name, value) {
            match meant {
                Meant::Attribute(at, value) if at.is_read_only() => self.require_same_id(&at, &value)?,
                Meant::Attribute(at, _) if at.is_schemas() => {}
                Meant::Attribute(at, value) => self.draft.assign(manner, at, value)?,
                Meant::Schema(schema, value) => self.write_schema(manner, schema, &value)?,
            }
        }
        Ok(())
    }

    fn write_schema(&mut self, manner: Manner, schema: &Schema, value: &Value) -> Result<()> {
        if !judge::is_unassigned(value) {
            return Err(no_object(schema));
        }
        match self.definition.extension(&schema.id) {
            Some(extension) if manner == Manner::Replace => self.draft.remove_extension(extension),
            _ => Ok(()),
        }
    }

    /// Okta and authentik repeat the id. Another one would be a change of what never changes.
    fn require_same_id(&self, at: &AttributeRef<'_>, value: &Value) -> Result<()> {
        let is_id = at.extension.is_none() && at.attribute.name == "id";
        if is_id && !judge::is_unassigned(value) && value.as_str() != Some(self.id) {
            return Err(Error::mutability(format!("id: it is {:?} and cannot be changed", self.id)));
        }
        Ok(())
    }

    fn remove(&mut self, operation: &Operation) -> Result<()> {
        let Some(path) = path(operation) else {
            return Err(Error::no_target("path: it is missing; remove needs one that says what to remove"));
        };
        let named = operation.value.as_ref();
        match PatchTarget::read(path, self.definition, self.rules)? {
            PatchTarget::Extension(schema) => self.remove_extension(schema, named),
            PatchTarget::Attribute(at) if at.is_schemas() => self.remove_schemas(named),
            PatchTarget::Attribute(at) => {
                require_writable(&at)?;
                self.draft.remove(at, named)
            }
            PatchTarget::Elements(at, condition, _) => {
                require_writable(&at)?;
                self.draft.remove_elements(at, Some(&condition), named)
            }
        }
    }

    /// Removes an extension, or of it what the value names.
    fn remove_extension(&mut self, schema: &'d Schema, named: Option<&Value>) -> Result<()> {
        let is_all = named.is_none_or(|named| named.is_null() || named == "");
        match self.definition.extension(&schema.id) {
            Some(extension) if is_all => self.draft.remove_extension(extension),
            _ => {
                for meant in meant(self.definition, &schema.id, named.cloned().unwrap_or_default()) {
                    match meant {
                        Meant::Attribute(at, _) if at.is_read_only() => {}
                        Meant::Attribute(at, value) => self.draft.remove(at, Some(&value))?,
                        Meant::Schema(_, value) if judge::is_unassigned(&value) => {}
                        Meant::Schema(schema, _) => return Err(no_object(schema)),
                    }
                }
                Ok(())
            }
        }
    }

    /// Removes from `schemas`: an extension goes with all its attributes, and the core schema stays.
    fn remove_schemas(&mut self, named: Option<&Value>) -> Result<()> {
        let core = &self.definition.schema.id;
        let named = named.filter(|named| !named.is_null());
        let Some(named) = named else {
            return Err(Error::mutability("schemas: it is required and cannot be removed"));
        };
        for urn in urns(named)? {
            if urn.eq_ignore_ascii_case(core) {
                return Err(Error::mutability(format!(
                    "schemas: {core:?} is required and cannot be removed"
                )));
            }
            if let Some(extension) = self.definition.extension(urn) {
                self.draft.remove_extension(extension)?;
            }
        }
        Ok(())
    }
}

/// The path, unless it is empty.
fn path(operation: &Operation) -> Option<&str> {
    operation.path.as_deref().map(str::trim).filter(|path| !path.is_empty())
}

/// The members of a value without a path: an object, or one as a JSON string.
fn attributes(value: Option<Value>) -> Result<Map<String, Value>> {
    let members = match value {
        Some(Value::Object(members)) => Some(members),
        Some(Value::String(text)) => serde_json::from_str(&text).ok(),
        _ => None,
    };
    members.ok_or_else(|| {
        Error::value("value: without a path, expected an object of attributes and their values")
    })
}

/// The URNs in a value of `schemas`.
fn urns(value: &Value) -> Result<Vec<&str>> {
    let urns: Option<Vec<&str>> = match value {
        Value::Array(urns) => urns.iter().map(Value::as_str).collect(),
        Value::String(urn) => Some(vec![urn]),
        Value::Null => Some(Vec::new()),
        _ => None,
    };
    urns.ok_or_else(|| Error::value("schemas: expected a list of strings, the URNs of schemas"))
}

fn require_writable(at: &AttributeRef<'_>) -> Result<()> {
    if at.is_read_only() { Err(Error::mutability(format!("{at}: it is read-only"))) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
