//! A resource while it is written: by the body of a POST or PUT, or by the operations of a PATCH.

mod assigning;
mod order;
mod removing;
mod selection;

use serde_json::{Map, Value};

use crate::Resource;
use crate::definition::{AttributeRef, Definition};

pub(crate) use selection::Selection;

/// How a value is written to an attribute that may have one already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// A list gains elements (RFC 7644 §3.5.2.1).
    Add,
    /// A list is replaced (RFC 7644 §3.5.2.3).
    Replace,
}

/// A resource in which attributes are set and removed. Whoever meets an error drops it.
#[derive(Debug)]
pub(crate) struct Draft<'d> {
    resource: Resource,
    definition: &'d Definition,
}

impl<'d> Draft<'d> {
    pub(crate) fn new(resource: Resource, definition: &'d Definition) -> Self {
        Self { resource, definition }
    }

    /// The resource in canonical form.
    pub(crate) fn finish(self) -> Resource {
        order::arranged(self.resource, self.definition)
    }

    /// Takes the value of an attribute out, to [put](Self::put) a new one.
    fn take(&mut self, at: &AttributeRef<'_>) -> Option<Value> {
        match at.extension {
            None => self.resource.swap_remove(&at.attribute.name),
            Some(urn) => self.resource.get_mut(urn)?.as_object_mut()?.swap_remove(&at.attribute.name),
        }
    }

    fn put(&mut self, at: &AttributeRef<'_>, value: Option<Value>) {
        let (name, Some(value)) = (at.attribute.name.clone(), value) else { return };
        let Some(urn) = at.extension else {
            self.resource.insert(name, value);
            return;
        };
        let mut members = as_members(self.resource.swap_remove(urn));
        members.insert(name, value);
        self.resource.insert(urn.to_owned(), Value::Object(members));
    }
}

/// A value as the list that it is.
fn as_list(value: Option<Value>) -> Vec<Value> {
    match value {
        None => Vec::new(),
        Some(Value::Array(elements)) => elements,
        Some(single) => vec![single],
    }
}

fn as_members(value: Option<Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

/// A list, unless it is empty.
fn list(elements: Vec<Value>) -> Option<Value> {
    (!elements.is_empty()).then_some(Value::Array(elements))
}

/// An object, unless it is empty.
fn object(members: Map<String, Value>) -> Option<Value> {
    (!members.is_empty()).then_some(Value::Object(members))
}
