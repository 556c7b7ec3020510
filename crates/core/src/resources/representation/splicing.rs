//! The SCIM JSON of a resource from the text that is stored of it, without reading more of that than its names: what is
//! derived is written before and behind.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use rollcall_api::v1::ScimResource;
use rollcall_scim::schema::ENTERPRISE_USER;
use rollcall_scim::{Definition, Resource, resource};
use rollcall_store::{Membership, StoredDocument};
use serde::Deserialize;
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Derived, add_manager_reference};
use crate::error::{Error, Result};
use crate::version::entity_tag;

/// How many bytes are written beside what is stored, of a user in few groups.
const BESIDE: usize = 640;

/// The SCIM JSON of a resource of which all that is stored comes back.
pub(super) fn spliced(
    document: &StoredDocument,
    groups: &[Membership],
    base: &str,
    definition: &Definition,
) -> Result<ScimResource> {
    let json = text(document, groups, base, definition).map_err(Error::internal)?;
    Ok(ScimResource { id: document.id.to_string(), version: entity_tag(document.version), json })
}

fn text(
    document: &StoredDocument,
    groups: &[Membership],
    base: &str,
    definition: &Definition,
) -> serde_json::Result<Bytes> {
    let derived = Derived::of(document, groups, base);
    let members = members(&document.attributes)?;
    let has = |urn: &str| members.iter().any(|(name, value)| name.0 == urn && is_assigned(value));
    let mut json = Vec::with_capacity(document.attributes.len() + BESIDE);
    json.extend(b"{\"schemas\":");
    serde_json::to_writer(&mut json, &resource::schemas_among(has, definition).collect::<Vec<_>>())?;
    json.extend(b",\"id\":\"");
    json.extend(document.id.hyphenated().encode_lower(&mut [0; 36]).as_bytes());
    json.push(b'"');
    for (Name(name), value) in &members {
        json.push(b',');
        serde_json::to_writer(&mut json, name)?;
        json.push(b':');
        if name == ENTERPRISE_USER && value.get().contains("\"manager\"") {
            let mut enterprise: Resource = serde_json::from_str(value.get())?;
            add_manager_reference(&mut enterprise, base);
            serde_json::to_writer(&mut json, &enterprise)?;
        } else {
            json.extend(value.get().as_bytes());
        }
    }
    if !derived.groups.is_empty() {
        json.extend(b",\"groups\":");
        serde_json::to_writer(&mut json, &derived.groups)?;
    }
    json.extend(b",\"meta\":");
    serde_json::to_writer(&mut json, &derived.meta)?;
    json.push(b'}');
    Ok(json.into())
}

/// Whether a value of an extension is one (RFC 7643 §2.5).
fn is_assigned(value: &RawValue) -> bool {
    !matches!(value.get(), "null" | "[]" | "{}")
}

/// The name of a member, copied only where it is not written as it is meant.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// The members of an object, in order, unread.
fn members(object: &str) -> serde_json::Result<Vec<(Name<'_>, &RawValue)>> {
    struct Members;

    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(Name<'de>, &'de RawValue)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
            let mut members = Vec::with_capacity(24);
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }

    serde_json::Deserializer::from_str(object).deserialize_map(Members)
}

#[cfg(test)]
mod tests {
    use rollcall_scim::builtin;
    use rollcall_scim::schema::USER;
    use rollcall_store::{ResourceType, StoredResource, UserOrigin};
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;
    use crate::resources::View;

    const BASE: &str = "https://id.example.com/scim/v2";

    fn document(attributes: &Value) -> StoredDocument {
        StoredResource {
            resource_type: ResourceType::User,
            id: Uuid::from_u128(7),
            version: 3,
            created: 1_700_000_000_000_000,
            modified: 1_700_000_000_123_456,
            attributes: attributes.to_string(),
            groups: Vec::new(),
            administrator: false,
            origin: Some(UserOrigin::Scim),
            scim_managed: true,
        }
    }

    fn membership(group: u128, label: Option<&str>, is_direct: bool) -> Membership {
        let (member, group) = (Uuid::from_u128(7), Uuid::from_u128(group));
        Membership { member, group, label: label.map(str::to_owned), is_direct }
    }

    fn shown(attributes: &Value, groups: &[Membership]) -> Value {
        let spliced = spliced(&document(attributes), groups, BASE, builtin::user()).unwrap();
        assert_eq!((spliced.id, spliced.version), (Uuid::from_u128(7).to_string(), "W/\"3\"".to_owned()));
        let view = View {
            projection: rollcall_scim::projection::Projection::default(),
            scim_base_url: Some(BASE.to_owned()),
        };
        let read = view.represent(document(attributes).read().unwrap(), groups, builtin::user());
        assert_eq!(String::from_utf8_lossy(&spliced.json), serde_json::to_string(&read).unwrap());
        Value::Object(read)
    }

    #[test]
    fn what_is_spliced_is_what_is_read_and_written() {
        let manager = Uuid::from_u128(8).to_string();
        let attributes = json!({
            "userName": "Ana É \u{1F600} \"quoted\"",
            "emails": [{"value": "ana@example.com", "primary": true}],
            "active": true,
            (ENTERPRISE_USER): {"department": "Ops", "manager": {"value": manager}},
        });
        let groups = [membership(9, Some("Say \"hi\""), true), membership(10, None, false)];
        let shown = shown(&attributes, &groups);
        assert_eq!(shown["schemas"], json!([USER, ENTERPRISE_USER]));
        assert_eq!(shown[ENTERPRISE_USER]["manager"]["$ref"], format!("{BASE}/Users/{manager}"));
        assert_eq!(shown["groups"][0]["$ref"], format!("{BASE}/Groups/{}", Uuid::from_u128(9)));
        assert_eq!(
            shown["groups"][1],
            json!({
                "value": Uuid::from_u128(10).to_string(),
                "$ref": format!("{BASE}/Groups/{}", Uuid::from_u128(10)),
                "type": "indirect",
            })
        );
        assert_eq!(shown["meta"]["lastModified"], "2023-11-14T22:13:20.123456Z");
        assert_eq!(shown["meta"]["location"], format!("{BASE}/Users/{}", Uuid::from_u128(7)));
    }

    #[test]
    fn a_manager_who_is_nobody_of_ours_has_no_reference_and_no_extension_no_schema() {
        let with = shown(&json!({(ENTERPRISE_USER): {"manager": {"value": "boss"}}}), &[]);
        assert_eq!(with[ENTERPRISE_USER]["manager"], json!({"value": "boss"}));
        let without = shown(&json!({"userName": "ana"}), &[]);
        assert_eq!((&without["schemas"], without.get("groups")), (&json!([USER]), None));
    }

    #[test]
    fn what_is_no_object_is_an_error() {
        assert!(spliced(&document(&json!("ana")), &[], BASE, builtin::user()).is_err());
    }
}
