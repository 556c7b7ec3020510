//! Operations as their clients saw them.

use serde::Deserialize;

/// An operation, and the register that it was of.
#[derive(Debug, Deserialize)]
pub(crate) struct Line {
    pub(crate) register: String,
    #[serde(flatten)]
    pub(crate) operation: Operation,
}

/// What a client asked for, and when; times are of one clock.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Operation {
    pub(crate) invoked: u64,
    /// `None`: its outcome is unknown. It may have happened, may happen at any later time, and may never happen.
    pub(crate) returned: Option<u64>,
    #[serde(flatten)]
    pub(crate) what: What,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum What {
    /// It saw this.
    Read { version: u64, value: String },
    /// It wrote this; with `expected`, over that version and no other.
    Write {
        value: String,
        expected: Option<u64>,
        /// The version that it made; `None` where its outcome is unknown.
        made: Option<u64>,
    },
    /// It would have written over this version, which was not there.
    Refused { expected: u64 },
}
