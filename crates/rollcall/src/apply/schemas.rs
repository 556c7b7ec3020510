//! The schemas of a directory.

use rollcall_api::discovery;
use rollcall_api::v1::schema::Attribute;
use rollcall_api::v1::{DeleteSchemaRequest, RegisterSchemaRequest, RegisteredSchema};

use super::file::Schema;
use super::plan::{Change, Step, Work};

/// What has to be done so that a directory has these schemas; with `prune`, and no others.
pub(super) fn compared(directory: &str, wanted: &[Schema], there: &[RegisteredSchema], prune: bool) -> Work {
    let mut work = Work::default();
    let is_wanted = |id: &str| wanted.iter().any(|schema| schema.definition.0.id.eq_ignore_ascii_case(id));
    for old in there.iter().filter(|old| prune && !is_wanted(urn(old))) {
        let change = Change::new(format!("schema {}", urn(old)), Some(summary(old)), None);
        let request = DeleteSchemaRequest { directory: directory.to_owned(), id: urn(old).to_owned() };
        work.step(change, Step::DeleteSchema(request));
    }
    for schema in wanted {
        let request = RegisterSchemaRequest {
            directory: directory.to_owned(),
            schema: Some(schema.definition.0.clone()),
            resource_type: schema.resource_type.name().to_owned(),
            required: schema.required,
        };
        let new = RegisteredSchema {
            schema: request.schema.clone(),
            resource_type: request.resource_type.clone(),
            required: request.required,
            created: None,
        };
        let old = there.iter().find(|old| urn(old).eq_ignore_ascii_case(urn(&new)));
        if old.is_some_and(|old| is_same(old, &new)) {
            continue;
        }
        let after = old.map_or_else(|| summary(&new), |old| difference(old, &new));
        let change = Change::new(format!("schema {}", urn(&new)), old.map(summary), Some(after));
        work.step(change, Step::RegisterSchema(request));
    }
    work
}

fn urn(registered: &RegisteredSchema) -> &str {
    registered.schema.as_ref().map(|schema| schema.id.as_str()).unwrap_or_default()
}

/// Whether two schemas are written alike, whatever of their characteristics is said and what is left to its default.
fn is_same(one: &RegisteredSchema, other: &RegisteredSchema) -> bool {
    let written = |registered: &RegisteredSchema| registered.schema.as_ref().map(discovery::registration);
    one.resource_type == other.resource_type
        && one.required == other.required
        && written(one) == written(other)
}

fn attributes(registered: &RegisteredSchema) -> &[Attribute] {
    registered.schema.as_ref().map(|schema| schema.attributes.as_slice()).unwrap_or_default()
}

fn summary(registered: &RegisteredSchema) -> String {
    let required = if registered.required { ", required" } else { "" };
    let names: Vec<_> = attributes(registered).iter().map(|attribute| attribute.name.as_str()).collect();
    format!("{}{required}: {}", registered.resource_type, names.join(", "))
}

/// The new schema, with what is other in it than in the old one.
fn difference(old: &RegisteredSchema, new: &RegisteredSchema) -> String {
    let find = |list: &'_ [Attribute], name: &str| {
        list.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name)).cloned()
    };
    let added = attributes(new).iter().filter(|attribute| find(attributes(old), &attribute.name).is_none());
    let gone = attributes(old).iter().filter(|attribute| find(attributes(new), &attribute.name).is_none());
    let other = attributes(new)
        .iter()
        .filter(|attribute| find(attributes(old), &attribute.name).is_some_and(|old| old != **attribute));
    let parts: Vec<String> =
        [("new", added.collect::<Vec<_>>()), ("gone", gone.collect()), ("changed", other.collect())]
            .into_iter()
            .filter(|(_, attributes)| !attributes.is_empty())
            .map(|(word, attributes)| {
                let names: Vec<_> = attributes.iter().map(|attribute| attribute.name.as_str()).collect();
                format!("{word}: {}", names.join(", "))
            })
            .collect();
    if parts.is_empty() { summary(new) } else { format!("{} ({})", summary(new), parts.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::super::file::parse;
    use super::*;

    fn wanted(attributes: &str) -> Vec<Schema> {
        let text = format!(
            "directories:\n- name: acme\n  profile: okta\n  schemas:\n  - schema: {{id: 'urn:example:badge', attributes: {attributes}}}\n"
        );
        let mut file = parse(&text).unwrap_or_else(|mistake| panic!("{mistake:?}"));
        file.directories.remove(0).schemas
    }

    fn registered(schemas: &[Schema]) -> Vec<RegisteredSchema> {
        let work = compared("acme", schemas, &[], false);
        let of = |step: &Step| match step {
            Step::RegisterSchema(request) => RegisteredSchema {
                schema: request.schema.clone(),
                resource_type: request.resource_type.clone(),
                required: request.required,
                created: None,
            },
            other => panic!("{other:?}"),
        };
        work.steps.iter().map(of).collect()
    }

    #[test]
    fn a_schema_is_registered_when_it_is_not_there_as_it_is_written() {
        let old = wanted("[{name: number}, {name: level, type: integer}]");
        let there = registered(&old);
        assert!(compared("acme", &old, &there, true).steps.is_empty());
        let work = compared("acme", &wanted("[{name: number, type: string}, {name: colour}]"), &there, false);
        let [change] = work.changes.as_slice() else { panic!("{work:?}") };
        assert_eq!(change.what, "schema urn:example:badge");
        assert_eq!(change.before.as_deref(), Some("User: number, level"));
        assert_eq!(change.after.as_deref(), Some("User: number, colour (new: colour; gone: level)"));
    }

    #[test]
    fn what_the_file_does_not_have_goes_only_when_that_is_said() {
        let there = registered(&wanted("[{name: number}]"));
        assert!(compared("acme", &[], &there, false).steps.is_empty());
        let work = compared("acme", &[], &there, true);
        assert!(matches!(work.steps.as_slice(), [Step::DeleteSchema(_)]), "{work:?}");
        assert_eq!(work.changes[0].after, None);
    }
}
