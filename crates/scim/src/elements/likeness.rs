//! Which element of a list another one means.
//!
//! A value is there when its `value` and `type` are (RFC 7643 §2.4); one without a type, when its `value` is. Where there
//! is no `value`, as in addresses, all sub-attributes count but `primary`.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::{PRIMARY, is_same_value};
use crate::judge::VALUE;
use crate::schema::Attribute;
use crate::search_form;

const TYPE: &str = "type";

/// From how many elements on they are sought by an index.
pub(crate) const MANY: usize = 16;

/// How an element that is there is like one that is sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Likeness {
    /// In all sub-attributes.
    Equal,
    /// In value and type.
    Same,
    /// In its value, and the one that is sought leaves the type open.
    AnyType,
    /// In its value, and it has no type itself.
    Untyped,
}

/// An element that is sought, with what tells it from most others.
#[derive(Clone, Copy)]
struct Sought<'s> {
    attribute: &'s Attribute,
    element: &'s Value,
    /// Its `value`, and the sub-attribute of that name.
    value: Option<(&'s Attribute, &'s Value)>,
}

impl<'s> Sought<'s> {
    fn new(attribute: &'s Attribute, element: &'s Value) -> Self {
        Self { attribute, element, value: attribute.sub_attribute(VALUE).zip(element.get(VALUE)) }
    }

    fn likeness(&self, known: &Value) -> Option<Likeness> {
        let (Value::Object(known), Value::Object(sought)) = (known, self.element) else {
            return is_same_value(self.attribute, known, self.element).then_some(Likeness::Equal);
        };
        let differs = |sub: &Attribute| !is_equal(sub, known, sought);
        match (self.value, known.get(VALUE)) {
            (Some((sub, value)), Some(known)) if is_same_value(sub, known, value) => {}
            (None, None) => {
                let mut others = self.attribute.sub_attributes.iter().filter(|sub| sub.name != PRIMARY);
                if others.any(differs) {
                    return None;
                }
            }
            _ => return None,
        }
        if self.attribute.sub_attribute(TYPE).is_some_and(differs) {
            return match (known.contains_key(TYPE), sought.contains_key(TYPE)) {
                (true, false) => Some(Likeness::AnyType),
                (false, true) => Some(Likeness::Untyped),
                _ => None,
            };
        }
        let is_equal = !self.attribute.sub_attributes.iter().any(differs);
        Some(if is_equal { Likeness::Equal } else { Likeness::Same })
    }
}

fn is_equal(sub: &Attribute, known: &Map<String, Value>, sought: &Map<String, Value>) -> bool {
    match (known.get(&sub.name), sought.get(&sub.name)) {
        (Some(known), Some(sought)) => is_same_value(sub, known, sought),
        (known, sought) => known.is_none() && sought.is_none(),
    }
}

/// Finds in a list the element that one to be added is already.
pub(crate) struct Finder<'a> {
    attribute: &'a Attribute,
    /// Not made for a few.
    index: Option<Index>,
}

/// Where the first element is that is equal, that has a value and a type, and that has a value.
#[derive(Default)]
struct Index {
    equal: HashMap<Value, usize>,
    same: HashMap<Key, usize>,
    any_type: HashMap<Value, usize>,
}

impl<'a> Finder<'a> {
    /// A finder in `elements` for as many others as `sought`.
    pub(crate) fn new(attribute: &'a Attribute, elements: &[Value], sought: usize) -> Self {
        let mut finder = Self { attribute, index: (sought >= MANY).then(Index::default) };
        if finder.index.is_some() {
            elements.iter().enumerate().for_each(|(index, element)| finder.note(index, element));
        }
        finder
    }

    /// Takes notice of an element that has been appended or completed.
    pub(crate) fn note(&mut self, position: usize, element: &Value) {
        if let Some(index) = &mut self.index {
            let key = Key::of(self.attribute, element);
            index.any_type.entry(key.value.clone()).or_insert(position);
            index.same.entry(key).or_insert(position);
            index.equal.entry(search_form::value(self.attribute, element)).or_insert(position);
        }
    }

    /// The element that is most like the sought one; the first of several.
    pub(crate) fn position(&self, elements: &[Value], sought: &Value) -> Option<usize> {
        let sought = Sought::new(self.attribute, sought);
        match &self.index {
            None => scan(elements, &sought),
            Some(index) => index.position(elements, &sought),
        }
    }
}

impl Index {
    fn position(&self, elements: &[Value], sought: &Sought<'_>) -> Option<usize> {
        // What was equal may have been completed since.
        let is_equal = |position: &&usize| {
            elements.get(**position).and_then(|known| sought.likeness(known)) == Some(Likeness::Equal)
        };
        let key = Key::of(sought.attribute, sought.element);
        let equal = self.equal.get(&search_form::value(sought.attribute, sought.element)).filter(is_equal);
        let same = equal.or_else(|| self.same.get(&key));
        same.or_else(|| if key.kind.is_none() { self.any_type.get(&key.value) } else { None }).copied()
    }
}

fn scan(elements: &[Value], sought: &Sought<'_>) -> Option<usize> {
    let (mut same, mut any_type) = (None, None);
    for (position, known) in elements.iter().enumerate() {
        match sought.likeness(known) {
            Some(Likeness::Equal) => return Some(position),
            Some(Likeness::Same) => same = same.or(Some(position)),
            Some(Likeness::AnyType) => any_type = any_type.or(Some(position)),
            Some(Likeness::Untyped) | None => {}
        }
    }
    same.or(any_type)
}

/// The list without the elements that the named ones mean. Here a type that either of them leaves open is no difference.
pub(crate) fn without(attribute: &Attribute, mut elements: Vec<Value>, named: &[Value]) -> Vec<Value> {
    if named.len() < MANY {
        let named: Vec<Sought<'_>> = named.iter().map(|named| Sought::new(attribute, named)).collect();
        elements.retain(|known| !named.iter().any(|named| named.likeness(known).is_some()));
        return elements;
    }
    let keys: HashSet<Key> = named.iter().map(|named| Key::of(attribute, named)).collect();
    let values: HashSet<&Value> = keys.iter().map(|key| &key.value).collect();
    elements.retain(|known| {
        let key = Key::of(attribute, known);
        let is_named = match key.kind {
            None => values.contains(&key.value),
            Some(_) => keys.contains(&key) || keys.contains(&Key { kind: None, ..key }),
        };
        !is_named
    });
    elements
}

/// What elements that are alike have in common, in search form.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    value: Value,
    /// The `type`; of an element without a `value` it is a part of that.
    kind: Option<Value>,
}

impl Key {
    fn of(attribute: &Attribute, element: &Value) -> Self {
        let part = |name: &str| Some(search_form::value(attribute.sub_attribute(name)?, element.get(name)?));
        if let Some(value) = part(VALUE) {
            return Self { value, kind: part(TYPE) };
        }
        let mut value = search_form::value(attribute, element);
        if let Value::Object(members) = &mut value {
            members.swap_remove(PRIMARY);
        }
        Self { value, kind: None }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::builtin;

    fn emails() -> &'static Attribute {
        builtin::user_schema().attributes.iter().find(|attribute| attribute.name == "emails").unwrap()
    }

    /// Where `sought` is found, alike with an index and without.
    fn position(elements: &[Value], sought: &Value) -> Option<usize> {
        let few = Finder::new(emails(), elements, 1).position(elements, sought);
        let many = Finder::new(emails(), elements, MANY).position(elements, sought);
        assert_eq!(few, many, "{sought}");
        few
    }

    #[test]
    fn an_element_is_there_when_its_value_and_type_are() {
        let elements = [
            json!({"value": "a", "type": "work", "display": "A"}),
            json!({"value": "a", "type": "home"}),
            json!({"value": "a", "type": "work", "display": "B"}),
            json!({"value": "b"}),
            json!({"type": "work", "primary": false}),
        ];
        for (sought, expected) in [
            (json!({"value": "A", "type": "HOME"}), Some(1)),
            (json!({"value": "a", "type": "work", "display": "b"}), Some(2)),
            (json!({"value": "a", "type": "work", "display": "C"}), Some(0)),
            (json!({"value": "a"}), Some(0)),
            (json!({"value": "a", "type": "other"}), None),
            (json!({"value": "b", "type": "work"}), None),
            (json!({"type": "Work"}), Some(4)),
            (json!({"type": "work", "display": "A"}), None),
        ] {
            assert_eq!(position(&elements, &sought), expected, "{sought}");
        }
    }

    #[test]
    fn a_named_element_goes_whoever_leaves_the_type_open() {
        let elements = [
            json!({"value": "a", "type": "work"}),
            json!({"value": "a", "type": "home"}),
            json!({"value": "b"}),
            json!({"type": "work", "primary": true}),
        ];
        let others: Vec<Value> =
            (0..MANY).map(|n| json!({"value": format!("{n}"), "type": "work"})).collect();
        for (named, left) in [
            (json!({"value": "A"}), vec![2, 3]),
            (json!({"value": "a", "type": "home", "display": "x"}), vec![0, 2, 3]),
            (json!({"value": "b", "type": "work"}), vec![0, 1, 3]),
            (json!({"type": "work"}), vec![0, 1, 2]),
            (json!({"type": "home"}), vec![0, 1, 2, 3]),
        ] {
            let left: Vec<Value> = left.into_iter().map(|index: usize| elements[index].clone()).collect();
            assert_eq!(without(emails(), elements.to_vec(), std::slice::from_ref(&named)), left, "{named}");
            let many: Vec<Value> = others.iter().cloned().chain([named.clone()]).collect();
            assert_eq!(without(emails(), elements.to_vec(), &many), left, "{named}");
        }
    }
}
