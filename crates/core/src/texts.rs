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

/// Whether a text names a request or a call: 1 to 64 ASCII letters, digits, `.`, `_` and `-`.
pub(crate) fn is_plain_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=64).contains(&text.len()) && text.bytes().all(is_plain)
}

/// The longest name in characters: that of a DNS label.
pub(crate) const LONGEST_DIRECTORY_NAME: usize = 63;

/// Whether a directory can have this name.
pub(crate) fn is_directory_name(name: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = name.as_bytes();
    let ends_well = bytes.first().copied().is_some_and(good) && bytes.last().copied().is_some_and(good);
    ends_well
        && bytes.len() <= LONGEST_DIRECTORY_NAME
        && bytes.iter().all(|byte| good(*byte) || *byte == b'-')
}
