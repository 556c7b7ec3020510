//! Lists of values: which elements are the same, and which is the primary one (RFC 7643 §2.4).

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::judge::VALUE;
use crate::place::Place;
use crate::resolve::{folded, micros};
use crate::schema::{Attribute, Kind};
use crate::search_form;

const TYPE: &str = "type";
const PRIMARY: &str = "primary";

/// From how many elements on a list is indexed to find them in another one.
const MANY: usize = 16;

/// The list without the elements that are there already.
pub(crate) fn distinct(elements: Vec<Value>) -> Vec<Value> {
    let mut seen = HashSet::with_capacity(elements.len());
    let is_first: Vec<bool> = elements.iter().map(|element| seen.insert(element)).collect();
    elements.into_iter().zip(is_first).filter_map(|(element, is_first)| is_first.then_some(element)).collect()
}

/// Checks that one element at most is the primary one.
///
/// Errors: `invalidValue`.
pub(crate) fn require_one_primary(place: Place<'_>, elements: &[Value]) -> Result<()> {
    if elements.iter().filter(|element| is_primary(element)).nth(1).is_none() {
        Ok(())
    } else {
        Err(two_primaries(place))
    }
}

/// The error for more than one primary element.
pub(crate) fn two_primaries(place: Place<'_>) -> Error {
    Error::value(format!("{place}: primary can be true for one element only"))
}

/// Whether an element, or what is written to it, is primary.
pub(crate) fn is_primary(element: &Value) -> bool {
    element.get(PRIMARY) == Some(&Value::Bool(true))
}

/// Makes all but one element not primary (RFC 7644 §3.5.2).
pub(crate) fn make_only_primary(elements: &mut [Value], index: usize) {
    let others =
        elements.iter_mut().enumerate().filter(|(other, element)| *other != index && is_primary(element));
    for (_, element) in others {
        element[PRIMARY] = Value::Bool(false);
    }
}

/// Whether two values of an attribute are equal, with regard to case where the attribute has any.
pub(crate) fn is_same_value(attribute: &Attribute, left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::String(left), Value::String(right)) if attribute.kind == Kind::DateTime => {
            left == right || micros(left).is_some_and(|time| micros(right) == Some(time))
        }
        (Value::String(left), Value::String(right)) if attribute.case_exact => left == right,
        (Value::String(left), Value::String(right)) if left.is_ascii() && right.is_ascii() => {
            left.eq_ignore_ascii_case(right)
        }
        (Value::String(left), Value::String(right)) => folded(attribute, left) == folded(attribute, right),
        _ => left == right,
    }
}

/// How much one element is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    /// One of them leaves the type open.
    Compatible,
    /// Value and type are equal.
    Same,
    /// The one that is there has all that the other one has.
    Whole,
}

/// Finds in a list the elements that others name: those with an equal `value` and no other `type`; where neither has a
/// `value`, those that are equal but for `primary`.
pub(crate) struct Finder<'a> {
    attribute: &'a Attribute,
    /// Where the elements with an identity are; not made for a few.
    index: Option<HashMap<Value, Vec<usize>>>,
}

impl<'a> Finder<'a> {
    /// A finder in `elements` for as many others as `sought`.
    pub(crate) fn new(attribute: &'a Attribute, elements: &[Value], sought: usize) -> Self {
        let mut finder = Self { attribute, index: (sought >= MANY).then(HashMap::new) };
        for (index, element) in elements.iter().enumerate() {
            finder.note(index, element);
        }
        finder
    }

    /// Takes notice of an element that has been appended.
    pub(crate) fn note(&mut self, index: usize, element: &Value) {
        if let Some(positions) = &mut self.index {
            positions.entry(identity(self.attribute, element)).or_default().push(index);
        }
    }

    /// The element that is most like `sought`; the first of several. One that is taken is not given another type.
    pub(crate) fn best(&self, elements: &[Value], sought: &Value, taken: &HashSet<usize>) -> Option<usize> {
        let mut best = None;
        for (index, likeness) in self.hits(elements, sought) {
            if likeness == Likeness::Compatible && taken.contains(&index) {
                continue;
            }
            if likeness == Likeness::Whole {
                return Some(index);
            }
            if best.is_none_or(|(_, known)| likeness > known) {
                best = Some((index, likeness));
            }
        }
        best.map(|(index, _)| index)
    }

    /// All elements that `sought` names.
    pub(crate) fn all(&self, elements: &[Value], sought: &Value) -> Vec<usize> {
        self.hits(elements, sought).map(|(index, _)| index).collect()
    }

    fn hits<'s>(
        &'s self,
        elements: &'s [Value],
        sought: &'s Value,
    ) -> impl Iterator<Item = (usize, Likeness)> + 's {
        let candidates: Box<dyn Iterator<Item = usize>> = match &self.index {
            None => Box::new(0..elements.len()),
            Some(index) => {
                Box::new(index.get(&identity(self.attribute, sought)).into_iter().flatten().copied())
            }
        };
        candidates.filter_map(|index| Some((index, likeness(self.attribute, elements.get(index)?, sought)?)))
    }
}

fn likeness(attribute: &Attribute, known: &Value, sought: &Value) -> Option<Likeness> {
    let (Value::Object(known), Value::Object(sought)) = (known, sought) else {
        return is_same_value(attribute, known, sought).then_some(Likeness::Whole);
    };
    let is_equal = |name: &str| attribute.sub_attribute(name).and_then(|sub| compared(sub, known, sought));
    let likeness = match is_equal(VALUE) {
        Some(false) => return None,
        Some(true) => match is_equal(TYPE) {
            Some(false) if known.contains_key(TYPE) && sought.contains_key(TYPE) => return None,
            Some(false) => Likeness::Compatible,
            Some(true) | None => Likeness::Same,
        },
        None => {
            let mut others = attribute.sub_attributes.iter().filter(|sub| sub.name != PRIMARY);
            if others.any(|sub| compared(sub, known, sought) == Some(false)) {
                return None;
            }
            Likeness::Same
        }
    };
    let is_whole = sought.keys().all(|name| is_equal(name) != Some(false));
    Some(if is_whole { Likeness::Whole } else { likeness })
}

/// Whether a sub-attribute is equal in two elements; `None` when neither has it.
fn compared(sub: &Attribute, left: &Map<String, Value>, right: &Map<String, Value>) -> Option<bool> {
    match (left.get(&sub.name), right.get(&sub.name)) {
        (None, None) => None,
        (Some(left), Some(right)) => Some(is_same_value(sub, left, right)),
        _ => Some(false),
    }
}

/// What elements that are alike have in common.
fn identity(attribute: &Attribute, element: &Value) -> Value {
    if let Some((sub, value)) = attribute.sub_attribute(VALUE).zip(element.get(VALUE)) {
        return search_form::value(sub, value);
    }
    let mut form = search_form::value(attribute, element);
    if let Value::Object(members) = &mut form {
        members.swap_remove(PRIMARY);
    }
    form
}
