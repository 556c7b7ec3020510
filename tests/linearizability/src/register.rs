//! What a register does: each write makes the next version.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use todc_utils::{Action, History, Specification, WGLChecker};

use crate::operation::{Operation, What};

/// Whether the operations could have happened one after the other, each at a moment between its beginning and its end.
pub(crate) fn is_linearizable(operations: &[Operation]) -> bool {
    let gaps = Rc::new(Gaps::between(operations));
    let mut moments = Vec::new();
    let mut add = |client, invoked, returned, step: Step| {
        // At one moment whatever begins does so before anything ends: what may have overlapped did.
        moments.push((invoked, false, client, Action::Call(step.clone())));
        moments.push((returned, true, client, Action::Response(step)));
    };
    for (client, operation) in operations.iter().enumerate() {
        let step = Step::Asked(operation.what.clone(), gaps.clone());
        add(client, operation.invoked, operation.returned.unwrap_or(u64::MAX), step);
    }
    let end = operations.iter().filter_map(|operation| operation.returned).max().map_or(0, |last| last + 1);
    add(operations.len(), end, end, Step::End);
    moments.sort_by_key(|(time, is_end, client, _)| (*time, *is_end, *client));
    let actions = moments.into_iter().map(|(.., client, action)| (client, action)).collect();
    WGLChecker::<Register>::is_linearizable(History::from_actions(actions))
}

/// The versions of which it is not known who made them, and what was read of them. Only a write of unknown outcome may have
/// made one of these, and whether it made a later one nobody has seen: so the search tries nothing else.
#[derive(Debug, Default)]
struct Gaps(BTreeMap<u64, Option<String>>);

impl Gaps {
    fn between(operations: &[Operation]) -> Self {
        let (mut made, mut seen, mut newest) = (BTreeSet::new(), BTreeMap::new(), 0);
        for operation in operations {
            let version = match &operation.what {
                What::Read { version, value } => {
                    seen.insert(*version, value.clone());
                    *version
                }
                What::Write { made: Some(version), .. } => {
                    made.insert(*version);
                    *version
                }
                What::Write { made: None, .. } => continue,
                // There may have been a later one.
                What::Refused { expected } => expected + 1,
            };
            newest = newest.max(version);
        }
        let gaps = (1..=newest).filter(|version| !made.contains(version));
        Self(gaps.map(|version| (version, seen.remove(&version))).collect())
    }

    fn may_be_filled(&self, version: u64, value: &str) -> bool {
        self.0.get(&version).is_some_and(|seen| seen.as_ref().is_none_or(|seen| seen == value))
    }
}

#[derive(Debug, Clone)]
enum Step {
    Asked(What, Rc<Gaps>),
    /// Everything whose outcome is known has happened.
    End,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct State {
    version: u64,
    value: String,
    has_ended: bool,
}

struct Register;

impl Specification for Register {
    type State = State;
    type Operation = Step;

    fn init() -> State {
        State::default()
    }

    fn apply(step: &Step, state: &State) -> (bool, State) {
        let Step::Asked(what, gaps) = step else {
            return (true, State { has_ended: true, ..state.clone() });
        };
        let next = |value: &String| State { version: state.version + 1, value: value.clone(), ..*state };
        match what {
            What::Read { version, value } => {
                (state.version == *version && state.value == *value, state.clone())
            }
            What::Refused { expected } => (state.version != *expected, state.clone()),
            What::Write { value, expected, made } => {
                let is_over = expected.is_none_or(|expected| expected == state.version);
                match made {
                    Some(made) => (is_over && *made == state.version + 1, next(value)),
                    None if state.has_ended => (true, state.clone()),
                    None => (is_over && gaps.may_be_filled(state.version + 1, value), next(value)),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(invoked: u64, returned: u64, version: u64, value: &str) -> Operation {
        let what = What::Read { version, value: value.to_owned() };
        Operation { invoked, returned: Some(returned), what }
    }

    fn write(invoked: u64, returned: u64, made: u64, value: &str) -> Operation {
        let what = What::Write { value: value.to_owned(), expected: None, made: Some(made) };
        Operation { invoked, returned: Some(returned), what }
    }

    fn over(expected: u64, invoked: u64, returned: u64, made: u64, value: &str) -> Operation {
        let what = What::Write { value: value.to_owned(), expected: Some(expected), made: Some(made) };
        Operation { invoked, returned: Some(returned), what }
    }

    fn lost(invoked: u64, expected: Option<u64>, value: &str) -> Operation {
        let what = What::Write { value: value.to_owned(), expected, made: None };
        Operation { invoked, returned: None, what }
    }

    fn refused(invoked: u64, returned: u64, expected: u64) -> Operation {
        Operation { invoked, returned: Some(returned), what: What::Refused { expected } }
    }

    #[test]
    fn what_happens_one_after_the_other_or_at_once_is_linearizable() {
        assert!(is_linearizable(&[]));
        assert!(is_linearizable(&[write(0, 1, 1, "a"), read(2, 3, 1, "a"), write(4, 5, 2, "b")]));
        let at_once = [
            write(0, 1, 1, "a"),
            write(2, 9, 3, "c"),
            write(2, 9, 2, "b"),
            read(3, 4, 1, "a"),
            read(5, 6, 3, "c"),
        ];
        assert!(is_linearizable(&at_once));
        assert!(is_linearizable(&[write(0, 1, 1, "a"), over(1, 2, 3, 2, "b"), refused(4, 5, 1)]));
    }

    #[test]
    fn a_read_of_what_was_overwritten_before_is_refused() {
        assert!(!is_linearizable(&[write(0, 1, 1, "a"), write(2, 3, 2, "b"), read(4, 5, 1, "a")]));
    }

    #[test]
    fn two_reads_that_see_a_write_and_then_do_not_are_refused() {
        let history = [write(0, 1, 1, "a"), write(2, 20, 2, "b"), read(3, 4, 2, "b"), read(5, 6, 1, "a")];
        assert!(!is_linearizable(&history));
    }

    #[test]
    fn a_lost_update_is_refused() {
        assert!(!is_linearizable(&[write(0, 1, 1, "a"), over(1, 2, 9, 2, "b"), over(1, 2, 9, 2, "c")]));
        assert!(!is_linearizable(&[write(0, 1, 1, "a"), write(2, 9, 2, "b"), write(2, 9, 2, "c")]));
        assert!(!is_linearizable(&[write(0, 1, 1, "a"), write(2, 3, 2, "b"), over(1, 4, 5, 3, "c")]));
    }

    #[test]
    fn a_refusal_of_the_version_that_is_there_is_refused() {
        assert!(!is_linearizable(&[write(0, 1, 1, "a"), refused(2, 3, 1)]));
    }

    #[test]
    fn what_was_read_and_written_by_nobody_is_refused() {
        assert!(!is_linearizable(&[write(0, 1, 1, "a"), read(2, 3, 1, "b")]));
        assert!(!is_linearizable(&[write(0, 1, 1, "a"), read(2, 3, 2, "b")]));
        assert!(!is_linearizable(&[write(0, 1, 1, "a"), write(2, 3, 3, "b")]));
    }

    #[test]
    fn an_unknown_outcome_may_come_at_any_later_time_or_never() {
        let first = write(0, 1, 1, "a");
        assert!(is_linearizable(&[first.clone(), lost(2, None, "b"), read(3, 4, 1, "a")]));
        assert!(is_linearizable(&[
            first.clone(),
            lost(2, None, "b"),
            read(3, 4, 1, "a"),
            read(5, 6, 2, "b")
        ]));
        assert!(is_linearizable(&[first.clone(), lost(2, None, "b"), write(3, 4, 3, "c")]));
        assert!(is_linearizable(&[first.clone(), lost(2, Some(1), "b"), refused(3, 4, 1)]));
        assert!(is_linearizable(&[first, lost(2, Some(7), "b"), read(3, 4, 1, "a")]));
    }

    #[test]
    fn an_unknown_outcome_comes_once_and_not_before_it_was_asked_for() {
        let first = write(0, 1, 1, "a");
        let twice = [first.clone(), lost(2, None, "b"), write(3, 4, 3, "c"), read(5, 6, 4, "b")];
        assert!(!is_linearizable(&twice));
        assert!(!is_linearizable(&[first.clone(), read(2, 3, 2, "b"), lost(4, None, "b")]));
        assert!(!is_linearizable(&[
            first.clone(),
            lost(2, None, "b"),
            read(3, 4, 2, "b"),
            read(5, 6, 1, "a")
        ]));
        assert!(!is_linearizable(&[first, lost(2, Some(7), "b"), read(3, 4, 2, "b")]));
    }

    #[test]
    fn many_unknown_outcomes_are_judged_too() {
        let mut history: Vec<_> = (0..40).map(|number| lost(2, None, &format!("lost {number}"))).collect();
        history.push(write(0, 1, 1, "a"));
        history.extend((0..200).map(|number| write(10 + 2 * number, 11 + 2 * number, 2 + number, "x")));
        assert!(is_linearizable(&history));
        history.push(read(1000, 1001, 200, "x"));
        assert!(!is_linearizable(&history));
    }
}
