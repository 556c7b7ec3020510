//! The settings in which a directory differs from its profile, as flags and as output.

use clap::ValueEnum;
use rollcall_api::rules;
use rollcall_api::v1::{Directory, PasswordHandling, RuleSetting, RuleSettings};
use rollcall_scim::{Profile, Rule};
use serde_json::{Map, Value, json};

const SETTINGS: [(&str, RuleSetting); 3] =
    [("on", RuleSetting::On), ("off", RuleSetting::Off), ("profile", RuleSetting::Profile)];

/// What becomes of the passwords that are sent for users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Password {
    /// Taken and forgotten
    Discard,
    /// Their hashes are kept, for `UserService.VerifyPassword`
    Store,
}

impl Password {
    pub(super) fn message(self) -> PasswordHandling {
        match self {
            Self::Discard => PasswordHandling::Discard,
            Self::Store => PasswordHandling::Store,
        }
    }
}

/// Reads `RULE=on|off|profile`.
pub(super) fn rule(text: &str) -> Result<(Rule, RuleSetting), String> {
    let (name, setting) = text.split_once('=').ok_or("write it as RULE=on, RULE=off or RULE=profile")?;
    let rule = Rule::from_name(name).ok_or_else(|| {
        format!("there is no rule {name:?}; there are {}", Rule::ALL.map(Rule::as_str).join(", "))
    })?;
    let known = SETTINGS.into_iter().find(|(word, _)| *word == setting);
    let (_, setting) = known.ok_or_else(|| format!("a rule is on, off or profile, not {setting:?}"))?;
    Ok((rule, setting))
}

/// What the rules are, for `--help`.
pub(super) fn rule_help() -> String {
    let rules = Rule::ALL
        .map(|rule| format!("- {}: {} (on with {})", rule.as_str(), meaning(rule), profiles_with(rule)));
    format!(
        "A rule that it wants otherwise than its profile has it: on, off, or again as the profile has it. Several by \
         comma, or by giving the flag again. What each profile has is said in brackets:\n{}",
        rules.join("\n")
    )
}

/// The profiles that have a rule on.
fn profiles_with(rule: Rule) -> String {
    let profiles = [Profile::Generic, Profile::Okta, Profile::Entra];
    let on = profiles.into_iter().filter(|profile| profile.rules().is_on(rule)).map(Profile::as_str);
    on.collect::<Vec<_>>().join(", ")
}

fn meaning(rule: Rule) -> &'static str {
    match rule {
        Rule::ReplaceCreatesMissing => {
            "PATCH replace at a value path that matches nothing creates the element; off: noTarget"
        }
        Rule::UnquotedFilterValues => "a filter value without quotes is a string; off: invalidFilter",
        Rule::SkipUnknownMembers => "unknown members of a group are passed over; off: invalidValue",
        Rule::PutKeepsMembers => "PUT of a group without members keeps them; off: clears them",
        Rule::UniqueGroupNames => "no two groups have the same displayName; off: they may",
        Rule::RestoreReturningUsers => {
            "POST of a deleted or inactive user restores that user, with the same id; off: it makes another one, or is 409"
        }
        Rule::StableExternalIds => {
            "an externalId is one person's for good and alone says who returns; off: userName or work address must agree"
        }
        Rule::ImpliedSchemas => {
            "a body without schemas has those that its endpoint implies; off: invalidValue"
        }
    }
}

/// The message of the rules that were given; of those given twice the last counts.
pub(super) fn rule_settings(given: &[(Rule, RuleSetting)]) -> RuleSettings {
    let mut settings = RuleSettings::default();
    for (rule, setting) in given {
        rules::set(&mut settings, *rule, *setting);
    }
    settings
}

/// The rules that a directory has otherwise than its profile.
pub(super) fn own_rules(directory: &Directory) -> Option<String> {
    let own = Rule::ALL.into_iter().map(|rule| (rule, setting_name(directory, rule)));
    let own: Vec<String> = own
        .filter(|(_, setting)| *setting != "profile")
        .map(|(rule, setting)| format!("{}={setting}", rule.as_str()))
        .collect();
    (!own.is_empty()).then(|| own.join(","))
}

/// Every rule of a directory: whether it is on, and who says so.
pub(super) fn rules_json(directory: &Directory) -> Value {
    let effective = directory.rules.unwrap_or_default();
    let rules = Rule::ALL.map(|rule| {
        let facts = json!({ "on": rules::is_on(effective, rule), "setting": setting_name(directory, rule) });
        (rule.as_str().to_owned(), facts)
    });
    Value::Object(Map::from_iter(rules))
}

fn setting_name(directory: &Directory, rule: Rule) -> &'static str {
    let number = rules::setting(directory.rule_settings.unwrap_or_default(), rule);
    let known = SETTINGS.into_iter().find(|(_, setting)| i32::from(*setting) == number);
    known.map_or("profile", |(name, _)| name)
}

/// What a directory does with passwords.
pub(super) fn password_name(directory: &Directory) -> &'static str {
    match directory.password_handling() {
        PasswordHandling::Store => "store",
        PasswordHandling::Discard | PasswordHandling::Unspecified => "discard",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_given_by_name_and_the_last_word_on_it_counts() {
        let given = ["put-keeps-members=off", "unique-group-names=on", "put-keeps-members=profile"];
        let given: Vec<_> = given.into_iter().map(|text| rule(text).unwrap()).collect();
        let settings = rule_settings(&given);
        assert_eq!(settings.put_keeps_members(), RuleSetting::Profile);
        assert_eq!(settings.unique_group_names(), RuleSetting::On);
        assert_eq!(settings.skip_unknown_members(), RuleSetting::Unspecified);
    }

    #[test]
    fn a_mistake_says_what_would_be_right() {
        for (text, naming) in [
            ("unique-group-names", "RULE=on"),
            ("unique-names=on", "unique-group-names"),
            ("unique-group-names=yes", "profile"),
        ] {
            let error = rule(text).unwrap_err();
            assert!(error.contains(naming), "{text}: {error}");
        }
    }

    #[test]
    fn help_explains_every_rule() {
        for rule in Rule::ALL {
            assert!(rule_help().contains(rule.as_str()));
        }
        assert!(
            rule_help().contains("(on with okta)") && rule_help().contains("(on with generic, okta, entra)")
        );
    }
}
