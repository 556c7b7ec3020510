//! What is set of a directory beside what its row has, by the names of the flags that change it.

use rollcall_api::v1::Directory;
use serde_json::Value;

use super::{activity, safeguards};
use crate::output::{Cell, Table};

pub(super) fn as_table(directory: &Directory) -> Table {
    let (safeguards, activity) = (safeguards::json(directory), activity::settings_json(directory));
    let mut table = Table::new(&["SETTING", "VALUE"]);
    let mut row = |flag: &str, value: Cell| table.row([flag.into(), value]);
    if let Some(lines) = directory.imported_lines {
        let name = &directory.name;
        let how = format!(
            "being imported: {lines} lines are in; go on with `rollcall import FILE --directory {name} --resume`"
        );
        row("import", how.into());
    }
    row("retention", format!("{} days", directory.retention_days).into());
    row("guard-rail", cell(&safeguards["guard_rail"]));
    row("dry-run", Cell::switch(directory.dry_run));
    row("administrator-role", cell(&safeguards["administrator_role"]));
    row("notify-admins", Cell::switch(directory.notify_admins_on_first_sso_sign_in));
    row("admin-email", cell(&directory.admin_emails.join(", ").into()));
    row("activity", cell(&activity["recording"]));
    row("activity-days", cell(&activity["days"]));
    row("activity-entries", cell(&activity["entries"]));
    row("redact-personal-data", cell(&activity["redact_personal_data"]));
    table
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::optional(None::<String>),
        Value::Bool(on) => Cell::switch(*on),
        Value::String(text) => Cell::optional(Some(text).filter(|text| !text.is_empty())),
        other => other.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_a_flag_with_its_value() {
        let directory = Directory {
            retention_days: 30,
            dry_run: true,
            admin_emails: vec!["it@example.com".to_owned(), "hr@example.com".to_owned()],
            ..Directory::default()
        };
        let table = as_table(&directory).render(false);
        for row in [
            "retention 30 days",
            "dry-run on",
            "administrator-role -",
            "admin-email it@example.com, hr@example.com",
        ] {
            let is_there = |line: &str| line.split_whitespace().eq(row.split_whitespace());
            assert!(table.lines().any(is_there), "{row}: {table}");
        }
        assert!(!table.contains("import"), "{table}");
        let directory = Directory { name: "acme".to_owned(), imported_lines: Some(2001), ..directory };
        let table = as_table(&directory).render(false);
        let how =
            "being imported: 2001 lines are in; go on with `rollcall import FILE --directory acme --resume`";
        assert!(table.contains(how), "{table}");
    }
}
