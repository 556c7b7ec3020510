//! Answers a [`Condition`] in memory: what every database must answer alike, and how PATCH selects elements.

use serde_json::{Map, Value};

use crate::Resource;
use crate::condition::{Condition, Operand, Operator};
use crate::definition::AttributeRef;
use crate::resolve::folded;
use crate::search_form;

/// A resource as conditions see it.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The id.
    pub id: &'a str,
    /// The name of the resource type.
    pub resource_type: &'a str,
    /// The version, as `meta.version` shows it.
    pub version: &'a str,
    /// When it was made, in µs.
    pub created: i64,
    /// When it last changed, in µs.
    pub modified: i64,
    /// All else, in [search form](crate::search_form).
    pub search: &'a Resource,
}

/// Whether a resource fulfils a condition.
pub fn matches(condition: &Condition<'_>, view: &View<'_>) -> bool {
    let some_value = |attribute: &AttributeRef<'_>, test: Test<'_>| view.values(attribute).iter().any(test);
    holds(condition, &some_value, &|attribute, inner| {
        view.elements(attribute).iter().any(|element| {
            let some_value = |attribute: &AttributeRef<'_>, test: Test<'_>| {
                attribute
                    .sub_attribute
                    .and_then(|sub| element.get(&sub.name))
                    .is_some_and(|value| is_some(value, test))
            };
            holds(inner, &some_value, &|_, _| false)
        })
    })
}

/// Whether one element of a multi-valued attribute, in canonical form, fulfils a condition on its sub-attributes.
pub(crate) fn element_matches(condition: &Condition<'_>, element: &Value) -> bool {
    // Equal text is asked for most, of every element of a list, and needs no copy.
    if let Condition::Compare(
        AttributeRef { sub_attribute: Some(sub), .. },
        Operator::Eq,
        Operand::Text(right),
    ) = condition
        && let Some(Value::String(left)) = element.get(&sub.name)
    {
        let is_ascii = left.is_ascii() && right.is_ascii();
        return if is_ascii && !sub.case_exact {
            left.eq_ignore_ascii_case(right)
        } else {
            folded(sub, left) == *right
        };
    }
    let some_value = |attribute: &AttributeRef<'_>, test: Test<'_>| {
        let sub_value = attribute.sub_attribute.and_then(|sub| Some((sub, element.get(&sub.name)?)));
        sub_value.is_some_and(|(sub, value)| is_some(&search_form::value(sub, value), test))
    };
    holds(condition, &some_value, &|_, _| false)
}

/// What is asked of a value in search form.
type Test<'t> = &'t dyn Fn(&Value) -> bool;

/// Whether the test holds for the value, or for one of them.
fn is_some(value: &Value, test: Test<'_>) -> bool {
    match value {
        Value::Array(values) => values.iter().any(test),
        value => test(value),
    }
}

fn holds(
    condition: &Condition<'_>,
    some_value: &dyn Fn(&AttributeRef<'_>, Test<'_>) -> bool,
    any_element: &dyn Fn(&AttributeRef<'_>, &Condition<'_>) -> bool,
) -> bool {
    match condition {
        Condition::And(parts) => parts.iter().all(|part| holds(part, some_value, any_element)),
        Condition::Or(parts) => parts.iter().any(|part| holds(part, some_value, any_element)),
        Condition::Not(inner) => !holds(inner, some_value, any_element),
        Condition::Present(attribute) => some_value(attribute, &|_| true),
        Condition::Compare(attribute, operator, operand) => {
            let differs_from_nothing = *operator == Operator::Ne && !some_value(attribute, &|_| true);
            differs_from_nothing || some_value(attribute, &|value| compares(value, *operator, operand))
        }
        Condition::AnyElement(attribute, inner) => any_element(attribute, inner),
    }
}

impl View<'_> {
    /// The values of an attribute: none, one, or those of all elements.
    fn values(&self, attribute: &AttributeRef<'_>) -> Vec<Value> {
        match (attribute.attribute.name.as_str(), attribute.sub_attribute.map(|sub| sub.name.as_str())) {
            ("id", _) => vec![self.id.into()],
            ("meta", None) => vec![Value::Object(Map::new())],
            ("meta", Some("created")) => vec![self.created.into()],
            ("meta", Some("lastModified")) => vec![self.modified.into()],
            ("meta", Some("version")) => vec![self.version.into()],
            ("meta", Some("resourceType")) => vec![self.resource_type.into()],
            (_, None) => self.elements(attribute),
            (_, Some(sub)) => {
                self.elements(attribute).into_iter().filter_map(|element| element.get(sub).cloned()).collect()
            }
        }
    }

    fn elements(&self, attribute: &AttributeRef<'_>) -> Vec<Value> {
        let owner = match attribute.extension {
            None => Some(self.search),
            Some(urn) => self.search.get(urn).and_then(Value::as_object),
        };
        match owner.and_then(|owner| owner.get(&attribute.attribute.name)) {
            None => Vec::new(),
            Some(Value::Array(elements)) => elements.clone(),
            Some(value) => vec![value.clone()],
        }
    }
}

fn compares(value: &Value, operator: Operator, operand: &Operand) -> bool {
    match (value, operand) {
        (Value::String(left), Operand::Text(right)) => match operator {
            Operator::Co => left.contains(right.as_str()),
            Operator::Sw => left.starts_with(right.as_str()),
            Operator::Ew => left.ends_with(right.as_str()),
            _ => ordered(left.as_str(), operator, right.as_str()),
        },
        (Value::Bool(left), Operand::Boolean(right)) => ordered(left, operator, right),
        (Value::Number(left), Operand::Integer(right) | Operand::Instant(right)) => {
            left.as_i64().is_some_and(|left| ordered(&left, operator, right))
        }
        (Value::Number(left), Operand::Decimal(right)) => {
            left.as_f64().is_some_and(|left| ordered(&left, operator, right))
        }
        _ => false,
    }
}

fn ordered<T: PartialOrd + ?Sized>(left: &T, operator: Operator, right: &T) -> bool {
    match operator {
        Operator::Eq => left == right,
        Operator::Ne => left != right,
        Operator::Gt => left > right,
        Operator::Ge => left >= right,
        Operator::Lt => left < right,
        Operator::Le => left <= right,
        Operator::Co | Operator::Sw | Operator::Ew => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::filter::Filter;
    use crate::profile::Profile;
    use crate::{builtin, resolve, search_form};

    fn answer(filter: &str) -> bool {
        let resource = json!({
            "userName": "Ana",
            "active": true,
            "title": "Boss",
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "emails": [{"value": "ana@work.test", "type": "work"}, {"value": "ana@home.test", "type": "home", "primary": true}],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Tours"},
        });
        let search = search_form::of(resource.as_object().unwrap(), builtin::user());
        let view = View {
            id: "0197",
            resource_type: "User",
            version: "W/\"3\"",
            created: 1_000_000,
            modified: 2_000_000,
            search: &search,
        };
        let filter = Filter::parse(filter, Profile::Generic.rules()).unwrap();
        matches(&resolve::resolve(&filter, builtin::user()).unwrap(), &view)
    }

    #[test]
    fn every_operator_answers() {
        for (filter, expected) in [
            ("userName eq \"ANA\"", true),
            ("userName ne \"ana\"", false),
            ("userName co \"N\" and userName sw \"A\" and userName ew \"a\"", true),
            ("title gt \"book\"", true),
            ("title le \"boss\"", true),
            ("title lt \"boss\"", false),
            ("nickName pr", false),
            ("nickName ne \"x\"", true),
            ("nickName lt \"x\"", false),
            ("active eq true", true),
            ("id eq \"0197\"", true),
            ("meta.created lt \"1970-01-01T00:00:02Z\"", true),
            ("meta.lastModified ge \"1970-01-01T00:00:03Z\"", false),
            ("meta.resourceType eq \"User\"", true),
            ("meta.version eq \"W/\\\"3\\\"\"", true),
            ("schemas eq \"urn:ietf:params:scim:schemas:core:2.0:User\"", true),
            ("department eq \"tours\"", true),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr", true),
        ] {
            assert_eq!(answer(filter), expected, "{filter}");
        }
    }

    #[test]
    fn one_element_fulfils_what_stands_in_brackets_and_any_what_does_not() {
        assert!(!answer("emails[type eq \"work\" and value eq \"ana@home.test\"]"));
        assert!(answer("emails.type eq \"work\" and emails.value eq \"ana@home.test\""));
        assert!(answer("emails[type eq \"work\"].value eq \"ana@work.test\""));
        assert!(!answer("emails[type eq \"work\"].value eq \"ana@home.test\""));
        assert!(answer("emails[not (type eq \"work\")]"));
        assert!(answer("emails.value ne \"ana@work.test\""), "some value differs");
        assert!(!answer("not (emails.value eq \"ana@work.test\")"));
        assert!(answer("emails.primary eq true"));
    }
}
