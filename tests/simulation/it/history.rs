//! What was asked in a run, and what came of it.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crate::http::Answer;

/// What somebody wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wish {
    /// A user with this name.
    Create {
        name: String,
    },
    /// Another title, which no other request has.
    Retitle {
        user: String,
        title: String,
        if_match: Option<i64>,
    },
    Delete {
        user: String,
    },
    Read {
        user: String,
    },
    /// All that have a name.
    Find {
        name: String,
    },
    /// A group with this name.
    CreateGroup {
        name: String,
    },
    Add {
        group: String,
        user: String,
    },
    Remove {
        group: String,
        user: String,
    },
    /// Something, with a token that is none.
    Intrude,
}

/// A request, and what came of it. Moments are numbers that ascend.
#[derive(Debug, Clone)]
pub(crate) struct Deed {
    pub(crate) wish: Wish,
    pub(crate) asked: usize,
    /// When it was answered, or was given up.
    pub(crate) ended: usize,
    /// `None`: nobody knows whether it happened.
    pub(crate) answer: Option<Answer>,
}

impl Deed {
    /// Whether it was answered that it happened.
    pub(crate) fn is_done(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| (200..300).contains(&answer.status))
    }

    /// Whether it may have happened: nobody said that it did not.
    pub(crate) fn may_be_done(&self) -> bool {
        self.answer.as_ref().is_none_or(|answer| answer.status < 300 || answer.status >= 500)
    }

    pub(crate) fn version(&self) -> Option<i64> {
        self.answer.as_ref()?.version
    }

    /// The id of what was created.
    pub(crate) fn created(&self) -> Option<&str> {
        self.answer.as_ref().filter(|answer| answer.status == 201)?.body["id"].as_str()
    }
}

/// All that was asked, in the order in which it ended.
#[derive(Debug, Clone, Default)]
pub(crate) struct History(Rc<RefCell<Noted>>);

#[derive(Debug, Default)]
struct Noted {
    moment: usize,
    deeds: Vec<Deed>,
    lines: Vec<String>,
    findings: Vec<String>,
}

impl History {
    /// The next moment.
    pub(crate) fn moment(&self) -> usize {
        let mut noted = self.0.borrow_mut();
        noted.moment += 1;
        noted.moment
    }

    /// Notes what came of a request that was sent at a moment.
    pub(crate) fn end(&self, wish: Wish, asked: usize, answer: Option<Answer>) {
        let ended = self.moment();
        let status = answer.as_ref().map_or(0, |answer| answer.status);
        self.line(&format!("{asked}-{ended} {status} {wish:?}"));
        self.0.borrow_mut().deeds.push(Deed { wish, asked, ended, answer });
    }

    /// Notes something that two runs of the same seed must have in common.
    pub(crate) fn line(&self, line: &str) {
        self.line_at(turmoil::sim_elapsed().unwrap_or_default(), line);
    }

    /// The same, of what happens to the hosts.
    pub(crate) fn line_at(&self, time: Duration, line: &str) {
        let at = time.as_millis();
        self.0.borrow_mut().lines.push(format!("{at:>6} {line}"));
    }

    /// Notes what must not be.
    pub(crate) fn find(&self, finding: String) {
        self.0.borrow_mut().findings.push(finding);
    }

    pub(crate) fn deeds(&self) -> Vec<Deed> {
        self.0.borrow().deeds.clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.borrow().lines.clone()
    }

    pub(crate) fn findings(&self) -> Vec<String> {
        self.0.borrow().findings.clone()
    }
}
