//! What each notice says.

use jiff::Timestamp;
use rollcall_store::CredentialKind;
use uuid::Uuid;

use super::Notice;
use super::letter::{Letter, value};

/// The letter of a notice about a directory; `now` is the time in µs.
pub(super) fn letter(notice: &Notice, directory: &str, now: i64) -> Letter {
    match notice {
        Notice::FirstSignIn { user, display, email, protocol } => {
            first_sign_in(*user, display, email, protocol, directory, now)
        }
        Notice::CredentialExpires { kind, id, prefix, description, expires, days, is_rotated } => {
            let (kind, id, expires, days, is_rotated) = (*kind, *id, *expires, *days, *is_rotated);
            credential_expires(
                &Expiry { kind, id, prefix, description, expires, days, is_rotated },
                directory,
            )
        }
        Notice::ChangesHeld { hold, count, limit } => changes_held(*hold, *count, limit, directory, now),
        Notice::Test => test(directory, now),
    }
}

/// A credential that is about to expire.
struct Expiry<'a> {
    kind: CredentialKind,
    id: Uuid,
    prefix: &'a str,
    description: &'a str,
    expires: i64,
    days: i64,
    is_rotated: bool,
}

fn first_sign_in(
    user: Uuid,
    display: &str,
    email: &str,
    protocol: &str,
    directory: &str,
    now: i64,
) -> Letter {
    let name = name_of(display, email);
    Letter {
        title: format!("{name} created an account"),
        lead: format!(
            "{name} signed in for the first time. The identity provider had not provisioned this person, and the rules of \
             the directory {directory} let the sign-in create an account."
        ),
        facts: vec![
            ("Name", display.to_owned()),
            ("E-mail", email.to_owned()),
            ("When", time(now)),
            ("Protocol", protocol.to_owned()),
            ("Directory", directory.to_owned()),
            ("User id", user.to_string()),
        ],
        steps: vec![(
            "If you know this person, there is nothing to do. Otherwise look at the account, and end the person's access at \
             the identity provider:"
                .to_owned(),
            Some(format!("rollcall user show {user} --directory {directory}")),
        )],
        reason: format!(
            "You get this because the directory {directory} tells its administrators of first sign-ins. To end it: rollcall \
             directory update {directory} --notify-admins off"
        ),
    }
}

/// What a letter says of a kind of credential: what it is called, what its end means, and what is to be done.
struct Wording {
    what: &'static str,
    consequence: &'static str,
    command: String,
    after: &'static str,
}

fn wording_of(kind: CredentialKind, id: Uuid, prefix: &str, directory: &str) -> Wording {
    match kind {
        CredentialKind::ClientSecret => Wording {
            what: "client secret",
            consequence: "After that the identity provider gets no access token by it, and nobody is provisioned or deactivated \
                          any more unless it has another one.",
            command: format!("rollcall oauth-client list --directory {directory}"),
            after: "Add a secret to its client with rollcall oauth-client add-secret, and give that to the identity provider.",
        },
        CredentialKind::ServiceKey | CredentialKind::AdminKey => Wording {
            what: "service key",
            consequence: "After that the service that presents it is refused.",
            command: format!("rollcall service-key rotate {id} --overlap 24h"),
            after: "Then give the new key to the service.",
        },
        CredentialKind::ScimToken | CredentialKind::AccessToken => Wording {
            what: "token",
            consequence: "After that the identity provider is refused, and nobody is provisioned or deactivated any more.",
            command: format!("rollcall token rotate --directory {directory} --token {prefix} --overlap 24h"),
            after: "Then give the new token to the identity provider, in its settings for provisioning.",
        },
    }
}

fn credential_expires(expiry: &Expiry<'_>, directory: &str) -> Letter {
    let Expiry { kind, id, prefix, description, expires, days, is_rotated } = *expiry;
    let when = match days {
        ..=0 => "today".to_owned(),
        1 => "in 1 day".to_owned(),
        days => format!("in {days} days"),
    };
    let Wording { what, consequence, command, after } = wording_of(kind, id, prefix, directory);
    let description = Some(("Description", description.to_owned())).filter(|(_, text)| !text.is_empty());
    let facts = [("Begins with", prefix.to_owned())].into_iter().chain(description);
    let facts = facts.chain([("Expires", time(expires)), ("Directory", directory.to_owned())]);
    let steps = if is_rotated {
        vec![(format!("Another {what} has been made in its place. See that it is in use before then."), None)]
    } else {
        vec![
            (format!("Make a new {what} before then. The old one stays valid until it ends:"), Some(command)),
            (after.to_owned(), None),
        ]
    };
    Letter {
        title: format!("A {what} of {directory} expires {when}"),
        lead: consequence.to_owned(),
        facts: facts.collect(),
        steps,
        reason: administrator_of(directory),
    }
}

fn changes_held(hold: Uuid, count: u64, limit: &str, directory: &str, now: i64) -> Letter {
    Letter {
        title: format!("Changes of {directory} are held"),
        lead: format!(
            "The identity provider wants to deactivate or delete more users than the guard rail of the directory \
             {directory} allows. Nothing past the limit is applied until you decide."
        ),
        facts: vec![
            ("Held", if count == 1 { "1 user".to_owned() } else { format!("{count} users") }),
            ("Limit", limit.to_owned()),
            ("When", time(now)),
            ("Directory", directory.to_owned()),
            ("Hold", hold.to_string()),
        ],
        steps: vec![
            ("See what is held:".to_owned(), Some(format!("rollcall hold list --directory {directory}"))),
            ("If it is right, have it applied:".to_owned(), Some(format!("rollcall hold approve {hold}"))),
            (
                "If it is a mistake, drop it, and correct the assignments at the identity provider:"
                    .to_owned(),
                Some(format!("rollcall hold reject {hold}")),
            ),
        ],
        reason: administrator_of(directory),
    }
}

fn test(directory: &str, now: i64) -> Letter {
    Letter {
        title: format!("Notices of {directory} arrive"),
        lead: format!(
            "Somebody asked Rollcall to try whether notices to the administrators of the directory {directory} arrive. This \
             one did."
        ),
        facts: vec![("When", time(now)), ("Directory", directory.to_owned())],
        steps: Vec::new(),
        reason: administrator_of(directory),
    }
}

fn name_of(display: &str, email: &str) -> String {
    let names = [display, email].map(value);
    names.into_iter().find(|name| !name.is_empty()).unwrap_or_else(|| "Somebody".to_owned())
}

fn administrator_of(directory: &str) -> String {
    format!("You get this as an administrator of the directory {directory}.")
}

fn time(micros: i64) -> String {
    Timestamp::from_microsecond(micros)
        .map(|time| time.strftime("%-d %B %Y, %H:%M UTC").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_515_300_000_000;

    fn first_sign_in(display: &str, email: &str) -> Letter {
        let notice = Notice::FirstSignIn {
            user: Uuid::from_u128(7),
            display: display.to_owned(),
            email: email.to_owned(),
            protocol: "SAML",
        };
        letter(&notice, "acme", NOW)
    }

    #[test]
    fn a_first_sign_in_says_who_when_how_and_where() {
        let letter = first_sign_in("Ana Ruiz", "ana@example.com");
        assert_eq!(letter.subject(), "Ana Ruiz created an account");
        let text = letter.text();
        for fact in ["ana@example.com", "SAML", "acme", "24 November 2026, 10:15 UTC", "--notify-admins off"]
        {
            assert!(text.contains(fact), "{fact}: {text}");
            assert!(letter.html().contains(fact), "{fact}: {}", letter.html());
        }
    }

    #[test]
    fn somebody_without_a_name_is_called_by_their_address() {
        assert_eq!(first_sign_in("", "ana@example.com").subject(), "ana@example.com created an account");
        assert_eq!(first_sign_in(" \u{200b} ", "").subject(), "Somebody created an account");
    }

    fn expiring(kind: CredentialKind, days: i64, is_rotated: bool) -> Notice {
        Notice::CredentialExpires {
            kind,
            id: Uuid::from_u128(9),
            prefix: "rc_scim_abc123".to_owned(),
            description: "Okta".to_owned(),
            expires: NOW,
            days,
            is_rotated,
        }
    }

    #[test]
    fn each_kind_of_credential_says_what_is_to_be_done() {
        for (kind, title, command) in [
            (
                CredentialKind::ServiceKey,
                "A service key of acme expires in 7 days",
                "rollcall service-key rotate",
            ),
            (CredentialKind::ClientSecret, "A client secret of acme expires in 7 days", "add-secret"),
        ] {
            let text = letter(&expiring(kind, 7, false), "acme", NOW).text();
            assert!(text.starts_with(title), "{text}");
            assert!(text.contains(command), "{text}");
        }
        let text = letter(&expiring(CredentialKind::ScimToken, 1, true), "acme", NOW).text();
        assert!(text.contains("Another token has been made"), "{text}");
        assert!(!text.contains("token rotate"), "{text}");
    }

    #[test]
    fn an_expiring_token_says_how_to_replace_it() {
        let notice = |days| expiring(CredentialKind::ScimToken, days, false);
        let text = letter(&notice(7), "acme", NOW).text();
        assert!(text.starts_with("A token of acme expires in 7 days\n"), "{text}");
        assert!(text.contains("rollcall token rotate --directory acme --token rc_scim_abc123"), "{text}");
        assert!(text.contains("Okta"), "{text}");
        assert_eq!(letter(&notice(1), "acme", NOW).subject(), "A token of acme expires in 1 day");
        assert_eq!(letter(&notice(0), "acme", NOW).subject(), "A token of acme expires today");
    }

    #[test]
    fn held_changes_say_how_to_decide() {
        let hold = Uuid::from_u128(9);
        let notice = Notice::ChangesHeld { hold, count: 12, limit: "10,20%,1h".to_owned() };
        let text = letter(&notice, "acme", NOW).text();
        for part in ["12 users", "10,20%,1h", &format!("hold approve {hold}"), &format!("hold reject {hold}")]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
