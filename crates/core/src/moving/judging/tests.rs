use rollcall_scim::schema::ENTERPRISE_USER;
use serde::Deserialize as _;
use serde_json::json;

use super::*;
use crate::fixture::Scratch;
use crate::moving::FORMAT;

const URN: &str = "urn:example:badge";

fn id(number: u128) -> String {
    Uuid::from_u128(number).to_string()
}

fn header(more: Value) -> Header {
    let mut header = json!({
        "format": FORMAT, "version": "0", "passwords": true, "events": true, "directory": "acme", "profile": "okta",
        "scim": true, "groups": true, "settings": {}, "created": 1, "modified": 2,
    });
    with(&mut header, more);
    serde_json::from_value(header).unwrap()
}

/// Puts members of an object in place of others, deep within.
fn with(value: &mut Value, more: Value) {
    match (value, more) {
        (Value::Object(members), Value::Object(more)) if !more.is_empty() => {
            for (name, more) in more {
                with(members.entry(name).or_insert(Value::Null), more);
            }
        }
        (value, more) => *value = more,
    }
}

fn schema() -> Value {
    json!({ "schema": {
        "resourceType": "User", "required": true, "created": 1,
        "definition": { "id": URN, "name": "Badge", "description": "", "attributes": [
            { "name": "number", "type": "string", "multiValued": false, "description": "", "required": false,
              "caseExact": false, "mutability": "readWrite", "returned": "default", "uniqueness": "server" },
            { "name": "doors", "type": "complex", "multiValued": true, "subAttributes": [
                { "name": "value", "type": "string", "required": true }, { "name": "floor", "type": "integer" },
            ] },
        ] },
    } })
}

fn record(number: u128, attributes: &Value) -> Value {
    json!({
        "id": id(number), "version": 1, "created": 1, "modified": 2, "attributes": attributes,
        "provenance": { "*": [id(900), 1], "userName": [id(901), 2, id(902)] },
    })
}

fn user(number: u128, name: &str) -> Value {
    let record = record(number, &json!({ "userName": name }));
    json!({ "user": { "record": record, "origin": "scim", "administrator": false, "scimManaged": true } })
}

fn group(number: u128, name: &str) -> Value {
    let record = record(number, &json!({ "displayName": name }));
    json!({ "group": { "record": record, "unique": true, "scimManaged": true } })
}

fn members(group: u128, users: &[u128], groups: &[u128]) -> Value {
    let ids = |numbers: &[u128]| numbers.iter().map(|number| id(*number)).collect::<Vec<_>>();
    json!({ "members": { "group": id(group), "users": ids(users), "groups": ids(groups) } })
}

fn link(subject: &str, user: u128) -> Value {
    json!({ "link": {
        "issuer": "https://idp", "subject": subject, "user": id(user), "protocol": "saml", "created": 1,
    } })
}

fn rule(number: u128) -> Value {
    json!({
        "id": id(number), "effect": "allow", "description": "staff", "created": 1,
        "conditions": { "groups": ["staff"] },
    })
}

fn deleted(number: u128) -> Value {
    json!({ "deletedUser": {
        "id": id(number), "version": 3, "created": 1, "deleted": 9, "deletedBy": null,
        "origin": "scim", "scimManaged": true, "attributes": { "userName": "dan", "urn:example:gone": { "a": 1 } },
        "link": ["https://idp", "s-dan"], "address": "dan@x.test",
    } })
}

fn event(number: u128) -> Value {
    json!({ "event": {
        "id": id(number), "kind": "user.created", "subject": id(1), "version": 1, "time": 5, "requestId": "r",
        "changes": {},
    } })
}

fn line(json: &Value) -> Line {
    Line::deserialize(json).unwrap_or_else(|error| panic!("{error}: {json}"))
}

fn changed(mut json: Value, more: Value) -> Value {
    with(&mut json, more);
    json
}

/// A whole export but for its first and its last line.
fn whole() -> Vec<Value> {
    let badge = json!({ "user": { "record": { "attributes": { (URN): { "number": "7", "doors": [{ "floor": 0 }] } } }, "passwordHash":
        "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$kAbhvjHiS9tdHqTzPnWXhHDxkF3JI5oCcUUt5qSE1iI" } });
    vec![
        schema(),
        changed(user(1, "Ana"), badge),
        user(2, "ben"),
        group(11, "Team"),
        group(12, "All"),
        members(11, &[1], &[]),
        members(12, &[1, 2], &[11]),
        link("s-ana", 1),
        json!({ "provisioningRules": [rule(50), rule(51)] }),
        deleted(3),
        event(100),
        event(101),
    ]
}

fn judging(scratch: &Scratch) -> Judging {
    scratch.core().judge(&header(json!({ "format": FORMAT }))).unwrap()
}

#[tokio::test]
async fn what_an_export_holds_is_let_through() {
    let mut judging = judging(&Scratch::new().await);
    for json in whole() {
        judging.line(&line(&json)).unwrap();
    }
}

/// Lines that are put in place of others of a whole export, by where those stand, with what the refusal says of them.
fn bad_lines() -> Vec<(usize, Value, &'static str)> {
    let attributes = |more: Value| json!({ "user": { "record": { "attributes": more } } });
    let late = json!({ "user": { "record": { "created": i64::MAX } } });
    vec![
        (0, changed(schema(), json!({ "schema": { "resourceType": "Role" } })), "\"Role\""),
        (
            0,
            changed(schema(), json!({ "schema": { "definition": { "id": ENTERPRISE_USER } } })),
            ENTERPRISE_USER,
        ),
        (
            0,
            changed(
                schema(),
                json!({ "schema": { "definition": {
                "id": "urn:ietf:params:scim:schemas:core:2.0:User" } } }),
            ),
            "reserved",
        ),
        (1, schema(), "already"),
        (2, user(1, "ben"), "line 4, the user \"ben\" (00000000-0000-0000-0000-000000000001): id: "),
        (2, user(2, "ANA"), "userName: \"ANA\" stands in an earlier line too"),
        (
            2,
            changed(user(2, "ben"), attributes(json!({ (URN): { "number": "7" } }))),
            "has the value \"7\" too",
        ),
        (2, changed(user(2, "ben"), attributes(json!({ "userName": 7 }))), "userName: expected a string"),
        (2, changed(user(2, "ben"), attributes(json!({}))), "userName: it is required"),
        (2, changed(user(2, "ben"), attributes(json!({ "meta": { "version": "1" } }))), "meta: "),
        (
            2,
            changed(user(2, "ben"), attributes(json!({ "title": "a\0" }))),
            "title: a text has the character U+0000",
        ),
        (
            2,
            changed(user(2, "ben"), attributes(json!({ "title": "x".repeat(3 << 20) }))),
            "title: a text is longer",
        ),
        (2, changed(user(2, "ben"), attributes(json!({ "displayName": "x".repeat(801) }))), "displayName: "),
        (
            2,
            changed(user(2, "ben"), json!({ "user": { "record": { "version": i64::MAX } } })),
            "version: 9223372",
        ),
        (2, changed(user(2, "ben"), json!({ "user": { "record": { "version": 0 } } })), "version: 0 is not"),
        (2, changed(user(2, "ben"), late), "created: 9223372036854775807 is no time"),
        (2, changed(user(2, "ben"), json!({ "user": { "record": { "modified": -1 } } })), "modified: -1"),
        (2, changed(user(2, "ben"), json!({ "user": { "origin": "heaven" } })), "\"heaven\""),
        (
            2,
            changed(user(2, "ben"), json!({ "user": { "passwordHash": "secret" } })),
            "passwordHash: it is no hash",
        ),
        (
            2,
            changed(user(2, "ben"), json!({ "user": { "record": { "provenance": { "*": 7 } } } })),
            "provenance: ",
        ),
        (
            2,
            changed(user(2, "ben"), json!({ "user": { "record": { "provenance": { "*": [id(1), -7] } } } })),
            "provenance: -7 is no time",
        ),
        (4, group(1, "All"), "id: 00000000-0000-0000-0000-000000000001 stands"),
        (4, group(12, "TEAM"), "displayName: \"TEAM\" stands in an earlier line too"),
        (
            4,
            changed(group(12, "All"), json!({ "group": { "record": { "attributes": { "members": [] } } } })),
            "members",
        ),
        (6, members(13, &[1], &[]), "000d is no group of an earlier line"),
        (6, members(12, &[9], &[]), "users: 00000000-0000-0000-0000-000000000009 is no user"),
        (6, members(12, &[], &[2]), "groups: 00000000-0000-0000-0000-000000000002 is no group"),
        (6, members(11, &[1], &[]), "is a member twice"),
        (7, link("s", 9), "user: 00000000-0000-0000-0000-000000000009 is no user"),
        (7, link("", 1), "subject: an empty text"),
        (7, changed(link("s", 1), json!({ "link": { "protocol": "fax" } })), "\"fax\""),
        (8, link("s-ana", 2), "the link of \"s-ana\": issuer and subject"),
        (8, link("s-other", 1), "has a link in an earlier line"),
        (8, json!({ "provisioningRules": [rule(50), rule(50)] }), "there are two rules"),
        (8, json!({ "provisioningRules": [changed(rule(50), json!({ "effect": "shrug" }))] }), "\"shrug\""),
        (
            8,
            json!({ "provisioningRules": [changed(rule(50), json!({ "conditions": {} }))] }),
            "nothing of whom",
        ),
        (9, deleted(1), "id: "),
        (9, changed(deleted(3), json!({ "deletedUser": { "deleted": i64::MAX } })), "deleted: 9223372"),
        (
            9,
            changed(deleted(3), json!({ "deletedUser": { "attributes": { "userName": 1 } } })),
            "userName: expected",
        ),
        (11, event(100), "id: 00000000-0000-0000-0000-000000000064 stands in an earlier line too"),
        (11, changed(event(101), json!({ "event": { "kind": "user.exploded" } })), "\"user.exploded\""),
        (11, changed(event(101), json!({ "event": { "time": -1 } })), "time: -1"),
        (11, changed(event(101), json!({ "event": { "changes": 7 } })), "changes: "),
        (11, json!({ "end": { "counts": {}, "sha256": "" } }), "one beginning and one end"),
    ]
}

#[tokio::test]
async fn a_line_that_cannot_be_written_is_told_with_its_number_and_what_is_wrong() {
    let scratch = Scratch::new().await;
    for (place, bad, naming) in bad_lines() {
        let mut judging = judging(&scratch);
        for good in whole().into_iter().take(place) {
            judging.line(&line(&good)).unwrap();
        }
        let shown = bad.to_string().chars().take(300).collect::<String>();
        let told = judging.line(&line(&bad)).expect_err(&shown).to_string();
        assert!(told.starts_with(&format!("line {}", place + 2)), "{shown}: {told}");
        assert!(told.contains(naming), "{shown}: {told}");
        assert!(told.len() < 1_000, "{told}");
    }
}

#[tokio::test]
async fn members_of_a_group_stand_together() {
    let mut judging = judging(&Scratch::new().await);
    for json in whole().into_iter().take(7) {
        judging.line(&line(&json)).unwrap();
    }
    judging.line(&line(&members(12, &[], &[12]))).unwrap();
    let told = judging.line(&line(&members(11, &[2], &[]))).unwrap_err().to_string();
    assert!(told.contains("stand in two places"), "{told}");
}

#[tokio::test]
async fn what_the_first_line_says_there_is_not_is_not_there() {
    let core = Scratch::new().await.core();
    for (more, place) in [(json!({ "passwords": false }), 1), (json!({ "events": false }), 10)] {
        let mut judging = core.judge(&header(more)).unwrap();
        let lines: Vec<Line> = whole().iter().map(line).collect();
        let refused = lines.iter().position(|line| judging.line(line).is_err());
        assert_eq!(refused, Some(place));
    }
}

#[tokio::test]
async fn a_first_line_is_judged_with_all_its_settings() {
    let core = Scratch::new().await.core();
    let settings = json!({ "settings": {
        "rules": { "unique-group-names": false }, "password": "store", "notify_first_sign_in": true,
        "admin_emails": ["boss@example.com"], "safeguards": { "guard_rail": [1, 2, 3], "retention_days": 7 },
        "provisioning": { "saml": false }, "administrator_role": "Chief",
        "activity": { "recording": "off", "days": 3, "entries": 4, "redact_personal_data": true },
    } });
    core.judge(&header(settings)).unwrap();
    for (more, naming) in [
        (json!({ "format": 2 }), "format 2"),
        (json!({ "profile": "keycloak" }), "\"keycloak\""),
        (json!({ "created": -1 }), "created: -1"),
        (json!({ "settings": { "color": "red" } }), "settings.color"),
        (json!({ "settings": { "importing": true } }), "settings.importing"),
        (json!({ "settings": { "password": "plain" } }), "settings: "),
        (json!({ "settings": { "password": 7 } }), "settings: "),
        (json!({ "settings": { "notify_first_sign_in": "yes" } }), "settings.notify_first_sign_in: \"yes\""),
        (json!({ "settings": { "admin_emails": "boss@example.com" } }), "settings.admin_emails"),
        (json!({ "settings": { "admin_emails": ["nobody"] } }), "settings: "),
        (json!({ "settings": { "rules": { "unique-names": true } } }), "settings.rules"),
        (json!({ "settings": { "provisioning": { "fax": false } } }), "settings.provisioning"),
        (json!({ "settings": { "safeguards": { "retention_days": "7" } } }), "settings: "),
        (json!({ "settings": { "safeguards": { "retention_days": 1_000_000 } } }), "retention_days"),
        (json!({ "settings": { "safeguards": { "guard_rail": [1, 101, 3] } } }), "percent"),
        (json!({ "settings": { "activity": { "days": 0 } } }), "days"),
        (json!({ "settings": { "administrator_role": " Chief" } }), "administrator_role"),
    ] {
        let told = core.judge(&header(more.clone())).expect_err(&more.to_string()).to_string();
        assert!(told.contains(naming), "{more}: {told}");
    }
}
