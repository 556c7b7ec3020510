use super::super::tests::{address, arrival, directory, user};
use super::*;

fn with(attributes: &[(&str, &[&str])]) -> Arrival {
    let mut person = arrival();
    for (name, values) in attributes {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        person.attributes.insert((*name).to_owned(), values);
    }
    person
}

fn ana() -> Value {
    json!({
        "userName": "ana@example.com",
        "active": true,
        "emails": [{ "value": "ana@example.com", "type": "work", "primary": true }],
    })
}

#[test]
fn an_account_has_the_address_for_a_name_and_what_the_issuer_says() {
    let person = with(&[
        ("displayname", &["Ana Ruiz", "A."]),
        ("name.givenName", &["", "Ana"]),
        ("NAME.FAMILYNAME", &["Ruiz"]),
        ("title", &[]),
        ("active", &["false"]),
        ("userName", &["root"]),
        ("emails", &["x@y"]),
        ("department", &["17"]),
    ]);
    let account = Value::Object(new_account(&person, &address("Ana@example.com")));
    let expected = json!({
        "userName": "Ana@example.com",
        "active": true,
        "emails": [{ "value": "Ana@example.com", "type": "work", "primary": true }],
        "displayName": "Ana Ruiz",
        "name": { "givenName": "Ana", "familyName": "Ruiz" },
    });
    assert_eq!(account, expected);
}

#[test]
fn a_changed_address_follows_the_subject_and_the_name_of_their_own_account() {
    let mut person = arrival();
    person.address = Some(address("new@example.com"));
    let own = user(1, ana());
    let emails = json!([{ "value": "new@example.com", "type": "work", "primary": true }]);
    let expected = json!({ "userName": "new@example.com", "active": true, "emails": emails });
    assert_eq!(Value::Object(updated(&person, &own)), expected);
    for (origin, scim_managed) in
        [(UserOrigin::Scim, true), (UserOrigin::Admin, false), (UserOrigin::Sso, true)]
    {
        let mut other = user(1, ana());
        (other.origin, other.scim_managed) = (Some(origin), scim_managed);
        let after = updated(&person, &other);
        assert_eq!((&after["userName"], &after["emails"]), (&json!("ana@example.com"), &emails));
    }
    let mut renamed = user(1, ana());
    renamed.attributes.insert("userName".to_owned(), json!("ana"));
    assert_eq!(updated(&person, &renamed)["userName"], "ana");
}

#[test]
fn an_address_that_is_the_same_or_that_nobody_vouches_for_changes_nothing() {
    let own = user(1, ana());
    let mut person = arrival();
    person.address = Some(address("ANA@Example.com"));
    assert_eq!(updated(&person, &own), own.attributes);
    person.address = Some(address("other@example.com"));
    person.is_vouched_for = false;
    assert_eq!(updated(&person, &own), own.attributes);
    person.address = None;
    assert_eq!(updated(&person, &own), own.attributes);
}

#[test]
fn a_user_without_a_primary_work_address_gets_one_beside_the_others() {
    let other =
        user(1, json!({ "userName": "ana", "emails": [{ "value": "a@home.example", "primary": true }] }));
    let once = updated(&arrival(), &other);
    let work = json!({ "value": "ana@example.com", "type": "work" });
    assert_eq!(once["emails"], json!([{ "value": "a@home.example", "primary": true }, work]));
    let mut again = other.clone();
    again.attributes = once.clone();
    assert_eq!(updated(&arrival(), &again), once, "the next sign-in has nothing to add");
    let none = user(1, json!({ "userName": "ana" }));
    let first = json!([{ "value": "ana@example.com", "type": "work", "primary": true }]);
    assert_eq!(updated(&arrival(), &none)["emails"], first);
}

#[test]
fn an_address_that_is_there_already_is_not_there_twice() {
    let mut attributes = ana();
    attributes["emails"] = json!([
        { "value": "ana@example.com", "type": "work", "primary": true },
        { "value": "NEW@example.com", "type": "other" },
    ]);
    let mut person = arrival();
    person.address = Some(address("new@example.com"));
    let after = updated(&person, &user(1, attributes));
    assert_eq!(after["emails"], json!([{ "value": "new@example.com", "type": "work", "primary": true }]));
}

#[test]
fn scim_manages_whom_it_has_written_to_while_it_is_on() {
    let mut one = user(1, ana());
    assert!(!is_managed(&directory(true), &one));
    one.scim_managed = true;
    assert!(is_managed(&directory(true), &one));
    assert!(!is_managed(&directory(false), &one));
}

#[test]
fn people_are_called_by_the_best_name_that_there_is() {
    let name = |attributes: Value| display(&user(1, attributes).attributes);
    let full = json!({ "givenName": "Ana", "familyName": "Ruiz" });
    assert_eq!(name(json!({ "userName": "a", "displayName": "Ana", "name": full })), "Ana");
    assert_eq!(name(json!({ "userName": "a", "name": full })), "Ana Ruiz");
    assert_eq!(
        name(json!({ "userName": "a", "name": { "formatted": "Dr. Ruiz", "givenName": "Ana" } })),
        "Dr. Ruiz"
    );
    assert_eq!(name(json!({ "userName": "a", "name": {} })), "a");
}
