//! Texts that callers give.

use crate::error::{Error, Result};

/// Refuses a text with U+0000, which PostgreSQL holds in none, so that nothing is called or described so. Errors:
/// `INVALID_VALUE`.
pub(crate) fn require_storable(field: &str, text: &str) -> Result<()> {
    if text.contains('\0') {
        return Err(Error::value(format!("{field}: it has the character U+0000, which no text can hold")));
    }
    Ok(())
}
