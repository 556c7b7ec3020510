//! What filters and paths cannot name.

use super::*;
use crate::schema::ENTERPRISE_USER;

fn path(text: &str) -> Result<PathTarget<'static>> {
    let rules = Profile::Generic.rules();
    resolve_path(&Path::parse(text, rules)?, builtin::user(), rules)
}

#[test]
fn brackets_in_a_path_stand_behind_a_list_of_complex_values() {
    let extension = format!("{ENTERPRISE_USER}[value eq \"x\"]");
    for text in [
        "userName[value eq \"x\"]",
        "name[familyName eq \"x\"]",
        "manager[value eq \"x\"]",
        "schemas[value eq \"x\"]",
        "emails.value[type eq \"work\"]",
        "shoes[size eq 43]",
        &extension,
        "emails[type eq \"work\"].shoeSize",
    ] {
        assert_eq!(path(text).expect_err(text).scim_type, ScimType::InvalidPath, "{text}");
    }
    for text in ["emails[shoeSize eq 43]", "emails[type gt null]", "emails[primary eq \"x\"]"] {
        assert_eq!(path(text).expect_err(text).scim_type, ScimType::InvalidFilter, "{text}");
    }
}

#[test]
fn what_has_no_elements_is_told_so() {
    for text in ["userName[value eq \"x\"]", "emails.value[type eq \"x\"]"] {
        let error = resolved(text, Profile::Generic).expect_err(text);
        assert!(error.detail.ends_with("has no elements to select with brackets"), "{text}: {error}");
    }
    let error = resolved("emails[shoeSize eq \"x\"]", Profile::Generic).unwrap_err();
    assert_eq!(error.detail, "filter: emails has no sub-attribute \"shoeSize\"");
}

#[test]
fn a_path_names_an_attribute_a_part_of_it_an_extension_or_elements() {
    let attribute = |text: &str| match path(text).unwrap() {
        PathTarget::Attribute(attribute) => attribute.to_string(),
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(attribute("TITLE"), "title");
    assert_eq!(attribute("name.familyname"), "name.familyName");
    assert_eq!(attribute("emails.type"), "emails.type");
    assert!(
        matches!(path(ENTERPRISE_USER).unwrap(), PathTarget::Extension(schema) if schema.id == ENTERPRISE_USER)
    );
    let PathTarget::Elements { attribute, condition, sub_attribute } =
        path("emails[type eq \"Work\"].VALUE").unwrap()
    else {
        panic!()
    };
    assert_eq!(attribute.to_string(), "emails");
    assert!(matches!(condition, Condition::Compare(_, Operator::Eq, Operand::Text(text)) if text == "work"));
    assert_eq!(sub_attribute.map(|sub| sub.name.as_str()), Some("value"));
}

#[test]
fn what_is_never_shown_cannot_be_found_out_by_asking() {
    let mut definition = builtin::user().clone();
    for attribute in &mut definition.schema.attributes {
        match attribute.name.as_str() {
            "name" => attribute.returned = Returned::Never,
            "emails" => attribute.sub_attributes[0].returned = Returned::Never,
            _ => {}
        }
    }
    let is_answered = |text: &str| {
        let filter = Filter::parse(text, Profile::Generic.rules()).unwrap();
        resolve(&filter, &definition).is_ok()
    };
    for text in [
        "name pr",
        "name.familyName pr",
        "name.familyName eq \"x\"",
        "name[familyName eq \"x\"]",
        "emails.value co \"x\"",
        "emails[value co \"x\"]",
        "emails[type eq \"work\"].value pr",
        "password ne null",
    ] {
        assert!(!is_answered(text), "{text}");
    }
    for text in ["emails pr", "emails.type pr", "emails[type eq \"work\"]", "title pr", "meta.created pr"] {
        assert!(is_answered(text), "{text}");
    }
    for (name, is_sorted) in
        [("name.familyName", false), ("emails.value", false), ("emails.type", true), ("title", true)]
    {
        assert_eq!(resolve_sort(name, &definition).is_ok(), is_sorted, "{name}");
    }
}

#[test]
fn only_the_location_of_the_whole_resource_is_made_when_it_is_shown() {
    let mut definition = builtin::user().clone();
    let photos =
        definition.schema.attributes.iter_mut().find(|attribute| attribute.name == "photos").unwrap();
    "location".clone_into(&mut photos.sub_attributes[1].name);
    for (text, is_answered) in [
        ("photos.location pr", true),
        ("meta.location pr", false),
        ("meta.version pr", true),
        ("meta pr", true),
        ("manager.$ref pr", false),
    ] {
        let filter = Filter::parse(text, Profile::Generic.rules()).unwrap();
        assert_eq!(resolve(&filter, &definition).is_ok(), is_answered, "{text}");
    }
}
