//! What a client is told who sent a value of a wrong type.

use super::*;

#[test]
fn the_type_that_was_expected_is_told_and_the_one_that_came() {
    let whole: Value = serde_json::from_str("9223372036854775808").unwrap();
    for (kind, sent, detail) in [
        (Kind::String, json!(false), "x: expected a string, got a boolean"),
        (Kind::Boolean, json!({"a": 1}), "x: expected true or false, got an object"),
        (Kind::Boolean, json!("yes"), "x: expected true or false, got another string"),
        (Kind::Decimal, json!("1.5"), "x: expected a decimal, got another string"),
        (
            Kind::Integer,
            json!(1.5),
            "x: expected an integer, got a number that is not whole or has more than 64 bits",
        ),
        (
            Kind::Integer,
            whole,
            "x: expected an integer, got a number that is not whole or has more than 64 bits",
        ),
        (Kind::Integer, json!("1"), "x: expected an integer, got another string"),
        (Kind::DateTime, json!(7), "x: expected a dateTime such as \"2011-05-13T04:42:34Z\", got a number"),
        (Kind::Binary, json!("é"), "x: expected a binary in base64, got another string"),
        (Kind::Reference, json!("a b"), "x: expected a URI, got another string"),
        (Kind::Reference, json!(["a"]), "x: expected a URI, got a list"),
    ] {
        assert_eq!(judged_as(&of_kind(kind), sent).unwrap_err().detail, detail);
    }
}

#[test]
fn the_parts_of_a_complex_value_are_told_to_who_sent_something_else() {
    let parts = "formatted, familyName, givenName, middleName, honorificPrefix, honorificSuffix";
    for (sent, got) in [(json!("Ana"), "a string"), (json!(7), "a number"), (json!(["a", "b"]), "a list")] {
        assert_eq!(
            refused("name", sent),
            format!("name: expected an object with some of {parts}, got {got}")
        );
    }
}

#[test]
fn a_list_in_a_list_is_no_element() {
    assert!(refused("emails", json!([["a@x.test"]])).starts_with("emails[0]: expected an object"));
    assert!(refused("emails", json!([{"value": "a"}, [{"value": "b"}]])).starts_with("emails[1]: "));
}

#[test]
fn of_two_spellings_of_a_part_the_last_with_a_value_counts() {
    let given_name = |sent: Value| judged("name", sent).unwrap().unwrap()["givenName"].clone();
    assert_eq!(given_name(json!({"givenName": "Ana", "GIVENNAME": "Anna"})), json!("Anna"));
    assert_eq!(given_name(json!({"givenName": "Ana", "GIVENNAME": null})), json!("Ana"));
    assert_eq!(given_name(json!({"givenName": "", "GIVENNAME": "Anna"})), json!("Anna"));
}

#[test]
fn only_an_element_of_a_list_is_unpacked() {
    let text = "{\"value\": \"u2\"}";
    assert_eq!(judged("manager", json!(text)).unwrap(), Some(json!({"value": text})));
    assert_eq!(judged("roles", json!([text, "x"])).unwrap(), Some(json!([{"value": "u2"}, {"value": "x"}])));
}

#[test]
fn what_is_sent_beside_a_packed_value_counts_more_unless_it_is_null() {
    let sent = json!({"value": "{\"value\": \"admin\", \"type\": \"a\", \"display\": \"Admin\"}", "type": "b", "display": null});
    assert_eq!(
        judged("roles", sent).unwrap(),
        Some(json!([{"value": "admin", "type": "b", "display": "Admin"}]))
    );
}

#[test]
fn nobody_has_to_send_what_only_the_server_writes() {
    let mut attribute =
        builtin::user_schema().attributes.iter().find(|a| a.name == "emails").unwrap().clone();
    let display = attribute.sub_attributes.iter_mut().find(|sub| sub.name == "display").unwrap();
    display.required = true;
    display.mutability = Mutability::ReadOnly;
    assert_eq!(judged_as(&attribute, json!("a")).unwrap(), Some(json!([{"value": "a"}])));
}
