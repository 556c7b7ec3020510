//! The settings in which directories differ beyond their profile: as messages, and as events tell them.

use std::collections::BTreeMap;

use rollcall_api::{rules as api, v1};
use rollcall_scim::Rule;
use rollcall_scim::fold::fold;
use rollcall_store::{Directory, LONGEST_ROLE, PasswordHandling};
use serde_json::{Map, Value, json};

use super::{activity, provisioning, safeguards};
use crate::error::{Error, Result};

/// The settings of a directory as events tell them.
pub(crate) fn facts(directory: &Directory) -> Map<String, Value> {
    let rules: Map<String, Value> =
        directory.rule_settings.iter().map(|(rule, on)| (rule.as_str().to_owned(), (*on).into())).collect();
    let facts = json!({
        "name": directory.name,
        "profile": directory.profile.as_str(),
        "scim": directory.scim_enabled,
        "groups": directory.groups_enabled,
        "rules": rules,
        "password": directory.password_handling.as_str(),
        "notify_admins_on_first_sso_sign_in": directory.notices.on_first_sign_in,
        "admin_emails": directory.notices.admin_emails,
        "provisioning": provisioning::facts(&directory.provisioning),
        "activity": activity::facts(directory.activity),
        "administrator_role": directory.administrator_role,
    });
    match facts {
        Value::Object(mut facts) => {
            facts.extend(safeguards::facts(&directory.safeguards));
            facts
        }
        _ => Map::new(),
    }
}

/// What a directory says of its rules after a request, and has said `before`.
///
/// Errors: `INVALID_VALUE` for a setting that is none.
pub(super) fn rules(
    asked: Option<&v1::RuleSettings>,
    before: BTreeMap<Rule, bool>,
) -> Result<BTreeMap<Rule, bool>> {
    let Some(asked) = asked else { return Ok(before) };
    let mut settings = before;
    for rule in Rule::ALL {
        let number = api::setting(*asked, rule);
        let setting = v1::RuleSetting::try_from(number).map_err(|_| {
            Error::value(format!(
                "rule_settings: {number} is none for the rule {}; give profile, on or off",
                rule.as_str()
            ))
        })?;
        match setting {
            v1::RuleSetting::Unspecified => None,
            v1::RuleSetting::Profile => settings.remove(&rule),
            v1::RuleSetting::On => settings.insert(rule, true),
            v1::RuleSetting::Off => settings.insert(rule, false),
        };
    }
    Ok(settings)
}

/// What a directory says of its rules.
pub(super) fn rule_settings_message(settings: &BTreeMap<Rule, bool>) -> v1::RuleSettings {
    let mut message = v1::RuleSettings::default();
    for rule in Rule::ALL {
        let setting = match settings.get(&rule) {
            None => v1::RuleSetting::Profile,
            Some(true) => v1::RuleSetting::On,
            Some(false) => v1::RuleSetting::Off,
        };
        api::set(&mut message, rule, setting);
    }
    message
}

/// Which role makes administrators after a request, and did `before`. Errors: `INVALID_VALUE`.
pub(super) fn administrator_role(asked: Option<&str>, before: Option<&str>) -> Result<Option<String>> {
    let Some(role) = asked else { return Ok(before.map(str::to_owned)) };
    if role.is_empty() {
        return Ok(None);
    }
    if role.trim() != role || role.chars().any(char::is_control) {
        return Err(Error::value(
            "administrator_role: give it as the identity provider sends it, without blanks around it",
        ));
    }
    if fold(role).chars().count() > LONGEST_ROLE {
        return Err(Error::value(format!("administrator_role: it is longer than {LONGEST_ROLE} characters")));
    }
    Ok(Some(role.to_owned()))
}

/// What is to become of passwords; `None`, the request does not say. Errors: `INVALID_VALUE`.
pub(super) fn password_handling(number: i32) -> Result<Option<PasswordHandling>> {
    match v1::PasswordHandling::try_from(number) {
        Ok(v1::PasswordHandling::Unspecified) => Ok(None),
        Ok(v1::PasswordHandling::Discard) => Ok(Some(PasswordHandling::Discard)),
        Ok(v1::PasswordHandling::Store) => Ok(Some(PasswordHandling::Store)),
        Err(_) => Err(Error::value(format!("password_handling: give discard or store; {number} is neither"))),
    }
}

/// What becomes of passwords.
pub(super) fn password_handling_message(handling: PasswordHandling) -> v1::PasswordHandling {
    match handling {
        PasswordHandling::Discard => v1::PasswordHandling::Discard,
        PasswordHandling::Store => v1::PasswordHandling::Store,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(unique: v1::RuleSetting, keeps: v1::RuleSetting) -> v1::RuleSettings {
        v1::RuleSettings {
            unique_group_names: unique.into(),
            put_keeps_members: keeps.into(),
            ..v1::RuleSettings::default()
        }
    }

    #[test]
    fn a_request_changes_the_rules_that_it_names_and_gives_others_back_to_the_profile() {
        use v1::RuleSetting::{Off, On, Profile, Unspecified};
        let first = rules(Some(&asked(Off, On)), BTreeMap::new()).unwrap();
        assert_eq!(first, BTreeMap::from([(Rule::UniqueGroupNames, false), (Rule::PutKeepsMembers, true)]));
        let second = rules(Some(&asked(Profile, Unspecified)), first.clone()).unwrap();
        assert_eq!(second, BTreeMap::from([(Rule::PutKeepsMembers, true)]));
        assert_eq!(rules(None, first.clone()).unwrap(), first);
        assert_eq!(rule_settings_message(&second).put_keeps_members, i32::from(On));
        assert_eq!(rule_settings_message(&second).unique_group_names, i32::from(Profile));
    }

    #[test]
    fn a_role_is_one_line_without_blanks_around_it_and_none_takes_it_away() {
        let (before, after) = (Some("Admin"), Some("App Admin"));
        assert_eq!(administrator_role(None, before).unwrap().as_deref(), before);
        assert_eq!(administrator_role(Some(""), before).unwrap(), None);
        assert_eq!(administrator_role(after, before).unwrap().as_deref(), after);
        for wrong in [" admin", "admin ", "ad\nmin", &"x".repeat(201)] {
            let error = administrator_role(Some(wrong), None).unwrap_err();
            assert!(error.to_string().starts_with("administrator_role:"), "{error}");
        }
    }

    #[test]
    fn a_number_that_is_no_setting_is_refused_and_names_the_rule() {
        let message = v1::RuleSettings { unique_group_names: 9, ..v1::RuleSettings::default() };
        let error = rules(Some(&message), BTreeMap::new()).unwrap_err();
        assert!(error.to_string().contains("unique-group-names"), "{error}");
        assert!(password_handling(9).is_err());
        assert_eq!(password_handling(0).unwrap(), None);
    }
}
