//! Removing attributes, and the values that a client names.

use serde_json::{Map, Value};

use super::assigning::{immutable, unwrapped};
use super::selection::hits;
use super::{Draft, as_list, as_members, list, object};
use crate::condition::Condition;
use crate::definition::{AttributeRef, Extension};
use crate::elements::{self, is_same_value};
use crate::error::{Error, Result};
use crate::judge::{self, VALUE};
use crate::place::Place;
use crate::schema::{Kind, Mutability};

impl Draft<'_> {
    /// Removes an attribute or a sub-attribute. Of a value it removes exactly what the value names: elements of a list, or
    /// the one value that is there; null names everything, and `[]` nothing.
    ///
    /// Errors: `mutability` for what is required or immutable, `invalidValue` for a value of a wrong type. Who calls has
    /// refused what is read-only.
    pub(crate) fn remove(&mut self, at: AttributeRef<'_>, named: Option<&Value>) -> Result<()> {
        if at.attribute.multi_valued && at.sub_attribute.is_some() {
            return self.remove_elements(at, None, named);
        }
        let place = Place::of(AttributeRef { sub_attribute: None, ..at });
        let Some(old) = self.take(&at) else { return Ok(()) };
        if let Some(named) = named {
            self.visit(at, Some(&old), named)?;
        }
        let left = match at.sub_attribute {
            None => removed(place, old, named)?,
            Some(sub) => object(without_member(place.sub_attribute(sub), as_members(Some(old)), named)?),
        };
        if left.is_none() && at.attribute.required {
            return Err(required(place));
        }
        self.put(&at, left);
        Ok(())
    }

    /// Removes the elements that fulfil the condition, all without one; or the sub-attribute of them that `at` names.
    ///
    /// Errors: those of [`remove`](Self::remove). To remove nothing is none.
    pub(crate) fn remove_elements(
        &mut self,
        at: AttributeRef<'_>,
        condition: Option<&Condition<'_>>,
        named: Option<&Value>,
    ) -> Result<()> {
        let place = Place::of(AttributeRef { sub_attribute: None, ..at });
        let mut elements = as_list(self.take(&at));
        self.visited(elements.len())?;
        let hits = hits(&elements, condition);
        if !hits.is_empty() && at.attribute.mutability == Mutability::Immutable {
            return Err(immutable(place));
        }
        for index in &hits {
            let Some(element) = elements.get_mut(*index) else { continue };
            let members = as_members(Some(element.take()));
            if let Some(sub) = at.sub_attribute {
                let place = place.element(*index).sub_attribute(sub);
                *element = Value::Object(without_member(place, members, named)?);
            }
        }
        elements.retain(|element| !judge::is_unassigned(element));
        if elements.is_empty() && !hits.is_empty() && at.attribute.required {
            return Err(required(place));
        }
        self.put(&at, list(elements));
        Ok(())
    }

    /// Removes all of an extension but what is read-only.
    ///
    /// Errors: `mutability` for an extension that is required or has an immutable value.
    pub(crate) fn remove_extension(&mut self, extension: &Extension) -> Result<()> {
        let schema = &extension.schema;
        let Some(Value::Object(mut members)) = self.resource.swap_remove(&schema.id) else { return Ok(()) };
        if extension.required {
            return Err(Error::mutability(format!("{}: it is required and cannot be removed", schema.id)));
        }
        for attribute in &schema.attributes {
            match attribute.mutability {
                Mutability::ReadOnly => {}
                Mutability::Immutable if members.contains_key(&attribute.name) => {
                    let at = AttributeRef { extension: Some(&schema.id), attribute, sub_attribute: None };
                    return Err(immutable(Place::of(at)));
                }
                _ => {
                    members.swap_remove(&attribute.name);
                }
            }
        }
        if let Some(left) = object(members) {
            self.resource.insert(schema.id.clone(), left);
        }
        Ok(())
    }
}

/// What is left of a value of the attribute at `place`.
fn removed(place: Place<'_>, old: Value, named: Option<&Value>) -> Result<Option<Value>> {
    let attribute = place.leaf();
    let fixed = if attribute.mutability == Mutability::Immutable { Some(old.clone()) } else { None };
    let left = match named {
        None | Some(Value::Null) => None,
        Some(named) if attribute.multi_valued => list(without_elements(place, as_list(Some(old)), named)?),
        Some(Value::String(text)) if text.is_empty() => None,
        Some(named) if attribute.kind == Kind::Complex => {
            let named = judge::members(place, named.clone())?.unwrap_or_default();
            match (attribute.sub_attribute(VALUE), named.get(VALUE)) {
                (Some(sub), Some(value))
                    if old.get(VALUE).is_some_and(|old| is_same_value(sub, old, value)) =>
                {
                    None
                }
                (_, Some(_)) => Some(old),
                (_, None) => object(without_members(place, as_members(Some(old)), named)?),
            }
        }
        Some(named) => match judge::value(place, named.clone())? {
            Some(named) if is_same_value(attribute, &old, &named) => None,
            _ => Some(old),
        },
    };
    if fixed.is_some() && fixed != left {
        return Err(immutable(place));
    }
    if left.is_none() && attribute.required {
        return Err(required(place));
    }
    Ok(left)
}

fn without_elements(place: Place<'_>, elements: Vec<Value>, named: &Value) -> Result<Vec<Value>> {
    let attribute = place.leaf();
    let sought = judge::elements(place, unwrapped(attribute, named.clone()))?;
    Ok(elements::without(attribute, elements, &sought))
}

fn without_members(
    place: Place<'_>,
    mut members: Map<String, Value>,
    named: Map<String, Value>,
) -> Result<Map<String, Value>> {
    for (name, value) in named {
        if let Some(sub) = place.leaf().sub_attribute(&name).filter(|_| !value.is_null()) {
            members = without_member(place.sub_attribute(sub), members, Some(&value))?;
        }
    }
    Ok(members)
}

/// The members without that of the sub-attribute at `place`, or what the value names of it.
fn without_member(
    place: Place<'_>,
    mut members: Map<String, Value>,
    named: Option<&Value>,
) -> Result<Map<String, Value>> {
    let name = &place.leaf().name;
    if let Some(old) = members.swap_remove(name)
        && let Some(left) = removed(place, old, named)?
    {
        members.insert(name.clone(), left);
    }
    Ok(members)
}

fn required(place: Place<'_>) -> Error {
    Error::mutability(format!("{place}: it is required and cannot be removed"))
}
