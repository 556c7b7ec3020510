//! The words in which what is stored is written and shown.

use std::fmt::Debug;

use crate::{
    DepartureKind, Effect, EventKind, HeldOutcome, HoldState, MailKind, MailState, PasswordHandling,
    Protocol, Recording, ResourceType, UserOrigin,
};

/// Checks that each has its word, by which it is found, and that no other word finds any.
fn has_words<T: Copy + PartialEq + Debug>(
    words: &[(T, &str)],
    word: impl Fn(T) -> &'static str,
    named: impl Fn(&str) -> Option<T>,
) {
    for (value, expected) in words {
        assert_eq!(word(*value), *expected);
        assert_eq!(named(expected), Some(*value), "{expected}");
        assert_eq!(named(&expected.to_uppercase()), None, "{expected}");
    }
    assert_eq!(named(""), None);
}

#[test]
fn what_is_stored_as_a_word_is_found_by_that_word_again() {
    use {DepartureKind as D, Effect as E, HeldOutcome as O, HoldState as H, Recording as R};
    has_words(&[(D::Deactivation, "deactivation"), (D::Deletion, "deletion")], D::as_str, D::from_name);
    has_words(&[(E::Allow, "allow"), (E::Refuse, "refuse")], E::as_str, E::from_name);
    let states = [(H::Pending, "pending"), (H::Approved, "approved"), (H::Rejected, "rejected")];
    has_words(&states, H::as_str, H::from_name);
    let outcomes =
        [(O::Pending, "pending"), (O::Applied, "applied"), (O::Rejected, "rejected"), (O::Failed, "failed")];
    has_words(&outcomes, O::as_str, O::from_name);
    let recordings = [(R::All, "all"), (R::FailuresAndWrites, "failures-and-writes"), (R::Off, "off")];
    has_words(&recordings, R::as_str, R::from_name);
    let handlings = [(PasswordHandling::Discard, "discard"), (PasswordHandling::Store, "store")];
    has_words(&handlings, PasswordHandling::as_str, PasswordHandling::from_name);
    let origins = [(UserOrigin::Scim, "scim"), (UserOrigin::Sso, "sso"), (UserOrigin::Admin, "admin")];
    has_words(&origins, UserOrigin::as_str, UserOrigin::from_name);
    let protocols = Protocol::ALL.into_iter().zip(["saml", "oidc", "jwt", "ldap"]).collect::<Vec<_>>();
    has_words(&protocols, Protocol::as_str, Protocol::from_name);
    let kinds = [(EventKind::UserCreated, "user.created"), (EventKind::UserUpdated, "user.updated")];
    has_words(&kinds, EventKind::as_str, EventKind::from_name);
}

#[test]
fn what_is_only_ever_written_as_a_word_has_that_word() {
    assert_eq!([ResourceType::User, ResourceType::Group].map(ResourceType::as_str), ["User", "Group"]);
    assert_eq!(Protocol::ALL.map(Protocol::label), ["SAML", "OpenID Connect", "JWT", "LDAP"]);
    assert_eq!(
        MailKind::ALL.map(MailKind::as_str),
        ["first_sign_in", "token_expires", "changes_held", "test"]
    );
    assert_eq!(MailState::ALL.map(MailState::as_str), ["pending", "sent", "parked"]);
}
