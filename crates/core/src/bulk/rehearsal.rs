//! A dry run of a request: its operations are done in one transaction, which is dropped. So each finds what those before it
//! have made, and every rule is applied to it as it would have been.

use std::sync::Arc;

use rollcall_store::Directory;

use super::execution::Execution;
use super::operation::Entry;
use super::outcome::Outcome;
use crate::Core;
use crate::caller::Caller;
use crate::dry_run::{not_in_dry_run, note_dry_run};
use crate::error::{Error, Result};
use crate::resources::Retries;
use crate::types::Types;

/// Operations that are named at most: a status travels in headers, whose size is limited.
const MOST_NAMED: usize = 10;
/// The longest text about an operation, in characters.
const LONGEST: usize = 200;

/// A request whose operations are not to be done.
#[derive(Debug)]
pub(super) struct Rehearsal<'a> {
    pub(super) core: &'a Core,
    pub(super) caller: &'a Caller,
    pub(super) directory: Arc<Directory>,
    pub(super) types: Types,
    pub(super) fail_on_errors: usize,
    pub(super) entries: Vec<Entry>,
}

impl Rehearsal<'_> {
    /// What would have become of the request: `DRY_RUN`, or why that could not be found out.
    pub(super) async fn told(self) -> Error {
        let mut retries = Retries::default();
        loop {
            match self.outcomes().await {
                Ok(outcomes) => return self.tell(outcomes),
                Err(error) => match error.into_stopped() {
                    Ok(stopped) => return self.core.hold_back(stopped).await,
                    Err(error) => {
                        if let Err(error) = retries.again(error) {
                            return error;
                        }
                    }
                },
            }
        }
    }

    async fn outcomes(&self) -> Result<Vec<Outcome>> {
        // Passwords are judged, but not hashed: that takes long, and everybody who writes would wait.
        let core = Core { hasher: self.core.hasher.idle(), ..self.core.clone() };
        let (caller, directory, types) = (self.caller.clone(), self.directory.clone(), self.types.clone());
        let mut transaction = core.store.begin().await?;
        core.count_departures_in(&mut *transaction, &caller, &directory, &types, &self.entries).await?;
        let entries = self.entries.clone();
        let execution = Execution::new(core, caller, directory, types, self.fail_on_errors, entries);
        execution.rehearse(transaction).await
    }

    fn tell(&self, mut outcomes: Vec<Outcome>) -> Error {
        let origin = self.caller.origin();
        note_dry_run(origin);
        outcomes.sort_unstable_by_key(|outcome| outcome.index);
        let (mut failed, mut done) = (Vec::new(), Vec::new());
        for Outcome { index, result } in &outcomes {
            let (list, what) = match result {
                Ok(written) => (&mut done, written.would_have()),
                Err(failure) => (&mut failed, failure.error.to_string()),
            };
            let text: String = format!("Operations[{index}]: {what}").chars().take(LONGEST).collect();
            origin.note(&text);
            list.push(text);
        }
        not_in_dry_run(summary(&failed, &done, self.entries.len()))
    }
}

/// What is said of so many operations: those that would have failed first.
fn summary(failed: &[String], done: &[String], all: usize) -> String {
    let known = failed.len() + done.len();
    let (left, others) = (all - known, known.saturating_sub(MOST_NAMED));
    let counts = [
        Some(format!("operations that would have been done: {}", done.len())),
        Some(format!("that would have failed: {}", failed.len())),
        (left > 0).then(|| format!("that would have been left undone: {left}")),
    ];
    let counts = counts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let named = failed.iter().chain(done).take(MOST_NAMED).cloned();
    let others = (others > 0).then(|| format!("and {others} others"));
    std::iter::once(counts).chain(named).chain(others).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(count: usize, what: &str) -> Vec<String> {
        (0..count).map(|number| format!("{what}{number}")).collect()
    }

    #[test]
    fn failures_are_told_first_and_the_rest_is_counted() {
        let text = summary(&texts(2, "f"), &texts(20, "d"), 25);
        assert!(
            text.starts_with(
                "operations that would have been done: 20, that would have failed: 2, that would have been left undone: 3; f0; \
                 f1; d0;"
            ),
            "{text}"
        );
        assert!(text.ends_with("d7; and 12 others"), "{text}");
        let text = summary(&[], &texts(1, "d"), 1);
        assert_eq!(text, "operations that would have been done: 1, that would have failed: 0; d0");
    }
}
