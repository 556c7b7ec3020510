//! What the conversions of all types of resource have in common.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rollcall_scim::Definition;
use serde_json::{Map, Value};

use crate::v1::{self, Meta};
use crate::value;

/// Takes out of a body what the built-in schemas do not have: what stands under the URN of another schema, alone or with an
/// attribute behind it, and attributes by names of their own. Which schemas a directory has registered is the core's to
/// know, and what of this is in none of them.
pub(crate) fn take_extensions(
    members: &mut Map<String, Value>,
    built_in: &Definition,
) -> BTreeMap<String, v1::Value> {
    let schemas =
        std::iter::once(&built_in.schema).chain(built_in.extensions.iter().map(|known| &known.schema));
    let urns: Vec<&str> = schemas.map(|schema| schema.id.as_str()).collect();
    let is_built_in = |name: &str| {
        built_in.lookup(name).is_some()
            || urns.iter().any(|urn| {
                let start = name.get(..urn.len()).unwrap_or_default();
                let rest = name.get(urn.len()..).unwrap_or_default();
                start.eq_ignore_ascii_case(urn) && (rest.is_empty() || rest.starts_with([':', '.']))
            })
    };
    let foreign: Vec<String> = members
        .iter()
        .filter(|(name, value)| !value.is_null() && !is_built_in(name))
        .map(|(name, _)| name.clone())
        .collect();
    let taken = foreign.into_iter().filter_map(|name| members.shift_remove_entry(&name));
    taken.map(|(name, value)| (name, value::to_message(value))).collect()
}

/// The text that a value is.
pub(crate) fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// The object that a value is.
pub(crate) fn object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

/// The elements of a list that can be read.
pub(crate) fn elements<T>(value: Value, element: impl Fn(Value) -> Option<T>) -> Vec<T> {
    match value {
        Value::Array(values) => values.into_iter().filter_map(element).collect(),
        _ => Vec::new(),
    }
}

/// The message of `meta`.
pub(crate) fn meta(members: Map<String, Value>) -> Meta {
    let mut meta = Meta::default();
    for (name, value) in members {
        match name.as_str() {
            "resourceType" => meta.resource_type = text(value).unwrap_or_default(),
            "created" => meta.created = text(value).and_then(|time| timestamp(&time)),
            "lastModified" => meta.last_modified = text(value).and_then(|time| timestamp(&time)),
            "version" => meta.version = text(value).unwrap_or_default(),
            "location" => meta.location = text(value).unwrap_or_default(),
            _ => {}
        }
    }
    meta
}

fn timestamp(time: &str) -> Option<prost_types::Timestamp> {
    let time: Timestamp = time.parse().ok()?;
    Some(prost_types::Timestamp { seconds: time.as_second(), nanos: time.subsec_nanosecond() })
}

/// Adds a text to an object, where there is one.
pub(crate) fn add_text(members: &mut Map<String, Value>, name: &str, value: Option<String>) {
    if let Some(value) = value {
        members.insert(name.to_owned(), Value::String(value));
    }
}
