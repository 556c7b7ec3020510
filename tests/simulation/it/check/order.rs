//! Whether what was seen fits an order in which each change happened at one moment between its request and its answer.

use super::Evidence;
use crate::history::{Deed, Wish};

/// When something happened: it was asked for, it had ended, and its number among the events.
struct Placed {
    asked: usize,
    ended: usize,
    number: i64,
}

pub(super) fn judge(evidence: &Evidence<'_>, findings: &mut Vec<String>) {
    let mut placed = Vec::new();
    for deed in evidence.deeds {
        if let Some(number) = number(evidence, deed) {
            // Nobody knows when what was not answered happened.
            let ended = if deed.is_done() { deed.ended } else { usize::MAX };
            placed.push(Placed { asked: deed.asked, ended, number });
        }
    }
    for first in &placed {
        for then in &placed {
            if first.ended < then.asked && first.number > then.number {
                let (first, then) = (first.number, then.number);
                findings.push(format!(
                    "event {first} tells what was answered before what event {then} tells was asked for"
                ));
            }
        }
    }
    for deed in evidence.deeds.iter().filter(|deed| deed.answer.is_some()) {
        match &deed.wish {
            Wish::Read { user } => read(evidence, deed, user, findings),
            Wish::Find { name } if deed.is_done() => found(evidence, deed, name, findings),
            _ => {}
        }
    }
}

/// The number of the event that tells what a request changed.
fn number(evidence: &Evidence<'_>, deed: &Deed) -> Option<i64> {
    match &deed.wish {
        Wish::Create { .. } => evidence
            .stories
            .get(deed.created()?)
            .and_then(|story| story.changes.first())
            .map(|change| change.0),
        Wish::Retitle { user, title, .. } => {
            evidence.stories.get(user.as_str())?.titled(title).first().copied()
        }
        Wish::Delete { user } if deed.is_done() => evidence.stories.get(user.as_str())?.deleted,
        _ => None,
    }
}

/// A user who is read is as some change left them: none before the last that was answered then, and none that was asked for
/// later.
fn read(evidence: &Evidence<'_>, deed: &Deed, user: &str, findings: &mut Vec<String>) {
    let Some(story) = evidence.stories.get(user) else { return };
    let Some(answer) = &deed.answer else { return };
    let others = evidence.deeds.iter().filter(|other| match &other.wish {
        Wish::Retitle { user: changed, .. } | Wish::Read { user: changed } => {
            changed == user && other.is_done()
        }
        _ => false,
    });
    if answer.status != 200 {
        return;
    }
    let version = answer.version.unwrap_or_default();
    match story.at(version) {
        Some((_, title)) if title == answer.body["title"].as_str() => {}
        made => findings.push(format!(
            "version {version} of {user} is told as {made:?}, and was read as {}",
            answer.body
        )),
    }
    for other in others {
        let theirs = other.version().unwrap_or_default();
        if (other.ended < deed.asked && theirs > version) || (deed.ended < other.asked && theirs < version) {
            findings.push(format!("versions of {user} go back: {other:?}, {deed:?}"));
        }
    }
    let is_deleted = evidence.deeds.iter().any(|other| {
        other.is_done() && other.ended < deed.asked && other.wish == Wish::Delete { user: user.to_owned() }
    });
    if is_deleted {
        findings.push(format!("{user} was read after they were deleted: {deed:?}"));
    }
}

/// Whoever looks for a name finds the user who has it.
fn found(evidence: &Evidence<'_>, deed: &Deed, name: &str, findings: &mut Vec<String>) {
    let Some(total) = deed.answer.as_ref().and_then(|answer| answer.body["totalResults"].as_u64()) else {
        findings.push(format!("a list without a total: {deed:?}"));
        return;
    };
    let is_there = evidence.deeds.iter().any(|other| {
        matches!(&other.wish, Wish::Create { name: created } if created == name)
            && other.ended < deed.asked
            && other.created().is_some_and(|user| !evidence.may_be_deleted(user, deed.ended))
    });
    if total > 1 || (is_there && total == 0) {
        findings.push(format!("{total} users have the name {name}: {deed:?}"));
    }
}
