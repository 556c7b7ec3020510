//! The body of a group (RFC 7643 §4.2): its members apart from its other attributes, which alone are read into a tree.

use rollcall_api::group;
use rollcall_api::v1::Group;
use rollcall_scim::schema::GROUP;
use serde_json::{Map, Value};

use crate::allowance::Allowance;
use crate::error::Refusal;
use crate::implied_schemas::complete;
use crate::member_ids::{self, Ids, is_members};
use crate::raw::{self, RawObject};

/// What a client said of a group.
#[derive(Debug)]
pub(crate) struct GroupBody {
    pub(crate) group: Group,
    /// `None`, it did not say who the members are. Null says nothing either: it does not clear what the client may never
    /// have known of.
    pub(crate) members: Option<Ids>,
}

/// Reads a group, which stands so many levels deep in its body. What it says beside its members is allowed as that of a user
/// is.
///
/// Errors: `invalidSyntax` and `invalidValue`, as those of a user; past what is allowed, that.
pub(crate) fn read(
    object: RawObject<'_>,
    levels: usize,
    allowance: &mut Allowance,
) -> Result<GroupBody, Refusal> {
    let mut parts = Parts { members: None, allowance };
    let mut attributes = parts.take(object, levels + 1, true)?;
    complete(&mut attributes, GROUP);
    Ok(GroupBody { group: group::from_json(attributes)?, members: parts.members })
}

struct Parts<'a> {
    members: Option<Ids>,
    allowance: &'a mut Allowance,
}

impl Parts<'_> {
    /// The attributes of an object, whose members are put aside. Those of the whole may be qualified by standing in an object
    /// of their own, under the URN of the schema.
    fn take(
        &mut self,
        object: RawObject<'_>,
        levels: usize,
        is_whole: bool,
    ) -> Result<Map<String, Value>, Refusal> {
        let mut attributes = Map::new();
        for (name, value) in object {
            if is_members(&name) {
                self.members = member_ids::read(value)?.or(self.members.take());
            } else if is_whole && name.eq_ignore_ascii_case(GROUP) && raw::is_object(value) {
                let object = RawObject::of(value)?;
                attributes.insert(name, self.take(object, levels + 1, false)?.into());
            } else {
                self.allowance.take(value.get().as_bytes())?;
                attributes.insert(name, raw::value(value, levels)?);
            }
        }
        Ok(attributes)
    }
}

#[cfg(test)]
mod tests {
    use rollcall_api::v1::ErrorReason;

    use super::*;

    const LIMIT: usize = 1000;

    fn read(text: &str) -> Result<GroupBody, Refusal> {
        super::read(RawObject::of_body(text.as_bytes()).unwrap(), 0, &mut Allowance::of_one(LIMIT))
    }

    fn members(rest: &str) -> Option<Vec<String>> {
        let body = read(&format!(r#"{{"schemas":["{GROUP}"],"displayName":"Ops"{rest}}}"#)).unwrap();
        assert_eq!(body.group.display_name.as_deref(), Some("Ops"));
        body.members.map(|ids| ids.into_chunks().flatten().collect())
    }

    #[test]
    fn members_are_put_aside_under_whichever_name() {
        for rest in [
            r#","members":[{"value":"u1"}]"#,
            r#","MEMBERS":["u1"],"shoeSize":{"x":1}"#,
            r#","urn:ietf:params:scim:schemas:core:2.0:Group:members":{"value":"u1"}"#,
            r#","urn:ietf:params:scim:schemas:core:2.0:Group":{"members":["u1"],"externalId":"7"}"#,
            r#","members":["u0"],"members":["u1"],"Members":null"#,
        ] {
            assert_eq!(members(rest).unwrap(), ["u1"], "{rest}");
        }
    }

    #[test]
    fn an_empty_list_is_said_and_null_is_not() {
        assert_eq!(members(r#","members":[]"#), Some(Vec::new()));
        assert_eq!(members(r#","members":null"#), None);
        assert_eq!(members(""), None);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (body, reason, part) in [
            (r#"{"schemas":"GROUP","displayName":"x"}"#, ErrorReason::InvalidValue, "schemas"),
            (r#"{"schemas":["urn:x"],"displayName":"x"}"#, ErrorReason::InvalidSyntax, "schemas"),
            (r#"{"schemas":["GROUP"]}"#, ErrorReason::InvalidValue, "displayName"),
            (r#"{"schemas":["GROUP"],"displayName":[1]}"#, ErrorReason::InvalidValue, "displayName"),
            (
                r#"{"schemas":["GROUP"],"displayName":"x","members":[{"value":"u"},7]}"#,
                ErrorReason::InvalidValue,
                "members[1]",
            ),
            (r#"{"schemas":["GROUP"],"displayName":"\udc00"}"#, ErrorReason::InvalidSyntax, "no JSON"),
        ] {
            let refusal = read(&body.replace("GROUP", GROUP)).unwrap_err();
            assert_eq!(refusal.reason, reason, "{body}: {}", refusal.detail);
            assert!(refusal.detail.contains(part), "{body}: {}", refusal.detail);
        }
    }

    #[test]
    fn an_object_under_the_urn_of_the_schema_is_no_endless_descent() {
        let nested = format!("{}1{}", format!("{{\"{GROUP}\":").repeat(10_000), "}".repeat(10_000));
        let refusal = super::read(
            RawObject::of_body(nested.as_bytes()).unwrap(),
            0,
            &mut Allowance::of_one(usize::MAX),
        )
        .unwrap_err();
        assert_eq!(refusal.reason, ErrorReason::InvalidSyntax);
    }

    #[test]
    fn only_members_may_be_many() {
        let many = vec![r#"{"value":"0123456789"}"#; 1000].join(",");
        assert_eq!(members(&format!(r#","members":[{many}]"#)).unwrap().len(), 1000);
        let refusal =
            read(&format!(r#"{{"schemas":["{GROUP}"],"displayName":"x","y":[{many}]}}"#)).unwrap_err();
        assert_eq!(refusal.reason, ErrorReason::PayloadTooLarge);
        assert!(refusal.detail.contains("1000 bytes"), "{}", refusal.detail);
    }
}
