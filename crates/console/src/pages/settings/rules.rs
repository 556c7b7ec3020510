//! The rules in which identity providers differ, as the form shows and sends them.

use rollcall_api::v1::{Directory, RuleSetting, RuleSettings, Rules};

use crate::form::Submission;

/// A rule, as the form shows it.
#[derive(Debug)]
pub(super) struct RuleRow {
    pub(super) key: &'static str,
    pub(super) title: &'static str,
    pub(super) hint: &'static str,
    pub(super) setting: &'static str,
    /// Whether the rule holds now.
    pub(super) follows: bool,
}

/// What the form says of each rule.
pub(super) fn sent(form: &Submission) -> RuleSettings {
    let rule = |key: &str| match form.text(&format!("rule-{key}")) {
        "on" => RuleSetting::On.into(),
        "off" => RuleSetting::Off.into(),
        _ => i32::from(RuleSetting::Profile),
    };
    RuleSettings {
        replace_creates_missing: rule("replace"),
        unquoted_filter_values: rule("unquoted"),
        skip_unknown_members: rule("skip"),
        put_keeps_members: rule("keep"),
        unique_group_names: rule("unique"),
        restore_returning_users: rule("restore"),
        stable_external_ids: rule("stable"),
        implied_schemas: rule("implied"),
    }
}

/// A row for each rule.
pub(super) fn rows(directory: &Directory) -> Vec<RuleRow> {
    let settings = directory.rule_settings.unwrap_or_default();
    let rules = directory.rules.unwrap_or_default();
    let Rules {
        replace_creates_missing,
        unquoted_filter_values,
        skip_unknown_members,
        put_keeps_members,
        unique_group_names,
        restore_returning_users,
        stable_external_ids,
        implied_schemas,
    } = rules;
    let row = |key, title, hint, setting: RuleSetting, follows| RuleRow {
        key,
        title,
        hint,
        setting: match setting {
            RuleSetting::On => "on",
            RuleSetting::Off => "off",
            RuleSetting::Profile | RuleSetting::Unspecified => "profile",
        },
        follows,
    };
    vec![
        row(
            "replace",
            "Replace creates what is missing",
            "Replacing emails[type eq \"work\"] adds one where there is none.",
            settings.replace_creates_missing(),
            replace_creates_missing,
        ),
        row(
            "unquoted",
            "Filter values without quotes",
            "userName eq ana is read as userName eq \"ana\".",
            settings.unquoted_filter_values(),
            unquoted_filter_values,
        ),
        row(
            "skip",
            "Unknown members are skipped",
            "A member who is not in the directory is passed over, not an error.",
            settings.skip_unknown_members(),
            skip_unknown_members,
        ),
        row(
            "keep",
            "Replacing a group keeps its members",
            "Where the request does not mention members.",
            settings.put_keeps_members(),
            put_keeps_members,
        ),
        row(
            "unique",
            "Group names are unique",
            "No two groups have the same name, whatever its case.",
            settings.unique_group_names(),
            unique_group_names,
        ),
        row(
            "restore",
            "Returning users are restored",
            "Creating a user who was deleted or is inactive brings that one back, with the same id.",
            settings.restore_returning_users(),
            restore_returning_users,
        ),
        row(
            "stable",
            "An externalId is one person's for good",
            "It alone says who returns. Otherwise the user name or the work address must agree, too.",
            settings.stable_external_ids(),
            stable_external_ids,
        ),
        row(
            "implied",
            "Missing schemas are implied",
            "A request without schemas is read as what its address is for.",
            settings.implied_schemas(),
            implied_schemas,
        ),
    ]
}
