//! Schemas and attributes out of JSON.

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::schema::{Attribute, Kind, Mutability, Returned, SCHEMA, Schema, Uniqueness};

/// The longest name of an attribute in bytes.
const LONGEST_NAME: usize = 100;
/// The longest description, canonical value or name of a schema in bytes.
const LONGEST_TEXT: usize = 2000;
/// How many canonical values and reference types an attribute may have.
const MOST_VALUES: usize = 500;

const KINDS: [(&str, Kind); 8] = [
    ("string", Kind::String),
    ("boolean", Kind::Boolean),
    ("decimal", Kind::Decimal),
    ("integer", Kind::Integer),
    ("dateTime", Kind::DateTime),
    ("binary", Kind::Binary),
    ("reference", Kind::Reference),
    ("complex", Kind::Complex),
];
const MUTABILITIES: [(&str, Mutability); 4] = [
    ("readOnly", Mutability::ReadOnly),
    ("readWrite", Mutability::ReadWrite),
    ("immutable", Mutability::Immutable),
    ("writeOnly", Mutability::WriteOnly),
];
const RETURNED: [(&str, Returned); 4] = [
    ("always", Returned::Always),
    ("never", Returned::Never),
    ("default", Returned::Default),
    ("request", Returned::Request),
];
const UNIQUENESSES: [(&str, Uniqueness); 3] =
    [("none", Uniqueness::None), ("server", Uniqueness::Server), ("global", Uniqueness::Global)];

pub(super) fn schema(value: Value) -> Result<Schema> {
    let mut members = Members::of(value, String::new(), "a JSON object, the schema")?;
    require_type(members.take("schemas"))?;
    members.take("meta");
    let id =
        members.text("id")?.ok_or_else(|| Error::value("id: it is missing; give the URN of the schema"))?;
    let name = members.text("name")?.unwrap_or_else(|| {
        // RFC 7643 §7 wants none; people want one.
        id.rsplit(':').next().unwrap_or_default().to_owned()
    });
    let description = members.text("description")?.unwrap_or_default();
    let attributes = attributes(members.take("attributes"), "attributes", true)?;
    members.end(&["id", "name", "description", "attributes"])?;
    Ok(Schema { id, name, description, attributes })
}

/// A schema may say that it is one.
fn require_type(schemas: Option<Value>) -> Result<()> {
    match schemas {
        None => Ok(()),
        Some(Value::Array(urns))
            if urns.iter().any(|urn| urn.as_str().is_some_and(|urn| urn.eq_ignore_ascii_case(SCHEMA))) =>
        {
            Ok(())
        }
        Some(_) => Err(Error::value(format!("schemas: expected [{SCHEMA:?}]"))),
    }
}

fn attributes(value: Option<Value>, place: &str, top: bool) -> Result<Vec<Attribute>> {
    let values = match value {
        Some(Value::Array(values)) if !values.is_empty() => values,
        None | Some(Value::Array(_)) => {
            return Err(Error::value(format!("{place}: it is missing; give at least one attribute")));
        }
        Some(_) => return Err(Error::value(format!("{place}: expected a list of attributes"))),
    };
    let mut attributes: Vec<Attribute> = Vec::with_capacity(values.len());
    for (index, value) in values.into_iter().enumerate() {
        let place = format!("{place}[{index}]");
        let attribute = attribute(value, &place, top)?;
        if let Some(twin) = attributes.iter().find(|known| known.name.eq_ignore_ascii_case(&attribute.name)) {
            return Err(Error::value(format!(
                "{place}.name: there is an attribute {:?} already; case makes no difference",
                twin.name
            )));
        }
        attributes.push(attribute);
    }
    Ok(attributes)
}

fn attribute(value: Value, place: &str, top: bool) -> Result<Attribute> {
    let mut members = Members::of(value, place.to_owned(), "an object, the attribute")?;
    let name = members.text("name")?.ok_or_else(|| members.error("name", "it is missing"))?;
    let kind = members.word("type", &KINDS)?.unwrap_or(Kind::String);
    require_name(&members, &name, kind, top)?;
    let multi_valued = members.flag("multiValued")?.unwrap_or_default();
    let description = members.text("description")?.unwrap_or_default();
    let required = members.flag("required")?.unwrap_or_default();
    let canonical_values = members.texts("canonicalValues")?;
    let case_exact = members.flag("caseExact")?.unwrap_or_default();
    let mutability = members.word("mutability", &MUTABILITIES)?.unwrap_or_default();
    let returned = members.word("returned", &RETURNED)?.unwrap_or_default();
    let uniqueness = members.word("uniqueness", &UNIQUENESSES)?.unwrap_or_default();
    let reference_types = members.texts("referenceTypes")?;
    let sub_attributes = members.take("subAttributes");
    let sub_attributes = match (kind, sub_attributes) {
        (Kind::Complex, _) if !top => {
            return Err(members.error("type", "a sub-attribute cannot be complex (RFC 7643 §2.3.8)"));
        }
        (Kind::Complex, sub_attributes) => {
            attributes(sub_attributes, &format!("{place}.subAttributes"), false)?
        }
        (_, Some(Value::Array(values))) if values.is_empty() => Vec::new(),
        (_, Some(_)) => {
            return Err(members.error("subAttributes", "only an attribute of the type complex has some"));
        }
        (_, None) => Vec::new(),
    };
    let attribute = Attribute {
        name,
        kind,
        multi_valued,
        description,
        required,
        canonical_values,
        // RFC 7643 §2.3.6 and §2.3.7.
        case_exact: case_exact || matches!(kind, Kind::Reference | Kind::Binary),
        mutability,
        returned,
        uniqueness,
        reference_types,
        sub_attributes,
    };
    require_sense(&members, &attribute)?;
    members.end(&[
        "name",
        "type",
        "multiValued",
        "description",
        "required",
        "canonicalValues",
        "caseExact",
        "mutability",
        "returned",
        "uniqueness",
        "referenceTypes",
        "subAttributes",
    ])?;
    Ok(attribute)
}

/// RFC 7643 §2.1, but for the dollar sign: only the sub-attribute `$ref` has one.
fn require_name(members: &Members, name: &str, kind: Kind, top: bool) -> Result<()> {
    if name == "$ref" && !top && kind == Kind::Reference {
        return Ok(());
    }
    let is_good = name.len() <= LONGEST_NAME
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if is_good {
        return Ok(());
    }
    Err(members.error(
        "name",
        &format!(
            "{name:?} is no name of an attribute: give at most {LONGEST_NAME} letters, digits, - and _, beginning with a \
             letter; only a sub-attribute that is a reference may be called $ref"
        ),
    ))
}

/// Refuses characteristics that make no sense together, or that a registered schema cannot have.
fn require_sense(members: &Members, attribute: &Attribute) -> Result<()> {
    let Attribute { kind, uniqueness, mutability, returned, .. } = *attribute;
    let is_simple = !matches!(kind, Kind::Complex | Kind::Boolean);
    if !attribute.canonical_values.is_empty() && kind != Kind::String {
        return Err(members.error("canonicalValues", "only an attribute of the type string has some"));
    }
    if !attribute.reference_types.is_empty() && kind != Kind::Reference {
        return Err(members.error("referenceTypes", "only an attribute of the type reference has some"));
    }
    if uniqueness == Uniqueness::Global {
        return Err(
            members.error("uniqueness", "values can be unique in their directory only: give server or none")
        );
    }
    if uniqueness == Uniqueness::Server && !is_simple {
        return Err(members.error("uniqueness", "values of this type cannot be unique"));
    }
    if mutability == Mutability::WriteOnly || returned == Returned::Never {
        let characteristic = if mutability == Mutability::WriteOnly { "mutability" } else { "returned" };
        return Err(members.error(
            characteristic,
            "nobody could ever read the value, which is not kept like a password: leave the attribute out",
        ));
    }
    Ok(())
}

/// The members of an object, taken out one by one by their names, whatever their case.
struct Members {
    members: Map<String, Value>,
    place: String,
}

impl Members {
    fn of(value: Value, place: String, expected: &str) -> Result<Self> {
        match value {
            Value::Object(members) => Ok(Self { members, place }),
            _ if place.is_empty() => Err(Error::value(format!("the schema: expected {expected}"))),
            _ => Err(Error::value(format!("{place}: expected {expected}"))),
        }
    }

    fn error(&self, name: &str, message: &str) -> Error {
        let separator = if self.place.is_empty() { "" } else { "." };
        Error::value(format!("{}{separator}{name}: {message}", self.place))
    }

    /// Null stands for what is not there.
    fn take(&mut self, name: &str) -> Option<Value> {
        let key = self.members.keys().find(|key| key.eq_ignore_ascii_case(name))?.clone();
        self.members.shift_remove(&key).filter(|value| !value.is_null())
    }

    fn text(&mut self, name: &str) -> Result<Option<String>> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.len() > LONGEST_TEXT => {
                Err(self.error(name, &format!("it is longer than {LONGEST_TEXT} bytes")))
            }
            Some(Value::String(text)) if text.contains('\0') => {
                Err(self.error(name, "a string cannot hold the character U+0000"))
            }
            Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
            Some(_) => Err(self.error(name, "expected a string")),
        }
    }

    fn flag(&mut self, name: &str) -> Result<Option<bool>> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(self.error(name, "expected true or false")),
        }
    }

    fn word<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Result<Option<T>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(Some(*meaning));
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        Err(self.error(name, &format!("{text:?} is none; give one of {}", known.join(", "))))
    }

    fn texts(&mut self, name: &str) -> Result<Vec<String>> {
        let wrong = "expected a list of strings that are not empty";
        let values = match self.take(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(values)) => values,
            Some(_) => return Err(self.error(name, wrong)),
        };
        if values.len() > MOST_VALUES {
            return Err(self.error(name, &format!("there are more than {MOST_VALUES}")));
        }
        let text = |value| match value {
            Value::String(text) if !text.is_empty() && text.len() <= LONGEST_TEXT && !text.contains('\0') => {
                Some(text)
            }
            _ => None,
        };
        values.into_iter().map(text).collect::<Option<_>>().ok_or_else(|| self.error(name, wrong))
    }

    /// Refuses what has not been taken: a misspelt characteristic would silently not count.
    fn end(&self, known: &[&str]) -> Result<()> {
        match self.members.keys().next() {
            None => Ok(()),
            Some(name) => {
                let shown: String = name.chars().take(LONGEST_NAME).collect();
                Err(self.error(
                    &shown,
                    &format!("there is no such characteristic; there are {}", known.join(", ")),
                ))
            }
        }
    }
}
