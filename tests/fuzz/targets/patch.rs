//! PATCH: operations on a user apply or are refused, and what they make is in canonical form. Operations on a group come
//! apart without a loss.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use rollcall_scim::membership::split;
use rollcall_scim::patch::{Kind, Operation, apply};
use rollcall_scim::{Profile, Resource, builtin, resource};
use serde_json::{Value, json};

const ID: &str = "01970000-0000-7000-8000-000000000001";

static ANA: LazyLock<Resource> = LazyLock::new(|| {
    let body = json!({
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        ],
        "userName": "ana@example.com",
        "name": {"givenName": "Ana", "familyName": "Ruiz"},
        "active": true,
        "emails": [{"value": "ana@example.com", "type": "work", "primary": true}, {"value": "a@home.test", "type": "home"}],
        "addresses": [{"type": "work", "locality": "Sevilla"}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Ops", "manager": {"value": "7"}},
    });
    resource::normalize(body, builtin::user()).expect("a user")
});

/// Reads `[{"op": 0, "path": …, "value": …}, …]`.
fn operations(bytes: &[u8]) -> Option<Vec<Operation>> {
    let Value::Array(elements) = serde_json::from_slice(bytes).ok()? else { return None };
    let operation = |element: Value| {
        let Value::Object(mut members) = element else { return None };
        let kind = match members.get("op").and_then(Value::as_u64) {
            Some(0) => Kind::Add,
            Some(1) => Kind::Remove,
            _ => Kind::Replace,
        };
        let path = members.get("path").and_then(Value::as_str).map(str::to_owned);
        Some(Operation { kind, path, value: members.shift_remove("value") })
    };
    elements.into_iter().map(operation).collect()
}

fuzz_target!(|bytes: &[u8]| {
    let Some(operations) = operations(bytes) else { return };
    for profile in [Profile::Generic, Profile::Entra] {
        let rules = profile.rules();
        if let Ok(patched) = apply(&ANA, ID, &operations, builtin::user(), rules) {
            let again = resource::normalize_attributes(patched.clone(), builtin::user());
            assert_eq!(
                again.expect("a patched user is a user"),
                patched,
                "a patched user is in canonical form"
            );
        }
        if let Ok(parts) = split(operations.clone(), builtin::group(), rules) {
            assert_eq!(parts.attributes.len(), operations.len());
        }
    }
});
