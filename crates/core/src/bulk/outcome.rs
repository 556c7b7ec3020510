//! What became of each operation.

use super::change::Written;
use crate::error::{Error, Result};

/// What became of an operation.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) index: usize,
    pub(super) result: Result<Written, Failure>,
}

/// An operation that failed.
#[derive(Debug)]
pub(super) struct Failure {
    /// Where the resource is that it was to change; relative to the base URL.
    pub(super) location: Option<String>,
    pub(super) error: Error,
}
