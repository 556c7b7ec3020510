//! How long and how many the parts of a registered schema may be.

use super::*;

fn is_read(schema: Value) -> bool {
    read(schema).is_ok()
}

#[test]
fn a_text_has_at_most_two_thousand_bytes() {
    for pointer in ["/name", "/description", "/attributes/0/description"] {
        assert!(is_read(with(pointer, json!("a".repeat(2000)))), "{pointer}");
        let error = read(with(pointer, json!("a".repeat(2001)))).unwrap_err();
        assert!(error.detail.ends_with(": it is longer than 2000 bytes"), "{error}");
    }
    assert!(!is_read(with("/description", json!("é".repeat(1001)))), "bytes are counted, not letters");
}

#[test]
fn a_name_has_at_most_a_hundred_bytes() {
    assert!(is_read(with("/attributes/0/name", json!("a".repeat(100)))));
    assert!(!is_read(with("/attributes/0/name", json!("a".repeat(101)))));
}

#[test]
fn a_urn_has_at_most_two_hundred_bytes() {
    let urn = |length: usize| format!("urn:example:{}", "a".repeat(length - "urn:example:".len()));
    assert!(is_read(with("/id", json!(urn(200)))));
    let error = read(with("/id", json!(urn(201)))).unwrap_err();
    assert_eq!(error.detail, "id: it is longer than 200 bytes");
}

#[test]
fn a_list_of_values_has_at_most_five_hundred() {
    let values = |count: usize| json!((0..count).map(|number| number.to_string()).collect::<Vec<_>>());
    assert!(is_read(with("/attributes/0/canonicalValues", values(500))));
    let error = read(with("/attributes/0/canonicalValues", values(501))).unwrap_err();
    assert_eq!(error.detail, "attributes[0].canonicalValues: there are more than 500");
    let references = "/attributes/2/subAttributes/1/referenceTypes";
    assert!(is_read(with(references, values(500))) && !is_read(with(references, values(501))));
}

#[test]
fn each_value_of_a_list_is_a_text_that_is_neither_empty_nor_too_long() {
    let list = |value: Value| with("/attributes/0/canonicalValues", json!(["front", value]));
    assert!(is_read(list(json!("a".repeat(2000)))));
    for wrong in [json!("a".repeat(2001)), json!(""), json!("a\0"), json!(7), json!(null), json!(["back"])] {
        let error = read(list(wrong)).unwrap_err();
        assert_eq!(
            error.detail,
            "attributes[0].canonicalValues: expected a list of strings that are not empty"
        );
    }
    assert!(!is_read(with("/attributes/0/canonicalValues", json!("front"))));
}

#[test]
fn sub_attributes_are_counted_among_the_attributes() {
    let named = |count: usize| (0..count).map(|number| json!({"name": format!("a{number}")})).collect();
    let complex = |count: usize| -> Vec<Value> {
        let subs: Vec<Value> = named(count);
        vec![json!({"name": "x", "type": "complex", "subAttributes": subs})]
    };
    assert!(is_read(with("/attributes", json!(complex(199)))));
    let error = read(with("/attributes", json!(complex(200)))).unwrap_err();
    assert!(error.detail.starts_with("attributes: 201 attributes"), "{error}");
}

#[test]
fn an_empty_text_stands_for_none() {
    let mut sent = with("/description", json!(""));
    sent["name"] = json!("");
    let schema = read(sent).unwrap();
    assert_eq!((schema.name.as_str(), schema.description.as_str()), ("Badge", ""));
    let error = read(with("/attributes/0/name", json!(""))).unwrap_err();
    assert_eq!(error.detail, "attributes[0].name: it is missing");
}
