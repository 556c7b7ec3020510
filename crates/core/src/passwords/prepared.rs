//! Passwords in the form in which they are compared.

use secrecy::{ExposeSecret as _, SecretBox};
use unicode_normalization::UnicodeNormalization as _;

use crate::error::{Error, Result};

/// The longest password that is kept, in bytes.
const LONGEST: usize = 1024;
/// So many times as long as before a text can be in NFC, in UTF-8.
const LONGEST_IN_NFC: usize = 3;

/// A password as RFC 7644 §5 compares it, by the profile `OpaqueString` of RFC 8265 §4.2: in NFC, with every space an ASCII
/// one, so that it does not matter on which keyboard it was typed.
#[derive(Debug)]
pub(crate) struct Prepared(SecretBox<String>);

impl Prepared {
    /// A password that is to be kept. Errors: `INVALID_VALUE` for one that is too long.
    pub(super) fn to_keep(sent: &str) -> Result<Self> {
        if sent.len() > LONGEST {
            return Err(Error::value(format!("password: it is longer than {LONGEST} bytes")));
        }
        Ok(Self::new(sent))
    }

    /// A password that is to be compared. One that is too long is like no other.
    pub(super) fn to_compare(sent: &str) -> Self {
        Self::new(if sent.len() > LONGEST { "" } else { sent })
    }

    fn new(sent: &str) -> Self {
        Self(SecretBox::init_with_mut(|text: &mut String| {
            // As long as NFC can make it: where a text has to grow, what it was moved from stays behind.
            text.reserve_exact(sent.len() * LONGEST_IN_NFC);
            text.extend(sent.chars().map(|c| if is_space(c) { ' ' } else { c }).nfc());
        }))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}

/// Whether a character is a space that is not ASCII (Unicode category Zs).
fn is_space(c: char) -> bool {
    matches!(c, '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(sent: &str) -> String {
        Prepared::to_keep(sent).unwrap().0.expose_secret().clone()
    }

    #[test]
    fn spellings_that_look_alike_are_one_and_case_stays() {
        assert_eq!(prepared("ein Schl\u{fc}ssel"), prepared("ein\u{a0}Schlu\u{308}ssel"));
        assert_ne!(prepared("Secret"), prepared("secret"));
        assert_ne!(prepared(" x"), prepared("x"));
    }

    #[test]
    fn a_password_that_is_too_long_is_refused_and_like_no_other() {
        assert!(Prepared::to_keep(&"é".repeat(512)).is_ok());
        let error = Prepared::to_keep(&"é".repeat(513)).unwrap_err();
        assert!(error.to_string().contains("1024 bytes"), "{error}");
        assert_eq!(Prepared::to_compare(&"a".repeat(1025)).as_bytes(), b"");
        assert_eq!(Prepared::to_compare("a").as_bytes(), b"a");
    }

    #[test]
    fn a_password_is_not_printed() {
        assert!(!format!("{:?}", Prepared::to_compare("hunter2")).contains("hunter2"));
    }
}
