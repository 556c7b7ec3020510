//! The rules in which directories differ, as messages.

use rollcall_scim::{Rule, Rules};

use crate::v1;

/// The message of the rules that hold in a directory.
pub fn to_message(rules: Rules) -> v1::Rules {
    let mut message = v1::Rules::default();
    for rule in Rule::ALL {
        *switch(&mut message, rule) = rules.is_on(rule);
    }
    message
}

/// Whether a rule holds.
pub fn is_on(mut message: v1::Rules, rule: Rule) -> bool {
    *switch(&mut message, rule)
}

/// What a directory says of a rule, as the number of a [`RuleSetting`](v1::RuleSetting).
pub fn setting(mut message: v1::RuleSettings, rule: Rule) -> i32 {
    *field(&mut message, rule)
}

/// Says something of a rule.
pub fn set(message: &mut v1::RuleSettings, rule: Rule, setting: v1::RuleSetting) {
    *field(message, rule) = setting.into();
}

fn switch(message: &mut v1::Rules, rule: Rule) -> &mut bool {
    match rule {
        Rule::ReplaceCreatesMissing => &mut message.replace_creates_missing,
        Rule::UnquotedFilterValues => &mut message.unquoted_filter_values,
        Rule::SkipUnknownMembers => &mut message.skip_unknown_members,
        Rule::PutKeepsMembers => &mut message.put_keeps_members,
        Rule::UniqueGroupNames => &mut message.unique_group_names,
        Rule::RestoreReturningUsers => &mut message.restore_returning_users,
        Rule::StableExternalIds => &mut message.stable_external_ids,
        Rule::ImpliedSchemas => &mut message.implied_schemas,
    }
}

fn field(message: &mut v1::RuleSettings, rule: Rule) -> &mut i32 {
    match rule {
        Rule::ReplaceCreatesMissing => &mut message.replace_creates_missing,
        Rule::UnquotedFilterValues => &mut message.unquoted_filter_values,
        Rule::SkipUnknownMembers => &mut message.skip_unknown_members,
        Rule::PutKeepsMembers => &mut message.put_keeps_members,
        Rule::UniqueGroupNames => &mut message.unique_group_names,
        Rule::RestoreReturningUsers => &mut message.restore_returning_users,
        Rule::StableExternalIds => &mut message.stable_external_ids,
        Rule::ImpliedSchemas => &mut message.implied_schemas,
    }
}

#[cfg(test)]
mod tests {
    use rollcall_scim::Profile;

    use super::*;

    #[test]
    fn each_rule_has_a_field_of_its_own_in_both_messages() {
        for rule in Rule::ALL {
            let off =
                Rule::ALL.into_iter().fold(Profile::Okta.rules(), |rules, rule| rules.with(rule, false));
            let message = to_message(off.with(rule, true));
            let on: Vec<Rule> = Rule::ALL.into_iter().filter(|rule| is_on(message, *rule)).collect();
            assert_eq!(on, [rule]);
            let mut settings = v1::RuleSettings::default();
            set(&mut settings, rule, v1::RuleSetting::On);
            let set: Vec<Rule> = Rule::ALL.into_iter().filter(|rule| setting(settings, *rule) != 0).collect();
            assert_eq!(set, [rule]);
        }
    }
}
