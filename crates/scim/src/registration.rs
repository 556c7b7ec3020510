//! Schemas that are registered: extensions of a resource type beside the built-in ones, read from SCIM's own schema format
//! (RFC 7643 §7).
//!
//! What is wrong is told with its place, such as `attributes[3].type`.

mod reading;
mod urn;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::schema::{Attribute, Schema};

/// How many schemas may be registered for one directory.
pub const MOST_SCHEMAS: usize = 20;
/// How many attributes and sub-attributes one schema may have.
pub const MOST_ATTRIBUTES: usize = 200;

/// Reads a schema.
///
/// Errors: `invalidValue` for what RFC 7643 §7 does not allow, for what it allows and a registered schema cannot have
/// (`uniqueness` `global`; attributes that nobody could ever read), and for a characteristic that is none.
pub fn read(schema: Value) -> Result<Schema> {
    let schema = reading::schema(schema)?;
    urn::require_good(&schema.id)?;
    let count = schema.attributes.iter().map(|attribute| 1 + attribute.sub_attributes.len()).sum::<usize>();
    if count > MOST_ATTRIBUTES {
        return Err(Error::value(format!(
            "attributes: {count} attributes and sub-attributes are more than the {MOST_ATTRIBUTES} that a schema may have"
        )));
    }
    Ok(schema)
}

/// Checks that a schema can stand beside the built-in ones and those with these URNs.
///
/// Errors: `invalidValue` for a URN that is taken, or that begins with another one and a colon or dot, since the names of
/// attributes would then have two meanings.
pub fn require_room<'a>(schema: &Schema, beside: impl Iterator<Item = &'a str>) -> Result<()> {
    urn::require_apart(&schema.id, beside)
}

/// Checks that resources with values of the schema `before` are right by the schema `after` too.
///
/// Errors: `invalidValue`, naming the attribute that is missing or of another type.
pub fn require_compatible(before: &Schema, after: &Schema) -> Result<()> {
    compatible(&before.attributes, &after.attributes, "attributes")
}

fn compatible(before: &[Attribute], after: &[Attribute], place: &str) -> Result<()> {
    for old in before {
        let name = &old.name;
        let Some(new) = after.iter().find(|new| new.name == *name) else {
            return Err(Error::value(format!("{place}: {name} is missing, of which resources have values")));
        };
        let changed = [
            ("type", old.kind != new.kind),
            ("multiValued", old.multi_valued != new.multi_valued),
            ("caseExact", old.case_exact != new.case_exact),
            ("uniqueness", old.uniqueness != new.uniqueness),
        ];
        if let Some((characteristic, _)) = changed.into_iter().find(|(_, changed)| *changed) {
            return Err(Error::value(format!(
                "{place}: the {characteristic} of {name} cannot change while resources have values of the schema"
            )));
        }
        compatible(&old.sub_attributes, &new.sub_attributes, &format!("{place}: subAttributes of {name}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
