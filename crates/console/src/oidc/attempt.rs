//! What a sign-in begins with.

use data_encoding::BASE64URL_NOPAD;
use openidconnect::{CsrfToken, Nonce, PkceCodeChallenge, PkceCodeVerifier};
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

use crate::url;

/// What the browser keeps in a cookie between the beginning of a sign-in and its callback. Whoever else sends a code lacks it,
/// and whoever reads the code on its way lacks the verifier.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    /// Comes back with the code: it was this browser that began (RFC 6749 §10.12).
    pub(super) state: SecretString,
    /// Comes back in the ID token: it was issued for this attempt.
    pub(super) nonce: Nonce,
    /// Shows the provider that it is the same client that asks (RFC 7636).
    pub(super) verifier: SecretString,
    /// Where to go on.
    pub(crate) to: String,
}

impl Attempt {
    /// A new one, which goes on to a page of the console.
    pub(super) fn new(to: &str) -> Self {
        let (_, verifier) = PkceCodeChallenge::new_random_sha256();
        Self {
            state: CsrfToken::new_random().into_secret().into(),
            nonce: Nonce::new_random(),
            verifier: verifier.into_secret().into(),
            to: url::inside(to).to_owned(),
        }
    }

    pub(super) fn challenge(&self) -> PkceCodeChallenge {
        let verifier = PkceCodeVerifier::new(self.verifier.expose_secret().to_owned());
        PkceCodeChallenge::from_code_verifier_sha256(&verifier)
    }

    /// The value of the cookie.
    pub(crate) fn cookie(&self) -> String {
        let to = BASE64URL_NOPAD.encode(self.to.as_bytes());
        let (state, verifier) = (self.state.expose_secret(), self.verifier.expose_secret());
        format!("{state}.{}.{verifier}.{to}", self.nonce.secret())
    }

    /// The attempt that a cookie has.
    pub(crate) fn of_cookie(value: &str) -> Option<Self> {
        let mut parts = value.split('.');
        let mut part = || parts.next().filter(|part| !part.is_empty());
        let (state, nonce, verifier, to) = (part()?, part()?, part()?, part()?);
        if parts.next().is_some() || !(43..=128).contains(&verifier.len()) {
            return None;
        }
        let to = String::from_utf8(BASE64URL_NOPAD.decode(to.as_bytes()).ok()?).ok()?;
        Some(Self {
            state: state.into(),
            nonce: Nonce::new(nonce.to_owned()),
            verifier: verifier.into(),
            to: url::inside(&to).to_owned(),
        })
    }

    /// Whether a callback brings this state back.
    pub(crate) fn is_answered_by(&self, state: &str) -> bool {
        bool::from(self.state.expose_secret().as_bytes().ct_eq(state.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_brings_back_what_the_attempt_began_with() {
        let attempt = Attempt::new("/admin/d/acme/users?q=a%20b");
        let back = Attempt::of_cookie(&attempt.cookie()).unwrap();
        assert_eq!(back.to, "/admin/d/acme/users?q=a%20b");
        assert_eq!(back.nonce.secret(), attempt.nonce.secret());
        assert_eq!(back.challenge().as_str(), attempt.challenge().as_str());
        assert!(back.is_answered_by(attempt.state.expose_secret()));
        assert!(!back.is_answered_by(Attempt::new("/admin").state.expose_secret()));
        assert!(!back.is_answered_by(""));
        let shown = format!("{attempt:?}");
        for secret in
            [attempt.state.expose_secret(), attempt.nonce.secret(), attempt.verifier.expose_secret()]
        {
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn only_pages_of_the_console_are_gone_on_to() {
        for elsewhere in ["https://evil.example", "//evil.example", "/scim/v2", "/admin\\@evil.example"] {
            let attempt = Attempt { to: elsewhere.to_owned(), ..Attempt::new("/admin") };
            assert_eq!(Attempt::of_cookie(&attempt.cookie()).unwrap().to, "/admin", "{elsewhere}");
            assert_eq!(Attempt::new(elsewhere).to, "/admin", "{elsewhere}");
        }
    }

    #[test]
    fn what_is_no_attempt_is_none() {
        let good = Attempt::new("/admin").cookie();
        for bad in ["", "...", "a.b.c.d", "a.b", &format!("{good}.x"), &good.replace('.', "")] {
            assert!(Attempt::of_cookie(bad).is_none(), "{bad}");
        }
    }
}
