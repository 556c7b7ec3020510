//! Why somebody does not come in, what the page says of it, and what the log.

use std::fmt;

use http::StatusCode;

use super::connector::NoAnswer;

/// The longest text of a provider that is logged, in characters.
const LONGEST: usize = 300;
/// The errors of RFC 6749 §4.1.2.1 and §5.2, and of OpenID Connect Core 1.0 §3.1.2.6.
const ERRORS: [&str; 19] = [
    "access_denied",
    "account_selection_required",
    "consent_required",
    "interaction_required",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_request_object",
    "invalid_request_uri",
    "invalid_scope",
    "login_required",
    "registration_not_supported",
    "request_not_supported",
    "request_uri_not_supported",
    "server_error",
    "temporarily_unavailable",
    "unauthorized_client",
    "unsupported_grant_type",
    "unsupported_response_type",
];

/// The code of an error as it is logged: whatever is none that the standards know could be anything.
pub(crate) fn known_error(code: &str) -> &'static str {
    ERRORS.into_iter().find(|known| *known == code).unwrap_or("an error that the standards do not know")
}

/// Why somebody does not come in, as they are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The provider does not answer, or not as one.
    Unreachable,
    /// No sign-in was begun in this browser, or it is another one's callback.
    NotBegun,
    /// The user or the provider said no.
    Denied,
    /// The provider cannot at present, or does not take the request.
    ProviderFailed,
    /// The code has been used, or is too old.
    CodeRefused,
    /// The provider does not take this client.
    ClientRefused,
    /// The ID token is not one for this sign-in.
    Token(Flaw),
    /// The provider has not verified the address.
    Unverified(Who),
    /// It is nobody's who may come in.
    NotAdministrator(Who),
    /// The core does not take the console's own key.
    ServiceKey,
}

/// Who somebody is, as the provider says. They are told themselves, and the log is not.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Who(pub(super) String);

impl fmt::Debug for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// What is wrong with an ID token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// There is none, or it is no token.
    Missing,
    Signature,
    Issuer,
    Audience,
    Nonce,
    Expired,
    /// It is of the future.
    NotYet,
    /// The access token beside it is another one's.
    AccessToken,
}

/// A refusal, and what caused it: that is for the log alone.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    pub(crate) refusal: Refusal,
    pub(crate) cause: String,
    /// The same in words of the provider, which may name somebody; empty, there are none.
    pub(crate) said: String,
}

impl Refused {
    /// With what the provider said of it.
    pub(crate) fn saying(self, said: &str) -> Self {
        let plain = |character: char| if character.is_control() { ' ' } else { character };
        Self { said: said.chars().map(plain).take(LONGEST).collect(), ..self }
    }
}

impl Refusal {
    /// With what caused it, without secrets and without names.
    pub(crate) fn because(self, cause: impl Into<String>) -> Refused {
        Refused { refusal: self, cause: cause.into(), said: String::new() }
    }

    /// The status of the answer.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Unreachable | Self::ProviderFailed | Self::ClientRefused | Self::ServiceKey => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::NotBegun => StatusCode::BAD_REQUEST,
            Self::Denied
            | Self::CodeRefused
            | Self::Token(_)
            | Self::Unverified(_)
            | Self::NotAdministrator(_) => StatusCode::FORBIDDEN,
        }
    }

    /// Whether another account might do.
    pub(crate) fn is_of_account(&self) -> bool {
        matches!(self, Self::Unverified(_) | Self::NotAdministrator(_))
    }

    /// The title and the text of the page.
    pub(crate) fn told(&self, provider: &str) -> (&'static str, String) {
        match self {
            Self::Unreachable => (
                "The sign-in service does not answer",
                format!(
                    "{provider} cannot be reached at present. Try again in a moment, or sign in with an admin key. The log of the \
                     console says what is wrong."
                ),
            ),
            Self::NotBegun => (
                "This sign-in has expired",
                "It was not begun in this browser, or more than ten minutes ago, or it has been finished before. Begin again."
                    .to_owned(),
            ),
            Self::Denied => (
                "The sign-in was cancelled",
                format!("{provider} did not let you in, or you have cancelled. Nothing was changed."),
            ),
            Self::ProviderFailed => (
                "The sign-in service refused",
                format!(
                    "{provider} could not go on with the sign-in. Try again in a moment, or sign in with an admin key. The log of \
                     the console has the error that it gave."
                ),
            ),
            Self::CodeRefused => (
                "This sign-in has expired",
                format!("{provider} did not take it any more: it was used before, or took too long. Begin again."),
            ),
            Self::ClientRefused => (
                "The sign-in is not set up well",
                format!(
                    "{provider} does not take this installation for one of its clients. Whoever runs it should compare \
                     oidc-client-id and the client secret with what is registered there. An admin key signs in meanwhile."
                ),
            ),
            Self::Token(flaw) => (
                "The answer was not accepted",
                format!("{provider} {}. Nobody was signed in. Begin again; the log of the console says more.", flaw.told()),
            ),
            Self::Unverified(Who(email)) => (
                "Your address is not verified",
                format!(
                    "{provider} says that you are {email}, and not that it has verified the address. Verify it there, or let \
                     whoever runs this installation name you by a claim (oidc-admin-claim)."
                ),
            ),
            Self::NotAdministrator(Who(who)) => (
                "You are no administrator here",
                format!(
                    "{provider} says that you are {who}, who is no administrator of this installation. Whoever runs it can name \
                     your address in oidc-admin-email, or a claim that you have in oidc-admin-claim."
                ),
            ),
            Self::ServiceKey => (
                "The sign-in is not set up well",
                "The core does not take the key of this console: it is unknown, expired, revoked or no admin key. Whoever runs \
                 the installation should set another one (ROLLCALL_OIDC_SERVICE_KEY). An admin key signs in meanwhile."
                    .to_owned(),
            ),
        }
    }
}

impl Flaw {
    fn told(self) -> &'static str {
        match self {
            Self::Missing => "sent no ID token that could be read",
            Self::Signature => "sent an ID token that is not signed with one of its keys",
            Self::Issuer => "sent an ID token of another issuer",
            Self::Audience => "sent an ID token that is meant for another application",
            Self::Nonce => "sent an ID token that belongs to another sign-in",
            Self::Expired => "sent an ID token that has expired; the clocks may differ",
            Self::NotYet => "sent an ID token that is not valid yet; the clocks may differ",
            Self::AccessToken => "sent an ID token that belongs to another access token",
        }
    }
}

impl From<NoAnswer> for Refused {
    fn from(error: NoAnswer) -> Self {
        Refusal::Unreachable.because(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_logged_names_nobody() {
        for refusal in [Refusal::Unverified, Refusal::NotAdministrator] {
            let refusal = refusal(Who("ana@example.com".to_owned()));
            assert!(!format!("{refusal:?}").contains("ana"), "{refusal:?}");
            assert!(refusal.told("Example").1.contains("ana@example.com"));
        }
        assert_eq!(known_error("access_denied"), "access_denied");
        assert!(!known_error("ana@example.com").contains("ana"));
    }
}
