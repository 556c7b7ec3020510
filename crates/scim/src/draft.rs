//! A resource while it is written: by the body of a POST or PUT, or by the operations of a PATCH.

mod assigning;
mod order;
mod removing;
mod selection;

use serde_json::{Map, Value};

use crate::Resource;
use crate::definition::{AttributeRef, Definition};
use crate::elements::MANY;
use crate::error::{Error, Result};

pub(crate) use selection::Selection;

/// How a value is written to an attribute that may have one already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// A list gains elements (RFC 7644 §3.5.2.1).
    Add,
    /// A list is replaced (RFC 7644 §3.5.2.3).
    Replace,
}

/// How many elements of lists may be looked at in all: what bounds the time of many operations on a long list.
const MOST_VISITS: usize = 20_000_000;

/// A resource in which attributes are set and removed. Whoever meets an error drops it.
#[derive(Debug)]
pub(crate) struct Draft<'d> {
    resource: Resource,
    definition: &'d Definition,
    visits: usize,
}

impl<'d> Draft<'d> {
    pub(crate) fn new(resource: Resource, definition: &'d Definition) -> Self {
        Self { resource, definition, visits: 0 }
    }

    /// The resource in canonical form.
    pub(crate) fn finish(self) -> Resource {
        order::arranged(self.resource, self.definition)
    }

    /// Counts what it takes to find those in a list that a value names.
    fn visit(&mut self, at: AttributeRef<'_>, old: Option<&Value>, named: &Value) -> Result<()> {
        match (old.and_then(Value::as_array), named.as_array().map_or(1, Vec::len)) {
            (Some(elements), sought) if at.attribute.multi_valued => {
                self.visited(elements.len() * sought.min(MANY))
            }
            _ => Ok(()),
        }
    }

    /// Counts elements that are looked at. Errors: `tooMany`.
    fn visited(&mut self, elements: usize) -> Result<()> {
        self.visits = self.visits.saturating_add(elements);
        if self.visits <= MOST_VISITS {
            return Ok(());
        }
        let detail =
            format!("the operations look at more than {MOST_VISITS} elements of lists; send fewer at once");
        Err(Error::too_many(detail))
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::builtin;
    use crate::definition::Target;
    use crate::error::ScimType;

    fn emails() -> AttributeRef<'static> {
        match builtin::user().lookup("emails") {
            Some(Target::Attribute(at)) => at,
            other => panic!("{other:?}"),
        }
    }

    /// A draft of a user with so many addresses.
    fn with_emails(count: usize) -> Draft<'static> {
        let emails: Vec<Value> = (0..count).map(|number| json!({"value": number.to_string()})).collect();
        let user = Resource::from_iter([("emails".to_owned(), Value::Array(emails))]);
        Draft::new(user, builtin::user())
    }

    #[test]
    fn what_is_added_is_sought_among_all_that_are_there() {
        let visits = |sent: Value| {
            let mut draft = with_emails(10);
            draft.assign(Manner::Add, emails(), sent).unwrap();
            draft.visits
        };
        assert_eq!(visits(json!({"value": "a"})), 10);
        assert_eq!(visits(json!(["a", "b", "c"])), 30);
        let many: Vec<String> = (0..100).map(|number| number.to_string()).collect();
        assert_eq!(visits(json!(many)), 10 * MANY, "by an index");
    }

    #[test]
    fn what_takes_the_place_of_a_list_is_sought_nowhere() {
        let mut draft = with_emails(10);
        draft.assign(Manner::Replace, emails(), json!(["a", "b"])).unwrap();
        assert_eq!(draft.visits, 0);
        draft.remove(emails(), Some(&json!(["a", "b", "c"]))).unwrap();
        assert_eq!(draft.visits, 6);
        draft.remove(emails(), None).unwrap();
        assert_eq!(draft.visits, 6);
    }

    #[test]
    fn a_condition_is_asked_of_every_element() {
        let mut draft = with_emails(10);
        draft.assign_elements(Manner::Replace, emails(), None, json!({"display": "x"})).unwrap();
        assert_eq!(draft.visits, 10);
        let mut draft = with_emails(10);
        draft.remove_elements(emails(), None, None).unwrap();
        assert_eq!(draft.visits, 10);
    }

    #[test]
    fn an_operation_that_would_look_at_too_much_is_refused() {
        for write in [Manner::Add, Manner::Replace] {
            let mut draft = with_emails(10);
            draft.visits = MOST_VISITS - 9;
            let refused = draft.assign_elements(write, emails(), None, json!({"display": "x"})).unwrap_err();
            assert_eq!(refused.scim_type, ScimType::TooMany);
        }
        let mut draft = with_emails(10);
        draft.visits = MOST_VISITS - 9;
        assert_eq!(draft.assign(Manner::Add, emails(), json!("a")).unwrap_err().scim_type, ScimType::TooMany);
        let mut draft = with_emails(10);
        draft.visits = MOST_VISITS - 9;
        assert_eq!(draft.remove(emails(), Some(&json!("a"))).unwrap_err().scim_type, ScimType::TooMany);
    }

    #[test]
    fn the_elements_that_are_looked_at_are_bounded() {
        let mut draft = Draft::new(Resource::new(), builtin::user());
        assert!(draft.visited(MOST_VISITS).is_ok());
        assert_eq!(draft.visited(1).unwrap_err().scim_type, ScimType::TooMany);
    }
}
