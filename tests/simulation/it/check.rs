//! The verdict over a run: what was asked and answered, what the events tell, and what is stored in the end.

mod answers;
mod ending;
mod order;
mod story;
mod tests;

use std::collections::HashMap;

use self::story::Story;
use crate::events::Told;
use crate::history::{Deed, History, Wish};
use crate::witnesses::Stored;

/// Everything that a verdict is made of.
#[derive(Debug)]
pub(crate) struct Evidence<'a> {
    deeds: &'a [Deed],
    stories: HashMap<&'a str, Story<'a>>,
    stored: &'a Stored,
}

/// Judges a run, and adds what must not be to its findings.
pub(crate) fn judge(history: &History, told: &[Told], stored: &Stored) {
    let deeds = history.deeds();
    history.line(&format!(
        "{} events, {} users, {} groups",
        told.len(),
        stored.users.len(),
        stored.groups.len()
    ));
    let mut findings = Vec::new();
    let stories = story::stories(told, &mut findings);
    let evidence = Evidence { deeds: &deeds, stories, stored };
    answers::judge(&evidence, &mut findings);
    order::judge(&evidence, &mut findings);
    ending::judge(&evidence, &mut findings);
    for finding in findings {
        history.find(finding);
    }
}

impl Evidence<'_> {
    /// Whether a user may have been deleted before a moment.
    fn may_be_deleted(&self, user: &str, by: usize) -> bool {
        self.deeds.iter().any(|deed| {
            deed.asked < by
                && deed.may_be_done()
                && matches!(&deed.wish, Wish::Delete { user: deleted } if deleted == user)
        })
    }
}
