//! The roles of users, by which a directory may know its administrators.

use std::collections::BTreeSet;

use rollcall_scim::Resource;
use rollcall_scim::fold::fold;
use serde_json::Value;

/// The longest role, in characters, that anybody is known by.
pub const LONGEST_ROLE: usize = 200;

/// The values of the `roles` of a user, folded, without those that are longer than [`LONGEST_ROLE`]. Entra ID may send a role
/// as a text that holds an object; its `value` is the role then, as well as the text itself.
pub fn role_values(user: &Resource) -> BTreeSet<String> {
    let roles = user.get("roles").and_then(Value::as_array).into_iter().flatten();
    let texts = roles.filter_map(|role| role.get("value")?.as_str());
    texts
        .flat_map(|text| [Some(fold(text)), within(text)])
        .flatten()
        .filter(|role| !role.is_empty() && role.chars().count() <= LONGEST_ROLE)
        .collect()
}

/// The `value` of an object that a text holds.
fn within(text: &str) -> Option<String> {
    let object = text.trim_start().starts_with('{').then(|| serde_json::from_str::<Value>(text).ok())??;
    object.get("value")?.as_str().map(fold)
}

/// Whether a user has this role, whatever its case.
pub fn has_role(user: &Resource, role: &str) -> bool {
    role_values(user).contains(&fold(role))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn roles(roles: &Value) -> BTreeSet<String> {
        let Value::Object(user) = json!({ "userName": "ana", "roles": roles }) else { panic!("an object") };
        role_values(&user)
    }

    #[test]
    fn roles_are_their_values_whatever_their_case_and_form() {
        let entra = r#"{"id":"7","value":"App.Admin","displayName":"Admin"}"#;
        assert_eq!(
            roles(&json!([{ "value": "Admin", "primary": true }, { "value": "ops" }])),
            ["admin", "ops"].map(str::to_owned).into()
        );
        assert!(roles(&json!([{ "value": entra }])).contains("app.admin"));
        assert!(roles(&json!([{ "value": "{broken" }])).contains("{broken"));
        for none in
            [json!([]), json!(null), json!([{ "display": "Admin" }]), json!([{ "value": "x".repeat(201) }])]
        {
            assert!(roles(&none).is_empty(), "{none}");
        }
    }

    #[test]
    fn a_role_is_not_a_part_of_another_one() {
        let Value::Object(user) = json!({ "roles": [{ "value": "Administrators" }] }) else {
            panic!("an object")
        };
        assert!(has_role(&user, "ADMINISTRATORS"));
        assert!(!has_role(&user, "admin"));
    }
}
