//! Setting the elements of a list, or a sub-attribute of them: of all, or of those that a value path selects.

use serde_json::{Map, Value};

use super::assigning::{added, immutable, merged};
use super::{Draft, Manner, as_list, as_members, list};
use crate::condition::Condition;
use crate::definition::AttributeRef;
use crate::elements;
use crate::error::{Error, Result};
use crate::evaluate::element_matches;
use crate::judge;
use crate::place::Place;
use crate::schema::Mutability;

/// The elements that a value path selects.
#[derive(Debug)]
pub(crate) struct Selection<'s> {
    /// The condition.
    pub(crate) condition: Condition<'s>,
    /// An element that fulfils the condition, and has nothing else: `{"type": "work"}` for `[type eq "work"]`. `None` when
    /// the condition leaves open what that would be.
    pub(crate) model: Option<Map<String, Value>>,
    /// Whether a write that selects nothing makes an element after the model.
    pub(crate) creates: bool,
}

impl Draft<'_> {
    /// Writes a value to the selected elements, or to all without a selection: to the sub-attribute that `at` names, or to
    /// the whole element. One is made when there is none.
    ///
    /// Errors: those of [`assign`](Self::assign), and `noTarget` when nothing is selected and nothing can be made.
    pub(crate) fn assign_elements(
        &mut self,
        manner: Manner,
        at: AttributeRef<'_>,
        selection: Option<&Selection<'_>>,
        value: Value,
    ) -> Result<()> {
        let place = Place::of(AttributeRef { sub_attribute: None, ..at });
        let named = named(place, &at, value)?;
        let elements = as_list(self.take(&at));
        self.visited(elements.len())?;
        let hits = hits(&elements, selection.map(|selection| &selection.condition));
        let is_fixed = at.attribute.mutability == Mutability::Immutable && !elements.is_empty();
        let before = if is_fixed { Some(elements.clone()) } else { None };

        let elements = if hits.is_empty() {
            created(manner, place, elements, named, selection)?
        } else if at.sub_attribute.is_none() && manner == Manner::Replace {
            let model = selection.and_then(|selection| selection.model.as_ref());
            replaced(place, elements, &hits, named, model)?
        } else {
            updated(manner, place, elements, &hits, &named)?
        };

        if before.is_some_and(|before| before != elements) {
            return Err(immutable(place));
        }
        if elements.is_empty() && at.attribute.required {
            return Err(judge::missing_value(place));
        }
        self.put(&at, list(elements));
        Ok(())
    }
}

/// Where the elements are that fulfil the condition; without one, all.
pub(super) fn hits(elements: &[Value], condition: Option<&Condition<'_>>) -> Vec<usize> {
    let is_hit = |element: &Value| condition.is_none_or(|condition| element_matches(condition, element));
    elements.iter().enumerate().filter(|(_, element)| is_hit(element)).map(|(index, _)| index).collect()
}

/// The sub-attributes that are written to each element; null stands for one that is cleared.
fn named(place: Place<'_>, at: &AttributeRef<'_>, value: Value) -> Result<Map<String, Value>> {
    let value = match (at.sub_attribute, value) {
        (Some(sub), value) => Value::Object(Map::from_iter([(sub.name.clone(), value)])),
        (None, Value::Array(mut values)) if values.len() == 1 => values.pop().unwrap_or_default(),
        (None, value) => value,
    };
    Ok(judge::members(place, value)?.unwrap_or_default())
}

fn has_value(named: &Map<String, Value>) -> bool {
    named.values().any(|value| !value.is_null())
}

/// The list with one element more.
fn created(
    manner: Manner,
    place: Place<'_>,
    elements: Vec<Value>,
    named: Map<String, Value>,
    selection: Option<&Selection<'_>>,
) -> Result<Vec<Value>> {
    let model = match selection {
        None => Map::new(),
        Some(selection) => {
            let model = selection.model.clone().filter(|_| selection.creates);
            model.ok_or_else(|| {
                Error::no_target(format!("path: no element of {place} fulfils the condition"))
            })?
        }
    };
    if !has_value(&named) {
        return Ok(elements);
    }
    let element = merged(manner, place, model, named)?;
    added(place, elements, vec![Value::Object(element)])
}

/// The list with one element instead of those that are hit (RFC 7644 §3.5.2.3). What selected them it keeps, unless it
/// is named; with nothing named they are gone.
fn replaced(
    place: Place<'_>,
    mut elements: Vec<Value>,
    hits: &[usize],
    named: Map<String, Value>,
    model: Option<&Map<String, Value>>,
) -> Result<Vec<Value>> {
    let mut hits = hits.iter().copied();
    if has_value(&named) {
        let element = merged(Manner::Replace, place, model.cloned().unwrap_or_default(), named)?;
        for index in hits.clone() {
            require_unchanged(place.element(index), elements.get(index), &element)?;
        }
        if let Some(index) = hits.next()
            && let Some(first) = elements.get_mut(index)
        {
            *first = Value::Object(element);
            if elements::is_primary(first) {
                elements::make_only_primary(&mut elements, index);
            }
        }
    }
    for index in hits.rev() {
        elements.remove(index);
    }
    Ok(elements)
}

/// Checks that an element has its immutable sub-attributes still.
fn require_unchanged(place: Place<'_>, old: Option<&Value>, new: &Map<String, Value>) -> Result<()> {
    let mut fixed = place.leaf().sub_attributes.iter().filter(|sub| sub.mutability == Mutability::Immutable);
    let changed = fixed.find(|sub| {
        let old = old.and_then(|old| old.get(&sub.name));
        old.is_some() && old != new.get(&sub.name)
    });
    changed.map_or(Ok(()), |sub| Err(immutable(place.sub_attribute(sub))))
}

/// The list with sub-attributes written to each element that is hit.
fn updated(
    manner: Manner,
    place: Place<'_>,
    mut elements: Vec<Value>,
    hits: &[usize],
    named: &Map<String, Value>,
) -> Result<Vec<Value>> {
    let is_primary = elements::is_primary(&Value::Object(named.clone()));
    if is_primary && hits.len() > 1 {
        return Err(elements::two_primaries(place));
    }
    for index in hits {
        if let Some(element) = elements.get_mut(*index) {
            let members = as_members(Some(element.take()));
            *element = Value::Object(merged(manner, place.element(*index), members, named.clone())?);
            if is_primary {
                elements::make_only_primary(&mut elements, *index);
            }
        }
    }
    elements.retain(|element| !judge::is_unassigned(element));
    Ok(elements)
}
