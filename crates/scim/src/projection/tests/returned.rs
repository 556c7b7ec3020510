//! What comes back of attributes that come back only when they are asked for, or never.

use super::*;

fn with_returned(changes: &[(&str, Returned)]) -> Definition {
    let mut definition = builtin::user().clone();
    for (name, returned) in changes {
        let (name, sub) = name.split_once('.').unwrap_or((name, ""));
        let extension = &mut definition.extensions[0].schema.attributes;
        let mut all = definition.schema.attributes.iter_mut().chain(extension.iter_mut());
        let attribute = all.find(|attribute| attribute.name == name).unwrap();
        match attribute.sub_attributes.iter_mut().find(|known| known.name == sub) {
            Some(sub) => sub.returned = *returned,
            None => attribute.returned = *returned,
        }
    }
    definition
}

#[test]
fn a_part_on_request_comes_only_when_the_part_itself_is_named() {
    let definition = with_returned(&[("emails.type", Returned::Request)]);
    let shown = |attributes: &[&str], excluded: &[&str]| {
        shown_by(&definition, attributes, excluded).get("emails").cloned()
    };
    let without = Some(json!([{"value": "a@x.test"}, {"value": "b@x.test"}]));
    assert_eq!(shown(&[], &[]), without);
    assert_eq!(shown(&["emails"], &[]), without);
    assert_eq!(shown(&[USER], &[]), without);
    assert_eq!(shown(&[], &["title"]), without);
    assert_eq!(shown(&[], &["emails.type"]), without);
    assert_eq!(shown(&["emails.type"], &[]), Some(json!([{"type": "work"}])));
    assert_eq!(shown(&["emails.type", "emails.value"], &[]), Some(full()["emails"].clone()));
}

#[test]
fn to_exclude_a_part_of_what_comes_on_request_does_not_ask_for_the_rest() {
    let definition = with_returned(&[("name", Returned::Request)]);
    assert_eq!(shown_by(&definition, &[], &["name.givenName"]).get("name"), None);
    assert_eq!(shown_by(&definition, &["name.givenName"], &[])["name"], json!({"givenName": "Ana"}));
}

#[test]
fn what_never_comes_back_cannot_be_named_into_an_answer() {
    let definition = with_returned(&[("name.familyName", Returned::Never), ("emails", Returned::Never)]);
    let name = json!({"givenName": "Ana"});
    assert_eq!(shown_by(&definition, &[], &[])["name"], name);
    assert_eq!(shown_by(&definition, &["name"], &[])["name"], name);
    assert_eq!(shown_by(&definition, &[], &["name.givenName"]).get("name"), None);
    assert_eq!(shown_by(&definition, &["name.familyName"], &[]).get("name"), None);
    for (attributes, excluded) in
        [(&["emails"][..], &[][..]), (&["emails.value"], &[]), (&[], &["emails.type"])]
    {
        assert_eq!(shown_by(&definition, attributes, excluded).get("emails"), None);
    }
}

#[test]
fn what_always_comes_back_comes_whatever_is_asked_for() {
    let definition = with_returned(&[("name", Returned::Always), ("emails.value", Returned::Always)]);
    let name = full()["name"].clone();
    assert_eq!(shown_by(&definition, &["title"], &[])["name"], name);
    assert_eq!(shown_by(&definition, &[], &["name"])["name"], name);
    assert_eq!(shown_by(&definition, &[], &[USER])["name"], name);
    let values = json!([{"value": "a@x.test"}, {"value": "b@x.test"}]);
    assert_eq!(shown_by(&definition, &[], &["emails.value", "emails.type"])["emails"], values);
    assert_eq!(shown_by(&definition, &["title"], &[]).get("emails"), None);
}

#[test]
fn an_attribute_and_an_extension_go_with_the_last_of_their_parts() {
    let parts = with_returned(&[("name.familyName", Returned::Request), ("name.givenName", Returned::Never)]);
    assert_eq!(shown_by(&parts, &[], &[]).get("name"), None);
    let extension = with_returned(&[("costCenter", Returned::Request), ("department", Returned::Request)]);
    assert_eq!(shown_by(&extension, &["title"], &[]).get(ENTERPRISE_USER), None);
    assert_eq!(shown_by(&extension, &["department"], &[])[ENTERPRISE_USER], json!({"department": "Ops"}));
    assert_eq!(shown(&[], &["department", "costCenter"]), all_but(&[ENTERPRISE_USER]));
}

#[test]
fn an_extension_s_attribute_is_not_the_core_one_of_its_name() {
    let mut definition = builtin::user().clone();
    let title =
        definition.schema.attributes.iter().find(|attribute| attribute.name == "title").unwrap().clone();
    definition.extensions[0].schema.attributes.push(title);
    let projection = Projection::parse(&[format!("{ENTERPRISE_USER}:title")], &[]).unwrap();
    let mut user = full();
    user[ENTERPRISE_USER]["title"] = json!("of the extension");
    let Value::Object(mut user) = user else { panic!() };
    projection.apply(&mut user, &definition);
    assert_eq!(user.get("title"), None);
    assert_eq!(user[ENTERPRISE_USER], json!({"title": "of the extension"}));
}

#[test]
fn what_no_schema_has_does_not_come_back() {
    let definition = with_returned(&[]);
    let projection = Projection::parse(&[USER.to_owned(), ENTERPRISE_USER.to_owned()], &[]).unwrap();
    let mut user = json!({"id": "1", "shoeSize": 43, ENTERPRISE_USER: {"department": "Ops", "floor": 3}});
    projection.apply(user.as_object_mut().unwrap(), &definition);
    assert_eq!(user, json!({"id": "1", ENTERPRISE_USER: {"department": "Ops"}}));
}
