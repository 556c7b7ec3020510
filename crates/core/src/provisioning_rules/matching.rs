//! Which rule matches a sign-in, and which rule never could.

use std::collections::BTreeSet;

use rollcall_store::{Conditions, Protocol, ProvisioningRule};

use crate::sso::Arrival;

/// The most rules that a directory may have: no more than there are bits in a [`Mask`].
pub(crate) const MOST_RULES: usize = 100;

/// Some of the rules of a directory, a bit each.
type Mask = u128;

/// The first rule that matches a sign-in, with its position from 1 on.
pub(crate) fn first_match<'r>(
    rules: &'r [ProvisioningRule],
    arrival: &Arrival,
) -> Option<(usize, &'r ProvisioningRule)> {
    (1..).zip(rules).find(|(_, rule)| matches(&rule.conditions, arrival))
}

fn matches(conditions: &Conditions, arrival: &Arrival) -> bool {
    let Conditions { protocols, email_domains, groups, attributes } = conditions;
    let domain = arrival.address.as_ref().map(|address| &address.domain);
    (protocols.is_empty() || protocols.contains(&arrival.protocol))
        && (email_domains.is_empty() || domain.is_some_and(|domain| email_domains.contains(domain)))
        && (groups.is_empty() || !groups.is_disjoint(&arrival.groups))
        && attributes.iter().all(|(name, value)| arrival.has(name, value))
}

/// The positions, from 1 on, of earlier rules that together match whatever the rule at this index matches; empty, where it
/// matches something that none of them does.
///
/// A sign-in that has more groups or attributes is matched by more rules, never by fewer. So it is enough to look at those
/// that have no more than the rule asks for: one for each choice of a protocol, a domain and a group. Where the rule does not
/// ask for a domain, one that no rule names stands for all; likewise of groups.
pub(crate) fn shadows(rules: &[ProvisioningRule], index: usize) -> BTreeSet<usize> {
    let Some(rule) = rules.get(index).map(|rule| &rule.conditions) else { return BTreeSet::new() };
    let earlier = Earlier(rules.iter().take(index.min(MOST_RULES)).map(|rule| &rule.conditions).collect());
    let protocols: Vec<Mask> = Protocol::ALL
        .iter()
        .filter(|protocol| rule.protocols.is_empty() || rule.protocols.contains(protocol))
        .map(|protocol| {
            earlier.which(|other| other.protocols.is_empty() || other.protocols.contains(protocol))
        })
        .collect();
    let domains = earlier.for_each(&rule.email_domains, |other| &other.email_domains);
    let groups = earlier.for_each(&rule.groups, |other| &other.groups);
    let attributes = earlier.which(|other| other.attributes.is_subset(&rule.attributes));

    let mut shadows = BTreeSet::new();
    for protocol in &protocols {
        for domain in &domains {
            for group in &groups {
                let matching = attributes & protocol & domain & group;
                if matching == 0 {
                    return BTreeSet::new();
                }
                shadows.insert(matching.trailing_zeros() as usize + 1);
            }
        }
    }
    shadows
}

/// The conditions of the rules before another one.
struct Earlier<'r>(Vec<&'r Conditions>);

impl Earlier<'_> {
    fn which(&self, is_one: impl Fn(&Conditions) -> bool) -> Mask {
        (0..).zip(&self.0).fold(0, |mask, (bit, other)| mask | Mask::from(is_one(other)) << bit)
    }

    /// Which of them go along with each value of a kind that a rule asks for; where it asks for none, with one that no rule
    /// names.
    fn for_each(&self, asked: &BTreeSet<String>, of: fn(&Conditions) -> &BTreeSet<String>) -> Vec<Mask> {
        if asked.is_empty() {
            return vec![self.which(|other| of(other).is_empty())];
        }
        let of_one = |value| self.which(|other| of(other).is_empty() || of(other).contains(value));
        asked.iter().map(of_one).collect()
    }
}

#[cfg(test)]
mod tests;
