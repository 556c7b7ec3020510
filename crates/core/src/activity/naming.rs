//! What requests call users and groups, so that they are found by it: also those that came before the user was there, and
//! those that were refused.

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;
use rollcall_scim::fold::fold;
use rollcall_store::Body;
use serde_json::{Map, Value};

use super::redaction::REDACTED;

/// The attributes whose values are names.
const NAMES: [&str; 4] = ["userName", "displayName", "externalId", "emails"];
/// The attributes in which others are named: whoever is a member, or somebody's manager, is not whom a request is about.
const OTHERS: [&str; 3] = ["members", "manager", "groups"];
/// How many names of a request are kept.
const MOST_NAMES: usize = 64;
/// How long a name may be, in bytes.
const LONGEST_NAME: usize = 256;

/// The names in a request, from what is kept of it.
pub(super) fn names(bodies: [Option<&Body>; 2], query: Option<&str>) -> Vec<String> {
    let mut names = Names::default();
    for body in bodies.into_iter().flatten() {
        if let Ok(json) = serde_json::from_str(&body.json) {
            names.read(&json);
        }
    }
    for parameter in query.unwrap_or_default().split('&') {
        let Some((name, value)) = parameter.split_once('=') else { continue };
        if name.eq_ignore_ascii_case("filter") {
            let value = value.replace('+', " ");
            names.read_filter(&percent_decode_str(&value).decode_utf8_lossy());
        }
    }
    names.found.into_iter().collect()
}

#[derive(Default)]
struct Names {
    found: BTreeSet<String>,
}

impl Names {
    fn add(&mut self, name: &str) {
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        // Nobody is called by a text with U+0000, which PostgreSQL does not hold.
        let is_name = !name.is_empty()
            && !name.contains('\0')
            && !name.contains(REDACTED)
            && name.len() <= LONGEST_NAME;
        if is_name && self.found.len() < MOST_NAMES {
            self.found.insert(fold(&name));
        }
    }

    fn read(&mut self, json: &Value) {
        match json {
            Value::Array(items) => items.iter().for_each(|item| self.read(item)),
            Value::Object(members) => self.read_object(members),
            _ => {}
        }
    }

    fn read_object(&mut self, members: &Map<String, Value>) {
        let member = |name: &str| members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        // An operation of a PATCH has the attribute in its path.
        let path = member("path").and_then(|(_, path)| path.as_str()).map(attribute).unwrap_or_default();
        for (key, value) in members {
            let key = attribute(key);
            let is_value = key.eq_ignore_ascii_case("value");
            if is_one_of(&NAMES, key) || is_value && is_one_of(&NAMES, path) {
                self.add_values(value);
            } else if is_one_of(&OTHERS, key) || is_value && is_one_of(&OTHERS, path) {
                // It is not whom the request is about.
            } else if key.eq_ignore_ascii_case("filter") {
                self.read_filter(value.as_str().unwrap_or_default());
            } else {
                self.read(value);
            }
        }
    }

    /// A name, or the values of a complex attribute.
    fn add_values(&mut self, value: &Value) {
        match value {
            Value::String(name) => self.add(name),
            Value::Array(items) => items.iter().for_each(|item| self.add_values(item)),
            Value::Object(members) => {
                if let Some(Value::String(name)) = members.get("value") {
                    self.add(name);
                }
            }
            _ => {}
        }
    }

    /// The values that a filter compares with, be it right or not.
    fn read_filter(&mut self, filter: &str) {
        let mut rest = filter;
        while let Some((_, quoted)) = rest.split_once('"') {
            let Some(end) = end_of_text(quoted) else { return };
            if let Ok(name) = serde_json::from_str::<String>(&format!("\"{}\"", &quoted[..end])) {
                self.add(&name);
            }
            rest = quoted.get(end + 1..).unwrap_or_default();
        }
    }
}

/// Where a JSON text whose first quotation mark is gone has its last one.
fn end_of_text(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

/// The attribute that a path or a key begins with, without its URN: `emails` of `emails[type eq "work"].value`.
fn attribute(path: &str) -> &str {
    let attribute = path.split('[').next().unwrap_or_default();
    let attribute = attribute.rsplit(':').next().unwrap_or_default();
    attribute.split('.').next().unwrap_or_default()
}

fn is_one_of(attributes: &[&str], name: &str) -> bool {
    attributes.iter().any(|attribute| attribute.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_body(json: &str) -> Vec<String> {
        let body = Body { json: json.to_owned(), cut: false, bytes: 1 };
        names([Some(&body), None], None)
    }

    #[test]
    fn a_user_is_named_by_every_name_that_they_have() {
        let json = r#"{"schemas": ["urn:x"], "UserName": "Ana@Ex.com", "displayName": "Ana  Ruiz", "externalId": "00u1",
            "emails": [{"value": "a.ruiz@ex.com", "type": "work"}], "title": "Engineer",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": {"displayName": "Bo"}}}"#;
        assert_eq!(of_body(json), ["00u1", "a.ruiz@ex.com", "ana ruiz", "ana@ex.com"]);
    }

    #[test]
    fn operations_name_by_path_and_by_value_and_members_are_not_named() {
        let json = r#"{"Operations": [
            {"op": "replace", "path": "userName", "value": "Ben"},
            {"op": "Add", "path": "emails[type eq \"work\"].value", "value": "ben@ex.com"},
            {"op": "replace", "value": {"displayName": "Big Ben", "active": false}},
            {"op": "add", "path": "title", "value": "Clock"},
            {"op": "add", "path": "members", "value": [{"value": "1", "displayName": "Cid"}]}]}"#;
        assert_eq!(of_body(json), ["ben", "ben@ex.com", "big ben"]);
    }

    #[test]
    fn a_bulk_request_names_whom_its_operations_name() {
        let json = r#"{"Operations": [{"method": "POST", "path": "/Users", "data": {"userName": "ana"}},
            {"method": "POST", "path": "/Users", "data": {"userName": "ben"}}]}"#;
        assert_eq!(of_body(json), ["ana", "ben"]);
    }

    #[test]
    fn a_filter_names_what_it_compares_with_even_where_it_is_wrong() {
        let of = |query| names([None, None], Some(query));
        assert_eq!(of("filter=userName+eq+%22Ana%40Ex.com%22&count=1"), ["ana@ex.com"]);
        assert_eq!(of(r#"filter=userName eq "a\"b" and ((title pr"#), [r#"a"b"#]);
        assert_eq!(of("count=1&attributes=userName"), [] as [&str; 0]);
        assert_eq!(of(r#"filter=userName eq "[redacted]""#), [] as [&str; 0]);
        assert_eq!(of(r#"filter=userName eq "open"#), [] as [&str; 0]);
        assert_eq!(of_body(r#"{"filter": "userName eq \"cid\""}"#), ["cid"]);
    }

    #[test]
    fn what_no_database_holds_is_no_name() {
        assert_eq!(of_body(r#"{"userName": "a\u0000b", "displayName": "Ana"}"#), ["ana"]);
        assert_eq!(names([None, None], Some("filter=userName eq %22a%00b%22")), [] as [&str; 0]);
    }

    #[test]
    fn names_are_few_and_short() {
        let many: Vec<Value> = (0..500).map(|number| Value::from(format!("name-{number}"))).collect();
        let json = serde_json::json!({ "emails": many, "userName": "x".repeat(1000) });
        assert_eq!(of_body(&json.to_string()).len(), MOST_NAMES);
    }
}
