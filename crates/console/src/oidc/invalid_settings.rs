//! What is said of a setting that cannot be used.

/// A setting that cannot be used, and what would do. It names no secret.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InvalidSettings(pub(super) String);
