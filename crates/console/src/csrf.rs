//! What a form carries to show that it is one of ours.

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// The token of a session: a hash of its secret, which no other site knows and which says nothing of it. It ends with the
/// session, and needs no place to be kept.
pub(crate) fn token(session: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(b"rollcall console form\0");
    hash.update(session.as_bytes());
    BASE64URL_NOPAD.encode(&hash.finalize())
}

/// Whether a form of a session carries its token.
pub(crate) fn is_good(session: &str, sent: &str) -> bool {
    bool::from(token(session).as_bytes().ct_eq(sent.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_own_session_alone() {
        assert!(is_good("one", &token("one")));
        assert!(!is_good("two", &token("one")));
        assert!(!is_good("one", ""));
        assert!(!token("one").contains("one"));
    }
}
