//! The attributes of a resource as lines of text.

use rollcall_api::v1::Meta;
use serde_json::Value;

use crate::time::Moment;

/// The attributes of one schema.
#[derive(Debug)]
pub(super) struct AttributeSection {
    pub(super) title: String,
    pub(super) urn: String,
    pub(super) facts: Vec<Fact>,
}

/// One attribute.
#[derive(Debug)]
pub(super) struct Fact {
    pub(super) name: String,
    pub(super) values: Vec<String>,
    /// Where the value came from.
    pub(super) source: String,
}

impl Fact {
    fn new(name: &str, value: impl Into<String>) -> Self {
        Self { name: name.to_owned(), values: vec![value.into()], source: String::new() }
    }
}

/// What the core says of a resource.
pub(super) fn record(id: &str, meta: Option<&Meta>, now: i64) -> Vec<Fact> {
    let mut facts = vec![Fact::new("id", id)];
    let Some(meta) = meta else { return facts };
    let times = [("Created", meta.created.as_ref()), ("Last change", meta.last_modified.as_ref())];
    for (name, time) in times {
        facts.extend(
            Moment::of(time, now).map(|time| Fact::new(name, format!("{} ({})", time.words, time.exact))),
        );
    }
    facts.push(Fact::new("Version", meta.version.trim_start_matches("W/").trim_matches('"')));
    facts
}

/// The attributes of a resource, by schema. What the rest of the page shows is left out.
pub(super) fn sections(resource: Value) -> Vec<AttributeSection> {
    let Value::Object(attributes) = resource else { return Vec::new() };
    let mut core = AttributeSection { title: "Attributes".to_owned(), urn: String::new(), facts: Vec::new() };
    let mut extensions = Vec::new();
    for (name, value) in attributes {
        match (name.as_str(), value) {
            ("schemas" | "id" | "meta" | "groups" | "active", _) => {}
            (urn, Value::Object(members)) if urn.starts_with("urn:") => extensions.push(AttributeSection {
                title: extension_title(urn),
                urn: urn.to_owned(),
                facts: members.into_iter().flat_map(|(name, value)| facts(&name, value)).collect(),
            }),
            (_, value) => core.facts.extend(facts(&name, value)),
        }
    }
    std::iter::once(core).chain(extensions).filter(|section| !section.facts.is_empty()).collect()
}

/// What people call an extension: the last word of its URN but the type of resource.
pub(super) fn extension_title(urn: &str) -> String {
    if urn == "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User" {
        return "Enterprise".to_owned();
    }
    urn.rsplit(':').next().unwrap_or(urn).to_owned()
}

/// An attribute as lines: a complex one by its parts, a list by its elements.
pub(super) fn facts(name: &str, value: Value) -> Vec<Fact> {
    match value {
        Value::Object(members) => {
            members.into_iter().flat_map(|(part, value)| facts(&format!("{name}.{part}"), value)).collect()
        }
        Value::Array(values) => {
            let values = values.into_iter().map(element).collect();
            vec![Fact { name: name.to_owned(), values, source: String::new() }]
        }
        value => vec![Fact::new(name, plain(&value))],
    }
}

/// One element of a list: its value, and beside it what kind it is.
fn element(value: Value) -> String {
    let Value::Object(members) = value else { return plain(&value) };
    let text = |name: &str| members.get(name).map(plain);
    let main = text("value").or_else(|| text("formatted")).unwrap_or_else(|| {
        let parts = members.iter().filter(|(name, _)| !matches!(name.as_str(), "type" | "primary"));
        parts.map(|(_, value)| plain(value)).collect::<Vec<_>>().join(", ")
    });
    let kind = text("type");
    let primary = (members.get("primary") == Some(&Value::Bool(true))).then(|| "primary".to_owned());
    let beside: Vec<String> = kind.into_iter().chain(primary).collect();
    if beside.is_empty() { main } else { format!("{main} ({})", beside.join(", ")) }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn attributes_are_told_by_schema_and_line_by_line() {
        let sections = sections(json!({
            "schemas": ["x"], "id": "1", "userName": "ana", "name": {"givenName": "Ana", "familyName": "Sá"},
            "emails": [{"value": "a@example.com", "type": "work", "primary": true}, {"value": "b@example.com"}],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Sales"},
            "meta": {"version": "W/\"1\""}, "active": true,
        }));
        let lines: Vec<(String, String, Vec<String>)> = sections
            .into_iter()
            .flat_map(|section| {
                let title = section.title;
                section.facts.into_iter().map(move |fact| (title.clone(), fact.name, fact.values))
            })
            .collect();
        let line = |title: &str, name: &str, values: &[&str]| {
            (title.to_owned(), name.to_owned(), values.iter().map(|&value| value.to_owned()).collect())
        };
        assert_eq!(
            lines,
            [
                line("Attributes", "userName", &["ana"]),
                line("Attributes", "name.givenName", &["Ana"]),
                line("Attributes", "name.familyName", &["Sá"]),
                line("Attributes", "emails", &["a@example.com (work, primary)", "b@example.com"]),
                line("Enterprise", "department", &["Sales"]),
            ]
        );
    }
}
