//! What a change made of each attribute, in lines of text.

use rollcall_api::v1::EventChange;
use rollcall_api::value;
use serde_json::Value;

use super::super::attributes::{extension_title, facts};
use super::members::{Names, named};
use super::said::Said;
use crate::time::{count, grouped};

/// Attributes of a change that are shown.
const SHOWN: usize = 40;
/// The longest value that is shown whole, in characters.
const LONGEST: usize = 240;

/// What changed of one attribute.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) name: String,
    /// What is there no more.
    pub(crate) before: Vec<Said>,
    /// What is new.
    pub(crate) after: Vec<Said>,
}

/// The differences that a change made, and how many more there are than are shown.
pub(super) fn differences(changes: Vec<EventChange>, names: &Names) -> (Vec<Difference>, usize) {
    let mut all: Vec<Difference> =
        changes.into_iter().flat_map(|change| of_attribute(change, names)).collect();
    let more = all.len().saturating_sub(SHOWN);
    all.truncate(SHOWN);
    (all, more)
}

fn of_attribute(change: EventChange, names: &Names) -> Vec<Difference> {
    let EventChange { name, before, after, added, removed } = change;
    if !added.is_empty() || !removed.is_empty() {
        return vec![Difference { name, before: members(&removed, names), after: members(&added, names) }];
    }
    let json = |value: Option<rollcall_api::v1::Value>| value.map_or(Value::Null, value::from_message);
    let (before, after) = (json(before), json(after));
    if before.is_null() && after.is_null() {
        // Of a password no more is known than that.
        return vec![Difference { name, before: Vec::new(), after: vec!["another one".to_owned().into()] }];
    }
    let prefix = if name.starts_with("urn:") { extension_title(&name) } else { name };
    parts(&prefix, before, after)
}

/// The parts in which two values differ; of lists, the elements.
fn parts(name: &str, before: Value, after: Value) -> Vec<Difference> {
    let (before, after) = (lines(name, before), lines(name, after));
    let names = before.iter().chain(&after).map(|(name, _)| name);
    let mut differences: Vec<Difference> = Vec::new();
    for name in names {
        if differences.iter().any(|known| known.name == *name) {
            continue;
        }
        let values = |lines: &[(String, Vec<String>)]| {
            lines
                .iter()
                .find(|(other, _)| other == name)
                .map(|(_, values)| values.clone())
                .unwrap_or_default()
        };
        let (old, new) = (values(&before), values(&after));
        if old == new {
            continue;
        }
        let without = |values: &[String], others: &[String]| -> Vec<Said> {
            values
                .iter()
                .filter(|value| !others.contains(value))
                .map(|value| shortened(value).into())
                .collect()
        };
        let (gone, come) = (without(&old, &new), without(&new, &old));
        let is_reordered = gone.is_empty() && come.is_empty();
        differences.push(Difference {
            name: name.clone(),
            before: gone,
            after: if is_reordered { vec!["the same in another order".to_owned().into()] } else { come },
        });
    }
    differences
}

fn lines(name: &str, value: Value) -> Vec<(String, Vec<String>)> {
    if value.is_null() {
        return Vec::new();
    }
    facts(name, value).into_iter().map(|fact| (fact.name, fact.values)).collect()
}

/// How many members came or went, and who they are, as far as they are known.
fn members(ids: &[String], names: &Names) -> Vec<Said> {
    let number = u64::try_from(ids.len()).unwrap_or_default();
    if number == 0 {
        return Vec::new();
    }
    let shown = named(ids);
    let mut lines = vec![count(number, "member").into()];
    lines.extend(shown.iter().map(|id| names.get(id).cloned().unwrap_or_else(|| id.clone().into())));
    if ids.len() > shown.len() {
        lines.push(format!("and {} more", grouped(number - shown.len() as u64)).into());
    }
    lines
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(name: &str, before: Value, after: Value) -> Vec<(String, Vec<String>, Vec<String>)> {
        let part = |value| Some(value::to_message(value));
        let change = EventChange {
            name: name.to_owned(),
            before: part(before),
            after: part(after),
            ..EventChange::default()
        };
        let (all, more) = differences(vec![change], &Names::new());
        assert_eq!(more, 0);
        all.into_iter().map(|one| (one.name, words(one.before), words(one.after))).collect()
    }

    fn words(values: Vec<Said>) -> Vec<String> {
        values.into_iter().map(|value| value.text).collect()
    }

    fn texts(values: &[&str]) -> Vec<String> {
        values.iter().map(|&value| value.to_owned()).collect()
    }

    #[test]
    fn of_each_attribute_what_differs_is_told_and_nothing_else() {
        assert_eq!(
            told("title", json!("Boss"), json!("Chief")),
            [("title".to_owned(), texts(&["Boss"]), texts(&["Chief"]))]
        );
        assert_eq!(
            told(
                "name",
                json!({"givenName": "A", "familyName": "B"}),
                json!({"givenName": "A", "familyName": "C"})
            ),
            [("name.familyName".to_owned(), texts(&["B"]), texts(&["C"]))]
        );
        assert_eq!(
            told(
                "emails",
                json!([{"value": "a@x"}, {"value": "b@x"}]),
                json!([{"value": "b@x"}, {"value": "c@x", "type": "work"}])
            ),
            [("emails".to_owned(), texts(&["a@x"]), texts(&["c@x (work)"]))]
        );
        assert_eq!(
            told("urn:example:acme:2.0:Badge", json!(null), json!({"number": "7"})),
            [("Badge.number".to_owned(), texts(&[]), texts(&["7"]))]
        );
        assert_eq!(
            told("roles", json!(["a", "b"]), json!(["b", "a"])),
            [("roles".to_owned(), texts(&[]), texts(&["the same in another order"]))]
        );
    }

    #[test]
    fn of_a_password_no_more_is_told_than_that_it_is_another_one() {
        assert_eq!(
            told("password", json!(null), json!(null)),
            [("password".to_owned(), texts(&[]), texts(&["another one"]))]
        );
    }

    #[test]
    fn many_members_and_long_values_are_cut() {
        let change = EventChange {
            name: "members".to_owned(),
            added: (0..9).map(|number| number.to_string()).collect(),
            ..EventChange::default()
        };
        let ana = Said { text: "Ana".to_owned(), path: "/admin/d/acme/users/1".to_owned() };
        let (mut all, _) = differences(vec![change], &Names::from([("1".to_owned(), ana.clone())]));
        let after = all.remove(0).after;
        assert_eq!(after[2], ana);
        assert_eq!(words(after), texts(&["9 members", "0", "Ana", "2", "3", "4", "and 4 more"]));
        let long = told("title", json!(null), json!("é".repeat(300)));
        assert_eq!(long[0].2[0].chars().count(), LONGEST + 1);
        let many: serde_json::Map<String, Value> = (0..50).map(|n| (format!("part{n}"), json!(n))).collect();
        let change = EventChange {
            name: "urn:x:Y".to_owned(),
            after: Some(value::to_message(Value::Object(many))),
            ..EventChange::default()
        };
        let (all, more) = differences(vec![change], &Names::new());
        assert_eq!((all.len(), more), (SHOWN, 10));
    }
}
