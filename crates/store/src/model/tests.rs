//! The words in which the model is stored and shown, and what follows from it.

use std::fmt::Debug;

use serde_json::json;

use super::*;
use crate::{
    DepartureKind, Effect, GuardRail, HeldOutcome, HoldState, MailKind, MailState, Protocol, Recording,
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

#[test]
fn identity_providers_present_tokens_and_nothing_else() {
    use CredentialKind as K;
    for kind in [K::ScimToken, K::AccessToken] {
        assert!(kind.is_of_identity_provider(), "{kind:?}");
    }
    for kind in [K::ServiceKey, K::AdminKey, K::ClientSecret] {
        assert!(!kind.is_of_identity_provider(), "{kind:?}");
    }
}

#[test]
fn the_hash_of_a_password_is_not_in_what_is_logged_of_its_holder() {
    let holder =
        PasswordHolder { user: Uuid::from_u128(7), active: true, hash: Some("$argon2id$x".to_owned()) };
    let text = format!("{holder:?}");
    assert!(text.contains(&holder.user.to_string()) && text.contains("active: true"), "{text}");
    assert!(!text.contains("argon2id"), "{text}");
}

#[test]
fn an_event_tells_the_version_and_the_changes_that_it_is_given() {
    let event = Event {
        id: Uuid::from_u128(1),
        directory: None,
        kind: EventKind::UserUpdated,
        subject: Uuid::nil(),
        version: None,
        time: 1,
        actor: Actor::System,
        person: None,
        request_id: "r".to_owned(),
        changes: Value::Null,
    };
    let changes = json!({"title": {"before": null, "after": "Boss"}});
    let told = event.clone().of(3).telling(changes.clone());
    assert_eq!(told, Event { version: Some(3), changes, ..event });
}

#[test]
fn the_window_of_a_guard_rail_is_in_microseconds() {
    assert_eq!(GuardRail { window_seconds: 90, ..GuardRail::default() }.window_micros(), 90_000_000);
}
