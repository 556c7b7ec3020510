//! Whether what is stored in the end is what the events and the answers say.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Evidence;
use crate::history::{Deed, Wish};

pub(super) fn judge(evidence: &Evidence<'_>, findings: &mut Vec<String>) {
    let mut names = BTreeSet::new();
    for (id, user) in &evidence.stored.users {
        let name = user["userName"].as_str().unwrap_or_default();
        if !names.insert(name) {
            findings.push(format!("{name} is there twice"));
        }
        let was_asked_for = evidence.deeds.iter().any(|deed| {
            matches!(&deed.wish, Wish::Create { name: asked } if asked == name) && deed.may_be_done()
        });
        if !was_asked_for {
            findings.push(format!("nobody who may has created {name}"));
        }
        if !evidence.stories.contains_key(id.as_str()) {
            findings.push(format!("no event tells of {user}"));
        }
    }
    for (id, story) in &evidence.stories {
        let all = if story.is_group { &evidence.stored.groups } else { &evidence.stored.users };
        match (all.get(*id), story.deleted) {
            (None, Some(_)) => {}
            (None, None) => findings.push(format!("{id} is lost: {story:?}")),
            (Some(stored), Some(_)) => findings.push(format!("who was deleted is there: {stored}")),
            (Some(stored), None) => {
                let version = format!("W/\"{}\"", story.version());
                if stored["meta"]["version"].as_str() != Some(&version)
                    || stored["title"].as_str() != story.title()
                {
                    findings.push(format!("the events tell {story:?}, and stored is {stored}"));
                }
            }
        }
    }
    for (id, group) in &evidence.stored.groups {
        members(evidence, id, group, findings);
    }
}

fn members(evidence: &Evidence<'_>, id: &str, group: &Value, findings: &mut Vec<String>) {
    let stored: BTreeSet<&str> = group["members"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|member| member["value"].as_str())
        .collect();
    let is_there = |user: &&str| evidence.stored.users.contains_key(*user);
    let told: BTreeSet<&str> = evidence
        .stories
        .get(id)
        .map(|story| story.members.iter().copied().filter(is_there).collect())
        .unwrap_or_default();
    if stored != told {
        findings
            .push(format!("of group {id} the events tell the members {told:?}, and stored are {stored:?}"));
    }
    for deed in evidence.deeds.iter().filter(|deed| deed.is_done()) {
        let (user, is_member) = match &deed.wish {
            Wish::Add { group, user } if group == id => (user, true),
            Wish::Remove { group, user } if group == id => (user, false),
            _ => continue,
        };
        if is_there(&user.as_str()) && is_last(evidence, deed) && stored.contains(user.as_str()) != is_member
        {
            findings.push(format!("a membership that was answered is lost: {deed:?}"));
        }
    }
}

/// Whether nothing else that was asked for about this membership can have happened after it.
fn is_last(evidence: &Evidence<'_>, deed: &Deed) -> bool {
    let about = |wish: &Wish| match wish {
        Wish::Add { group, user } | Wish::Remove { group, user } => Some((group.clone(), user.clone())),
        _ => None,
    };
    evidence.deeds.iter().all(|other| {
        let is_before = other.answer.is_some() && other.ended < deed.asked && !is_unsure(other);
        other.asked == deed.asked
            || about(&other.wish) != about(&deed.wish)
            || is_before
            || !other.may_be_done()
    })
}

/// Whether it was answered that nobody knows.
fn is_unsure(deed: &Deed) -> bool {
    deed.answer.as_ref().is_some_and(|answer| answer.status >= 500)
}
