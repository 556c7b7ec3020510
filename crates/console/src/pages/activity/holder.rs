//! Which name a request wanted that somebody else has.

use rollcall_api::v1::Activity;
use serde_json::Value;

/// The attribute and its value in a request that was refused because another user or group has it; `None`, it was another
/// request, or what it wanted is not kept.
pub(super) fn taken(activity: &Activity) -> Option<(&'static str, String)> {
    if activity.scim_type != "uniqueness" {
        return None;
    }
    let named = activity.detail.split(':').next().unwrap_or_default();
    let attribute = ["userName", "displayName"].into_iter().find(|attribute| *attribute == named)?;
    let sent: Value = serde_json::from_str(&activity.request_body.as_ref()?.json).ok()?;
    Some((attribute, value_of(&sent, attribute)?))
}

/// The first value of an attribute, in a resource or in the operations of a PATCH.
fn value_of(sent: &Value, attribute: &str) -> Option<String> {
    match sent {
        Value::Array(items) => items.iter().find_map(|item| value_of(item, attribute)),
        Value::Object(members) => {
            let member = |name: &str| {
                members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
            };
            let is_path =
                |path: &Value| path.as_str().is_some_and(|path| path.eq_ignore_ascii_case(attribute));
            let by_path = member("path").filter(|path| is_path(path)).and_then(|_| member("value"));
            let named = member(attribute).or(by_path).and_then(Value::as_str).map(str::to_owned);
            named.or_else(|| members.values().find_map(|value| value_of(value, attribute)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rollcall_api::v1::ActivityBody;

    use super::*;

    fn refused(detail: &str, json: &str) -> Activity {
        Activity {
            scim_type: "uniqueness".to_owned(),
            detail: detail.to_owned(),
            request_body: Some(ActivityBody { json: json.to_owned(), ..ActivityBody::default() }),
            ..Activity::default()
        }
    }

    #[test]
    fn the_name_is_found_in_a_resource_and_in_operations() {
        let user = "userName: another user of the directory has it";
        let wanted = Some(("userName", "Ana".to_owned()));
        assert_eq!(taken(&refused(user, r#"{"username": "Ana", "displayName": "A"}"#)), wanted);
        let operations = r#"{"Operations": [{"op": "replace", "path": "userName", "value": "Ana"}]}"#;
        assert_eq!(taken(&refused(user, operations)), wanted);
        let pathless = r#"{"Operations": [{"op": "replace", "value": {"userName": "Ana"}}]}"#;
        assert_eq!(taken(&refused(user, pathless)), wanted);
    }

    #[test]
    fn of_other_refusals_nothing_is_known() {
        assert_eq!(taken(&refused("externalId, userName: several users", r#"{"userName": "Ana"}"#)), None);
        assert_eq!(taken(&refused("userName: taken", r#"{"active": true}"#)), None);
        let other = Activity { scim_type: "mutability".to_owned(), ..refused("userName: no", "{}") };
        assert_eq!(taken(&other), None);
    }
}
