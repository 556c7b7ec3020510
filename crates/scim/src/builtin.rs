//! The resource types and schemas of RFC 7643, as data in SCIM's own JSON form (§8.7, with its errata).
//!
//! A characteristic that has its default (RFC 7643 §2.2) is left out of the data. References are `caseExact`, as §2.3.7
//! says, where the schemas in §8.7 say otherwise. What this server makes itself is `readOnly` here: the `display`
//! of members and the `displayName` of managers. A `$ref` has the mutability of §8.7, since clients may send one; the server
//! makes its own of the `value`.

use std::sync::LazyLock;

use crate::definition::{Definition, Extension};
use crate::embedded::parse;
use crate::schema::Schema;

static USER: LazyLock<Definition> = LazyLock::new(|| Definition {
    name: "User".to_owned(),
    endpoint: "/Users".to_owned(),
    description: "User Account".to_owned(),
    schema: parse(include_str!("../schemas/user.json")),
    extensions: vec![Extension {
        schema: parse(include_str!("../schemas/enterprise_user.json")),
        required: false,
    }],
});

static GROUP: LazyLock<Definition> = LazyLock::new(|| Definition {
    name: "Group".to_owned(),
    endpoint: "/Groups".to_owned(),
    description: "Group".to_owned(),
    schema: parse(include_str!("../schemas/group.json")),
    extensions: Vec::new(),
});

static DISCOVERY: LazyLock<[Schema; 3]> = LazyLock::new(|| {
    [
        parse(include_str!("../schemas/service_provider_config.json")),
        parse(include_str!("../schemas/resource_type.json")),
        parse(include_str!("../schemas/schema.json")),
    ]
});

/// Users, with the enterprise extension (RFC 7643 §4.1 and §4.3).
pub fn user() -> &'static Definition {
    &USER
}

/// Groups (RFC 7643 §4.2).
pub fn group() -> &'static Definition {
    &GROUP
}

/// The core schema of users.
pub fn user_schema() -> &'static Schema {
    &USER.schema
}

/// The core schema of groups.
pub fn group_schema() -> &'static Schema {
    &GROUP.schema
}

/// The schemas of what describes the service itself: `ServiceProviderConfig`, `ResourceType` and `Schema`
/// (RFC 7643 §5 to §7; `pagination` is of RFC 9865 §4).
pub fn discovery_schemas() -> &'static [Schema] {
    &*DISCOVERY
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{self, Attribute, Kind, Mutability, Returned, Uniqueness};

    fn every_attribute() -> Vec<Attribute> {
        fn collect(attributes: &[Attribute], into: &mut Vec<Attribute>) {
            for attribute in attributes {
                into.push(attribute.clone());
                collect(&attribute.sub_attributes, into);
            }
        }
        let mut all = Vec::new();
        collect(user().common(), &mut all);
        for definition in [user(), group()] {
            collect(&definition.schema.attributes, &mut all);
            for extension in &definition.extensions {
                collect(&extension.schema.attributes, &mut all);
            }
        }
        for schema in discovery_schemas() {
            collect(&schema.attributes, &mut all);
        }
        all
    }

    fn at<'a>(definition: &'a Definition, name: &str) -> &'a Attribute {
        match definition.lookup(name) {
            Some(crate::definition::Target::Attribute(attribute)) => attribute.leaf(),
            other => panic!("{name}: {other:?}"),
        }
    }

    #[test]
    fn the_embedded_schemas_parse_and_have_the_urns_of_the_rfc() {
        assert_eq!(user_schema().id, schema::USER);
        assert_eq!(group_schema().id, schema::GROUP);
        assert_eq!(user().extensions[0].schema.id, schema::ENTERPRISE_USER);
        let ids: Vec<&str> = discovery_schemas().iter().map(|schema| schema.id.as_str()).collect();
        assert_eq!(ids, [schema::SERVICE_PROVIDER_CONFIG, schema::RESOURCE_TYPE, schema::SCHEMA]);
    }

    #[test]
    fn every_attribute_is_described_and_consistent() {
        for attribute in every_attribute() {
            let name = &attribute.name;
            assert!(!attribute.description.is_empty(), "{name} has no description");
            assert_eq!(attribute.kind == Kind::Complex, !attribute.sub_attributes.is_empty(), "{name}");
            assert_eq!(attribute.kind == Kind::Reference, !attribute.reference_types.is_empty(), "{name}");
            assert!(attribute.kind != Kind::Reference || attribute.case_exact, "{name}: RFC 7643 §2.3.7");
            assert!(attribute.kind != Kind::Binary || attribute.case_exact, "{name}: RFC 7643 §2.3.6");
        }
    }

    #[test]
    fn what_clients_rely_on_has_the_characteristics_of_the_rfc() {
        let user_name = at(user(), "userName");
        assert!(user_name.required && !user_name.case_exact);
        assert_eq!(user_name.uniqueness, Uniqueness::Server);
        assert!(at(user(), "externalId").case_exact);
        let id = at(user(), "id");
        assert!(id.case_exact && id.returned == Returned::Always && id.mutability == Mutability::ReadOnly);
        assert_eq!(at(user(), "schemas").returned, Returned::Always);
        let password = at(user(), "password");
        assert_eq!((password.mutability, password.returned), (Mutability::WriteOnly, Returned::Never));
        assert_eq!(at(user(), "groups").mutability, Mutability::ReadOnly);
        assert_eq!(at(user(), "manager.displayName").mutability, Mutability::ReadOnly);
        assert_eq!(at(user(), "meta.created").kind, Kind::DateTime);
        assert!(at(group(), "displayName").required, "erratum 5368");
        assert_eq!(at(group(), "members.value").mutability, Mutability::Immutable);
        assert_eq!(at(group(), "members.$ref").mutability, Mutability::Immutable);
        assert_eq!(at(group(), "members.display").mutability, Mutability::ReadOnly);
    }

    #[test]
    fn a_schema_survives_its_own_json_form() {
        for schema in [user_schema(), group_schema()].into_iter().chain(discovery_schemas()) {
            let json = serde_json::to_string(schema).unwrap();
            assert_eq!(&serde_json::from_str::<Schema>(&json).unwrap(), schema);
        }
    }
}
