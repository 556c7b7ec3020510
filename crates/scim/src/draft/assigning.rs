//! Setting attributes.

use serde_json::{Map, Value};

use super::{Draft, Manner, as_list, as_members, list, object};
use crate::definition::AttributeRef;
use crate::elements::{self, Finder};
use crate::error::{Error, Result};
use crate::judge::{self, VALUE};
use crate::place::Place;
use crate::schema::{Attribute, Kind, Mutability};

/// The URI of what the `value` identifies (RFC 7643 §2.4).
const REFERENCE: &str = "$ref";

impl Draft<'_> {
    /// Writes a value to an attribute, or to a sub-attribute. Of a multi-valued attribute, the sub-attribute is written in
    /// every element, and in a new one when there is none. A value that is unassigned clears; one that is added to a list
    /// adds nothing.
    ///
    /// Errors: `invalidValue` as [`judge::value`] has it, and for clearing what is required; `mutability` for changing what
    /// is immutable. Who calls has refused what is read-only.
    pub(crate) fn assign(&mut self, manner: Manner, at: AttributeRef<'_>, value: Value) -> Result<()> {
        if at.attribute.multi_valued && at.sub_attribute.is_some() {
            return self.assign_elements(manner, at, None, value);
        }
        let place = Place::of(AttributeRef { sub_attribute: None, ..at });
        let value = match at.sub_attribute {
            Some(sub) => Value::Object(Map::from_iter([(sub.name.clone(), value)])),
            None => value,
        };
        let old = self.take(&at);
        if manner == Manner::Add {
            self.visit(at, old.as_ref(), &value)?;
        }
        let new = assigned(manner, place, old, value)?;
        if new.is_none() && at.attribute.required {
            return Err(judge::missing_value(place));
        }
        self.put(&at, new);
        Ok(())
    }
}

/// What the attribute at `place` has after a value has been written to it.
pub(super) fn assigned(
    manner: Manner,
    place: Place<'_>,
    old: Option<Value>,
    value: Value,
) -> Result<Option<Value>> {
    let attribute = place.leaf();
    let fixed = if attribute.mutability == Mutability::Immutable { old.clone() } else { None };
    let new = if attribute.multi_valued {
        let sent = judge::elements(place, unwrapped(attribute, value))?;
        elements::require_one_primary(place, &sent)?;
        match manner {
            Manner::Add => list(added(place, as_list(old), sent)?),
            Manner::Replace => list(sent),
        }
    } else if attribute.kind == Kind::Complex {
        match judge::members(place, value)? {
            Some(named) => object(merged(manner, place, as_members(old), named)?),
            None => None,
        }
    } else {
        judge::value(place, value)?
    };
    if fixed.is_some() && fixed != new {
        return Err(immutable(place));
    }
    Ok(new)
}

/// A complex value after some of its sub-attributes have been written; those that are not named stay, but for a reference
/// to what the value was before.
pub(super) fn merged(
    manner: Manner,
    place: Place<'_>,
    mut members: Map<String, Value>,
    named: Map<String, Value>,
) -> Result<Map<String, Value>> {
    let attribute = place.leaf();
    if named.get(VALUE).is_some_and(|value| members.get(VALUE) != Some(value)) {
        members.swap_remove(REFERENCE);
    }
    for (name, value) in named {
        let Some(sub) = attribute.sub_attribute(&name) else { continue };
        let old = members.swap_remove(&name);
        let new = assigned(manner, place.sub_attribute(sub), old, value)?;
        if let Some(new) = new {
            members.insert(name, new);
        }
    }
    if !members.is_empty() {
        judge::require_members(place, &members)?;
    }
    Ok(members)
}

/// A list after elements have been added. One that is there gains what it did not have, and is not there twice.
pub(super) fn added(place: Place<'_>, mut list: Vec<Value>, sent: Vec<Value>) -> Result<Vec<Value>> {
    let attribute = place.leaf();
    let mut finder = Finder::new(attribute, &list, sent.len());
    let mut primary = None;
    for element in sent {
        let is_primary = elements::is_primary(&element);
        let index = finder.position(&list, &element).unwrap_or(list.len());
        if let Some(known) = list.get_mut(index) {
            complete(place.element(index), known, element)?;
            finder.note(index, known);
        } else {
            finder.note(index, &element);
            list.push(element);
        }
        if is_primary {
            primary = Some(index);
        }
    }
    if let Some(index) = primary {
        elements::make_only_primary(&mut list, index);
    }
    Ok(list)
}

/// Writes to an element what another one has that is alike, and keeps the spelling of what is equal.
fn complete(place: Place<'_>, known: &mut Value, element: Value) -> Result<()> {
    let (Value::Object(members), Value::Object(mut named)) = (known, element) else { return Ok(()) };
    let attribute = place.leaf();
    named.retain(|name, value| {
        let old = attribute.sub_attribute(name).zip(members.get(name));
        !old.is_some_and(|(sub, old)| elements::is_same_value(sub, old, value))
    });
    *members = merged(Manner::Add, place, std::mem::take(members), named)?;
    Ok(())
}

/// Salesforce wraps the value of `members` once more: `{"members": […]}`.
pub(super) fn unwrapped(attribute: &Attribute, value: Value) -> Value {
    match value {
        Value::Object(mut members)
            if members.len() == 1 && attribute.sub_attribute(&attribute.name).is_none() =>
        {
            match members.iter_mut().next() {
                Some((name, inner)) if name.eq_ignore_ascii_case(&attribute.name) => inner.take(),
                _ => Value::Object(members),
            }
        }
        value => value,
    }
}

pub(super) fn immutable(place: Place<'_>) -> Error {
    Error::mutability(format!("{place}: it is immutable and has a value already"))
}
