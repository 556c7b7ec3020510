//! Lists of values: which elements are the same, and which is the primary one (RFC 7643 §2.4).

mod likeness;

use std::collections::HashSet;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::place::Place;
use crate::resolve::{double, folded, micros};
use crate::schema::{Attribute, Kind};

pub(crate) use likeness::{Finder, MANY, without};

const PRIMARY: &str = "primary";

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

/// Whether two values of an attribute are equal, with regard to case where the attribute has any, and to decimals as
/// doubles.
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
        (Value::Number(left), Value::Number(right)) if attribute.kind == Kind::Decimal => {
            left == right || double(left).is_some_and(|value| double(right) == Some(value))
        }
        _ => left == right,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn is_same(attribute: &Value, left: &Value, right: &Value) -> bool {
        is_same_value(&serde_json::from_value(attribute.clone()).unwrap(), left, right)
    }

    #[test]
    fn decimals_are_the_same_however_they_are_written_and_integers_digit_by_digit() {
        let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let decimal = json!({"name": "x", "type": "decimal"});
        for (left, right, same) in [("1", "1.00", true), ("1.5", "15e-1", true), ("1.5", "1.25", false)] {
            assert_eq!(is_same(&decimal, &parsed(left), &parsed(right)), same, "{left} {right}");
        }
        let integer = json!({"name": "x", "type": "integer"});
        assert!(!is_same(&integer, &json!(9_007_199_254_740_993_i64), &json!(9_007_199_254_740_992_i64)));
    }

    #[test]
    fn texts_are_the_same_whatever_their_case_where_it_does_not_count() {
        let any_case = json!({"name": "x", "type": "string"});
        let exact = json!({"name": "x", "type": "string", "caseExact": true});
        for (left, right) in [("a", "A"), ("Straße", "STRASSE"), ("STRASSE", "straße"), ("É", "é")] {
            let (left, right) = (json!(left), json!(right));
            assert!(is_same(&any_case, &left, &right), "{left} {right}");
            assert!(!is_same(&exact, &left, &right), "{left} {right}");
            assert!(is_same(&exact, &left, &left) && is_same(&exact, &right, &right));
        }
        for (left, right) in [("a", "b"), ("e", "é"), ("é", "e"), ("é", "è"), ("a", "aa")] {
            assert!(!is_same(&any_case, &json!(left), &json!(right)), "{left} {right}");
        }
    }

    #[test]
    fn a_time_is_the_same_in_every_offset() {
        let time = json!({"name": "x", "type": "dateTime"});
        let noon = json!("2008-01-23T12:00:00Z");
        for same in ["2008-01-23T12:00:00Z", "2008-01-23T13:00:00+01:00", "2008-01-23T12:00:00.000Z"] {
            assert!(is_same(&time, &noon, &json!(same)), "{same}");
        }
        for other in ["2008-01-23T12:00:01Z", "2008-01-23T12:00:00+01:00", "2008-01-24T12:00:00Z"] {
            assert!(!is_same(&time, &noon, &json!(other)), "{other}");
        }
        let text = json!({"name": "x", "type": "string"});
        assert!(!is_same(&text, &noon, &json!("2008-01-23T13:00:00+01:00")), "a text is no time");
    }

    #[test]
    fn what_is_no_text_is_the_same_when_it_is_equal() {
        let boolean = json!({"name": "x", "type": "boolean"});
        assert!(is_same(&boolean, &json!(true), &json!(true)));
        assert!(!is_same(&boolean, &json!(true), &json!(false)));
        let integer = json!({"name": "x", "type": "integer"});
        assert!(is_same(&integer, &json!(7), &json!(7)));
        assert!(!is_same(&integer, &json!(7), &json!(8)));
    }

    #[test]
    fn an_element_that_says_nothing_of_being_primary_stays_silent() {
        let mut elements =
            [json!({"value": "a"}), json!({"value": "b", "primary": true}), json!({"primary": true})];
        make_only_primary(&mut elements, 2);
        assert_eq!(
            elements,
            [json!({"value": "a"}), json!({"value": "b", "primary": false}), json!({"primary": true})]
        );
    }
}
