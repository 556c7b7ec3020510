//! What is said of settings of the SMTP server that cannot be used.

/// Settings of the SMTP server that cannot be used, and what would do. Never with a secret.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InvalidSmtp(pub(super) String);
