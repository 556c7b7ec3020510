//! Rules as clients send them, and lists of rules in which each can match.

use std::collections::BTreeSet;

use rollcall_api::v1::{self, ErrorReason};
use rollcall_scim::fold::fold;
use rollcall_store::{Conditions, Effect, ProvisioningRule};

use super::matching::{MOST_RULES, shadows};
use crate::error::{Error, Result, shortened};
use crate::sso::{domain, protocol, require_text};

/// Values in one kind of condition at most.
const MOST_VALUES: usize = 100;
/// The longest description in characters.
const LONGEST_DESCRIPTION: usize = 200;

/// What a rule does.
pub(super) fn effect(number: i32) -> Result<Effect> {
    match v1::ProvisioningEffect::try_from(number) {
        Ok(v1::ProvisioningEffect::Allow) => Ok(Effect::Allow),
        Ok(v1::ProvisioningEffect::Refuse) => Ok(Effect::Refuse),
        Ok(v1::ProvisioningEffect::Unspecified) | Err(_) => Err(Error::value("effect: give allow or refuse")),
    }
}

/// Which sign-ins a rule matches. Errors: `INVALID_VALUE` for a condition that nobody can fulfil, and where there is none at
/// all; `TOO_MANY`.
pub(super) fn conditions(rule: &v1::ProvisioningRule) -> Result<Conditions> {
    let protocols = rule.protocols.iter().map(|number| {
        protocol(*number).ok_or_else(|| {
            never(&format!("protocols: nobody signs in by {number}; there are saml, oidc, jwt and ldap"))
        })
    });
    let email_domains = rule.email_domains.iter().map(|text| {
        domain(text).map_err(|why| never(&format!("email_domains: {:?}: {why}", shortened(text))))
    });
    let groups = rule.groups.iter().map(|group| {
        require_text("groups", group).map_err(|error| never(&error.to_string()))?;
        Ok(fold(group))
    });
    let attributes = rule.attributes.iter().map(|attribute| {
        let v1::AttributeCondition { name, value } = attribute;
        require_text("attributes.name", name)
            .and_then(|()| require_text("attributes.value", value))
            .map_err(|error| never(&error.to_string()))?;
        Ok((name.clone(), value.clone()))
    });
    let conditions = Conditions {
        protocols: protocols.collect::<Result<_>>()?,
        email_domains: email_domains.collect::<Result<_>>()?,
        groups: groups.collect::<Result<_>>()?,
        attributes: attributes.collect::<Result<_>>()?,
    };
    if conditions == Conditions::default() {
        return Err(Error::value(
            "rule: it says nothing of whom it is for; give a protocol, an e-mail domain, a group or an attribute, or choose \
             for a whole protocol in the settings of the directory",
        ));
    }
    let counts = [
        ("email_domains", conditions.email_domains.len()),
        ("groups", conditions.groups.len()),
        ("attributes", conditions.attributes.len()),
    ];
    match counts.into_iter().find(|(_, count)| *count > MOST_VALUES) {
        None => Ok(conditions),
        Some((kind, count)) => Err(Error::new(
            ErrorReason::TooMany,
            format!("{kind}: {count} are more than the {MOST_VALUES} allowed in one rule"),
        )),
    }
}

/// What people are told of a rule.
pub(super) fn description(text: &str) -> Result<String> {
    if text.chars().count() > LONGEST_DESCRIPTION || text.contains('\0') {
        return Err(Error::value(format!(
            "description: give at most {LONGEST_DESCRIPTION} characters, none of them U+0000"
        )));
    }
    Ok(text.to_owned())
}

/// Refuses more rules than a directory may have. Errors: `TOO_MANY`.
pub(super) fn require_few(rules: &[ProvisioningRule]) -> Result<()> {
    if rules.len() <= MOST_RULES {
        return Ok(());
    }
    Err(Error::new(
        ErrorReason::TooMany,
        format!("a directory may have {MOST_RULES} provisioning rules at most"),
    ))
}

/// Refuses a list in which a rule could never match. `placed` is the index of the rule that has come to where it is.
pub(super) fn require_reachable(rules: &[ProvisioningRule], placed: usize) -> Result<()> {
    require_few(rules)?;
    for (index, rule) in rules.iter().enumerate() {
        let shadows = shadows(rules, index);
        if shadows.is_empty() {
            continue;
        }
        let position = index + 1;
        if index == placed {
            return Err(never(&format!(
                "rule: at position {position}, {} before it already {} whatever it is for",
                positions(&shadows),
                if shadows.len() == 1 { "decides on" } else { "decide on" },
            )));
        }
        return Err(Error::value(format!(
            "rule: behind it the rule {}, which would then stand at position {position}, could never match; delete that one \
             first, or put this one behind it",
            rule.id
        )));
    }
    Ok(())
}

fn never(why: &str) -> Error {
    Error::value(format!("{why}; so it could never match"))
}

fn positions(positions: &BTreeSet<usize>) -> String {
    let named: Vec<String> = positions.iter().map(ToString::to_string).collect();
    match named.as_slice() {
        [one] => format!("the rule at position {one}"),
        many => format!("the rules at positions {}", many.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use rollcall_api::v1::AttributeCondition;

    use super::*;

    fn refused(rule: &v1::ProvisioningRule, naming: &str) {
        let error = conditions(rule).unwrap_err();
        assert!(error.to_string().contains(naming), "{error}");
    }

    #[test]
    fn a_condition_that_nobody_can_fulfil_is_refused_with_the_reason() {
        let rule = v1::ProvisioningRule::default;
        refused(&rule(), "nothing of whom");
        refused(&v1::ProvisioningRule { protocols: vec![9], ..rule() }, "nobody signs in by 9");
        refused(&v1::ProvisioningRule { protocols: vec![0], ..rule() }, "never match");
        for domain in ["", "exa mple.com", "a..b", "@partner.example", "partner.example.", "10.0.0.1"] {
            let email_domains = vec![domain.to_owned()];
            refused(&v1::ProvisioningRule { email_domains, ..rule() }, "never match");
        }
        refused(&v1::ProvisioningRule { groups: vec![String::new()], ..rule() }, "never match");
        let nameless = AttributeCondition { name: String::new(), value: "x".to_owned() };
        refused(&v1::ProvisioningRule { attributes: vec![nameless], ..rule() }, "attributes.name");
        let groups = (0..101).map(|number| number.to_string()).collect();
        refused(&v1::ProvisioningRule { groups, ..rule() }, "100 allowed");
    }

    #[test]
    fn a_rule_is_kept_as_sign_ins_are_compared() {
        let rule = v1::ProvisioningRule {
            email_domains: vec!["Partner.Example".to_owned(), "partner.example".to_owned()],
            groups: vec!["Staff".to_owned()],
            ..v1::ProvisioningRule::default()
        };
        let conditions = conditions(&rule).unwrap();
        assert_eq!(conditions.email_domains, BTreeSet::from(["partner.example".to_owned()]));
        assert_eq!(conditions.groups, BTreeSet::from(["staff".to_owned()]));
    }
}
