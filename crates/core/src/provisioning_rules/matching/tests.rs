use std::collections::BTreeMap;

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::select;
use rollcall_store::Effect;
use uuid::Uuid;

use super::*;
use crate::sso::tests::{address, arrival};

const DOMAINS: [&str; 3] = ["a.example", "b.example", "elsewhere.example"];
const GROUPS: [&str; 3] = ["g", "h", "other"];
const ATTRIBUTES: [(&str, &str); 3] = [("dept", "1"), ("dept", "2"), ("grade", "1")];

fn rule(conditions: Conditions) -> ProvisioningRule {
    ProvisioningRule {
        id: Uuid::nil(),
        effect: Effect::Allow,
        conditions,
        description: String::new(),
        created: 0,
    }
}

fn texts(values: &[&str]) -> BTreeSet<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

fn for_protocols<const N: usize>(protocols: [Protocol; N]) -> ProvisioningRule {
    rule(Conditions { protocols: protocols.into(), ..Conditions::default() })
}

/// Rules that ask for some of what there is; the last domain and group are named by none.
fn conditions() -> impl Strategy<Value = Conditions> {
    (
        btree_set(select(Protocol::ALL.to_vec()), 0..3),
        btree_set(select(DOMAINS[..2].to_vec()), 0..3),
        btree_set(select(GROUPS[..2].to_vec()), 0..3),
        btree_set(select(ATTRIBUTES.to_vec()), 0..3),
    )
        .prop_map(|(protocols, domains, groups, attributes)| Conditions {
            protocols,
            email_domains: domains.into_iter().map(str::to_owned).collect(),
            groups: groups.into_iter().map(str::to_owned).collect(),
            attributes: attributes
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        })
}

/// Every sign-in that there is, where there is no more than the constants say.
fn everybody() -> Vec<Arrival> {
    let mut everybody = Vec::new();
    for protocol in Protocol::ALL {
        for domain in DOMAINS {
            for groups in 0..1_usize << GROUPS.len() {
                for attributes in 0..1_usize << ATTRIBUTES.len() {
                    let chosen = |set: usize| move |(bit, _): &(usize, _)| set & (1 << bit) != 0;
                    let mut person = arrival();
                    person.protocol = protocol;
                    person.address = Some(address(&format!("ana@{domain}")));
                    person.groups = GROUPS
                        .iter()
                        .enumerate()
                        .filter(|(bit, _)| groups & (1 << bit) != 0)
                        .map(|(_, group)| (*group).to_owned())
                        .collect();
                    let mut held = BTreeMap::<String, Vec<String>>::new();
                    for (_, (name, value)) in ATTRIBUTES.into_iter().enumerate().filter(chosen(attributes)) {
                        held.entry(name.to_owned()).or_default().push(value.to_owned());
                    }
                    person.attributes = held;
                    everybody.push(person);
                }
            }
        }
    }
    everybody
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// A rule is said never to match if and only if there is nobody for whom it is the first one.
    #[test]
    fn the_rules_that_can_never_match_are_those_that_match_nobody_first(all in vec(conditions(), 1..5)) {
        let rules: Vec<ProvisioningRule> = all.into_iter().map(rule).collect();
        let everybody = everybody();
        for index in 0..rules.len() {
            let is_first = |person: &Arrival| {
                first_match(&rules, person).is_some_and(|(position, _)| position == index + 1)
            };
            let in_the_way = shadows(&rules, index);
            let is_shadowed = !in_the_way.is_empty();
            prop_assert_eq!(is_shadowed, !everybody.iter().any(is_first), "rule {} of {:?}", index, rules);
            // Those that are named are enough to be in the way.
            let mut fewer: Vec<ProvisioningRule> =
                in_the_way.iter().map(|position| rules[position - 1].clone()).collect();
            fewer.push(rules[index].clone());
            prop_assert_eq!(!shadows(&fewer, fewer.len() - 1).is_empty(), is_shadowed);
        }
    }
}

#[test]
fn the_first_rule_that_matches_decides() {
    let partner = Conditions { email_domains: texts(&["example.com"]), ..Conditions::default() };
    let rules = [for_protocols([Protocol::Ldap]), rule(partner), for_protocols([Protocol::Saml])];
    assert_eq!(first_match(&rules, &arrival()).map(|(position, _)| position), Some(2));
    assert_eq!(first_match(&rules[..1], &arrival()), None);
}

#[test]
fn a_domain_is_asked_of_the_address_alone_and_nobody_without_one_has_it() {
    let rules = [rule(Conditions { email_domains: texts(&["example.com"]), ..Conditions::default() })];
    let mut person = arrival();
    assert!(first_match(&rules, &person).is_some());
    person.address = None;
    assert_eq!(first_match(&rules, &person), None);
}

#[test]
fn several_rules_can_be_in_the_way_together() {
    let a = Conditions { email_domains: texts(&["a.example"]), ..Conditions::default() };
    let both = Conditions { email_domains: texts(&["a.example", "b.example"]), ..Conditions::default() };
    let b = Conditions { email_domains: texts(&["b.example"]), ..Conditions::default() };
    let other = Conditions { groups: texts(&["g"]), ..Conditions::default() };
    let rules = [rule(a), rule(other), rule(b), rule(both)];
    assert_eq!(shadows(&rules, 3), BTreeSet::from([1, 3]));
    let protocols =
        [for_protocols([Protocol::Saml, Protocol::Oidc]), for_protocols([Protocol::Jwt, Protocol::Ldap])];
    let all = [protocols[0].clone(), protocols[1].clone(), for_protocols(Protocol::ALL)];
    assert_eq!(shadows(&all, 2), BTreeSet::from([1, 2]));
    assert_eq!(shadows(&all, 1), BTreeSet::new());
}

#[test]
fn a_hundred_long_rules_are_looked_through() {
    let rules: Vec<ProvisioningRule> = (0..MOST_RULES)
        .map(|number| {
            let domain = |other: usize| format!("d{}.example", number * 100 + other);
            let group = |other: usize| format!("g{other}");
            rule(Conditions {
                email_domains: (0..100).map(domain).collect(),
                groups: (0..100).map(group).collect(),
                ..Conditions::default()
            })
        })
        .collect();
    assert!((0..rules.len()).all(|index| shadows(&rules, index).is_empty()));
}
