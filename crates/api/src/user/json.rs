//! Message to SCIM JSON.

use std::fmt;

use jiff::Timestamp;
use rollcall_scim::schema::ENTERPRISE_USER;
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};

use crate::v1::enterprise_user::Manager;
use crate::v1::user::{Address, GroupMembership, MultiValue, Name};
use crate::v1::{EnterpriseUser, Meta, User, Value, value::Kind};

/// A message as SCIM JSON: attributes in the order of the schema, what is unassigned left out, and URLs made absolute.
#[derive(Debug)]
pub struct Json<'a, T> {
    message: &'a T,
    base: &'a str,
}

impl<'a, T> Json<'a, T> {
    /// The JSON of a message for a client that came by `base`, such as `https://id.example.com/scim/v2`.
    pub fn new(message: &'a T, base: &'a str) -> Self {
        Self { message, base }
    }
}

/// Writes the members of an object that are present.
macro_rules! present {
    ($map:ident, $($name:literal: $value:expr),* $(,)?) => {
        $(if let Some(value) = &$value {
            $map.serialize_entry($name, value)?;
        })*
    };
}

/// Writes the lists that are not empty.
macro_rules! lists {
    ($map:ident, $base:ident, $($name:literal: $list:expr),* $(,)?) => {
        $(if !$list.is_empty() {
            $map.serialize_entry($name, &List { messages: &$list, base: $base })?;
        })*
    };
}

impl Serialize for Json<'_, User> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { message: user, base } = *self;
        let mut map = serializer.serialize_map(None)?;
        if !user.schemas.is_empty() {
            map.serialize_entry("schemas", &user.schemas)?;
        }
        if !user.id.is_empty() {
            map.serialize_entry("id", &user.id)?;
        }
        present!(map, "externalId": user.external_id, "userName": user.user_name);
        if let Some(name) = &user.name {
            map.serialize_entry("name", &Json::new(name, base))?;
        }
        present!(map,
            "displayName": user.display_name,
            "nickName": user.nick_name,
            "profileUrl": user.profile_url,
            "title": user.title,
            "userType": user.user_type,
            "preferredLanguage": user.preferred_language,
            "locale": user.locale,
            "timezone": user.timezone,
            "active": user.active,
        );
        lists!(map, base,
            "emails": user.emails,
            "phoneNumbers": user.phone_numbers,
            "ims": user.ims,
            "photos": user.photos,
            "addresses": user.addresses,
            "groups": user.groups,
            "entitlements": user.entitlements,
            "roles": user.roles,
            "x509Certificates": user.x509_certificates,
        );
        if let Some(attributes) = &user.enterprise {
            map.serialize_entry(ENTERPRISE_USER, &Json::new(attributes, base))?;
        }
        for (urn, attributes) in &user.extensions {
            map.serialize_entry(urn, &Json::new(attributes, base))?;
        }
        if let Some(meta) = &user.meta {
            map.serialize_entry("meta", &Json::new(meta, base))?;
        }
        map.end()
    }
}

impl Serialize for Json<'_, Name> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let name = self.message;
        let mut map = serializer.serialize_map(None)?;
        present!(map,
            "formatted": name.formatted,
            "familyName": name.family_name,
            "givenName": name.given_name,
            "middleName": name.middle_name,
            "honorificPrefix": name.honorific_prefix,
            "honorificSuffix": name.honorific_suffix,
        );
        map.end()
    }
}

impl Serialize for Json<'_, MultiValue> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let element = self.message;
        let mut map = serializer.serialize_map(None)?;
        present!(map,
            "value": element.value,
            "display": element.display,
            "type": element.r#type,
            "primary": element.primary,
        );
        map.end()
    }
}

impl Serialize for Json<'_, Address> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let address = self.message;
        let mut map = serializer.serialize_map(None)?;
        present!(map,
            "formatted": address.formatted,
            "streetAddress": address.street_address,
            "locality": address.locality,
            "region": address.region,
            "postalCode": address.postal_code,
            "country": address.country,
            "type": address.r#type,
            "primary": address.primary,
        );
        map.end()
    }
}

impl Serialize for Json<'_, GroupMembership> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { message: group, base } = *self;
        let mut map = serializer.serialize_map(None)?;
        present!(map,
            "value": group.value,
            "$ref": group.r#ref.as_deref().map(|path| Absolute { base, path }),
            "display": group.display,
            "type": group.r#type,
        );
        map.end()
    }
}

impl Serialize for Json<'_, EnterpriseUser> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { message: enterprise, base } = *self;
        let mut map = serializer.serialize_map(None)?;
        present!(map,
            "employeeNumber": enterprise.employee_number,
            "costCenter": enterprise.cost_center,
            "organization": enterprise.organization,
            "division": enterprise.division,
            "department": enterprise.department,
            "manager": enterprise.manager.as_ref().map(|manager| Json::new(manager, base)),
        );
        map.end()
    }
}

impl Serialize for Json<'_, Manager> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { message: manager, base } = *self;
        let mut map = serializer.serialize_map(None)?;
        present!(map,
            "value": manager.value,
            "$ref": manager.r#ref.as_deref().map(|path| Absolute { base, path }),
            "displayName": manager.display_name,
        );
        map.end()
    }
}

impl Serialize for Json<'_, Meta> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { message: meta, base } = *self;
        let mut map = serializer.serialize_map(None)?;
        present!(map,
            "resourceType": given(&meta.resource_type),
            "created": meta.created.as_ref().and_then(time),
            "lastModified": meta.last_modified.as_ref().and_then(time),
            "version": given(&meta.version),
            "location": given(&meta.location).map(|path| Absolute { base, path }),
        );
        map.end()
    }
}

impl Serialize for Json<'_, Value> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.message.kind {
            None | Some(Kind::NullValue(_)) => serializer.serialize_unit(),
            Some(Kind::BoolValue(value)) => serializer.serialize_bool(*value),
            Some(Kind::IntValue(value)) => serializer.serialize_i64(*value),
            Some(Kind::DecimalValue(digits)) => match digits.parse::<serde_json::Number>() {
                Ok(number) => number.serialize(serializer),
                Err(_) => serializer.serialize_str(digits),
            },
            Some(Kind::StringValue(text)) => serializer.serialize_str(text),
            Some(Kind::ListValue(list)) => {
                List { messages: &list.values, base: self.base }.serialize(serializer)
            }
            Some(Kind::MapValue(map)) => {
                let mut members = serializer.serialize_map(Some(map.entries.len()))?;
                for entry in &map.entries {
                    let value = entry.value.as_ref().map(|value| Json::new(value, self.base));
                    members.serialize_entry(&entry.name, &value)?;
                }
                members.end()
            }
        }
    }
}

/// A list of messages.
struct List<'a, T> {
    messages: &'a [T],
    base: &'a str,
}

impl<'a, T> Serialize for List<'a, T>
where
    Json<'a, T>: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.messages.len()))?;
        for message in self.messages {
            list.serialize_element(&Json::new(message, self.base))?;
        }
        list.end()
    }
}

/// A path made absolute, without a copy.
struct Absolute<'a> {
    base: &'a str,
    path: &'a str,
}

impl fmt::Display for Absolute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.base)?;
        f.write_str(self.path)
    }
}

impl Serialize for Absolute<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn given(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn time(message: &prost_types::Timestamp) -> Option<String> {
    Timestamp::new(message.seconds, message.nanos).ok().map(|time| time.to_string())
}
