//! Messages as SCIM JSON: what all resources have in common.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};

use crate::v1::{Meta, Value, value::Kind};

/// A message as SCIM JSON: attributes in the order of the schema, what is unassigned left out, and URLs made absolute.
#[derive(Debug)]
pub struct Json<'a, T> {
    pub(crate) message: &'a T,
    pub(crate) base: &'a str,
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

pub(crate) use {lists, present};

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
pub(crate) struct List<'a, T> {
    pub(crate) messages: &'a [T],
    pub(crate) base: &'a str,
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
pub(crate) struct Absolute<'a> {
    pub(crate) base: &'a str,
    pub(crate) path: &'a str,
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

/// A text that proto3 cannot leave out, where it is there.
pub(crate) fn given(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn time(message: &prost_types::Timestamp) -> Option<String> {
    Timestamp::new(message.seconds, message.nanos).ok().map(|time| time.to_string())
}
