//! How a plan is shown.

use rollcall_api::unseen::shown;
use serde_json::{Value, json};

use super::execution::Applied;
use super::plan::{Change, Kind, Part, Plan};
use crate::output::Paint;

/// A plan for people: what is now, and what is to be.
pub(crate) fn report(plan: &Plan, is_coloured: bool) -> String {
    let mut lines = Vec::new();
    for part in &plan.parts {
        let (sign, paint) = match part.kind {
            Kind::Made => ("+", Paint::Good),
            Kind::Changed => ("~", Paint::Doubtful),
            Kind::Deleted => ("-", Paint::Bad),
        };
        lines.push(paint.on(&format!("{sign} {}", part.title()), is_coloured));
        let widest =
            part.work.changes.iter().map(|change| change.what.chars().count()).max().unwrap_or_default();
        lines.extend(part.work.changes.iter().map(|change| line(change, widest, is_coloured)));
        lines.extend(
            part.work
                .refused
                .iter()
                .map(|why| format!("    {}", Paint::Bad.on(&format!("! {why}"), is_coloured))),
        );
    }
    lines.push(String::new());
    lines.push(summary(plan));
    lines.join("\n")
}

fn line(Change { what, before, after }: &Change, widest: usize, is_coloured: bool) -> String {
    let what = format!("{:widest$}", shown(what, false));
    let value = |text: &String| shown(text, false).into_owned();
    match (before.as_ref().map(value), after.as_ref().map(value)) {
        (Some(before), Some(after)) => {
            format!("    {}", Paint::Doubtful.on(&format!("~ {what}  {before} → {after}"), is_coloured))
        }
        (None, after) => {
            format!(
                "    {}",
                Paint::Good.on(&format!("+ {what}  {}", after.unwrap_or_default()), is_coloured)
            )
        }
        (Some(before), None) => format!("    {}", Paint::Bad.on(&format!("- {what}  {before}"), is_coloured)),
    }
}

/// How much there is to do.
fn summary(plan: &Plan) -> String {
    let count = |kind| plan.parts.iter().filter(|part| part.kind == kind).count();
    let words = [(Kind::Made, "to make"), (Kind::Changed, "to change"), (Kind::Deleted, "to delete")];
    let parts: Vec<String> = words
        .into_iter()
        .map(|(kind, word)| (count(kind), word))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    match plan.refused().len() {
        0 => format!("{}.", parts.join(", ")),
        refused => format!("{}; {refused} of that will be refused.", parts.join(", ")),
    }
}

/// The same for machines, with what became of it; `None`, nothing was tried.
pub(crate) fn as_json(plan: &Plan, applied: Option<&Applied>) -> Value {
    let part = |(place, part): (usize, &Part)| {
        let change =
            |change: &Change| json!({ "what": change.what, "before": change.before, "after": change.after });
        json!({
            "directory": Some(&part.directory).filter(|name| !name.is_empty()),
            "action": match part.kind {
                Kind::Made => "create",
                Kind::Changed => "update",
                Kind::Deleted => "delete",
            },
            "changes": part.work.changes.iter().map(change).collect::<Vec<_>>(),
            "applied": applied.is_some_and(|applied| applied.done.contains(&place)),
        })
    };
    json!({
        "directories": plan.parts.iter().enumerate().map(part).collect::<Vec<_>>(),
        "refused": applied.map_or_else(|| plan.refused(), |applied| applied.refused.clone()),
        "warnings": plan.remarks.iter().chain(applied.iter().flat_map(|applied| &applied.warnings)).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::plan::Work;
    use super::*;

    fn plan() -> Plan {
        let part = |directory: &str, kind, changes| Part {
            directory: directory.to_owned(),
            kind,
            work: Work { changes, ..Work::default() },
        };
        let text = |text: &str| Some(text.to_owned());
        Plan {
            remarks: vec!["all directories: so be it".to_owned()],
            parts: vec![
                part(
                    "acme",
                    Kind::Changed,
                    vec![
                        Change::new("scim", text("off"), text("on")),
                        Change::new("schema urn:x", None, text("User: a")),
                        Change::new("provisioning rule", text("allow; groups \u{1b}[2J"), None),
                    ],
                ),
                part("", Kind::Changed, vec![Change::new("service key billing", None, text("admin"))]),
                part("old", Kind::Deleted, Vec::new()),
            ],
        }
    }

    #[test]
    fn people_see_what_is_and_what_is_to_be() {
        let expected = "\
~ directory acme
    ~ scim               off → on
    + schema urn:x       User: a
    - provisioning rule  allow; groups \\u{1b}[2J
~ all directories
    + service key billing  admin
- directory old

2 to change, 1 to delete.";
        assert_eq!(report(&plan(), false), expected);
        assert!(report(&plan(), true).contains("\u{1b}[33m~ directory acme\u{1b}[0m"));
    }

    #[test]
    fn machines_see_what_became_of_it() {
        let applied = Applied { refused: vec!["no".to_owned()], done: vec![0, 2], ..Applied::default() };
        let json = as_json(&plan(), Some(&applied));
        assert_eq!(
            json["directories"][0]["changes"][0],
            json!({ "what": "scim", "before": "off", "after": "on" })
        );
        assert_eq!(json["directories"][1]["directory"], Value::Null);
        assert_eq!(json["directories"][1]["applied"], false);
        assert_eq!(json["directories"][2]["action"], "delete");
        assert_eq!(json["refused"], json!(["no"]));
        assert_eq!(as_json(&plan(), None)["directories"][0]["applied"], false);
    }
}
