//! What a filter becomes, attribute by attribute.

use super::*;
use crate::definition::Extension;
use crate::registration;

#[test]
fn one_condition_in_brackets_is_asked_of_an_element_as_it_stands() {
    let Ok(Condition::AnyElement(attribute, inner)) = resolved("emails[type eq \"Work\"]", Profile::Generic)
    else {
        panic!()
    };
    assert_eq!(attribute.to_string(), "emails");
    assert!(matches!(*inner, Condition::Compare(..)), "{inner:?}");
    let Ok(Condition::AnyElement(_, inner)) = resolved("emails[type eq \"Work\"].value pr", Profile::Generic)
    else {
        panic!()
    };
    assert!(matches!(&*inner, Condition::And(parts) if parts.len() == 2), "{inner:?}");
}

#[test]
fn a_single_complex_value_is_its_own_only_element() {
    assert_eq!(
        resolved("name[familyName eq \"Ruiz\"]", Profile::Generic),
        resolved("name.familyName eq \"ruiz\"", Profile::Generic)
    );
}

#[test]
fn numbers_are_read_by_the_type_of_their_attribute() {
    let schema = registration::read(serde_json::json!({"id": "urn:example:run", "attributes": [
        {"name": "laps", "type": "integer"}, {"name": "metres", "type": "decimal"},
    ]}));
    let mut definition = builtin::user().clone();
    definition.extensions.push(Extension { schema: schema.unwrap(), required: false });
    let operand = |text: &str| {
        let filter = Filter::parse(text, Profile::Generic.rules()).unwrap();
        match resolve(&filter, &definition) {
            Ok(Condition::Compare(_, _, operand)) => Some(operand),
            Ok(other) => panic!("{text}: {other:?}"),
            Err(error) => {
                assert_eq!(error.scim_type, ScimType::InvalidFilter, "{text}: {error}");
                None
            }
        }
    };
    for (text, expected) in [
        ("laps eq -3", Some(Operand::Integer(-3))),
        ("laps ge 9223372036854775807", Some(Operand::Integer(i64::MAX))),
        ("laps eq 9223372036854775808", None),
        ("laps eq 1.5", None),
        ("laps eq \"3\"", None),
        ("metres lt 1.5", Some(Operand::Decimal(1.5))),
        ("metres lt -2", Some(Operand::Decimal(-2.0))),
        ("metres lt 1e999", None),
        ("metres lt true", None),
        ("metres co 1.5", None),
    ] {
        assert_eq!(operand(text), expected, "{text}");
    }
}

#[test]
fn in_a_type_without_the_attribute_it_is_null_and_differs_from_every_value() {
    let among = [builtin::user(), builtin::group()];
    let holds = |text: &str| {
        let filter = Filter::parse(text, Profile::Generic.rules()).unwrap();
        match resolve_among(&filter, builtin::group(), &among).unwrap() {
            Condition::Present(id) => {
                assert_eq!(id.to_string(), "id", "what every group has");
                true
            }
            Condition::Not(inner) => {
                assert!(matches!(*inner, Condition::Present(id) if id.to_string() == "id"));
                false
            }
            other => panic!("{text}: {other:?}"),
        }
    };
    for (text, expected) in [
        ("userName pr", false),
        ("userName eq null", true),
        ("userName ne null", false),
        ("userName eq \"x\"", false),
        ("userName ne \"x\"", true),
        ("userName co \"x\"", false),
        ("userName gt \"x\"", false),
    ] {
        assert_eq!(holds(text), expected, "{text}");
    }
}

#[test]
fn an_attribute_that_nothing_has_is_told_with_the_type_that_was_asked() {
    let error = resolved("shoeSize pr", Profile::Generic).unwrap_err();
    assert_eq!(error.detail, "filter: there is no attribute \"shoeSize\" in a User");
    assert_eq!(error.scim_type, ScimType::InvalidFilter);
}

#[test]
fn a_comparison_that_a_type_does_not_have_is_told_with_the_type() {
    for (text, detail) in [
        ("active gt true", "filter: active is a boolean, which gt does not compare"),
        (
            "meta.created sw \"2011\"",
            "filter: meta.created is a dateTime such as \"2011-05-13T04:42:34Z\", which sw does not compare",
        ),
        ("userName eq 7", "filter: userName is a string, which 7 is not"),
        ("name eq \"x\"", "filter: name is complex; compare one of its sub-attributes"),
        (
            "x509Certificates.value le \"x\"",
            "filter: x509Certificates.value is a binary, which le does not compare",
        ),
        ("title sw null", "filter: title sw null: only eq and ne compare with null"),
    ] {
        assert_eq!(resolved(text, Profile::Generic).expect_err(text).detail, detail);
    }
}
