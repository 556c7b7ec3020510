use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const TOKEN: &str = "rc_scim_abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrstuv";
const ID: &str = "01970000-0000-7000-8000-000000000000";

fn kept(body: &Value) -> Value {
    kept_with(body, false)
}

fn kept_with(body: &Value, personal: bool) -> Value {
    let text = body.to_string();
    let kept = Redaction::new(&spellings(TOKEN), personal)
        .body(text.as_bytes(), text.len().try_into().unwrap())
        .unwrap();
    assert!(!kept.cut);
    serde_json::from_str(&kept.json).unwrap()
}

#[test]
fn a_body_without_secrets_is_kept_as_it_is() {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "ana@example.com",
        "active": true,
        "name": { "familyName": "Ruiz\u{e9}\n\"", "givenName": null },
        "emails": [{ "value": "ana@example.com", "type": "work", "primary": true }],
        "weight": 1.5,
    });
    assert_eq!(kept(&body), body);
}

#[test]
fn a_password_is_replaced_wherever_it_stands() {
    for body in [
        json!({ "password": "hunter2!" }),
        json!({ "PassWord": "hunter2!" }),
        json!({ "password": ["hunter2!"] }),
        json!({ "password": { "value": "hunter2!" } }),
        json!({ "urn:ietf:params:scim:schemas:core:2.0:User:password": "hunter2!" }),
        json!({ "urn:ietf:params:scim:schemas:core:2.0:User": { "password": "hunter2!" } }),
        json!({ "Operations": [{ "op": "replace", "path": "password", "value": "hunter2!" }] }),
        json!({ "Operations": [{ "value": "hunter2!", "PATH": "Password", "op": "replace" }] }),
        json!({ "Operations": [{ "op": "add", "value": { "password": "hunter2!" } }] }),
        json!({ "Operations": [{ "op": "add", "path": "urn:ietf:params:scim:schemas:core:2.0:User:password", "value": "hunter2!" }] }),
        json!({ "Operations": [{ "op": "add", "value": r#" {"password": "hunter2!"}"# }] }),
        json!({ "Operations": [{ "op": "replace", "value": r#"{"title": "x", "p\u0061ssword": ["hunter2!"]}"# }] }),
        json!({ "Operations": [{ "op": "replace", "value": r#"{"p\u0061ssword": "hunter2!""# }] }),
        json!({ "Operations": [{ "method": "POST", "path": "/Users", "data": { "password": "hunter2!" } }] }),
        json!({ "Operations": [{ "method": "PATCH", "data": { "Operations": [{ "op": "add", "path": "password", "value": "hunter2!" }] } }] }),
        json!({ "attributes": [{ "name": "password", "value": "hunter2!" }] }),
        json!({ "filter": "userName eq \"ana\" and password eq \"hunter2!\"" }),
        json!({ "userName": "hunter2!", "password": "hunter2!" }),
        json!({ "client_secret": "hunter2!", "grant_type": "client_credentials" }),
    ] {
        let text = kept(&body).to_string();
        assert!(!text.contains("hunter2"), "{body} became {text}");
        assert!(text.contains(REDACTED), "{text}");
    }
}

#[test]
fn a_secret_of_a_body_is_hidden_in_the_texts_too() {
    let presented = spellings("");
    let mut redaction = Redaction::new(&presented, false);
    let body = br#"{"password": "hunter\"2!"}"#;
    redaction.body(body, body.len().try_into().unwrap());
    let detail = redaction.text("password: \"hunter\\\"2!\" is hunter\"2! again");
    assert_eq!(detail, "password: \"[redacted]\" is [redacted] again");
}

#[test]
fn a_body_that_was_cut_off_keeps_what_can_be_judged() {
    let whole = r#"{"userName":"ana","Operations":[{"op":"replace","value":"hunter2!","path":"password"}],"title":"x"}"#;
    for end in 0..whole.len() {
        let kept = Redaction::new(&spellings(""), false)
            .body(&whole.as_bytes()[..end], whole.len().try_into().unwrap());
        let kept = kept.unwrap();
        assert!(kept.cut);
        assert!(!kept.json.contains("hunter"), "{end}: {}", kept.json);
        assert!(kept.json.is_empty() || serde_json::from_str::<Value>(&kept.json).is_ok(), "{}", kept.json);
    }
}

#[test]
fn what_is_no_json_is_not_kept() {
    let body = b"password=hunter2&userName=ana";
    let kept = Redaction::new(&spellings(""), false).body(body, body.len().try_into().unwrap()).unwrap();
    assert_eq!((kept.json.as_str(), kept.cut, kept.bytes), ("", true, 29));
    assert_eq!(Redaction::new(&spellings(""), false).body(b"", 0), None);
}

#[test]
fn what_has_no_name_is_not_kept() {
    for (body, expected) in [
        (json!("hunter2!"), json!(REDACTED)),
        (json!(" {\"userName\": \"hunter2!\"}"), json!(REDACTED)),
        (
            json!(["hunter2!", 4_711_471_147_u64, ["hunter2!"], null]),
            json!([REDACTED, REDACTED, [REDACTED], null]),
        ),
        (json!([{ "title": "hunter2!" }, "hunter2!"]), json!([{ "title": REDACTED }, REDACTED])),
    ] {
        assert_eq!(kept(&body), expected, "{body}");
    }
    let presented = spellings("");
    let mut redaction = Redaction::new(&presented, false);
    let body = br#""hunter2!""#;
    redaction.body(body, body.len().try_into().unwrap());
    assert_eq!(redaction.text("\"hunter2!\" is no object"), "\"[redacted]\" is no object");
}

#[test]
fn a_body_is_kept_up_to_its_limit_and_stays_json() {
    let members: Vec<Value> = (0..5000).map(|number| json!({ "value": format!("id-{number}") })).collect();
    let text = json!({ "members": members }).to_string();
    let kept =
        Redaction::new(&spellings(""), false).body(text.as_bytes(), text.len().try_into().unwrap()).unwrap();
    assert!(kept.cut && kept.json.len() < LONGEST_BODY + 100, "{}", kept.json.len());
    assert!(serde_json::from_str::<Value>(&kept.json).is_ok());
}

#[test]
fn a_secret_that_looks_encoded_is_hidden_in_urls() {
    let presented = spellings("s3cr3t%68unter+2");
    let redaction = Redaction::new(&presented, false);
    for sent in ["s3cr3t%2568unter+2", "s3cr3t%2568unter%2B2", "s3cr3t%252568unter%252B2"] {
        assert_eq!(redaction.path(&format!("/Users/{sent}")), "/Users/[redacted]");
        assert_eq!(
            redaction.query(&format!("{sent}=a&b={sent}&{sent}")),
            "[redacted]=[redacted]&b=[redacted]&[redacted]"
        );
        assert_eq!(redaction.id(sent), REDACTED);
    }
}

#[test]
fn tokens_are_hidden_in_urls() {
    let presented = spellings("s3cr3t-of-a-bootstrap+token/=");
    let redaction = Redaction::new(&presented, false);
    for (sent, kept) in [
        ("access_token=abc&count=10", "access_token=[redacted]&count=10"),
        ("x=s3cr3t-of-a-bootstrap%2Btoken%2F%3D", "x=[redacted]"),
        ("filter=password%20eq%20%22hunter2%22", "filter=[redacted]"),
        ("filter=userName+eq+%22ana%22", "filter=userName+eq+%22ana%22"),
        ("flag", "flag"),
        ("", ""),
    ] {
        assert_eq!(redaction.query(sent), kept);
    }
    assert_eq!(redaction.query(&format!("a={TOKEN}")), "a=[redacted]");
    assert_eq!(redaction.path(&format!("/scim/v2/Users/{TOKEN}")), "/scim/v2/Users/[redacted]");
    assert_eq!(redaction.path("/scim/v2/Users/s3cr3t-of-a-bootstrap+token%2F="), "/scim/v2/Users/[redacted]");
    assert_eq!(redaction.path(&format!("/scim/v2/Users/{ID}")), format!("/scim/v2/Users/{ID}"));
}

#[test]
fn personal_data_is_replaced_and_the_form_stays() {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [
            { "op": "replace", "path": "emails[value eq \"ana@x.example\"].value", "value": "ana@y.example" },
            { "op": "add", "path": "members", "value": [{ "value": ID, "display": "Ana" }] },
            { "op": "replace", "path": "active", "value": false },
            { "op": "add", "value": { "employeeNumber": 4711, "type": "Ana Ruiz" } },
        ],
    });
    let expected = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [
            { "op": "replace", "path": "emails[value eq [redacted]].value", "value": "[redacted]" },
            { "op": "add", "path": "members", "value": [{ "value": ID, "display": "[redacted]" }] },
            { "op": "replace", "path": "active", "value": false },
            { "op": "add", "value": { "employeeNumber": "[redacted]", "type": "[redacted]" } },
        ],
    });
    assert_eq!(kept_with(&body, true), expected);
    let presented = spellings("");
    let redaction = Redaction::new(&presented, true);
    assert_eq!(redaction.text("userName: another user has \"ana\""), "userName: another user has [redacted]");
    assert_eq!(redaction.path("/scim/v2/Users/ana%40x.example"), "/scim/v2/Users/[redacted]");
    assert_eq!(redaction.id("ana"), REDACTED);
    assert_eq!(
        redaction.query("filter=userName%20eq%20%22ana%22&count=1&name=ana"),
        "filter=userName%20eq%20[redacted]&count=1&name=[redacted]"
    );
}

/// JSON of any form.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-zA-Z@. \"\\\\é]{0,12}".prop_map(Value::from),
    ];
    let name = prop_oneof![
        Just("value".to_owned()),
        Just("path".to_owned()),
        Just("op".to_owned()),
        Just("Operations".to_owned()),
        "[a-zA-Z:]{1,8}",
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Puts something into JSON, at a place that the numbers choose.
fn plant(into: &mut Value, planted: &Value, choices: &[usize]) {
    let (choice, rest) = choices.split_first().unwrap_or((&0, &[]));
    match into {
        Value::Array(values) if !values.is_empty() && !rest.is_empty() => {
            let place = choice % values.len();
            plant(&mut values[place], planted, rest);
        }
        Value::Object(members) if !members.is_empty() && !rest.is_empty() => {
            let place = choice % members.len();
            if let Some((_, value)) = members.iter_mut().nth(place) {
                plant(value, planted, rest);
            }
        }
        other => *other = json!([other.clone(), planted]),
    }
}

/// The ways in which a password is sent.
fn password(secret: &str, way: usize) -> Value {
    match way % 6 {
        0 => json!({ "password": secret }),
        1 => json!({ "op": "add", "path": "password", "value": secret }),
        2 => {
            json!({ "value": secret, "op": "replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User:Password" })
        }
        3 => json!({ "op": "add", "value": { "PASSWORD": [secret] } }),
        4 => json!({ "method": "PUT", "path": "/Users/1", "data": { "password": secret } }),
        _ => json!({ "password": { "new": secret, "old": { "deep": secret } } }),
    }
}

proptest! {
    #[test]
    fn a_password_planted_anywhere_never_survives(
        mut body in any_json(),
        way in 0_usize..6,
        choices in prop::collection::vec(0_usize..8, 0..5),
        secret in "[!-~]{8,16}Zq9#",
        end in 0_usize..4096,
        personal in any::<bool>(),
    ) {
        plant(&mut body, &password(&secret, way), &choices);
        let text = body.to_string();
        let sent = &text.as_bytes()[..end.min(text.len())];
        let presented = spellings("");
        let mut redaction = Redaction::new(&presented, personal);
        let kept = redaction.body(sent, text.len().try_into().unwrap()).unwrap();
        let written = serde_json::to_string(&secret).unwrap();
        prop_assert!(!kept.json.contains(&secret) && !kept.json.contains(written.trim_matches('"')), "{}", kept.json);
        prop_assert!(kept.json.is_empty() || serde_json::from_str::<Value>(&kept.json).is_ok(), "{}", kept.json);
        if sent.len() == text.len() {
            let detail = redaction.text(&format!("password: {secret:?} is no good"));
            prop_assert!(!detail.contains("Zq9#"), "{}", detail);
        }
    }

    #[test]
    fn a_token_planted_anywhere_never_survives(
        mut body in any_json(),
        choices in prop::collection::vec(0_usize..8, 0..5),
        foreign in "[A-Za-z0-9_-]{22,40}",
        around in "[a-z \"\\\\]{0,5}",
        end in 0_usize..4096,
    ) {
        for token in [TOKEN, &foreign] {
            plant(&mut body, &json!({ format!("x{token}"): format!("{around}{token}{around}") }), &choices);
        }
        let text = body.to_string();
        let sent = &text.as_bytes()[..end.min(text.len())];
        let presented = spellings(&foreign);
        let mut redaction = Redaction::new(&presented, false);
        let kept = redaction.body(sent, text.len().try_into().unwrap()).unwrap();
        for token in [TOKEN, &foreign] {
            prop_assert!(!kept.json.contains(token), "{}", kept.json);
            for text in [
                redaction.text(&format!("{around}{token}{around}")),
                redaction.query(&format!("a={token}&{token}&{token}=b")),
                redaction.path(&format!("/scim/v2/{token}/x{token}")),
                redaction.id(token),
            ] {
                prop_assert!(!text.contains(token), "{}", text);
            }
        }
    }

    #[test]
    fn no_value_of_a_person_survives_where_personal_data_is_redacted(
        mut body in any_json(),
        choices in prop::collection::vec(0_usize..8, 0..5),
        attribute in "[a-z]{3,10}",
    ) {
        let person = "Ana Ruiz <ana@example.com>";
        plant(&mut body, &json!({ attribute.clone(): person, "value": person, "filter": format!("{attribute} eq \"{person}\"") }), &choices);
        let text = body.to_string();
        let kept = Redaction::new(&spellings(""), true).body(text.as_bytes(), text.len().try_into().unwrap()).unwrap();
        prop_assert!(!kept.json.contains("Ana") && !kept.json.contains("example.com"), "{}", kept.json);
    }

    #[test]
    fn no_input_is_too_odd(bytes in prop::collection::vec(any::<u8>(), 0..200), text in any::<String>(), personal in any::<bool>()) {
        let presented = spellings(&text);
        let mut redaction = Redaction::new(&presented, personal);
        redaction.body(&bytes, 100);
        redaction.text(&text);
        redaction.path(&text);
        redaction.query(&text);
        redaction.id(&text);
    }
}

#[test]
fn a_secret_in_a_url_is_hidden_however_it_is_encoded() {
    let secret = format!("rc_scim_{}", "abcdef234567".repeat(5));
    let once =
        percent_encoding::percent_encode(secret.as_bytes(), percent_encoding::NON_ALPHANUMERIC).to_string();
    let twice = once.replace('%', "%25");
    let redaction = Redaction::new(&[], false);
    for spelling in [&secret, &once, &twice] {
        let path = redaction.path(&format!("/scim/v2/Users/{spelling}"));
        assert_eq!(path, "/scim/v2/Users/[redacted]", "{spelling}");
        assert!(!redaction.id(spelling).contains(&spelling[spelling.len() - 20..]));
    }
    let every = secret.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02X}"));
    let twice = every.replace('%', "%25");
    let knowing = Redaction::new(&[], false).knowing_encoded(&format!("/scim/v2/Users/{twice}"), "");
    for repeated in [every.as_str(), &every[..100]] {
        assert_eq!(knowing.text(&format!("there is no {repeated:?}")), "there is no \"[redacted]\"");
    }
    assert_eq!(redaction.id("2819c223"), "2819c223");
}
