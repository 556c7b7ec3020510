//! Which attributes come back (RFC 7644 §3.9), as their `returned` characteristic and the client have it.

use serde_json::{Map, Value};

use crate::Resource;
use crate::definition::{AttributeRef, Definition, Target};
use crate::error::{Error, Result};
use crate::path::Path;
use crate::profile::Profile;
use crate::schema::{Attribute, Mutability, Returned};

/// Which attributes come back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Projection {
    choice: Choice,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Choice {
    /// Those that are returned by default.
    #[default]
    Default,
    /// Those that are named.
    Only(Vec<String>),
    /// Those that are returned by default, without those that are named.
    Without(Vec<String>),
}

impl Projection {
    /// Reads `attributes` and `excludedAttributes`, whose items may be comma-separated lists. A filter in brackets does not
    /// count: `emails[type eq "work"]` means `emails`.
    ///
    /// Errors: `invalidPath` for what is no name of an attribute, with its column; `invalidValue` when both are given.
    pub fn parse(attributes: &[String], excluded: &[String]) -> Result<Self> {
        let choice = match (names("attributes", attributes)?, names("excludedAttributes", excluded)?) {
            (only, without) if only.is_empty() && without.is_empty() => Choice::Default,
            (only, without) if without.is_empty() => Choice::Only(only),
            (only, without) if only.is_empty() => Choice::Without(without),
            _ => return Err(Error::value("attributes and excludedAttributes: give one of them, not both")),
        };
        Ok(Self { choice })
    }

    /// Whether a resource may come back with this attribute of the core schema, which is returned by default. `false` is
    /// certain; `true` is not, where a name says more than that of an attribute.
    pub fn may_show(&self, attribute: &str) -> bool {
        let is_it = |name: &String| name.eq_ignore_ascii_case(attribute);
        match &self.choice {
            Choice::Default => true,
            Choice::Without(names) => !names.iter().any(is_it),
            Choice::Only(names) => names.iter().any(|name| {
                let first = name.split('.').next().unwrap_or_default();
                first.eq_ignore_ascii_case(attribute) || name.contains(':')
            }),
        }
    }

    /// Whether everything comes back that is kept of a resource. What only clients write of the core schema, the password, is
    /// no part of that.
    pub fn shows_all(&self, definition: &Definition) -> bool {
        let kept = |attribute: &&Attribute| attribute.mutability != Mutability::WriteOnly;
        let extensions = definition.extensions.iter().flat_map(|extension| &extension.schema.attributes);
        let mut attributes = definition.schema.attributes.iter().filter(kept).chain(extensions);
        self.choice == Choice::Default
            && !attributes
                .any(|attribute| is_hidden(attribute) || attribute.sub_attributes.iter().any(is_hidden))
    }

    /// Takes out of a resource what does not come back. Names that nothing is called choose nothing; the URN of a schema
    /// chooses all its attributes that are returned by default.
    pub fn apply(&self, resource: &mut Resource, definition: &Definition) {
        match &self.choice {
            Choice::Default => hide(resource, definition),
            Choice::Only(names) => keep(resource, definition, &View::new(names, definition, true)),
            Choice::Without(names) => keep(resource, definition, &View::new(names, definition, false)),
        }
    }
}

/// The items of a comma-separated list of attributes. A comma in brackets belongs to the filter of its value path.
pub fn items(list: &str) -> impl Iterator<Item = &str> {
    let (mut in_brackets, mut in_quotes, mut escaped) = (false, false, false);
    list.split(move |c| {
        match c {
            '"' if in_brackets && !escaped => in_quotes = !in_quotes,
            '[' if !in_quotes => in_brackets = true,
            ']' if !in_quotes => in_brackets = false,
            _ => {}
        }
        escaped = in_quotes && c == '\\' && !escaped;
        c == ',' && !in_brackets
    })
    .map(str::trim)
    .filter(|item| !item.is_empty())
}

/// The names in a list of comma-separated lists, without what stands in brackets.
fn names(parameter: &str, lists: &[String]) -> Result<Vec<String>> {
    lists.iter().flat_map(|list| items(list)).map(|item| name(parameter, item)).collect()
}

fn name(parameter: &str, item: &str) -> Result<String> {
    // What stands in brackets does not count, and so it may be what any directory takes.
    let path = Path::parse(item, Profile::Okta.rules()).map_err(|error| {
        let mistake = error.detail.strip_prefix("path").unwrap_or(&error.detail);
        Error::new(error.scim_type, format!("{parameter}: {item:?}{mistake}"))
    })?;
    Ok(match path.sub_attribute {
        Some(sub_attribute) => format!("{}.{sub_attribute}", path.attribute),
        None => path.attribute,
    })
}

/// Takes out what is not returned by default, without looking at anything else.
fn hide(resource: &mut Resource, definition: &Definition) {
    hide_among(resource, definition.common().iter().chain(&definition.schema.attributes));
    for extension in &definition.extensions {
        if let Some(Value::Object(members)) = resource.get_mut(&extension.schema.id) {
            hide_among(members, extension.schema.attributes.iter());
        }
    }
}

fn hide_among<'a>(members: &mut Map<String, Value>, attributes: impl Iterator<Item = &'a Attribute>) {
    for attribute in attributes {
        if is_hidden(attribute) {
            members.shift_remove(&attribute.name);
        } else if attribute.sub_attributes.iter().any(is_hidden)
            && let Some(value) = members.get_mut(&attribute.name)
            && !retain_sub_attributes(attribute, value, &|sub| !is_hidden(sub))
        {
            members.shift_remove(&attribute.name);
        }
    }
}

fn is_hidden(attribute: &Attribute) -> bool {
    matches!(attribute.returned, Returned::Never | Returned::Request)
}

/// What a client named, looked up.
struct View<'d> {
    /// Whether the names are those that come back, or those that do not.
    only: bool,
    /// The schemas that are named: `None` is the core schema.
    schemas: Vec<Option<&'d str>>,
    attributes: Vec<AttributeRef<'d>>,
}

/// How much of an attribute is named.
enum Part<'d> {
    Nothing,
    /// All, by the URN of its schema.
    BySchema,
    Whole,
    SubAttributes(Vec<&'d Attribute>),
}

impl<'d> View<'d> {
    fn new(names: &[String], definition: &'d Definition, only: bool) -> Self {
        let mut view = Self { only, schemas: Vec::new(), attributes: Vec::new() };
        for name in names {
            match definition.lookup(name) {
                Some(Target::Attribute(attribute)) => view.attributes.push(attribute),
                Some(Target::Extension(schema)) => view.schemas.push(Some(&schema.id)),
                None if name.eq_ignore_ascii_case(&definition.schema.id) => view.schemas.push(None),
                None => {}
            }
        }
        view
    }

    fn part(&self, extension: Option<&str>, attribute: &Attribute) -> Part<'d> {
        let named = self
            .attributes
            .iter()
            .filter(|named| named.extension == extension && named.attribute.name == attribute.name);
        let sub_attributes: Option<Vec<&Attribute>> = named.map(|named| named.sub_attribute).collect();
        match sub_attributes {
            None => Part::Whole,
            Some(_) if self.schemas.contains(&extension) => Part::BySchema,
            Some(sub_attributes) if sub_attributes.is_empty() => Part::Nothing,
            Some(sub_attributes) => Part::SubAttributes(sub_attributes),
        }
    }

    /// Whether something of the attribute comes back. What does not is taken out of the value.
    fn shows(&self, extension: Option<&str>, attribute: &Attribute, value: &mut Value) -> bool {
        let by_default = attribute.returned == Returned::Default;
        let part = match (attribute.returned, self.part(extension, attribute)) {
            (Returned::Never, _) => return false,
            (Returned::Request, _) if !self.only => return false,
            (Returned::Always, Part::Nothing | Part::Whole | Part::BySchema) => None,
            (_, Part::SubAttributes(sub_attributes)) => Some(sub_attributes),
            (_, Part::Whole) if self.only => None,
            (_, Part::BySchema) if self.only && by_default => None,
            (_, Part::Nothing) if !self.only && by_default => None,
            _ => return false,
        };
        retain_sub_attributes(attribute, value, &|sub| {
            let is_named = part.as_ref().map(|named| named.iter().any(|named| named.name == sub.name));
            match sub.returned {
                Returned::Always => true,
                Returned::Never => false,
                Returned::Default => is_named.is_none_or(|is_named| is_named == self.only),
                Returned::Request => self.only && is_named == Some(true),
            }
        })
    }
}

fn keep(resource: &mut Resource, definition: &Definition, view: &View<'_>) {
    resource.retain(|name, value| {
        if let Some(extension) = definition.extension(name) {
            let schema = &extension.schema;
            let Value::Object(members) = value else { return false };
            members.retain(|name, value| {
                let attribute = schema.attributes.iter().find(|attribute| attribute.name == *name);
                attribute.is_some_and(|attribute| view.shows(Some(&schema.id), attribute, value))
            });
            return !members.is_empty();
        }
        let mut attributes = definition.schema.attributes.iter().chain(definition.common());
        attributes
            .find(|attribute| attribute.name == *name)
            .is_some_and(|attribute| view.shows(None, attribute, value))
    });
}

/// Takes sub-attributes out of a value, and elements that have none left. Whether something is left.
fn retain_sub_attributes(
    attribute: &Attribute,
    value: &mut Value,
    keep: &dyn Fn(&Attribute) -> bool,
) -> bool {
    match value {
        Value::Array(elements) => {
            elements.retain_mut(|element| retain_sub_attributes(attribute, element, keep));
            !elements.is_empty()
        }
        Value::Object(members) => {
            members.retain(|name, _| attribute.sub_attribute(name).is_some_and(keep));
            !members.is_empty()
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    mod lists;
    mod returned;

    use serde_json::json;

    use super::*;
    use crate::builtin;
    use crate::error::ScimType;
    use crate::schema::{ENTERPRISE_USER, USER};

    fn full() -> Value {
        json!({
            "schemas": [USER, ENTERPRISE_USER],
            "id": "0197",
            "userName": "ana",
            "name": {"familyName": "Ruiz", "givenName": "Ana"},
            "title": "Boss",
            "password": "secret",
            "emails": [{"value": "a@x.test", "type": "work"}, {"value": "b@x.test"}],
            ENTERPRISE_USER: {"costCenter": "4130", "department": "Ops"},
            "meta": {"resourceType": "User", "version": "W/\"1\""},
        })
    }

    fn shown_by(definition: &Definition, attributes: &[&str], excluded: &[&str]) -> Value {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let projection = Projection::parse(&owned(attributes), &owned(excluded)).unwrap();
        let Value::Object(mut resource) = full() else { panic!() };
        projection.apply(&mut resource, definition);
        Value::Object(resource)
    }

    /// What is shown beside `schemas` and `id`, which always are.
    fn shown(attributes: &[&str], excluded: &[&str]) -> Value {
        let mut shown = shown_by(builtin::user(), attributes, excluded);
        let members = shown.as_object_mut().unwrap();
        assert!(members.shift_remove("schemas").is_some() && members.shift_remove("id").is_some());
        shown
    }

    /// Everything but the named ones.
    fn all_but(names: &[&str]) -> Value {
        let mut all = full();
        for name in names.iter().chain(&["schemas", "id", "password"]) {
            all.as_object_mut().unwrap().shift_remove(*name);
        }
        all
    }

    #[test]
    fn without_a_choice_all_comes_back_but_the_password() {
        assert_eq!(shown(&[], &[]), all_but(&[]));
        assert_eq!(shown(&["", " "], &[","]), all_but(&[]));
    }

    #[test]
    fn what_is_named_comes_back_and_nothing_else() {
        assert_eq!(shown(&["userName"], &[]), json!({"userName": "ana"}));
        assert_eq!(shown(&["USERNAME, title", "shoeSize"], &[]), json!({"userName": "ana", "title": "Boss"}));
        assert_eq!(shown(&["name.FamilyName"], &[]), json!({"name": {"familyName": "Ruiz"}}));
        assert_eq!(
            shown(&["name.familyName", "name"], &[]),
            json!({"name": {"familyName": "Ruiz", "givenName": "Ana"}})
        );
        assert_eq!(shown(&["emails.type"], &[]), json!({"emails": [{"type": "work"}]}));
        assert_eq!(shown(&["meta.version"], &[]), json!({"meta": {"version": "W/\"1\""}}));
        assert_eq!(shown(&["password"], &[]), json!({}));
        assert_eq!(shown(&["shoeSize"], &[]), json!({}));
    }

    #[test]
    fn names_may_be_behind_urns_and_have_filters() {
        let urn = format!("{USER}:title");
        assert_eq!(shown(&[&urn], &[]), json!({"title": "Boss"}));
        let department = format!("{ENTERPRISE_USER}:department");
        assert_eq!(shown(&[&department], &[]), json!({ENTERPRISE_USER: {"department": "Ops"}}));
        assert_eq!(
            shown(&[ENTERPRISE_USER], &[]),
            json!({ENTERPRISE_USER: {"costCenter": "4130", "department": "Ops"}})
        );
        assert_eq!(shown(&[USER], &[]), all_but(&[ENTERPRISE_USER]));
        let emails = all_but(&["userName", "name", "title", "meta", ENTERPRISE_USER]);
        assert_eq!(shown(&["emails[type eq \"a,b\" or value eq \"x\"]"], &[]), emails);
        assert_eq!(shown(&["emails[type eq \"work\"].type"], &[]), json!({"emails": [{"type": "work"}]}));
    }

    #[test]
    fn what_is_excluded_stays_away_unless_it_always_comes() {
        assert_eq!(shown(&[], &["emails", "id,schemas", "shoeSize"]), all_but(&["emails"]));
        assert_eq!(shown(&[], &[ENTERPRISE_USER, "meta"]), all_but(&[ENTERPRISE_USER, "meta"]));
        let shown = shown(&[], &["name.givenName", "emails.value", "department"]);
        assert_eq!(shown["name"], json!({"familyName": "Ruiz"}));
        assert_eq!(shown["emails"], json!([{"type": "work"}]));
        assert_eq!(shown[ENTERPRISE_USER], json!({"costCenter": "4130"}));
    }

    #[test]
    fn both_lists_are_refused() {
        let error = Projection::parse(&["a".to_owned()], &["b".to_owned()]).unwrap_err();
        assert_eq!(error.scim_type, ScimType::InvalidValue);
    }

    #[test]
    fn what_is_returned_on_request_must_be_named() {
        let mut definition = builtin::user().clone();
        let attributes = &mut definition.schema.attributes;
        let find = |name: &str| {
            builtin::user_schema().attributes.iter().position(|attribute| attribute.name == name)
        };
        attributes[find("title").unwrap()].returned = Returned::Request;
        let emails = &mut attributes[find("emails").unwrap()].sub_attributes;
        emails[0].returned = Returned::Always;
        emails[2].returned = Returned::Request;

        let by_default = shown_by(&definition, &[], &[]);
        assert_eq!(by_default.get("title"), None);
        assert_eq!(by_default["emails"], json!([{"value": "a@x.test"}, {"value": "b@x.test"}]));
        assert_eq!(shown_by(&definition, &[], &["userName"]).get("title"), None);
        assert_eq!(shown_by(&definition, &[USER], &[]).get("title"), None);
        assert_eq!(shown_by(&definition, &["title"], &[])["title"], json!("Boss"));
        assert_eq!(shown_by(&definition, &["emails.type"], &[])["emails"], full()["emails"]);
    }

    #[test]
    fn what_certainly_does_not_come_back_need_not_be_found_out() {
        let of = |only: &[&str], without: &[&str]| {
            let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
            Projection::parse(&owned(only), &owned(without)).unwrap().may_show("groups")
        };
        assert!(of(&[], &[]));
        assert!(of(&["userName,GROUPS"], &[]));
        assert!(of(&["groups.display"], &[]));
        assert!(of(&["urn:ietf:params:scim:schemas:core:2.0:User"], &[]));
        assert!(!of(&["userName", "emails.value"], &[]));
        assert!(of(&[], &["userName", "groups.display"]));
        assert!(!of(&[], &["Groups"]));
    }

    #[test]
    fn what_is_no_name_is_refused_with_its_column() {
        for (written, part) in [
            ("emails[", "attributes: \"emails[\", column 8: expected the name of an attribute"),
            (
                "userName,emails[type eq \"a,b\"",
                "attributes: \"emails[type eq \\\"a,b\\\"\", column 21: expected \"]\"",
            ),
            ("emails]", "attributes: \"emails]\", column 7: expected the end"),
            ("user name", "attributes: \"user name\", column 6: expected the end"),
            ("*", "attributes: \"*\", column 1: expected the name"),
        ] {
            let error = Projection::parse(&[written.to_owned()], &[]).unwrap_err();
            assert_eq!(error.scim_type, crate::ScimType::InvalidPath);
            assert!(error.detail.starts_with(part), "{written}: {error}");
        }
        for written in ["nothing", "urn:example:nothing:at:all", "emails[type eq work].value", " , id,"] {
            assert!(Projection::parse(&[], &[written.to_owned()]).is_ok(), "{written}");
        }
    }
}
