//! A resource type with all its schemas, ready for looking up attributes by the names that clients write.

use std::fmt;
use std::sync::LazyLock;

use crate::embedded::parse;
use crate::schema::{Attribute, ENTERPRISE_USER, Mutability, Schema};

static COMMON: LazyLock<Vec<Attribute>> = LazyLock::new(|| parse(include_str!("../schemas/common.json")));

/// A resource type (RFC 7643 §6) together with its core schema, its extensions and the common attributes
/// (RFC 7643 §3.1: `schemas`, `id`, `externalId`, `meta`).
#[derive(Debug, Clone)]
pub struct Definition {
    /// The name of the type: `User` or `Group`.
    pub name: String,
    /// Where its resources live, relative to the base URL: `/Users`.
    pub endpoint: String,
    /// What resources of this type are.
    pub description: String,
    /// The core schema.
    pub schema: Schema,
    /// The extensions, and whether a resource must carry each.
    pub extensions: Vec<Extension>,
}

/// An extension of a resource type.
#[derive(Debug, Clone)]
pub struct Extension {
    /// The schema of the extension.
    pub schema: Schema,
    /// Whether resources must carry it.
    pub required: bool,
}

/// What a name that a client wrote refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// A whole extension: the bare URN of its schema.
    Extension(&'a Schema),
    /// An attribute, or a sub-attribute of it.
    Attribute(AttributeRef<'a>),
}

/// An attribute within a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttributeRef<'a> {
    /// The URN of the extension that has the attribute; `None` for core and common attributes.
    pub extension: Option<&'a str>,
    /// The attribute.
    pub attribute: &'a Attribute,
    /// The sub-attribute, where the name had one.
    pub sub_attribute: Option<&'a Attribute>,
}

impl<'a> AttributeRef<'a> {
    /// The attribute that the whole name means: the sub-attribute where there is one.
    pub fn leaf(&self) -> &'a Attribute {
        self.sub_attribute.unwrap_or(self.attribute)
    }

    /// Whether only the server may change it.
    pub fn is_read_only(&self) -> bool {
        self.attribute.mutability == Mutability::ReadOnly || self.leaf().mutability == Mutability::ReadOnly
    }

    /// Whether it is `schemas`, which the server keeps in step with the extensions that have a value.
    pub(crate) fn is_schemas(&self) -> bool {
        self.extension.is_none() && self.attribute.name == "schemas"
    }
}

/// The name in full, as the schemas spell it: `name.familyName`, `urn:…:enterprise:2.0:User:manager.value`.
impl fmt::Display for AttributeRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(urn) = self.extension {
            write!(f, "{urn}:")?;
        }
        f.write_str(&self.attribute.name)?;
        match self.sub_attribute {
            Some(sub) => write!(f, ".{}", sub.name),
            None => Ok(()),
        }
    }
}

impl Definition {
    /// What a name refers to, whatever its case (RFC 7644 §3.10); `None` when nothing is called so.
    ///
    /// Understands `userName`, `name.familyName`, both behind the URN of a schema and a colon (or a dot, as older
    /// clients write it), and the bare URN of an extension. A name without a URN that only one extension has means the
    /// attribute of that extension, since Entra writes `manager`; so does one that the enterprise extension has, whatever
    /// else has been registered.
    pub fn lookup(&self, name: &str) -> Option<Target<'_>> {
        // URNs hold dots and colons themselves, so the known ones are matched before anything is split.
        match self.split_urn(name) {
            Some((Owner::Core, "")) => None,
            Some((Owner::Core, rest)) => self.core_attribute(rest).map(Target::Attribute),
            Some((Owner::Extension(schema), "")) => Some(Target::Extension(schema)),
            Some((Owner::Extension(schema), rest)) => {
                extension_attribute(schema, rest).map(Target::Attribute)
            }
            None => self
                .core_attribute(name)
                .or_else(|| self.attribute_of_one_extension(name))
                .map(Target::Attribute),
        }
    }

    /// The extension whose schema has this URN, whatever its case.
    pub fn extension(&self, urn: &str) -> Option<&Extension> {
        self.extensions.iter().find(|extension| extension.schema.id.eq_ignore_ascii_case(urn))
    }

    /// The attributes that every resource has, whatever its type (RFC 7643 §3.1). They are in no schema, and so not
    /// listed at `/Schemas`.
    pub fn common(&self) -> &'static [Attribute] {
        &COMMON
    }

    /// Splits a name behind the schema URN that it begins with.
    fn split_urn<'n>(&self, name: &'n str) -> Option<(Owner<'_>, &'n str)> {
        let extensions = self
            .extensions
            .iter()
            .map(|extension| (Owner::Extension(&extension.schema), extension.schema.id.as_str()));
        extensions
            .chain([(Owner::Core, self.schema.id.as_str())])
            .filter_map(|(owner, urn)| Some((owner, urn.len(), behind(name, urn)?)))
            // One URN may begin with another one and a colon: the longest is meant.
            .max_by_key(|(_, length, _)| *length)
            .map(|(owner, _, rest)| (owner, rest))
    }

    fn core_attribute(&self, name: &str) -> Option<AttributeRef<'_>> {
        find(self.schema.attributes.iter().chain(self.common()), None, name)
    }

    fn attribute_of_one_extension(&self, name: &str) -> Option<AttributeRef<'_>> {
        let mut hits =
            self.extensions.iter().filter_map(|extension| extension_attribute(&extension.schema, name));
        let hit = hits.next()?;
        (hit.extension == Some(ENTERPRISE_USER) || hits.next().is_none()).then_some(hit)
    }
}

/// Whose URN a name begins with.
enum Owner<'a> {
    Core,
    Extension(&'a Schema),
}

/// What follows `urn` in `name`: nothing, or a name behind a colon or dot.
fn behind<'n>(name: &'n str, urn: &str) -> Option<&'n str> {
    let (start, rest) = name.split_at_checked(urn.len())?;
    if !start.eq_ignore_ascii_case(urn) {
        return None;
    }
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix([':', '.']).filter(|rest| !rest.is_empty()) }
}

fn extension_attribute<'a>(schema: &'a Schema, name: &str) -> Option<AttributeRef<'a>> {
    find(schema.attributes.iter(), Some(&schema.id), name)
}

fn find<'a>(
    mut attributes: impl Iterator<Item = &'a Attribute>,
    extension: Option<&'a str>,
    name: &str,
) -> Option<AttributeRef<'a>> {
    let (name, sub_name) = match name.split_once('.') {
        Some((name, sub_name)) => (name, Some(sub_name)),
        None => (name, None),
    };
    let attribute = attributes.find(|attribute| attribute.name.eq_ignore_ascii_case(name))?;
    let sub_attribute = match sub_name {
        Some(sub_name) => Some(attribute.sub_attribute(sub_name)?),
        None => None,
    };
    Some(AttributeRef { extension, attribute, sub_attribute })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtin;

    fn found(name: &str) -> Option<String> {
        match builtin::user().lookup(name)? {
            Target::Extension(schema) => Some(schema.id.clone()),
            Target::Attribute(attribute) => Some(attribute.to_string()),
        }
    }

    #[test]
    fn names_are_found_whatever_their_case() {
        assert_eq!(found("USERNAME").as_deref(), Some("userName"));
        assert_eq!(found("Name.FamilyName").as_deref(), Some("name.familyName"));
        assert_eq!(found("meta.lastmodified").as_deref(), Some("meta.lastModified"));
        assert_eq!(found("groups.$REF").as_deref(), Some("groups.$ref"));
        assert_eq!(found("schemas").as_deref(), Some("schemas"));
    }

    #[test]
    fn names_are_found_behind_a_schema_urn() {
        let department = format!("{ENTERPRISE_USER}:department");
        let manager = format!("{ENTERPRISE_USER}:manager");
        let manager_value = format!("{ENTERPRISE_USER}:manager.value");
        for (written, meant) in [
            ("urn:ietf:params:scim:schemas:core:2.0:User:userName", "userName"),
            ("URN:IETF:params:scim:schemas:core:2.0:user:username", "userName"),
            ("urn:ietf:params:scim:schemas:core:2.0:User:name.givenName", "name.givenName"),
            ("urn:ietf:params:scim:schemas:core:2.0:User:id", "id"),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", &department),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:Manager.Value", &manager_value),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User.manager", &manager),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User.manager.value", &manager_value),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:USER", ENTERPRISE_USER),
            ("manager", &manager),
            ("manager.value", &manager_value),
        ] {
            assert_eq!(found(written).as_deref(), Some(meant), "{written}");
        }
    }

    #[test]
    fn what_nothing_is_called_is_not_found() {
        for name in [
            "",
            ".",
            "shoeSize",
            "userName.value",
            "name.givenName.first",
            "name.",
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:core:2.0:User:",
            "urn:ietf:params:scim:schemas:core:2.0:User:department",
            "urn:ietf:params:scim:schemas:core:2.0:UserName",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:userName",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0User",
            "urn:example:unknown:userName",
            "é",
        ] {
            assert_eq!(found(name), None, "{name}");
        }
    }

    #[test]
    fn a_bare_name_that_several_extensions_have_means_the_enterprise_one_or_none() {
        let mut definition = builtin::user().clone();
        for number in 1..=2 {
            let mut more = definition.extensions[0].clone();
            more.schema.id = format!("urn:example:{number}");
            more.schema
                .attributes
                .push(Attribute { name: "colour".to_owned(), ..more.schema.attributes[0].clone() });
            definition.extensions.push(more);
        }
        let Some(Target::Attribute(found)) = definition.lookup("department") else { panic!("department") };
        assert_eq!(found.extension, Some(ENTERPRISE_USER));
        assert_eq!(definition.lookup("colour"), None);
        assert!(definition.lookup("urn:example:2:colour").is_some());
    }

    #[test]
    fn the_longest_urn_is_meant() {
        let mut definition = builtin::user().clone();
        let mut longer = definition.extensions[0].clone();
        longer.schema.id = format!("{ENTERPRISE_USER}:manager");
        definition.extensions.push(longer);
        let written = format!("{ENTERPRISE_USER}:manager:division");
        let Some(Target::Attribute(attribute)) = definition.lookup(&written) else { panic!("{written}") };
        assert_eq!(attribute.to_string(), written);
    }
}
