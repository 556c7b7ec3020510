//! Every attribute that the schemas let a client write goes from the body through the messages into the row and back: one that a
//! mapping forgets is lost without an error.

use rollcall_scim::schema::{Attribute, Kind, Mutability};
use rollcall_scim::{Definition, builtin};
use serde_json::{Map, Value, json};

use crate::house::{House, USER, body_of, id};
use crate::on_both_databases;

on_both_databases!(every_attribute_of_a_user_comes_back, every_attribute_of_a_group_comes_back);

async fn every_attribute_of_a_user_comes_back(house: &House) {
    let sent = example(builtin::user(), &["schemas", "password"]);
    let scim = house.default().scim;
    let made = scim.create_user(Value::Object(sent.clone())).await;
    assert_sent(&sent, &made);
    assert_eq!(scim.read_user(&made).await, made);
    assert!(sent.len() > 18, "{USER} has more attributes than these: {:?}", sent.keys());
}

async fn every_attribute_of_a_group_comes_back(house: &House) {
    let scim = house.default().scim;
    let ana = scim.user("ana").await;
    let mut sent = example(builtin::group(), &["schemas", "members"]);
    sent.insert("members".to_owned(), json!([{ "value": id(&ana) }]));
    let body = body_of("urn:ietf:params:scim:schemas:core:2.0:Group", Value::Object(sent.clone()));
    let made = scim.post("/Groups", body).await.created();
    sent.remove("members");
    assert_sent(&sent, &made);
    let read = scim.get(&format!("/Groups/{}", id(&made))).await.ok();
    assert_eq!(read, made);
    assert_eq!(read["members"][0]["value"], id(&ana));
}

fn assert_sent(sent: &Map<String, Value>, got: &Value) {
    for (name, value) in sent {
        assert_eq!(&got[name.as_str()], value, "{name}");
    }
}

/// A value for everything that a client may write, but for what stands for itself.
fn example(definition: &Definition, without: &[&str]) -> Map<String, Value> {
    let common = definition.common().iter().chain(&definition.schema.attributes);
    let mut example = values(common.filter(|attribute| !without.contains(&attribute.name.as_str())));
    for extension in &definition.extensions {
        example.insert(extension.schema.id.clone(), values(extension.schema.attributes.iter()).into());
    }
    example
}

fn values<'a>(attributes: impl Iterator<Item = &'a Attribute>) -> Map<String, Value> {
    let writable = attributes.filter(|attribute| attribute.mutability != Mutability::ReadOnly);
    writable.map(|attribute| (attribute.name.clone(), value(attribute))).collect()
}

fn value(attribute: &Attribute) -> Value {
    let one = match attribute.kind {
        Kind::Complex => {
            // What a reference leads to is told by what it names.
            let parts = attribute.sub_attributes.iter().filter(|part| part.name != "$ref");
            Value::Object(values(parts))
        }
        Kind::Boolean => json!(true),
        Kind::Integer => json!(7),
        Kind::Decimal => json!(7.5),
        Kind::DateTime => json!("2026-01-31T00:00:00Z"),
        Kind::Binary => json!("TUlJ"),
        Kind::Reference => json!("https://example.com/it"),
        Kind::String => json!(attribute.canonical_values.first().map_or("es-MX", String::as_str)),
    };
    if attribute.multi_valued { json!([one]) } else { one }
}
