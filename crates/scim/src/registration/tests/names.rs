//! What schemas and attributes may be called, and which characteristics go together.

use super::*;

#[test]
fn a_name_has_letters_digits_hyphens_and_underscores_and_begins_with_a_letter() {
    for good in ["a", "Z", "badge-number", "badge_number", "b2", "a--__9"] {
        let schema = read(with("/attributes/0/name", json!(good))).unwrap();
        assert_eq!(schema.attributes[0].name, good);
    }
    for bad in ["-a", "_a", "2", "a b", "a:b", "a$", "$a", "a[0]", "aé", "a\n"] {
        assert!(read(with("/attributes/0/name", json!(bad))).is_err(), "{bad}");
    }
}

#[test]
fn only_a_reference_within_another_attribute_is_called_by_the_dollar_sign() {
    let sub = "/attributes/2/subAttributes/1";
    for refused in [
        json!({"name": "$ref"}),
        json!({"name": "$ref", "type": "boolean"}),
        json!({"name": "$uri", "type": "reference"}),
        json!({"name": "9a", "type": "reference"}),
        json!({"name": "$REF", "type": "reference"}),
    ] {
        let error = read(with(sub, refused.clone())).expect_err("a name");
        assert!(error.detail.contains("is no name of an attribute"), "{refused}: {error}");
    }
    for refused in [json!({"name": "$ref", "type": "reference"}), json!({"name": "a.b", "type": "reference"})]
    {
        assert!(read(with("/attributes/1", refused.clone())).is_err(), "{refused}");
    }
    assert!(read(with(sub, json!({"name": "link", "type": "reference"}))).is_ok());
    assert!(read(with("/attributes/1", json!({"name": "link", "type": "reference"}))).is_ok());
}

#[test]
fn a_namespace_has_two_to_thirty_two_letters_digits_and_inner_hyphens() {
    for good in ["ab", "a-b", "0a", &"n".repeat(32)] {
        assert!(read(with("/id", json!(format!("urn:{good}:x")))).is_ok(), "{good}");
    }
    for bad in ["a", "", "-ab", "ab-", "a_b", "a.b", "é1", &"n".repeat(33)] {
        assert!(read(with("/id", json!(format!("urn:{bad}:x")))).is_err(), "{bad}");
    }
}

#[test]
fn a_name_behind_the_namespace_begins_and_ends_with_a_letter_or_digit() {
    for good in ["a", "7", "a.b", "a-_.~:9"] {
        assert!(read(with("/id", json!(format!("urn:example:{good}")))).is_ok(), "{good}");
    }
    for bad in ["-a", "a-", "~a", "a~", ":a", "a.", "_", "a/b", "a#b", "a%20b"] {
        assert!(read(with("/id", json!(format!("urn:example:{bad}")))).is_err(), "{bad}");
    }
}

#[test]
fn an_empty_list_of_sub_attributes_is_none() {
    let schema = read(with("/attributes/0/subAttributes", json!([]))).unwrap();
    assert!(schema.attributes[0].sub_attributes.is_empty());
    assert!(read(with("/attributes/0/subAttributes", json!("none"))).is_err());
    assert!(read(with("/attributes/2/subAttributes", json!([]))).is_err(), "a complex attribute has some");
}

#[test]
fn what_has_no_order_of_its_own_cannot_be_unique() {
    let unique = |kind: &str| {
        read(with("/attributes/1", json!({"name": "x", "type": kind, "uniqueness": "server"}))).is_ok()
    };
    for kind in ["string", "integer", "decimal", "dateTime", "binary", "reference"] {
        assert!(unique(kind), "{kind}");
    }
    assert!(!unique("boolean"));
    for kind in ["boolean", "string"] {
        assert!(
            read(with("/attributes/1", json!({"name": "x", "type": kind, "uniqueness": "none"}))).is_ok()
        );
    }
}

#[test]
fn case_counts_in_what_is_no_text_for_people_and_where_it_is_said_to() {
    let case_exact =
        |attribute: Value| read(with("/attributes/1", attribute)).unwrap().attributes[1].case_exact;
    for (kind, expected) in
        [("string", false), ("integer", false), ("boolean", false), ("binary", true), ("reference", true)]
    {
        assert_eq!(case_exact(json!({"name": "x", "type": kind})), expected, "{kind}");
        assert!(case_exact(json!({"name": "x", "type": kind, "caseExact": true})), "{kind}");
    }
}

#[test]
fn only_texts_have_suggestions_and_only_references_what_they_refer_to() {
    let is_read = |attribute: Value| read(with("/attributes/1", attribute)).is_ok();
    for kind in ["string", "boolean", "integer", "decimal", "dateTime", "binary", "reference"] {
        let suggested = json!({"name": "x", "type": kind, "canonicalValues": ["a"]});
        assert_eq!(is_read(suggested), kind == "string", "{kind}");
        let referring = json!({"name": "x", "type": kind, "referenceTypes": ["User"]});
        assert_eq!(is_read(referring), kind == "reference", "{kind}");
    }
}

#[test]
fn a_schema_that_says_what_it_is_must_be_one() {
    for good in [json!([SCHEMA]), json!([USER, SCHEMA.to_uppercase()]), json!(null)] {
        assert!(read(with("/schemas", good.clone())).is_ok(), "{good}");
    }
    for bad in [json!([]), json!([7]), json!(SCHEMA), json!({})] {
        assert!(read(with("/schemas", bad.clone())).unwrap_err().detail.starts_with("schemas: "), "{bad}");
    }
}

#[test]
fn a_misspelt_characteristic_is_told_and_not_at_any_length() {
    let mut sent = badge();
    sent["attributes"][0][&"x".repeat(5000)] = json!(true);
    let error = read(sent).unwrap_err();
    assert!(error.detail.starts_with("attributes[0].xxx") && error.detail.len() < 500, "{error}");
}
