//! Message to SCIM JSON.

use rollcall_scim::schema::ENTERPRISE_USER;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::json::{Absolute, Json, List, lists, present};
use crate::v1::enterprise_user::Manager;
use crate::v1::user::{Address, GroupMembership, MultiValue, Name};
use crate::v1::{EnterpriseUser, User};

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
