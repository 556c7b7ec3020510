//! Who made a change, in words.

use rollcall_api::person::label;
use rollcall_api::v1::{CredentialKind, EventActor};

/// Who made a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Actor {
    /// A person, or such as `identity provider`.
    pub(crate) who: String,
    /// What was presented, such as `token`; empty where that is not known any more.
    pub(crate) what: &'static str,
    /// How the secret begins.
    pub(crate) prefix: String,
}

impl Actor {
    /// The credential of an event.
    pub(crate) fn of(actor: &EventActor) -> Self {
        let (who, what) = match actor.kind() {
            CredentialKind::ScimToken => ("identity provider", "token"),
            CredentialKind::ClientSecret => ("identity provider", "client secret"),
            CredentialKind::AccessToken => ("identity provider", "access token"),
            CredentialKind::ServiceKey => ("service", "key"),
            CredentialKind::AdminKey => ("administrator", "key"),
            CredentialKind::Unspecified => ("credential that is gone", ""),
        };
        let who = actor.person.as_ref().map_or(who, label).to_owned();
        Self { who, what, prefix: actor.prefix.clone() }
    }

    /// Who made the change of an event: a credential, or Rollcall itself.
    pub(crate) fn of_event(actor: Option<&EventActor>) -> Self {
        let itself = Self { who: "Rollcall itself".to_owned(), what: "", prefix: String::new() };
        actor.map_or(itself, Self::of)
    }

    /// Whether it is the identity provider, whose requests the activity log has.
    pub(crate) fn is_identity_provider(&self) -> bool {
        self.who == "identity provider"
    }
}

#[cfg(test)]
mod tests {
    use rollcall_api::v1::Person;

    use super::*;

    #[test]
    fn a_person_is_named_and_not_the_key_of_the_console() {
        let person = Person { email: "ana@example.com".to_owned(), ..Person::default() };
        let actor = EventActor {
            kind: CredentialKind::AdminKey.into(),
            person: Some(person),
            ..EventActor::default()
        };
        assert!(Actor::of(&actor).who.contains("ana@example.com"));
    }

    #[test]
    fn who_made_a_change_is_said_also_when_the_credential_is_gone() {
        let actor = |kind: CredentialKind| EventActor {
            kind: kind.into(),
            prefix: "rc_scim_K7Qm".to_owned(),
            ..EventActor::default()
        };
        let token = Actor::of_event(Some(&actor(CredentialKind::ScimToken)));
        assert_eq!(
            (token.who.as_str(), token.what, token.prefix.as_str()),
            ("identity provider", "token", "rc_scim_K7Qm")
        );
        assert!(token.is_identity_provider());
        assert_eq!(Actor::of_event(None).who, "Rollcall itself");
        assert_eq!(Actor::of(&actor(CredentialKind::Unspecified)).what, "");
    }
}
