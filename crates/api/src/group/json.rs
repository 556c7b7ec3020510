//! Message to SCIM JSON.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::json::{Absolute, Json, given, present};
use crate::v1::{Group, Member};

impl Serialize for Json<'_, Group> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { message: group, base } = *self;
        let mut map = serializer.serialize_map(None)?;
        if !group.schemas.is_empty() {
            map.serialize_entry("schemas", &group.schemas)?;
        }
        present!(map,
            "id": given(&group.id),
            "externalId": group.external_id,
            "displayName": group.display_name,
        );
        for (urn, attributes) in &group.extensions {
            map.serialize_entry(urn, &Json::new(attributes, base))?;
        }
        if let Some(meta) = &group.meta {
            map.serialize_entry("meta", &Json::new(meta, base))?;
        }
        map.end()
    }
}

impl Serialize for Json<'_, Member> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { message: member, base } = *self;
        let mut map = serializer.serialize_map(None)?;
        present!(map,
            "value": given(&member.value),
            "$ref": member.r#ref.as_deref().map(|path| Absolute { base, path }),
            "display": member.display,
            "type": member.r#type,
        );
        map.end()
    }
}
