//! Looks up what a filter, a path or a sort names, and brings its values into the types of the attributes.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Number;

use crate::condition::{Condition, Operand, Operator};
use crate::definition::{AttributeRef, Definition, Target};
use crate::error::{Error, Result, ScimType};
use crate::expression::{Expression, Literal, Test};
use crate::filter::Filter;
use crate::fold::fold;
use crate::path::Path;
use crate::profile::Rules;
use crate::schema::{Attribute, Kind, Returned, Schema};

/// What a PATCH path means.
#[derive(Debug, Clone, PartialEq)]
pub enum PathTarget<'a> {
    /// A whole extension.
    Extension(&'a Schema),
    /// An attribute, or a sub-attribute.
    Attribute(AttributeRef<'a>),
    /// The elements of a multi-valued attribute that fulfil a condition, or a sub-attribute of them.
    Elements {
        /// The multi-valued attribute, without a sub-attribute.
        attribute: AttributeRef<'a>,
        /// Which elements.
        condition: Condition<'a>,
        /// The sub-attribute.
        sub_attribute: Option<&'a Attribute>,
    },
}

/// Looks up everything that a filter names.
///
/// Errors: `invalidFilter` for an attribute that does not exist or cannot be asked for, and for a comparison that the
/// type of the attribute does not have.
pub fn resolve<'a>(filter: &Filter, definition: &'a Definition) -> Result<Condition<'a>> {
    Resolver { definition, rules: filter.rules, among: &[] }.expression(&filter.expression)
}

/// Looks up everything that a filter names, for a list of several types of which `definition` is one. An attribute that
/// only another type has counts as unassigned.
///
/// Errors: as [`resolve`], `invalidFilter` for an attribute that no type has.
pub fn resolve_among<'a>(
    filter: &Filter,
    definition: &'a Definition,
    among: &[&Definition],
) -> Result<Condition<'a>> {
    Resolver { definition, rules: filter.rules, among }.expression(&filter.expression)
}

/// Looks up the attribute of a sort (RFC 7644 §3.4.2.3). Of a complex attribute it is the `value`.
///
/// Errors: `invalidPath` for one that does not exist, is complex without a `value`, or cannot be compared.
pub fn resolve_sort<'a>(name: &str, definition: &'a Definition) -> Result<AttributeRef<'a>> {
    let invalid = |why: &str| Error::path(format!("sortBy: {why} {name:?}"));
    let Some(Target::Attribute(attribute)) = definition.lookup(name) else {
        return Err(invalid("there is no attribute"));
    };
    let attribute =
        with_value(attribute).ok_or_else(|| invalid("name a sub-attribute of the complex attribute"))?;
    if is_hidden(&attribute) { Err(invalid("nothing is sorted by")) } else { Ok(attribute) }
}

/// Looks up what a PATCH path names.
///
/// Errors: `invalidPath` for an attribute that does not exist or has no elements; `invalidFilter` for a condition that
/// cannot be answered.
pub fn resolve_path<'a>(path: &Path, definition: &'a Definition, rules: Rules) -> Result<PathTarget<'a>> {
    let name = &path.attribute;
    let target = definition.lookup(name).ok_or_else(|| {
        Error::path(format!("path: there is no attribute {name:?} in a {}", definition.name))
    })?;
    let Some(condition) = &path.condition else {
        return Ok(match target {
            Target::Extension(schema) => PathTarget::Extension(schema),
            Target::Attribute(attribute) => PathTarget::Attribute(attribute),
        });
    };
    let Target::Attribute(attribute) = target else {
        return Err(Error::path(format!("path: {name:?} is an extension and has no elements to select")));
    };
    if !attribute.attribute.multi_valued
        || attribute.attribute.kind != Kind::Complex
        || attribute.sub_attribute.is_some()
    {
        return Err(Error::path(format!(
            "path: {attribute} has no elements to select; leave the brackets out"
        )));
    }
    let resolver = Resolver { definition, rules, among: &[] };
    let condition = resolver.in_element(condition, &attribute)?;
    let sub_attribute = match &path.sub_attribute {
        None => None,
        Some(name) => Some(
            attribute
                .attribute
                .sub_attribute(name)
                .ok_or_else(|| Error::path(format!("path: {attribute} has no sub-attribute {name:?}")))?,
        ),
    };
    Ok(PathTarget::Elements { attribute, condition, sub_attribute })
}

struct Resolver<'a, 'o> {
    definition: &'a Definition,
    rules: Rules,
    /// The types of which one must have an attribute.
    among: &'o [&'o Definition],
}

impl<'a> Resolver<'a, '_> {
    fn expression(&self, expression: &Expression) -> Result<Condition<'a>> {
        match expression {
            Expression::And(parts) => {
                Ok(Condition::And(parts.iter().map(|part| self.expression(part)).collect::<Result<_>>()?))
            }
            Expression::Or(parts) => {
                Ok(Condition::Or(parts.iter().map(|part| self.expression(part)).collect::<Result<_>>()?))
            }
            Expression::Not(inner) => Ok(Condition::Not(Box::new(self.expression(inner)?))),
            Expression::Attribute { attribute, test } => self.attribute(attribute, test),
            Expression::Element { attribute, condition, then } => {
                self.element(attribute, condition, then.as_ref())
            }
        }
    }

    fn attribute(&self, name: &str, test: &Test) -> Result<Condition<'a>> {
        match (self.definition.lookup(name), test) {
            (Some(Target::Attribute(attribute)), _) => self.test(attribute, test),
            (Some(Target::Extension(schema)), Test::Present) => {
                let attributes = schema.attributes.iter().map(|attribute| {
                    Condition::Present(AttributeRef {
                        extension: Some(&schema.id),
                        attribute,
                        sub_attribute: None,
                    })
                });
                Ok(Condition::Or(attributes.collect()))
            }
            (Some(Target::Extension(_)), Test::Compare(..)) => {
                Err(Error::filter(format!("filter: {name:?} is an extension; compare one of its attributes")))
            }
            (None, _) => self.absent(name, test),
        }
    }

    fn element(
        &self,
        name: &str,
        condition: &Expression,
        then: Option<&(String, Test)>,
    ) -> Result<Condition<'a>> {
        let Some(Target::Attribute(attribute)) = self.definition.lookup(name) else {
            return self.absent(name, &Test::Present);
        };
        if attribute.attribute.kind != Kind::Complex || attribute.sub_attribute.is_some() {
            return Err(Error::filter(format!(
                "filter: {attribute} has no elements to select with brackets"
            )));
        }
        let mut parts = vec![self.in_element(condition, &attribute)?];
        if let Some((sub_attribute, test)) = then {
            parts.push(self.sub_attribute(&attribute, sub_attribute, test)?);
        }
        let whole = match parts.pop() {
            Some(only) if parts.is_empty() => only,
            last => Condition::And(parts.into_iter().chain(last).collect()),
        };
        // A single-valued attribute is its own and only element.
        if attribute.attribute.multi_valued {
            Ok(Condition::AnyElement(attribute, Box::new(whole)))
        } else {
            Ok(whole)
        }
    }

    /// A condition in brackets, whose names are sub-attributes.
    fn in_element(&self, expression: &Expression, of: &AttributeRef<'a>) -> Result<Condition<'a>> {
        match expression {
            Expression::And(parts) => {
                Ok(Condition::And(parts.iter().map(|part| self.in_element(part, of)).collect::<Result<_>>()?))
            }
            Expression::Or(parts) => {
                Ok(Condition::Or(parts.iter().map(|part| self.in_element(part, of)).collect::<Result<_>>()?))
            }
            Expression::Not(inner) => Ok(Condition::Not(Box::new(self.in_element(inner, of)?))),
            Expression::Attribute { attribute, test } => self.sub_attribute(of, attribute, test),
            Expression::Element { .. } => Err(Error::filter("filter: brackets do not nest")),
        }
    }

    fn sub_attribute(&self, of: &AttributeRef<'a>, name: &str, test: &Test) -> Result<Condition<'a>> {
        let sub_attribute = of
            .attribute
            .sub_attribute(name)
            .ok_or_else(|| Error::filter(format!("filter: {of} has no sub-attribute {name:?}")))?;
        self.test(AttributeRef { sub_attribute: Some(sub_attribute), ..*of }, test)
    }

    fn test(&self, attribute: AttributeRef<'a>, test: &Test) -> Result<Condition<'a>> {
        if is_hidden(&attribute) {
            return Err(Error::filter(format!("filter: {attribute} cannot be filtered by")));
        }
        let Test::Compare(operator, literal) = test else { return Ok(Condition::Present(attribute)) };
        if *literal == Literal::Null {
            let present = Condition::Present(attribute);
            return match operator {
                Operator::Eq => Ok(Condition::Not(Box::new(present))),
                Operator::Ne => Ok(present),
                _ => Err(Error::filter(format!(
                    "filter: {attribute} {} null: only eq and ne compare with null",
                    operator.as_str()
                ))),
            };
        }
        let attribute = with_value(attribute).ok_or_else(|| {
            Error::filter(format!("filter: {attribute} is complex; compare one of its sub-attributes"))
        })?;
        if !applies(*operator, attribute.leaf().kind) {
            return Err(Error::filter(format!(
                "filter: {attribute} is {}, which {} does not compare",
                a_kind(attribute.leaf().kind),
                operator.as_str()
            )));
        }
        let operand = self.operand(&attribute, literal)?;
        Ok(Condition::Compare(attribute, *operator, operand))
    }

    fn operand(&self, attribute: &AttributeRef<'a>, literal: &Literal) -> Result<Operand> {
        let leaf = attribute.leaf();
        let wrong =
            || Error::filter(format!("filter: {attribute} is {}, which {literal} is not", a_kind(leaf.kind)));
        let operand = match (leaf.kind, literal) {
            (Kind::String | Kind::Reference | Kind::Binary, Literal::String(text)) => {
                Operand::Text(folded(leaf, text))
            }
            // Without quotes, digits are a text as much as letters are.
            (Kind::String, Literal::Number(number)) if self.rules.unquoted_filter_strings => {
                Operand::Text(folded(leaf, &number.to_string()))
            }
            (Kind::Boolean, Literal::Boolean(value)) => Operand::Boolean(*value),
            (Kind::Boolean, Literal::String(text)) => Operand::Boolean(boolean(text).ok_or_else(wrong)?),
            (Kind::Integer, Literal::Number(number)) => Operand::Integer(number.as_i64().ok_or_else(wrong)?),
            (Kind::Decimal, Literal::Number(number)) => Operand::Decimal(double(number).ok_or_else(wrong)?),
            (Kind::DateTime, Literal::String(text)) => Operand::Instant(micros(text).ok_or_else(wrong)?),
            _ => return Err(wrong()),
        };
        Ok(operand)
    }

    /// A test of an attribute that this type does not have: unassigned where another type has it, else a mistake.
    fn absent(&self, name: &str, test: &Test) -> Result<Condition<'a>> {
        let anywhere = self.among.iter().any(|other| other.lookup(name).is_some());
        let Some(Target::Attribute(id)) = self.definition.lookup("id").filter(|_| anywhere) else {
            return Err(self.unknown(name));
        };
        let always = Condition::Present(id);
        let holds = match test {
            Test::Present => false,
            Test::Compare(operator, Literal::Null) => *operator == Operator::Eq,
            Test::Compare(operator, _) => *operator == Operator::Ne,
        };
        if holds { Ok(always) } else { Ok(Condition::Not(Box::new(always))) }
    }

    fn unknown(&self, name: &str) -> Error {
        Error::new(
            ScimType::InvalidFilter,
            format!("filter: there is no attribute {name:?} in a {}", self.definition.name),
        )
    }
}

/// What is never shown, and what is made only when it is shown, can be neither filtered nor sorted by.
fn is_hidden(attribute: &AttributeRef<'_>) -> bool {
    let leaf = attribute.leaf();
    let is_location = attribute.attribute.name == "meta" && leaf.name == "location";
    leaf.returned == Returned::Never
        || attribute.attribute.returned == Returned::Never
        || is_location
        || leaf.name == "$ref"
}

/// The attribute itself, or the `value` of a complex one.
fn with_value(attribute: AttributeRef<'_>) -> Option<AttributeRef<'_>> {
    if attribute.leaf().kind != Kind::Complex {
        return Some(attribute);
    }
    let value = attribute.attribute.sub_attribute("value")?;
    Some(AttributeRef { sub_attribute: Some(value), ..attribute })
}

fn applies(operator: Operator, kind: Kind) -> bool {
    match operator {
        Operator::Eq | Operator::Ne => true,
        Operator::Co | Operator::Sw | Operator::Ew => {
            matches!(kind, Kind::String | Kind::Reference | Kind::Binary)
        }
        Operator::Gt | Operator::Ge | Operator::Lt | Operator::Le => {
            !matches!(kind, Kind::Boolean | Kind::Binary)
        }
    }
}

/// The type in words.
pub(crate) fn a_kind(kind: Kind) -> &'static str {
    match kind {
        Kind::String => "a string",
        Kind::Boolean => "a boolean",
        Kind::Decimal => "a decimal",
        Kind::Integer => "an integer",
        Kind::DateTime => "a dateTime such as \"2011-05-13T04:42:34Z\"",
        Kind::Binary => "a binary",
        Kind::Reference => "a reference",
        Kind::Complex => "complex",
    }
}

/// A string as it is compared: folded unless the attribute is `caseExact`.
pub(crate) fn folded(attribute: &Attribute, text: &str) -> String {
    if attribute.case_exact { text.to_owned() } else { fold(text) }
}

/// `true` or `false` in the spellings that identity providers send.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// The nearest double, unless there is none.
pub(crate) fn double(number: &Number) -> Option<f64> {
    number.as_f64().filter(|value| value.is_finite())
}

/// A dateTime in microseconds since 1970 (RFC 7643 §2.3.5). One without an offset is in UTC. A `+` that became a space on
/// its way through a URL is a `+` again.
pub(crate) fn micros(text: &str) -> Option<i64> {
    let zoned = |text: &str| text.parse::<Timestamp>().ok();
    let time = zoned(text)
        .or_else(|| text.rsplit_once(' ').and_then(|(time, offset)| zoned(&format!("{time}+{offset}"))))
        .or_else(|| TimeZone::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok())?;
    Some(time.as_microsecond())
}

#[cfg(test)]
mod tests {
    mod answers;
    mod refusals;

    use super::*;
    use crate::builtin;
    use crate::profile::Profile;

    fn resolved(text: &str, profile: Profile) -> Result<Condition<'static>> {
        resolve(&Filter::parse(text, profile.rules())?, builtin::user())
    }

    fn operand(text: &str) -> Operand {
        match resolved(text, Profile::Generic).unwrap() {
            Condition::Compare(_, _, operand) => operand,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn values_take_the_type_of_their_attribute() {
        assert_eq!(operand("userName eq \"ANA\""), Operand::Text("ana".to_owned()));
        assert_eq!(operand("externalId eq \"ANA\""), Operand::Text("ANA".to_owned()));
        assert_eq!(operand("active eq true"), Operand::Boolean(true));
        assert_eq!(operand("active eq \"False\""), Operand::Boolean(false));
        assert_eq!(operand("meta.created gt \"1970-01-01T00:00:01Z\""), Operand::Instant(1_000_000));
        assert_eq!(operand("meta.created gt \"1970-01-01T01:00:01 01:00\""), Operand::Instant(1_000_000));
        assert_eq!(operand("meta.created gt \"1970-01-01T00:00:01.5\""), Operand::Instant(1_500_000));
    }

    #[test]
    fn a_complex_attribute_is_compared_by_its_value() {
        let Ok(Condition::Compare(attribute, ..)) = resolved("emails co \"x\"", Profile::Generic) else {
            panic!()
        };
        assert_eq!(attribute.to_string(), "emails.value");
        let Ok(Condition::Compare(attribute, ..)) = resolved("manager eq \"x\"", Profile::Generic) else {
            panic!()
        };
        assert!(attribute.to_string().ends_with(":manager.value"));
    }

    #[test]
    fn null_is_the_absence_of_a_value() {
        assert!(matches!(resolved("title eq null", Profile::Generic), Ok(Condition::Not(_))));
        assert!(matches!(resolved("title ne null", Profile::Generic), Ok(Condition::Present(_))));
    }

    #[test]
    fn what_cannot_be_answered_is_refused() {
        for text in [
            "shoeSize eq 43",
            "name eq \"x\"",
            "userName eq 1",
            "userName eq true",
            "active gt true",
            "active co \"t\"",
            "active eq \"perhaps\"",
            "meta.created gt \"yesterday\"",
            "meta.created co \"2011\"",
            "meta.location eq \"x\"",
            "password pr",
            "password eq \"x\"",
            "title gt null",
            "groups.$ref eq \"x\"",
            "userName[value eq \"x\"]",
            "emails[shoeSize eq \"x\"]",
            "emails.value[type eq \"x\"]",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User eq \"x\"",
            "x509Certificates.value gt \"x\"",
        ] {
            let error = resolved(text, Profile::Generic).expect_err(text);
            assert_eq!(error.scim_type, ScimType::InvalidFilter, "{text}: {error}");
        }
    }

    #[test]
    fn unquoted_digits_are_a_text_where_the_directory_allows_it() {
        assert!(resolved("externalId eq 77", Profile::Okta).is_ok());
        assert!(resolved("externalId eq 77", Profile::Generic).is_err());
    }

    #[test]
    fn among_several_types_what_one_does_not_have_is_unassigned_there() {
        let among = [builtin::user(), builtin::group()];
        let in_groups = |text: &str| {
            let filter = Filter::parse(text, Profile::Generic.rules()).unwrap();
            resolve_among(&filter, builtin::group(), &among)
        };
        assert!(matches!(in_groups("userName eq \"x\""), Ok(Condition::Not(_))));
        assert!(matches!(in_groups("userName pr"), Ok(Condition::Not(_))));
        assert!(matches!(in_groups("emails[type eq \"work\"]"), Ok(Condition::Not(_))));
        assert!(matches!(in_groups("userName ne \"x\""), Ok(Condition::Present(_))));
        assert!(matches!(in_groups("displayName eq \"x\""), Ok(Condition::Compare(..))));
        assert_eq!(in_groups("shoeSize pr").unwrap_err().scim_type, ScimType::InvalidFilter);
    }

    #[test]
    fn a_sort_is_by_one_comparable_value() {
        let by = |name| resolve_sort(name, builtin::user()).map(|attribute| attribute.to_string());
        assert_eq!(by("USERNAME").unwrap(), "userName");
        assert_eq!(by("emails").unwrap(), "emails.value");
        assert_eq!(by("meta.lastModified").unwrap(), "meta.lastModified");
        for name in
            ["name", "addresses", "password", "shoeSize", "meta.location", crate::schema::ENTERPRISE_USER]
        {
            assert_eq!(by(name).unwrap_err().scim_type, ScimType::InvalidPath, "{name}");
        }
    }
}
