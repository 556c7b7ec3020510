//! The provisioning rules of a directory, of which the first that matches decides.

use std::collections::BTreeSet;

use rollcall_api::v1::{
    AttributeCondition, CreateProvisioningRuleRequest, DeleteProvisioningRuleRequest,
    MoveProvisioningRuleRequest, Protocol, ProvisioningEffect, ProvisioningRule as Message,
};

use super::file::ProvisioningRule;
use super::plan::{Change, Step, Work};

/// What has to be done so that the rules of a file stand first, in its order. Those that it does not have stand behind them or,
/// with `prune`, go.
pub(super) fn compared(directory: &str, wanted: &[ProvisioningRule], there: &[Message], prune: bool) -> Work {
    let mut work = Work::default();
    let wanted: Vec<Message> = wanted.iter().map(message).collect();
    let mut standing: Vec<Message> = there.to_vec();
    if prune {
        // As many go as there are more of them than in the file.
        let mut left: Vec<_> = wanted.iter().map(Alike::of).collect();
        standing.retain(|rule| {
            if let Some(at) = left.iter().position(|alike| *alike == Alike::of(rule)) {
                left.remove(at);
                return true;
            }
            let request =
                DeleteProvisioningRuleRequest { directory: directory.to_owned(), id: rule.id.clone() };
            work.step(Change::new("provisioning rule", Some(told(rule)), None), Step::DeleteRule(request));
            false
        });
    }
    for (index, rule) in wanted.iter().enumerate() {
        let position = i32::try_from(index + 1).unwrap_or(i32::MAX);
        let place = format!("provisioning rule {position}");
        let found = standing.iter().skip(index).position(|other| Alike::of(other) == Alike::of(rule));
        match found {
            Some(0) => {}
            Some(behind) => {
                let moved = standing.remove(index + behind);
                let from = format!("{} (at {})", told(&moved), index + behind + 1);
                let id = moved.id.clone();
                let request = MoveProvisioningRuleRequest { directory: directory.to_owned(), id, position };
                work.step(Change::new(place, Some(from), Some(told(rule))), Step::MoveRule(request));
                standing.insert(index, moved);
            }
            None => {
                let request = CreateProvisioningRuleRequest {
                    directory: directory.to_owned(),
                    rule: Some(rule.clone()),
                    position,
                };
                work.step(Change::new(place, None, Some(told(rule))), Step::CreateRule(request));
                standing.insert(index, rule.clone());
            }
        }
    }
    for (before, rule) in left_alone(there, &wanted, prune) {
        let after = standing.iter().position(|standing| standing.id == rule.id).unwrap_or(before);
        if after != before {
            // It takes no call, and decides later than it did, or earlier.
            let (place, now) = (after + 1, format!("{}, which the file does not have", told(rule)));
            let was = format!("{} (at {})", told(rule), before + 1);
            work.changes.push(Change::new(format!("provisioning rule {place}"), Some(was), Some(now)));
        }
    }
    work
}

/// The rules that are there and that the file does not have, with their places, unless they go.
fn left_alone<'a>(there: &'a [Message], wanted: &[Message], prune: bool) -> Vec<(usize, &'a Message)> {
    if prune {
        return Vec::new();
    }
    let mut left: Vec<_> = wanted.iter().map(Alike::of).collect();
    let mut others = Vec::new();
    for (place, rule) in there.iter().enumerate() {
        match left.iter().position(|alike| *alike == Alike::of(rule)) {
            Some(at) => _ = left.remove(at),
            None => others.push((place, rule)),
        }
    }
    others
}

fn message(rule: &ProvisioningRule) -> Message {
    let attribute = |attribute: &super::file::Attribute| AttributeCondition {
        name: attribute.name.clone(),
        value: attribute.value.clone(),
    };
    Message {
        effect: ProvisioningEffect::from(rule.effect).into(),
        protocols: rule.protocols.iter().map(|protocol| Protocol::from(*protocol).into()).collect(),
        email_domains: rule.email_domains.clone(),
        groups: rule.groups.clone(),
        attributes: rule.attributes.iter().map(attribute).collect(),
        description: rule.description.clone(),
        ..Message::default()
    }
}

/// What makes two rules the same: neither their ids nor the order and case in which conditions stand.
#[derive(Debug, PartialEq, Eq)]
struct Alike {
    effect: i32,
    protocols: BTreeSet<i32>,
    email_domains: BTreeSet<String>,
    groups: BTreeSet<String>,
    attributes: BTreeSet<(String, String)>,
    description: String,
}

impl Alike {
    fn of(rule: &Message) -> Self {
        let folded = |texts: &[String]| texts.iter().map(|text| text.to_lowercase()).collect();
        let attribute = |held: &AttributeCondition| (held.name.clone(), held.value.clone());
        Self {
            effect: rule.effect,
            protocols: rule.protocols.iter().copied().collect(),
            email_domains: folded(&rule.email_domains),
            groups: folded(&rule.groups),
            attributes: rule.attributes.iter().map(attribute).collect(),
            description: rule.description.clone(),
        }
    }
}

/// A rule in a line.
fn told(rule: &Message) -> String {
    let effect = match rule.effect() {
        ProvisioningEffect::Allow => "allow",
        ProvisioningEffect::Refuse => "refuse",
        ProvisioningEffect::Unspecified => "unknown",
    };
    let protocols: Vec<String> = rule
        .protocols()
        .map(|protocol| protocol.as_str_name().replace("PROTOCOL_", "").to_lowercase())
        .collect();
    let attributes: Vec<String> =
        rule.attributes.iter().map(|held| format!("{}={}", held.name, held.value)).collect();
    let conditions = [
        ("protocols", protocols),
        ("email-domains", rule.email_domains.clone()),
        ("groups", rule.groups.clone()),
        ("attributes", attributes),
    ];
    let mut parts = vec![effect.to_owned()];
    let given = conditions.into_iter().filter(|(_, values)| !values.is_empty());
    parts.extend(given.map(|(name, values)| format!("{name} {}", values.join(", "))));
    if !rule.description.is_empty() {
        parts.push(format!("“{}”", rule.description));
    }
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::super::file::Effect;
    use super::*;

    fn rule(domain: &str) -> ProvisioningRule {
        ProvisioningRule {
            effect: Effect::Allow,
            protocols: Vec::new(),
            email_domains: vec![domain.to_owned()],
            groups: Vec::new(),
            attributes: Vec::new(),
            description: String::new(),
        }
    }

    fn standing(domains: &str) -> Vec<Message> {
        let named = domains.chars().map(|domain| {
            let domain = domain.to_string();
            Message { id: format!("id-{domain}"), ..message(&rule(&domain)) }
        });
        named.collect()
    }

    /// What is done to come from one list to another, a letter for each rule.
    fn steps(wanted: &str, there: &str, prune: bool) -> Vec<String> {
        let wanted: Vec<_> = wanted.chars().map(|domain| rule(&domain.to_string())).collect();
        let work = compared("acme", &wanted, &standing(there), prune);
        let shown = |step: &Step| match step {
            Step::CreateRule(request) => {
                format!("+{}{}", request.rule.as_ref().unwrap().email_domains[0], request.position)
            }
            Step::MoveRule(request) => {
                format!("{}>{}", request.id.trim_start_matches("id-"), request.position)
            }
            Step::DeleteRule(request) => format!("-{}", request.id.trim_start_matches("id-")),
            other => panic!("{other:?}"),
        };
        work.steps.iter().map(shown).collect()
    }

    #[test]
    fn the_rules_of_the_file_stand_first_and_in_its_order() {
        assert_eq!(steps("ab", "ab", true), [""; 0]);
        assert_eq!(steps("ab", "", false), ["+a1", "+b2"]);
        assert_eq!(steps("ab", "xba", false), ["a>1", "b>2"]);
        assert_eq!(steps("ab", "xba", true), ["-x", "a>1"]);
        assert_eq!(steps("abc", "ac", false), ["+b2"]);
        assert_eq!(steps("", "x", false), [""; 0]);
        assert_eq!(steps("aa", "aaa", true), ["-a"]);
        assert_eq!(steps("A", "a", true), [""; 0]);
    }

    #[test]
    fn a_rule_that_the_file_does_not_have_is_told_of_where_it_decides_later() {
        let wanted = [rule("a")];
        let told = |there: &str, prune| {
            let work = compared("acme", &wanted, &standing(there), prune);
            let last = work.changes.last().map(|change| (change.what.clone(), change.after.clone()));
            (work.steps.len(), last.unwrap_or_default())
        };
        let behind = "allow; email-domains x, which the file does not have".to_owned();
        assert_eq!(told("xa", false), (1, ("provisioning rule 2".to_owned(), Some(behind))));
        assert_eq!(told("ax", false).0, 0);
        assert_eq!(told("xa", true), (1, ("provisioning rule".to_owned(), None)));
    }

    #[test]
    fn a_rule_is_told_by_what_it_asks_for() {
        let mut rule = rule("partner.example");
        rule.description = "Partners".to_owned();
        assert_eq!(told(&message(&rule)), "allow; email-domains partner.example; “Partners”");
    }
}
