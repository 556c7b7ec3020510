//! Whether each answer is one that could be given, and each change that was answered was made, once.

use super::Evidence;
use crate::history::{Deed, Wish};
use crate::http::Answer;

pub(super) fn judge(evidence: &Evidence<'_>, findings: &mut Vec<String>) {
    for deed in evidence.deeds {
        if let Some(answer) = &deed.answer
            && !is_possible(evidence, deed, answer)
        {
            findings.push(format!("{:?} was answered {} {}", deed.wish, answer.status, answer.body));
        }
        happened(evidence, deed, findings);
    }
}

fn is_possible(evidence: &Evidence<'_>, deed: &Deed, answer: &Answer) -> bool {
    match (answer.status, &deed.wish) {
        (503, _) => answer.retry_after,
        (401, Wish::Intrude)
        | (201, Wish::Create { .. } | Wish::CreateGroup { .. })
        | (200, Wish::Retitle { .. } | Wish::Read { .. } | Wish::Find { .. })
        | (204, Wish::Delete { .. })
        | (200 | 204, Wish::Add { .. } | Wish::Remove { .. }) => true,
        (409, Wish::Create { name }) => evidence.deeds.iter().any(|other| {
            let is_same = matches!(&other.wish, Wish::Create { name: taken } if taken == name);
            is_same && other.asked < deed.ended && other.asked != deed.asked && other.may_be_done()
        }),
        (412, Wish::Retitle { if_match, .. }) => if_match.is_some(),
        (
            404,
            Wish::Retitle { user, .. } | Wish::Read { user } | Wish::Delete { user } | Wish::Add { user, .. },
        )
        | (400, Wish::Add { user, .. }) => evidence.may_be_deleted(user, deed.ended),
        // Nobody of that id is a member.
        (400, Wish::Remove { .. }) => answer.body["scimType"] == "noTarget",
        _ => false,
    }
}

/// What was answered as done is told by one event, and what was refused by none.
fn happened(evidence: &Evidence<'_>, deed: &Deed, findings: &mut Vec<String>) {
    let mut find = |what: &str| findings.push(format!("{what}: {deed:?}"));
    match &deed.wish {
        Wish::Create { name } | Wish::CreateGroup { name } => {
            let created: Vec<_> = evidence.stories.iter().filter(|(_, story)| story.name == name).collect();
            if deed.is_done() && !created.iter().any(|(id, _)| Some(**id) == deed.created()) {
                find("what was created is not told");
            }
            let at_once = created.iter().filter(|(_, story)| story.deleted.is_none()).count();
            if at_once > 1 {
                find("it is there twice");
            }
        }
        Wish::Retitle { user, title, .. } => {
            let numbers =
                evidence.stories.get(user.as_str()).map(|story| story.titled(title)).unwrap_or_default();
            match numbers.len() {
                0 if deed.is_done() => find("a title that was answered is lost"),
                0 => {}
                1 if deed.may_be_done() => {}
                1 => find("a title that was refused was given all the same"),
                _ => find("a title was given twice"),
            }
        }
        Wish::Delete { user } if deed.is_done() => {
            if evidence.stories.get(user.as_str()).is_none_or(|story| story.deleted.is_none()) {
                find("who was deleted is there");
            }
            let is_other =
                |other: &&Deed| other.wish == deed.wish && other.is_done() && other.asked != deed.asked;
            if evidence.deeds.iter().any(|other| is_other(&other)) {
                find("a user was deleted twice");
            }
        }
        _ => {}
    }
}
