//! People who arrive, for the tests of what becomes of them.

use std::collections::{BTreeMap, BTreeSet};

use rollcall_scim::Profile;
use rollcall_store::{
    ActivitySettings, Directory, NoticeSettings, PasswordHandling, Protocol, ProvisioningChoices,
    ResourceType, Safeguards, StoredResource, UserOrigin,
};
use serde_json::Value;
use uuid::Uuid;

use super::address::Address;
use super::arrival::Arrival;

/// Ana, by SAML, of whom nothing is known but her address.
pub(crate) fn arrival() -> Arrival {
    Arrival {
        protocol: Protocol::Saml,
        issuer: "https://idp.example".to_owned(),
        subject: "17".to_owned(),
        address: Some(address("ana@example.com")),
        is_vouched_for: true,
        attributes: BTreeMap::new(),
        groups: BTreeSet::new(),
    }
}

pub(crate) fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

/// A user with these attributes, whom a sign-in has created.
pub(super) fn user(id: u128, attributes: Value) -> StoredResource {
    let Value::Object(attributes) = attributes else { panic!("attributes are an object") };
    StoredResource {
        resource_type: ResourceType::User,
        id: Uuid::from_u128(id),
        version: 1,
        created: 0,
        modified: 0,
        attributes,
        groups: Vec::new(),
        administrator: false,
        origin: Some(UserOrigin::Sso),
        scim_managed: false,
    }
}

/// A directory whose SCIM is on or off.
pub(super) fn directory(scim_enabled: bool) -> Directory {
    Directory {
        id: Uuid::nil(),
        name: "acme".to_owned(),
        profile: Profile::Generic,
        scim_enabled,
        groups_enabled: true,
        rule_settings: BTreeMap::new(),
        password_handling: PasswordHandling::Discard,
        notices: NoticeSettings::default(),
        provisioning: ProvisioningChoices::default(),
        safeguards: Safeguards::default(),
        activity: ActivitySettings::default(),
        administrator_role: None,
        importing: false,
        schemas_version: 0,
        created: 0,
        modified: 0,
    }
}
